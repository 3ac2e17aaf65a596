"""A filter of system calls: what no notebook needs, and what could reach other processes, fails.

The numbers of the calls are those of Linux on x86-64 and on 64-bit ARM (``asm/unistd.h``). What is not named is
allowed: the list closes the ways out that namespaces or Landlock leave open (starting processes, sockets, signals to
other processes, other limits, shared memory without a size), and calls in which flaws of kernels have been found.
"""

import ctypes
import errno

from labkit.classroom.box.inside._system import LIBC, MACHINE, check_call

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # AUDIT_ARCH_*, column of the table

# Call -> its number on x86-64 and on ARM; None where it does not exist.
DENIED = {
    # Other processes: none is started, and none is looked at, stopped or slowed down.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "rt_sigqueueinfo": (129, 138),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "setsid": (112, 157), "setpgid": (109, 154), "tkill": (200, 130),
    # The network, and memory that no limit counts.
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190),
    "mq_open": (240, 180), "mlock": (149, 228), "mlock2": (325, 284), "mlockall": (151, 230),
    # Namespaces, mounts, and the machine itself.
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "quotactl": (179, 60), "acct": (163, 89), "personality": (135, 92), "syslog": (103, 116),
    "sethostname": (170, 161), "setdomainname": (171, 162), "clock_settime": (227, 112), "settimeofday": (164, 170),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "iopl": (172, None), "ioperm": (173, None),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "modify_ldt": (154, None),
}  # fmt: skip

# Landlock leaves the rights, owners and times of files to their owner, wherever they are.
RIGHTS_OF_FILES = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
}  # fmt: skip

CLONE, CLONE3 = (56, 220), (435, 435)
ONLY_OWN = {"kill": (62, 129), "tgkill": (234, 131), "rt_tgsigqueueinfo": (297, 240)}  # argument 0: this process
PRLIMIT = (302, 261)  # argument 0: 0, which means this process
FCNTL = (72, 25)
SIGNAL_OWNERS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: let the kernel send a signal to another process
THREAD = 0x10000
NEW_NAMESPACES = 0x7E020000  # all CLONE_NEW* that clone takes
OTHER_ABI = 0x40000000  # bit of x32 calls on x86-64

# Operations of the filter's machine, and what it may decide.
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
AT_LEAST = 0x35
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # places in what the filter sees


class Instruction(ctypes.Structure):
    """One instruction of the filter."""

    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class Program(ctypes.Structure):
    """A filter: how many instructions, and where they are."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(Instruction))]


def has_numbers() -> bool:
    """Say whether the numbers of the system calls are known for this processor."""
    return MACHINE in ARCHITECTURES


def make_filter(process: int, *, own_files: bool) -> list[tuple[int, int, int, int]]:
    """Return the instructions of the filter for a process, each as (code, jump if yes, jump if no, value).

    Parameters
    ----------
    process : int
        The process that may send signals to itself.
    own_files : bool
        Whether all files that the process sees are its own or read-only; otherwise it cannot change rights of files.
    """
    architecture, column = ARCHITECTURES[MACHINE]
    fail, absent = FAIL | errno.EPERM, FAIL | errno.ENOSYS
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, OTHER_ABI),
        (RETURN, 0, 0, fail),
    ]
    denied = DENIED if own_files else DENIED | RIGHTS_OF_FILES
    for numbers in denied.values():
        if numbers[column] is not None:
            program += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, fail)]
    program += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, absent)]  # the C library then takes clone
    program += [
        (EQUAL, 0, 5, CLONE[column]),
        (LOAD, 0, 0, ARGUMENTS),
        (ANY_BIT, 1, 0, THREAD),
        (RETURN, 0, 0, FAIL | errno.EAGAIN),
        (ANY_BIT, 0, 1, NEW_NAMESPACES),
        (RETURN, 0, 0, fail),
    ]
    program += [(LOAD, 0, 0, NUMBER)]
    for numbers, allowed in [*((each, process) for each in ONLY_OWN.values()), (PRLIMIT, 0)]:
        program += [
            (EQUAL, 0, 4, numbers[column]),
            (LOAD, 0, 0, ARGUMENTS),
            (EQUAL, 1, 0, allowed),
            (RETURN, 0, 0, fail),
            (RETURN, 0, 0, ALLOW),
        ]
    program += [(EQUAL, 0, 6, FCNTL[column]), (LOAD, 0, 0, ARGUMENTS + 8)]
    program += [(EQUAL, 3 - position, 0, each) for position, each in enumerate(SIGNAL_OWNERS)]
    program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, fail), (RETURN, 0, 0, ALLOW)]
    return program


def limit_system_calls(process: int, *, own_files: bool) -> None:
    """Put this process, which gains no new rights any more, under the filter."""
    program = make_filter(process, own_files=own_files)
    instructions = (Instruction * len(program))(*(Instruction(*each) for each in program))
    wanted = Program(len(program), instructions)
    set_seccomp, by_filter = 22, 2
    check_call(LIBC.prctl(set_seccomp, ctypes.c_ulong(by_filter), ctypes.byref(wanted), 0, 0), "seccomp")
