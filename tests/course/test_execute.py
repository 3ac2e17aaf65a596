import os
import re
import subprocess
import sys
import time

import joblib
import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.course.execute import (
    Job,
    PeakMemory,
    core_share,
    count_exercises,
    execute,
    explain_death,
    find_gaps,
)
from labkit.course.kernels.limits import CELL_LIMIT
from labkit.exercises.judging import EXERCISE
from labkit.workers.places import short_temporary_folder


def make_job(*cells, **options):
    """Return a job of code cells."""
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), *map(new_code_cell, cells)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return Job("00_cells", nbformat.writes(notebook), **options)


@pytest.fixture(scope="module")
def outcome():
    """One execution, with a failing cell, that tells where it ran."""
    look = """
import os, sys
from ipykernel.kernelapp import IPKernelApp
print([os.environ[name] for name in ("OMP_NUM_THREADS", "HF_HUB_OFFLINE", "OMP_WAIT_POLICY")])
print(IPKernelApp.instance().transport, os.path.realpath(os.getcwd()), sys.executable)
"""
    return execute(make_job(look, "print('before')", "1 / 0", "print('never')", slots=10**6))


@pytest.fixture(scope="module")
def told(outcome):
    """What the first cell of that execution printed, in words."""
    notebook = nbformat.reads(outcome.notebook, as_version=4)
    cell = next(cell for cell in notebook.cells if "IPKernelApp" in cell.source)
    return cell.outputs[0].text.splitlines()


def test_failing_cell_is_a_result(outcome):
    """The status, the number, the source and the error of the failed cell come back; later cells did not run."""
    assert outcome.status == "failed"
    error = outcome.error
    assert (error["cell"], error["source"], error["name"]) == (3, "1 / 0", "ZeroDivisionError")
    assert error["message"] == "division by zero" and "\x1b" not in error["traceback"]
    assert "before" in outcome.notebook and "never\\n" not in outcome.notebook


def test_figures_are_measured(outcome):
    """Seconds and memory of the kernel: a bare one takes tens of megabytes."""
    assert outcome.seconds > 0.1
    assert 20 < outcome.peak_rss_mb < 1000


def test_kernel_is_held_to_its_share_and_offline(told):
    """A millionth of the cores is one core, waiting threads give it away, and the hub is off."""
    assert told[0] == "['1', '1', 'PASSIVE']"


@pytest.mark.skipif(sys.platform == "win32", reason="ipc is for POSIX")
def test_kernel_uses_ipc_and_leaves_nothing_behind(told):
    """Its sockets are files; the kernel is the Python that runs us; its folder is gone afterwards."""
    transport, folder, executable = told[1].split()
    assert transport == "ipc" and executable == sys.executable
    assert "labkit-" in folder and not os.path.exists(folder)


@pytest.mark.parametrize(
    "source, name, message",
    [
        ("import time\ntime.sleep(60)", "CellTimeoutError", "timed out"),
        ("import os\nos._exit(1)", "DeadKernelError", "ended with exit status 1"),
        pytest.param(
            "import os\nos.kill(os.getpid(), 9)",
            "DeadKernelError",
            "when memory runs out.*--workers 1",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
        ),
    ],
)
def test_hanging_cell_and_dead_kernel_are_results(source, name, message):
    """Each is reported with the cell that did it and what may be the reason, and none ends the run."""
    outcome = execute(make_job("1 + 1", source, timeout=1))
    assert (outcome.status, outcome.error["name"]) == ("failed", name)
    assert (outcome.error["cell"], outcome.error["source"]) == (2, source)
    assert re.search(message, outcome.error["message"], flags=re.DOTALL)


@pytest.mark.parametrize(
    "code, said",
    [(-9, "killed by the system.* 3 MB"), (-11, "died of signal 11"), (3, "exit status 3"), (None, "the kernel died")],
)
def test_death_of_a_kernel_is_explained(code, said):
    """By its exit status."""
    assert re.search(said, explain_death(code, 3 * 2**20))


@pytest.fixture(scope="module")
def stopped():
    """An execution that prints too much, starts a process in a session of its own, raises a lot, and stops early."""
    start = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
print("child", child.pid)
"""
    many = f"for _ in range(4):\n    print('x' * {CELL_LIMIT // 2})"
    return execute(make_job(start, many, "import sys\nsys.exit()", "print('never')"))


def test_notebook_that_stops_early_has_failed(stopped):
    """papermill takes sys.exit() for success; cells that never ran are none."""
    assert stopped.status == "failed"
    assert (stopped.error["cell"], stopped.error["name"]) == (3, "SystemExit")
    assert "2 of 4 code cells ran to their end" in stopped.error["message"]


def test_processes_in_their_own_sessions_end_with_the_kernel(stopped):
    """A kernel's own end reaches its process group only."""
    child = int(re.search(r"child (\d+)", stopped.notebook)[1])
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(child)


def test_output_without_end_is_bounded(stopped):
    """The notebook keeps its limit, and says so."""
    assert CELL_LIMIT * 0.9 < len(stopped.notebook) < CELL_LIMIT * 1.1
    assert "the rest was not kept" in stopped.notebook


def declared(*outcomes, status="completed"):
    """Return an executed notebook that declares the exercises 04.1 and 04.2, with the outcomes of its checks."""
    stubs = [new_code_cell("x = 1", metadata={"exercise": identifier}) for identifier in ("04.1", "04.2")]
    outputs = [new_output("display_data", {EXERCISE: each}) for each in outcomes]
    cells = [*stubs, new_code_cell("check()", outputs=outputs), new_code_cell("")]
    for cell in cells:
        cell.metadata.papermill = {"status": status, "start_time": "now"}
    return new_notebook(cells=cells)


def test_every_declared_exercise_must_report():
    """In whatever state; one that is missing is named."""
    first, second = {"id": "04.1", "state": "correct"}, {"id": "04.2", "state": "not attempted"}
    assert find_gaps(declared(first, second)) is None
    assert "no outcome of exercise 04.2" in find_gaps(declared(first))["message"]
    assert "exercises 04.1, 04.2" in find_gaps(declared())["message"]


@pytest.mark.parametrize("status", ["pending", "running", "failed"])
def test_cells_that_did_not_run_to_their_end_are_a_failure(status):
    """Even when no cell has an error in its outputs."""
    first, second = {"id": "04.1", "state": "correct"}, {"id": "04.2", "state": "correct"}
    assert find_gaps(declared(first, second, status=status))["name"] == "Incomplete"


@pytest.mark.parametrize("outcome", ["text", ["04.2"], {"id": "04.2"}, {"id": ["04.2"], "state": "correct"}, 5])
def test_outputs_of_another_form_are_no_outcomes(outcome):
    """They are neither counted nor an error of their own."""
    notebook = declared({"id": "04.1", "state": "correct"}, outcome)
    assert sum(count_exercises(notebook).values()) == 1
    assert "04.2" in find_gaps(notebook)["message"]


def test_no_room_for_temporary_files_is_a_result(tmp_path):
    """The error is that of the system, with the path; memory is not blamed."""
    outcome = execute(make_job("1", scratch=str(tmp_path / "nowhere")))
    assert (outcome.status, outcome.error["name"]) == ("failed", "FileNotFoundError")
    assert "nowhere" in outcome.error["message"] and "memory" not in outcome.error["message"]
    assert outcome.notebook is None


def test_fault_after_the_last_cell_is_a_result(monkeypatch):
    """A disk that fills while the notebook is written: the error says what it was."""
    monkeypatch.setattr(
        "labkit.course.execute._run_cells",
        lambda job, folder, memory: (folder / "executed.ipynb").write_bytes(b'{"cells": [') and None,
    )
    outcome = execute(make_job("1"))
    assert (outcome.status, outcome.notebook, outcome.error["name"]) == ("failed", None, "NotJSONError")


def test_peak_memory_sees_children():
    """A process that starts another one is charged for both."""
    grow = "import time; block = bytearray(200 * 2**20); time.sleep(0.6)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grow!r}])"
    memory = PeakMemory()
    with subprocess.Popen([sys.executable, "-c", parent]) as process, memory.watch(process.pid):
        process.wait()
    assert 200 * 2**20 < memory.peak < 400 * 2**20


def test_exercises_are_counted_by_the_last_state_of_each():
    """An exercise checked twice counts once, as it was left; outputs without an id count one by one."""
    outcomes = [
        {"id": "05.1", "state": "not yet"},
        {"id": "05.1", "state": "correct"},
        {"id": "05.2", "state": "not attempted"},
        {"state": "not yet"},
        {"state": "not yet"},
    ]
    outputs = [new_output("display_data", {EXERCISE: each, "text/plain": "..."}) for each in outcomes]
    notebook = new_notebook(cells=[new_code_cell("check()", outputs=outputs), new_markdown_cell("text")])
    assert count_exercises(notebook) == {"correct": 1, "not yet": 2, "not attempted": 1}
    assert count_exercises(None) == {"correct": 0, "not yet": 0, "not attempted": 0}


@pytest.mark.parametrize("cores, slots, share", [(8, 2, 4), (8, 3, 2), (2, 2, 1), (1, 4, 1)])
def test_core_share(monkeypatch, cores, slots, share):
    """Cores are shared evenly, rounded down, and nobody gets none."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
    assert core_share(slots) == share


@pytest.mark.skipif(sys.platform == "win32", reason="sockets with names are for POSIX")
def test_long_temporary_folder_is_not_used_for_sockets(monkeypatch):
    """A socket's name may have about 100 characters; a longer folder is replaced by /tmp."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/var/" + "x" * 80)
    assert short_temporary_folder() == "/tmp"
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/var/short")
    assert short_temporary_folder() == "/var/short"
