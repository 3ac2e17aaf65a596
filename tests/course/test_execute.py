import os
import subprocess
import sys

import joblib
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.course.execute import Job, PeakMemory, core_share, count_exercises, execute, short_temporary_folder
from labkit.exercises.judging import EXERCISE


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
print([os.environ[name] for name in ("OMP_NUM_THREADS", "HF_HUB_OFFLINE")])
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
    assert "division by zero" in outcome.page


def test_figures_are_measured(outcome):
    """Seconds and memory of the kernel: a bare one takes tens of megabytes."""
    assert outcome.seconds > 0.1
    assert 20 < outcome.peak_rss_mb < 1000


def test_kernel_is_held_to_its_share_and_offline(told):
    """A millionth of the cores is one core, and the hub is off."""
    assert told[0] == "['1', '1']"


@pytest.mark.skipif(sys.platform == "win32", reason="ipc is for POSIX")
def test_kernel_uses_ipc_and_leaves_nothing_behind(told):
    """No port is opened; the kernel is the Python that runs us; its folder is gone afterwards."""
    transport, folder, executable = told[1].split()
    assert transport == "ipc" and executable == sys.executable
    assert "labkit-" in folder and not os.path.exists(folder)


@pytest.mark.parametrize(
    "source, name",
    [("import time\ntime.sleep(60)", "CellTimeoutError"), ("import os\nos._exit(1)", "DeadKernelError")],
)
def test_hanging_cell_and_dead_kernel_are_results(source, name):
    """Both are reported with the cell that did it, and neither ends the run."""
    outcome = execute(make_job("1 + 1", source, timeout=1))
    assert (outcome.status, outcome.error["name"]) == ("failed", name)
    assert (outcome.error["cell"], outcome.error["source"]) == (2, source)


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
