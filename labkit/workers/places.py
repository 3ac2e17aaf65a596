"""Where kernels and worker processes put what they share: temporary files, sockets and semaphores."""

import multiprocessing
import os
import shutil
import tempfile
import time
from pathlib import Path

from labkit.errors import UserError

SOCKET_PATH = 55  # longest folder name (characters) that leaves room for a socket in it: systems allow about 100
SHARED_MEMORY = "/dev/shm"  # where Linux keeps semaphores


def short_temporary_folder() -> str:
    """Return the folder for temporary files, or ``/tmp`` where the usual one's name is too long for sockets in it."""
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise UserError(
            f"cannot create temporary files, which kernels need ({error.strerror or error}); name a folder that you "
            "can write to in TMPDIR, and make room on its disk"
        ) from error
    if len(folder) > SOCKET_PATH and os.path.isdir("/tmp") and os.access("/tmp", os.W_OK):
        return "/tmp"
    return folder


def find_scratch(name: str) -> Path:
    """Return the folder of that name among this machine's temporary files; a name that is a full path is the folder."""
    return Path(name) if os.path.isabs(name) else Path(short_temporary_folder(), name)


def check_worker_processes() -> None:
    """Raise a UserError where worker processes would lack a semaphore or a temporary folder, with the true cause."""
    short_temporary_folder()
    try:
        multiprocessing.get_context("spawn").Lock()
    except (ImportError, OSError) as error:  # ImportError: Python was built without semaphores
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"cannot create a semaphore in {SHARED_MEMORY}, which worker processes need ({reason}); make "
            f"{SHARED_MEMORY} writable: sudo chmod 1777 {SHARED_MEMORY}, or start the container with --tmpfs "
            f"{SHARED_MEMORY}"
        ) from error


def remove_folder(folder: str) -> None:
    """Remove a folder, also while processes that are ending still write to it."""
    deadline = time.monotonic() + 2
    while os.path.exists(folder) and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)
