"""The processes that a kernel starts: they end with it, also those in sessions of their own."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

FOLDER_VARIABLE = "LABKIT_KERNEL_FOLDER"  # a kernel's environment names its folder; what it starts inherits that
ROUNDS = 5  # a process may start another one while it is being ended
PATIENCE = 3  # seconds to wait for killed processes to be gone


def end_processes(folder: str | Path, known: Iterable["psutil.Process"] = ()) -> None:
    """Kill what was started by kernels whose folders are in a folder, and wait until it is gone.

    A kernel's own end reaches its process group only. A process in a session of its own is found by its environment,
    even when whoever started it has ended; only one that also runs in another environment escapes.

    Parameters
    ----------
    folder : str or pathlib.Path
        A kernel's folder (see `FOLDER_VARIABLE`), or one that holds folders of kernels.
    known : iterable of psutil.Process
        Further processes to kill, whatever their environment.
    """
    import psutil

    found = [*known]
    for _ in range(ROUNDS):
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=PATIENCE)
        found = find_processes(folder)
        if not found:
            return


def find_processes(folder: str | Path) -> list["psutil.Process"]:
    """Return the processes, other than this one, whose environment names the folder or one in it."""
    import psutil

    found = []
    for process in psutil.process_iter():
        # Environments of other users cannot be read, and processes end while we look.
        with contextlib.suppress(psutil.Error, OSError):
            named = process.environ().get(FOLDER_VARIABLE)
            if named and process.pid != os.getpid() and Path(named).is_relative_to(folder):
                found.append(process)
    return found


def children_of(pid: int) -> list["psutil.Process"]:
    """Return a process's children and theirs; none when it has ended."""
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []
