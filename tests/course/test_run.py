import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from labkit.course.execute import Job
from labkit.course.report import Display
from labkit.course.run import count_workers, lost_execution, run_notebooks

SLEEPER = """
# %%
import time
open("started", "w").close()
time.sleep(120)
"""
LABKIT = [sys.executable, "-c", "from labkit.course.cli import app; app()"]


@pytest.fixture(scope="module")
def ran(make_course, sources, tmp_path_factory):
    """One run of a notebook that passes and one that fails: the course, the report and what the terminal showed."""
    course = make_course(tmp_path_factory.mktemp("ran"), sources)
    (course.notebooks / "profiles.toml").write_text("[smoke.00_half]\nSIZE = 7\n")
    shown = io.StringIO()
    with Display(Console(file=shown, width=100)) as display:
        report = run_notebooks(course, profile="smoke", workers=2, display=display)
        display.explain_failures(report["notebooks"])
    return course, report, shown.getvalue()


def test_run_goes_on_after_a_failure_and_reports_both(ran):
    """The failing notebook is reported with its cell; the other one passed, with its exercise counted."""
    course, report, _ = ran
    first, second = report["notebooks"]
    assert (first["name"], first["status"], first["error"]) == ("00_half", "passed", None)
    assert first["exercises"] == {"correct": 1, "not yet": 0, "not attempted": 0}
    assert (second["name"], second["status"], second["error"]["message"]) == (
        "01_fails",
        "failed",
        "the answer is [wrong]",
    )
    assert json.loads((course.root / "build" / "smoke-solution" / "report.json").read_text()) == report


def test_run_writes_executed_notebooks_and_pages(ran):
    """Both notebooks and their pages are there, the profile's value was used, and nothing half-written lies about."""
    folder = ran[0].root / "build" / "smoke-solution"
    names = {path.name for path in folder.iterdir()}
    expected = {f"{name}.{kind}" for name in ("00_half", "01_fails", "report") for kind in ("ipynb", "html")}
    assert names == expected - {"report.ipynb"} | {"report.json", ".records"}
    assert "size 7" in (folder / "00_half.ipynb").read_text()


def test_terminal_shows_names_and_the_failing_cell(ran):
    """Without a terminal a line a notebook, then the source and error of the cell that failed."""
    shown = ran[2]
    assert "[2/2]" in shown and "00_half" in shown and "passed" in shown
    assert 'assert answer == 42, "the answer is [wrong]"' in shown
    assert "AssertionError: the answer is [wrong]" in shown


def test_student_form_runs_what_students_get_and_the_cache_skips_what_passed(course):
    """The stub's outcome counts; a second run executes nothing, keeps the figures, and force executes again."""
    from labkit.course.build import build

    build(course)

    def run(**options):
        (entry,) = run_notebooks(course, ["00_half"], form="student", **options)["notebooks"]
        return entry

    first = run()
    assert first["status"] == "passed" and first["exercises"]["not attempted"] == 1
    assert run() == first | {"status": "cached"}
    assert run(force=True)["status"] == "passed"


@pytest.mark.parametrize("budgets, workers", [([0, 0, 0], 3), ([0], 1), ([1e9, 0], 1)])
def test_workers_fit_cores_notebooks_and_memory(monkeypatch, budgets, workers):
    """No more than notebooks; a notebook larger than the memory still runs, alone."""
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    assert count_workers(budgets) == workers


def test_no_workers_is_an_error(course):
    """Zero workers cannot run anything."""
    with pytest.raises(ValueError, match="--workers 0: at least 1"):
        run_notebooks(course, workers=0)


def test_lost_worker_is_a_failure_with_a_remedy():
    """A worker that the system killed is reported like a failing notebook."""
    lost = lost_execution(Job("00_half", "{}"), RuntimeError("terminated abruptly"))
    assert lost.status == "failed" and "--workers 1" in lost.error["message"]


@pytest.fixture
def interrupted(make_course, tmp_path):
    """Return a function that starts a run, sends it a signal inside a cell, and gives what is left of it."""
    course = make_course(tmp_path, {"00_sleeps": SLEEPER, "01_sleeps": SLEEPER})

    def interrupt(number):
        command = [*LABKIT, "run", "--workers", "2"]
        run = subprocess.Popen(command, cwd=course.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        family, folders, deadline = [], set(), time.monotonic() + 60
        while time.monotonic() < deadline and len(folders) < 2:
            time.sleep(0.2)
            family = psutil.Process(run.pid).children(recursive=True)
            kernels = [member for member in family if "ipykernel_launcher" in " ".join(member.cmdline())]
            folders = {Path(member.cwd()) for member in kernels if (Path(member.cwd()) / "started").exists()}
        assert len(folders) == 2, "the kernels did not start"
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
        _, alive = psutil.wait_procs(family, timeout=10)
        return course, out + err, alive, folders

    return interrupt


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)], ids=str
)
def test_interrupted_run_leaves_no_process_and_nothing_to_mistake_for_a_result(interrupted, number):
    """Ctrl-C or kill -9 in the middle of a cell: kernels and workers end, no output, no folder of theirs remains."""
    course, said, alive, folders = interrupted(number)
    assert alive == []
    assert not list((course.root / "build").rglob("*sleeps*")) and not list((course.root / "build").rglob("report.*"))
    deadline = time.monotonic() + 5
    while (left := [folder for folder in folders if folder.exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert "Traceback" not in said


def can_unshare():
    """Whether this user may make a network namespace of its own."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="no right to make a network namespace")
def test_run_needs_no_network_device(make_course, sources, tmp_path):
    """In a namespace where not even the loopback device is up, kernels start and answer."""
    course = make_course(tmp_path, {"00_half": sources["00_half"]})
    command = ["unshare", "-rn", *LABKIT, "run", "00_half"]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, timeout=120, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout
