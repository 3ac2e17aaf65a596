"""Landlock: a process gives up, for good, every file but those below some folders, and signals to others.

The system calls and structures are those of ``linux/landlock.h``.
"""

import ctypes
import os
from collections.abc import Iterable

from labkit.classroom.box.inside._system import LIBC, check_call

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every processor
ASK_VERSION, PATH_BENEATH = 1, 1
LEAST_VERSION = 3  # before it, truncating files was free (Linux 6.2)

EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = (1 << number for number in range(4))
READ = READ_FILE | READ_FOLDER
CHANGE = sum(1 << number for number in (1, *range(4, 15))) & ~(1 << 6 | 1 << 11)  # neither kind of device
RIGHTS = {3: (1 << 15) - 1, 5: (1 << 16) - 1}  # version -> all rights to files that it knows
TCP, SIGNALS_AND_SOCKETS = 0b11, 0b11


class Ruleset(ctypes.Structure):
    """What is forbidden unless a rule allows it: rights to files, TCP, and reaching other processes."""

    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class Beneath(ctypes.Structure):
    """A rule: these rights, for everything below this folder."""

    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def landlock_version() -> int:
    """Return the version of the kernel's Landlock; 0 where it has none, or has switched it off."""
    return max(0, LIBC.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION)))


def limit_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Leave this process these files and folders alone, with all that is below them."""
    version = landlock_version()
    known = RIGHTS[5] if version >= 5 else RIGHTS[3]
    wanted = Ruleset(known, TCP if version >= 4 else 0, SIGNALS_AND_SOCKETS if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = check_call(
        LIBC.syscall(CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(size), ctypes.c_uint32(0)), "landlock"
    )
    try:
        for paths, rights in ((readable, READ), (writable, READ | CHANGE)):
            for path in paths:
                allow(ruleset, path, rights & known)
        check_call(LIBC.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)), "landlock")
    finally:
        os.close(ruleset)


def allow(ruleset: int, path: str, rights: int) -> None:
    """Add a rule for a file, or for a folder with all that is below it; what is not there needs none."""
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= EXECUTE | WRITE_FILE | READ_FILE | 1 << 14
        rule = Beneath(rights, folder)
        kind = ctypes.c_int(PATH_BENEATH)
        check_call(
            LIBC.syscall(ADD_RULE, ctypes.c_int(ruleset), kind, ctypes.byref(rule), ctypes.c_uint32(0)), "landlock"
        )
    finally:
        os.close(folder)
