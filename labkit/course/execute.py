"""One notebook executed in its own kernel, here or on a Dask worker: what goes in and what comes out is text."""

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.exercises.judging import EXERCISE, STATES

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager
    from nbformat import NotebookNode

MEGABYTE = 2**20
SAMPLING = 0.2  # seconds between two looks at a kernel's memory
SOCKET_PATH = 55  # longest folder name (characters) that leaves room for a socket in it: systems allow about 100

# Every library that starts its own threads reads one of these when it is loaded.
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


@dataclass(frozen=True)
class Job:
    """A notebook to execute.

    Attributes
    ----------
    name : str
        Of the notebook.
    notebook : str
        Its content, as JSON.
    parameters : dict
        Values for its ``parameters`` cell.
    slots : int
        How many notebooks run at a time on this machine; each gets that share of the cores.
    timeout : int
        Seconds that one cell may take.
    scratch : str or None
        Folder for the kernel's sockets and working files; a temporary one when None.
    """

    name: str
    notebook: str
    parameters: dict = field(default_factory=dict)
    slots: int = 1
    timeout: int = 1800
    scratch: str | None = None


@dataclass(frozen=True)
class Execution:
    """What became of a `Job`.

    Attributes
    ----------
    name : str
        Of the notebook.
    status : {"passed", "failed"}
        Whether all cells ran.
    seconds : float
        Wall time.
    peak_rss_mb : float
        Largest resident memory of the kernel and its children together, in megabytes of 2**20 bytes.
    exercises : dict of str to int
        How many exercises ended in each of the states "correct", "not yet" and "not attempted".
    error : dict or None
        Of the cell that failed: ``cell`` (the n of ``In [n]``), ``source``, ``name``, ``message`` and ``traceback``.
    notebook, page : str or None
        The executed notebook (JSON) and its page (HTML); None when not even a kernel started.
    """

    name: str
    status: str
    seconds: float
    peak_rss_mb: float
    exercises: dict[str, int]
    error: dict | None
    notebook: str | None
    page: str | None


def execute(job: Job) -> Execution:
    """Execute a notebook; a failing cell, a dead kernel or a timeout is a result, not an exception.

    Parameters
    ----------
    job : Job
        What to execute.

    Returns
    -------
    Execution
        What became of it; it can be pickled, and so can the job.
    """
    import nbformat

    from labkit.course.pages import render_page

    started, memory = time.perf_counter(), PeakMemory()
    folder = Path(tempfile.mkdtemp(prefix="labkit-", dir=job.scratch or short_temporary_folder()))
    try:
        error = _run_cells(job, folder, memory)
        seconds, executed = time.perf_counter() - started, folder / "executed.ipynb"
        notebook = nbformat.read(executed, as_version=4) if executed.is_file() else None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if notebook:
        for leftover in ("input_path", "output_path"):  # they name the temporary folder
            notebook.metadata.papermill.pop(leftover, None)
        if error and error["cell"] is None:
            error |= _last_started(notebook)
    return Execution(
        name=job.name,
        status="failed" if error else "passed",
        seconds=round(seconds, 2),
        peak_rss_mb=round(memory.peak / MEGABYTE, 1),
        exercises=count_exercises(notebook),
        error=error,
        notebook=notebook and nbformat.writes(notebook) + "\n",
        page=notebook and render_page(notebook, title=job.name),
    )


def _run_cells(job: Job, folder: Path, memory: "PeakMemory") -> dict | None:
    """Run the cells into ``executed.ipynb`` in a folder, and return the error that ended them, or None."""
    import nbformat
    import papermill
    from nbconvert.filters import strip_ansi

    try:
        with run_kernel(folder, cores=core_share(job.slots)) as kernel, memory.watch(kernel.provisioner.pid):
            papermill.execute_notebook(
                nbformat.reads(job.notebook, as_version=4),
                folder / "executed.ipynb",
                job.parameters,
                km=kernel,
                execution_timeout=job.timeout,
                progress_bar=False,
            )
    except papermill.PapermillExecutionError as error:
        return {
            "cell": error.exec_count,
            "source": error.source,
            "name": error.ename,
            "message": error.evalue,
            "traceback": strip_ansi("\n".join(error.traceback)),
        }
    except Exception as error:  # a dead kernel, a timeout, a notebook papermill cannot read: the run goes on
        name, message = type(error).__name__, str(error)
        return {"cell": None, "source": "", "name": name, "message": message, "traceback": f"{name}: {message}"}
    return None


def _last_started(notebook: "NotebookNode") -> dict:
    """Return the cell where the kernel died or ran out of time: papermill notes when it starts a cell."""
    started = [cell for cell in notebook.cells if cell.metadata.get("papermill", {}).get("start_time")]
    code = [cell for cell in started if cell.cell_type == "code" and cell.source.strip()]
    return {"cell": len(code), "source": code[-1].source} if code else {}


@contextlib.contextmanager
def run_kernel(folder: Path, *, cores: int) -> Iterator["AsyncKernelManager"]:
    """Start a kernel that works in a folder and is held to a number of cores; end it on the way out.

    On POSIX its sockets are files in the folder (ipc): no port is open to others, and it works on a machine without
    a network device. Windows has no ipc, so there it is TCP.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_core.utils import run_sync

    clients = []

    class Manager(AsyncKernelManager):
        """Remembers its clients, which nbclient makes: they have to be closed with the kernel."""

        def client(self, **options):
            clients.append(super().client(**options))
            return clients[-1]

    kernel = Manager(
        kernel_name="python3",
        connection_file=str(folder / "kernel.json"),
        transport="tcp" if sys.platform == "win32" else "ipc",
    )
    environment = os.environ | dict.fromkeys(THREADS, str(cores)) | {"IPYTHONDIR": str(folder / "ipython")}
    environment.setdefault("HF_HUB_OFFLINE", "1")
    environment.setdefault("TQDM_DISABLE", "1")  # nobody watches progress bars in a run
    work = folder / "work"
    work.mkdir()
    try:
        run_sync(kernel.start_kernel)(env=environment, cwd=str(work))
        yield kernel
    finally:
        if kernel.has_kernel:
            run_sync(kernel.shutdown_kernel)(now=True)
        for client in clients:
            client.stop_channels()
        run_sync(kernel.cleanup_resources)()


class PeakMemory:
    """The largest resident memory that a process and its children had together while watched: ``peak``, in bytes."""

    def __init__(self):
        self.peak = 0

    @contextlib.contextmanager
    def watch(self, pid: int) -> Iterator[None]:
        """Look at the process tree of `pid` every `SAMPLING` seconds until the block ends."""
        done = threading.Event()
        watcher = threading.Thread(target=self._sample, args=(pid, done), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _sample(self, pid: int, done: threading.Event) -> None:
        """Measure until `done` is set."""
        import psutil

        while True:
            with contextlib.suppress(psutil.Error):  # it ended, or a child did while we looked
                process = psutil.Process(pid)
                tree = [process, *process.children(recursive=True)]
                self.peak = max(self.peak, sum(member.memory_info().rss for member in tree))
            if done.wait(SAMPLING):
                return


def count_exercises(notebook: "NotebookNode | None") -> dict[str, int]:
    """Count exercises by the state of the last output each left; an output without an id counts by itself."""
    states = {}
    for cell in notebook.cells if notebook else ():
        for output in cell.get("outputs", ()):
            if outcome := output.get("data", {}).get(EXERCISE):
                states[outcome.get("id", len(states))] = outcome["state"]
    found = list(states.values())
    return {state: found.count(state) for state in STATES}


def core_share(slots: int) -> int:
    """Return how many cores each of `slots` notebooks on this machine gets, at least one."""
    import joblib

    return max(1, joblib.cpu_count() // slots)  # counts what a container was given, not what the machine has


def short_temporary_folder() -> str:
    """Return the folder for temporary files, or ``/tmp`` where the usual one's name is too long for sockets in it."""
    folder = tempfile.gettempdir()
    if len(folder) > SOCKET_PATH and os.path.isdir("/tmp") and os.access("/tmp", os.W_OK):
        return "/tmp"
    return folder
