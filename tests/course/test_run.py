import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbformat.v4 import new_notebook

from labkit.course.build import build, find_course
from labkit.course.execute import Execution, Job
from labkit.course.run import load_profile, lost_execution, run_notebooks

SLEEPER = """
# %%
import time
open("started", "w").close()
time.sleep(120)
"""
LABKIT = [sys.executable, "-c", "from labkit.course.cli import app; app()"]


def test_run_goes_on_after_a_failure_and_reports_both(ran):
    """The failing notebook is reported with its cell; the other one passed, with its exercise counted."""
    first, second = json.loads((ran.folder / "report.json").read_text())["notebooks"]
    assert (first["name"], first["status"], first["error"]) == ("00_half", "passed", None)
    assert first["exercises"] == {"correct": 1, "not yet": 0, "not attempted": 0}
    assert (second["name"], second["status"]) == ("01_fails", "failed")
    assert second["error"]["message"] == "the answer is [wrong]"


def test_run_writes_executed_notebooks_and_pages(ran):
    """Both notebooks and their pages are there, the profile's value was used, and no partly written file is left."""
    names = {path.name for path in ran.folder.iterdir()}
    expected = {f"{name}.{kind}" for name in ("00_half", "01_fails", "report") for kind in ("ipynb", "html")}
    assert names == expected - {"report.ipynb"} | {"report.json", "index.html", ".records"}
    assert "size 7" in (ran.folder / "00_half.ipynb").read_text()


def test_command_shows_the_failing_cell_and_exits_1(ran):
    """Without a terminal: one line per notebook, the source and error of the cell that failed, then the count."""
    shown = ran.done.output
    assert ran.done.exit_code == 1
    assert "[2/2]" in shown and "00_half" in shown and "passed" in shown
    assert 'assert answer == 42, "the answer is [wrong]"' in shown
    assert "AssertionError: the answer is [wrong]" in shown
    assert f"2 notebooks, 1 failed: {ran.folder / 'report.html'}" in shown


EMPTY = nbformat.writes(new_notebook())  # an executed notebook without cells


@pytest.fixture
def canned(monkeypatch):
    """Replace workers by a pool whose executions are made up; return the names of what it was asked to execute."""
    asked = []

    class Pool:
        slots = slots_on_a_machine = 1
        scratch = None

        def __init__(self, slots, prepare):
            pass

        def submit(self, function, job):
            asked.append(job.name)
            counts = {"correct": 0, "not yet": 0, "not attempted": 0}
            future = Future()
            future.set_result(Execution(job.name, "passed", 1.0, 1.0, counts, None, EMPTY))
            return future

        def close(self):
            pass

    monkeypatch.setattr("labkit.workers.pools.LocalPool", Pool)
    return asked


def test_unchanged_notebooks_are_skipped(course, canned):
    """A second run executes what changed and nothing else, and keeps the figures; force executes everything."""
    first = run_notebooks(course)["notebooks"]
    (course.solutions / "01_fails.py").write_text("# %%\n1\n")
    second = run_notebooks(course)["notebooks"]
    assert canned == ["00_half", "01_fails", "01_fails"]
    assert second == [first[0] | {"status": "cached"}, first[1]]
    run_notebooks(course, ["00"], force=True)
    assert canned[3:] == ["00_half"]


def test_a_page_that_cannot_be_made_fails_its_notebook(course, canned, monkeypatch):
    """With the reason; the next run makes the page, and executes nothing for it."""

    def fail(notebook, *, name, **options):
        raise RuntimeError(f"no page of {name}")

    with monkeypatch.context() as patch:
        patch.setattr("labkit.course.pages.site.render_page", fail)
        found = run_notebooks(course)["notebooks"]
    assert [(each["status"], each["error"]["message"]) for each in found] == [
        *[("failed", f"no page of {name}") for name in ("00_half", "01_fails")]
    ]
    assert [each["status"] for each in run_notebooks(course)["notebooks"]] == ["cached", "cached"]
    assert canned == ["00_half", "01_fails"] and (course.root / "build/default-solution/01_fails.html").exists()


def test_longest_notebook_starts_first(make_course, sources, tmp_path, canned):
    """By the budgets in the headers; a notebook without one comes last. The report keeps the course's order."""
    longer = sources["00_half"].replace("seconds: 20", "seconds: 90")
    course = make_course(tmp_path, {"00_free": sources["01_fails"], "01_half": sources["00_half"], "02_longer": longer})
    report = run_notebooks(course)
    assert canned == ["02_longer", "01_half", "00_free"]
    assert [entry["name"] for entry in report["notebooks"]] == ["00_free", "01_half", "02_longer"]


def can_unshare():
    """Whether this user may make a network namespace."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def ran_as_student(make_course, sources, tmp_path_factory):
    """A student notebook run by the command in its own process, cut off from the network where that can be done."""
    course = make_course(tmp_path_factory.mktemp("student"), {"00_half": sources["00_half"]})
    course = find_course(course.root)  # with the package that the command uses
    build(course)
    offline = can_unshare()
    command = [*(("unshare", "-rn") if offline else ()), *LABKIT, "run", "--form", "student"]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, timeout=120)
    return SimpleNamespace(course=course, done=done, offline=offline)


def test_run_needs_no_network_device(ran_as_student):
    """In a namespace where not even the loopback device is up, kernels start and answer."""
    if not ran_as_student.offline:
        pytest.skip("no right to make a network namespace")
    assert ran_as_student.done.returncode == 0, ran_as_student.done.stderr
    assert "passed" in ran_as_student.done.stdout


def test_student_form_runs_what_students_get(ran_as_student):
    """The stub's outcome counts; a run of the same form in another process finds the notebook finished."""
    (entry,) = run_notebooks(ran_as_student.course, form="student")["notebooks"]
    assert entry["status"] == "cached" and entry["error"] is None and entry["seconds"] > 0
    assert entry["exercises"] == {"correct": 0, "not yet": 0, "not attempted": 1}


def test_no_workers_is_an_error(course):
    """Zero workers cannot run anything."""
    with pytest.raises(ValueError, match="--workers 0: at least 1"):
        run_notebooks(course, workers=0)


@pytest.mark.parametrize("error", [BrokenExecutor("terminated abruptly"), type("KilledWorker", (Exception,), {})()])
def test_lost_worker_is_a_failure_with_a_remedy(error):
    """A worker that the system killed, here or on a Dask cluster, is reported like a failing notebook."""
    lost = lost_execution(Job("00_half", "{}"), error)
    assert lost.status == "failed" and "--workers 1" in lost.error["message"]


def test_result_that_did_not_arrive_is_not_blamed_on_memory():
    """Any other error says what it is."""
    lost = lost_execution(Job("00_half", "{}"), TypeError("cannot pickle"))
    assert lost.status == "failed" and "cannot pickle" in lost.error["message"]
    assert "memory" not in lost.error["message"]


@pytest.mark.parametrize("form", ["solution", "student"])
@pytest.mark.parametrize("content", [b"\xff", b"# ---\n# jupyter:\n#   labkit: {budget: five}\n# ---\n# %%\n1\n"])
def test_notebook_that_cannot_be_read_fails_alone(course, canned, form, content):
    """It is in the report by name, nothing of an earlier run remains of it, and the others run."""
    build(course)
    run_notebooks(course, form=form)
    path = course.path("00_half", form=form)
    path.write_bytes(content)
    bad, good = run_notebooks(course, form=form, force=True)["notebooks"]
    assert (bad["status"], good["status"]) == ("failed", "passed")
    assert str(path) in bad["error"]["message"]
    assert canned == ["00_half", "01_fails", "01_fails"]
    assert not (course.root / "build" / f"default-{form}" / "00_half.html").exists()


def test_student_notebook_that_is_missing_fails_alone(course, canned):
    """The message has the command that writes it; without any student notebook that is the whole message."""
    with pytest.raises(FileNotFoundError, match="labkit build"):
        run_notebooks(course, form="student")
    build(course)
    course.path("00_half", form="student").unlink()
    bad, good = run_notebooks(course, form="student")["notebooks"]
    assert (bad["status"], good["status"]) == ("failed", "passed") and "labkit build" in bad["error"]["message"]


@pytest.fixture
def interrupted(make_course, tmp_path):
    """Return a function that starts a run, sends it a signal inside a cell, and gives what is left of it."""

    def interrupt(number, *, workers):
        course = make_course(tmp_path, {f"0{worker}_sleeps": SLEEPER for worker in range(workers)})
        command = [*LABKIT, "run", "--workers", str(workers)]
        run = subprocess.Popen(command, cwd=course.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        runs.append(run)
        folders, deadline = set(), time.monotonic() + 60
        while time.monotonic() < deadline and len(folders) < workers:
            time.sleep(0.1)
            family.update(psutil.Process(run.pid).children(recursive=True))
            folders = set().union(*map(folders_of_kernels, family))
        assert len(folders) == workers, "the kernels did not start"
        run.send_signal(number)
        out, err = run.communicate(timeout=90)
        _, alive = psutil.wait_procs(family, timeout=30)
        return course, out + err, alive, folders

    runs, family = [], set()
    try:
        yield interrupt
    finally:
        for process in [*runs, *family]:  # what the test has left when it failed
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for run in runs:
            run.communicate()


def folders_of_kernels(process):
    """Return the folder that a process works in where it is a kernel inside a cell; a process may end meanwhile."""
    with contextlib.suppress(psutil.Error):
        if "ipykernel_launcher" in " ".join(process.cmdline()) and (Path(process.cwd()) / "started").exists():
            return {Path(process.cwd())}
    return set()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "number, workers",
    [
        (signal.SIGINT, 2),
        pytest.param(signal.SIGKILL, 1, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.slow),
    ],
    ids=["SIGINT", "SIGKILL", "SIGTERM"],
)
def test_interrupted_run_leaves_no_process_and_nothing_to_mistake_for_a_result(interrupted, number, workers):
    """Ctrl-C or kill -9 in the middle of a cell: kernels and workers end; none of their outputs and folders remain."""
    course, said, alive, folders = interrupted(number, workers=workers)
    assert alive == []
    assert not list((course.root / "build").rglob("*sleeps*")) and not list((course.root / "build").rglob("report.*"))
    deadline = time.monotonic() + 5
    while (left := [folder for folder in folders if folder.exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert "Traceback" not in said
    if number == signal.SIGINT:
        assert "stopped; 0 finished notebooks are in" in said


def write_profiles(course, text):
    """Write the sizes of a course."""
    (course.notebooks / "profiles.toml").write_text(text)


def test_profile_gives_each_notebook_its_values(course):
    """smoke has the file's values; default keeps the notebook's own."""
    write_profiles(course, "[smoke.00_half]\nSIZE = 1\n[full.00_half]\nSIZE = 9\n")
    names = course.names
    assert load_profile(course, "smoke", names=names) == {"00_half": {"SIZE": 1}, "01_fails": {}}
    assert load_profile(course, "default", names=names) == {"00_half": {}, "01_fails": {}}
    assert load_profile(course, "full", names=names)["00_half"] == {"SIZE": 9}


def test_no_file_means_no_values(course):
    """A course without profiles.toml runs at its own sizes."""
    assert load_profile(course, "smoke", names=["00_half"]) == {"00_half": {}}


@pytest.mark.parametrize(
    "text, message",
    [
        ("[smoke.00_half]\nSIZ = 1\n", r"\[smoke.00_half\] sets SIZ, but .* has SIZE"),
        ("[smoke.01_fails]\nSIZE = 1\n", "01_fails.* sets SIZE, but .* has no parameters"),
        ("[smoke.02_nothing]\nSIZE = 1\n", r"02_nothing\] names no notebook; there are: 00_half, 01_fails"),
        ("[smok.00_half]\nSIZE = 1\n", r"\[smok\] is no profile .* smoke, full"),
        ("[default.00_half]\nSIZE = 1\n", r"\[default\] is no profile"),
        ("smoke = 1\n", r"\[smoke\] holds a value outside a table"),
        ("[smoke]\n00_half = 1\n", r"\[smoke\] holds a value outside a table"),
        ("[smoke", "not valid TOML"),
    ],
    ids=["parameter", "no parameters cell", "notebook", "profile", "default", "no table", "no inner table", "syntax"],
)
def test_unknown_names_in_the_file_are_errors(course, text, message):
    """papermill only warns about an unknown parameter; here every name that means nothing ends the run."""
    write_profiles(course, text)
    with pytest.raises(ValueError, match=message):
        load_profile(course, "smoke", names=course.names)


@pytest.mark.parametrize("profile, form", [("tiny", "solution"), ("smoke", "teacher")])
def test_unknown_profile_or_form_is_an_error(course, profile, form):
    """The message lists what can be chosen."""
    with pytest.raises(ValueError, match="choose one of"):
        load_profile(course, profile, names=[], form=form)
