"""How a child of the template closes the box around itself, before it sees a submission.

Inside bubblewrap it leaves the template's namespaces for its own: its own processes, of which none outlives it, its own
temporary and home folder, which nobody else sees and which are gone afterwards. With Landlock it keeps one folder, made
for it, and what everybody may read. Either way limits of the system and a filter of system calls follow.
"""

import os
import resource
import signal
from pathlib import Path

from labkit.classroom.box.inside import _landlock, _seccomp, _system

NOBODY = 65534
UNBOXED = "no box"
BOX = "/box"  # where a child inside bubblewrap may keep files
HOME = f"{BOX}/home"
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
OWN_PROCESS = ("/proc/self", "/proc/meminfo", "/proc/stat", "/proc/cpuinfo", "/proc/uptime")
MOST_FILES = 10_000  # in the temporary folders


def enter_namespaces(disk: int) -> None:
    """Return in a process of a new namespace, with new folders for files; its parents wait and never return.

    Parameters
    ----------
    disk : int
        Bytes of files that it may keep.
    """
    user, group = os.getuid(), os.getgid()
    _system.prctl(_system.PR_SET_DUMPABLE, 1, "dumpable")  # without it, the files below belong to the superuser
    _system.unshare(
        _system.NEW_USER | _system.NEW_MOUNTS | _system.NEW_IPC | _system.NEW_NETWORK
        | _system.NEW_PROCESSES | _system.NEW_NAMES
    )  # fmt: skip
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    wait_for_child(os.fork())
    _system.prctl(_system.PR_SET_PDEATHSIG, signal.SIGKILL, "signal of the parent's death")
    hidden = _system.NO_SETUID | _system.NO_DEVICES
    _system.mount("none", "/", "", _system.PRIVATE)
    for folder, share in ((BOX, 2), ("/dev/shm", 2)):
        _system.mount(
            "tmpfs", folder, "tmpfs", hidden, f"size={disk // share},nr_inodes={MOST_FILES // share},mode=700"
        )
    os.mkdir(HOME)
    os.mkdir(f"{BOX}/tmp")
    wait_for_child(os.fork())  # the first process of a namespace ignores most signals, so it only waits
    show_own_process()


def show_own_process() -> None:
    """Mount a folder in place of ``/proc`` that has this process and nothing of others.

    A new ``/proc`` of the namespace cannot be mounted where bubblewrap has covered parts of the old one, which it does
    for the superuser.
    """
    folder, own = f"{BOX}/proc", str(os.getpid())
    os.mkdir(folder)
    _system.mount("tmpfs", folder, "tmpfs", _system.NO_SETUID | _system.NO_DEVICES, "size=64k,mode=755")
    os.mkdir(f"{folder}/{own}")
    _system.mount("/proc/self", f"{folder}/{own}", "", _system.BIND)
    os.symlink(own, f"{folder}/self")
    for path in OWN_PROCESS:
        if not os.path.isdir(path):
            copy = Path(folder, os.path.basename(path))
            copy.touch()
            _system.mount(path, str(copy), "", _system.BIND)
    _system.mount(folder, "/proc", "", _system.MOVE)
    _system.mount(
        "none", "/proc", "", _system.REMOUNT | _system.BIND | _system.READ_ONLY | _system.NO_SETUID | _system.NO_DEVICES
    )
    os.rmdir(folder)


def wait_for_child(child: int) -> None:
    """Return in the child; in the parent, wait for it and end as it ended.

    The first process of a namespace has ended only when all others of the namespace have.
    """
    if not child:
        return
    _system.prctl(_system.PR_SET_DUMPABLE, 0, "dumpable")
    signal.signal(signal.SIGTERM, lambda *received: os.kill(child, signal.SIGKILL))  # from the template
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def keep_descriptors(kept: list[int]) -> None:
    """Close all files of the template but those; the standard streams lead nowhere."""
    nowhere = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    last = 2
    for number in sorted(kept):
        os.closerange(last + 1, number)
        last = number
    os.closerange(last + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def limit_resources(limits: dict, *, own_user: bool) -> None:
    """Set the system's limits for this process; nothing can raise them again.

    Outside of a namespace of its own, the system counts all threads of the user, the grader's too, and no limit is set:
    the address space holds some hundred threads, and no process is started anyway.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    space = pages * resource.getpagesize() + limits["memory"]  # address space: what is loaded already, and more
    for kind, most in (
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_FSIZE, limits["file"]),
        (resource.RLIMIT_NOFILE, 64),  # files that are open but removed are seen by no count of files
        *(((resource.RLIMIT_NPROC, 64),) if own_user else ()),
        (resource.RLIMIT_STACK, 2**26),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        soft = most if kind != resource.RLIMIT_STACK else min(2**23, most)
        resource.setrlimit(kind, (soft, most))


def seal(settings: dict, limits: dict, kept: list[int]) -> None:
    """Close the box around this process.

    Parameters
    ----------
    settings : dict
        Of the template: ``kind`` ("bubblewrap", "Landlock", or "no box" for limits alone) and ``readable``, the files
        and folders for everybody.
    limits : dict
        ``cpu`` in seconds; ``memory``, ``file`` and ``disk`` in bytes; with Landlock, ``folder``, where files may be.
    kept : list of int
        The descriptors to keep open.
    """
    own_files = settings["kind"] == "bubblewrap"
    Path("/proc/self/oom_score_adj").write_text("1000")  # where memory runs out, this process goes first
    if own_files:
        enter_namespaces(limits["disk"])
        folder = HOME
    else:
        _system.prctl(_system.PR_SET_PDEATHSIG, signal.SIGKILL, "signal of the parent's death")
        folder = limits["folder"]
    os.setsid()
    keep_descriptors(kept)
    os.umask(0o077)
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=f"{BOX}/tmp" if own_files else folder)
    limit_resources(limits, own_user=own_files)
    if settings["kind"] == UNBOXED:
        return
    _system.drop_capabilities()
    _system.prctl(_system.PR_SET_NO_NEW_PRIVS, 1, "no new privileges")
    if not own_files:
        _landlock.limit_files([*settings["readable"], *OWN_PROCESS], [folder, *DEVICES])
    _seccomp.limit_system_calls(os.getpid(), own_files=own_files)
