"""One notebook executed in its own kernel, here or on a Dask worker: what goes in and what comes out is text."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.course.kernels.limits import bounded_engine
from labkit.course.pages import shorten
from labkit.exercises.judging import EXERCISE, STATES
from labkit.workers.places import find_scratch
from labkit.workers.processes import FOLDER_VARIABLE, children_of, end_processes

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager
    from nbformat import NotebookNode

MEGABYTE = 2**20
SAMPLING = 0.2  # seconds between two looks at a kernel's memory
LONGEST = {"name": 200, "message": 2_000, "source": 5_000, "traceback": 20_000}  # characters of an error in the report

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
        Folder for the kernel's sockets and working files; a relative one is in the folder for temporary files of the
        machine that executes the notebook, and made there. None: that folder itself.
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
    notebook : str or None
        The executed notebook (JSON); None when not even a kernel started.
    """

    name: str
    status: str
    seconds: float
    peak_rss_mb: float
    exercises: dict[str, int]
    error: dict | None
    notebook: str | None


def execute(job: Job) -> Execution:
    """Execute a notebook; a failing cell, a dead kernel, a timeout or a full disk is a result, not an exception.

    It has passed when every cell ran to its end and every exercise of the notebook left an outcome.

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

    started, memory = time.perf_counter(), PeakMemory()
    notebook = text = None
    try:
        notebook, error = _run_notebook(job, memory)
    except Exception as fault:  # around the cells, such as no room for temporary files
        error = describe_fault(fault)
    seconds = time.perf_counter() - started
    if notebook:
        try:
            error = error or find_gaps(notebook)
            text = nbformat.writes(notebook) + "\n"
        except Exception as fault:  # the cells ran, and their outputs cannot be written
            error = error or describe_fault(fault)
    return Execution(
        name=job.name,
        status="failed" if error else "passed",
        seconds=round(seconds, 2),
        peak_rss_mb=round(memory.peak / MEGABYTE, 1),
        exercises=count_exercises(notebook),
        error=error and shorten_error(error, job.name),
        notebook=text,
    )


def _run_notebook(job: Job, memory: "PeakMemory") -> tuple["NotebookNode | None", dict | None]:
    """Run a notebook in a temporary folder; return it as far as it came, and the error that ended it, or None."""
    import nbformat

    name = job.scratch or ""
    scratch = find_scratch(name)
    if not os.path.isabs(name):
        scratch.mkdir(mode=0o700, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="labkit-", dir=scratch))
    try:
        error = _run_cells(job, folder, memory)
        executed = folder / "executed.ipynb"
        try:
            notebook = nbformat.read(executed, as_version=4) if executed.is_file() else None
        except Exception as fault:  # it could not be written whole
            return None, error or describe_fault(fault)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if notebook:
        for leftover in ("input_path", "output_path"):  # they name the temporary folder
            notebook.metadata.papermill.pop(leftover, None)
        if error and error["cell"] is None:
            error |= _last_started(notebook)
    return notebook, error


def _run_cells(job: Job, folder: Path, memory: "PeakMemory") -> dict | None:
    """Run the cells into ``executed.ipynb`` in a folder, and return the error that ended them, or None."""
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from nbconvert.filters import strip_ansi

    try:
        with run_kernel(folder, cores=core_share(job.slots)) as kernel, memory.watch(kernel.provisioner.pid):
            try:
                papermill.execute_notebook(
                    nbformat.reads(job.notebook, as_version=4),
                    folder / "executed.ipynb",
                    job.parameters,
                    engine_name=bounded_engine(),
                    km=kernel,
                    execution_timeout=job.timeout,
                    progress_bar=False,
                )
            except DeadKernelError as error:
                return make_error(type(error).__name__, explain_death(kernel.provisioner.process.poll(), memory.peak))
    except papermill.PapermillExecutionError as error:
        return {
            "cell": error.exec_count,
            "source": error.source,
            "name": strip_ansi(error.ename),
            "message": strip_ansi(error.evalue),
            "traceback": strip_ansi("\n".join(error.traceback)),
        }
    except Exception as error:  # a timeout, a notebook papermill cannot read: the run goes on
        return make_error(type(error).__name__, str(error))
    return None


def make_error(name: str, message: str, trace: str = "") -> dict:
    """Return an error that no cell raised, in the form of `Execution.error`."""
    return {"cell": None, "source": "", "name": name, "message": message, "traceback": trace or f"{name}: {message}"}


def describe_fault(fault: Exception) -> dict:
    """Return an exception in our own work around the cells in the form of `Execution.error`, with its traceback."""
    return make_error(type(fault).__name__, str(fault), "".join(traceback.format_exception(fault)))


def shorten_error(error: dict, name: str) -> dict:
    """Return an error with texts of the length that a report shows; `name` is the notebook's."""
    cut = {key: shorten(error[key], limit, rest=f"see {name}.ipynb") for key, limit in LONGEST.items()}
    return error | cut


def explain_death(code: int | None, peak: int) -> str:
    """Say why a kernel died.

    Parameters
    ----------
    code : int or None
        Its exit status, as `subprocess.Popen` gives it; minus the number of the signal that killed it.
    peak : int
        The largest memory it was seen to take, in bytes.
    """
    if code == -getattr(signal, "SIGKILL", 9):
        return (
            "the kernel was killed by the system, which does that when memory runs out; the last that was seen of it, "
            f"with its children, was {peak / MEGABYTE:,.0f} MB; run fewer notebooks at a time (--workers 1), use "
            "--profile smoke, or give this machine or container more memory"
        )
    if code is not None and code < 0:
        return f"the kernel died of signal {-code} ({signal.strsignal(-code)})"
    return "the kernel died" if code is None else f"the kernel ended with exit status {code}"


def find_gaps(notebook: "NotebookNode") -> dict | None:
    """Return the error of a notebook that ended without one and yet did not run to its end, or None.

    papermill takes ``SystemExit`` for a wish to stop here, which hides that later cells never ran. And a check that
    did not run leaves no outcome.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    complete = [cell for cell in code if cell.metadata.get("papermill", {}).get("status") == "completed"]
    if len(complete) < len(code):
        raised = [output for cell in code for output in cell.outputs if output.output_type == "error"]
        name = raised[-1].ename if raised else "Incomplete"
        message = f"the notebook ended here: {len(complete)} of {len(code)} code cells ran to their end"
        return make_error(name, message) | _last_started(notebook)
    declared = {str(cell.metadata.exercise): None for cell in code if "exercise" in cell.metadata}
    reported = {str(identifier) for identifier, _ in read_outcomes(notebook)}
    if missing := [identifier for identifier in declared if identifier not in reported]:
        message = (
            f"no outcome of exercise{'s' if len(missing) > 1 else ''} {', '.join(missing)}: each needs a cell that "
            "checks it, and its output must arrive"
        )
        return make_error("MissingOutcome", message)
    return None


def _last_started(notebook: "NotebookNode") -> dict:
    """Return the cell where the kernel died or ran out of time: papermill notes when it starts a cell."""
    started = [cell for cell in notebook.cells if cell.metadata.get("papermill", {}).get("start_time")]
    code = [cell for cell in started if cell.cell_type == "code" and cell.source.strip()]
    return {"cell": len(code), "source": code[-1].source} if code else {}


@contextlib.contextmanager
def run_kernel(folder: Path, *, cores: int) -> Iterator["AsyncKernelManager"]:
    """Start a kernel that works in a folder and is held to a number of cores; end it and its children on the way out.

    On POSIX its sockets are files in the folder (ipc), so it works on a machine without a network device. One port is
    left where there is such a device: ipykernel listens on 127.0.0.1 for the output of processes that cells start, and
    takes none without a secret. Windows has no ipc, so there it is TCP.
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
    environment[FOLDER_VARIABLE] = str(folder)
    # Threads that wait give their core away: beside another busy program, spinning makes torch many times slower.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    environment.setdefault("HF_HUB_OFFLINE", "1")
    environment.setdefault("TQDM_DISABLE", "1")  # nobody watches progress bars in a run
    work = folder / "work"
    work.mkdir()
    try:
        run_sync(kernel.start_kernel)(env=environment, cwd=str(work))
        yield kernel
    finally:
        family = []
        if kernel.has_kernel:
            family = children_of(kernel.provisioner.pid)
            run_sync(kernel.shutdown_kernel)(now=True)
        end_processes(folder, family)
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
    for identifier, state in read_outcomes(notebook) if notebook else ():
        states[len(states) if identifier is None else identifier] = state
    found = list(states.values())
    return {state: found.count(state) for state in STATES}


def read_outcomes(notebook: "NotebookNode") -> Iterator[tuple[str | None, str]]:
    """Yield the id and the state of each outcome that checks left; what has another form is none of theirs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            outcome = output.get("data", {}).get(EXERCISE)
            if not isinstance(outcome, dict) or outcome.get("state") not in STATES:
                continue
            identifier = outcome.get("id")
            if identifier is None or isinstance(identifier, str):
                yield identifier, outcome["state"]


def core_share(slots: int) -> int:
    """Return how many cores each of `slots` notebooks on this machine gets, at least one."""
    import joblib

    return max(1, joblib.cpu_count() // slots)  # counts what a container was given, not what the machine has
