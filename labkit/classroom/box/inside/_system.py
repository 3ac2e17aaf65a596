"""Calls of the Linux kernel that Python does not offer, by number or through the C library."""

import ctypes
import os
import platform

MACHINE = platform.machine()
LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
NEW_NAMES, NEW_GROUPS = 0x4000000, 0x2000000
CAPABILITIES_VERSION = 0x20080522
LAST_CAPABILITY = 63
PRIVATE = 1 << 18 | 1 << 14  # mount flags: private, and everything below too
READ_ONLY, NO_SETUID, NO_DEVICES, REMOUNT, BIND, MOVE = 1, 2, 4, 32, 4096, 8192  # mount flags


def check_call(returned: int, what: str) -> int:
    """Return what a call of the C library returned; OSError with the system's reason where that is -1."""
    if returned == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return returned


def prctl(option: int, value: int, what: str) -> None:
    """Change a setting of this process."""
    check_call(LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0), what)


def unshare(flags: int) -> None:
    """Leave namespaces of the process that started this one for new ones."""
    check_call(LIBC.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system."""
    texts = [each.encode() for each in (source, target, kind)]
    check_call(LIBC.mount(*texts, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def drop_capabilities() -> None:
    """Give up every right of the superuser, for this process and all that it may start."""
    for number in range(LAST_CAPABILITY + 1):
        LIBC.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0)  # fails for numbers that the kernel lacks
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    check_call(LIBC.capset(header, (ctypes.c_uint32 * 6)()), "capset")
