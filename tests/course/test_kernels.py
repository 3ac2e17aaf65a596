"""What a run adds to kernels; no kernel is started here."""

import subprocess
import sys
import time

import psutil
import pytest

from labkit.course.kernels import limits
from labkit.course.kernels.limits import OutputLimit
from labkit.exercises.judging import EXERCISE
from labkit.workers.processes import FOLDER_VARIABLE, end_processes, find_processes


@pytest.fixture
def limit(monkeypatch):
    """A limit of 1000 characters a cell and 2500 a notebook, and 500 more for outcomes."""
    for name, size in {"CELL_LIMIT": 1000, "NOTEBOOK_LIMIT": 2500, "OUTCOMES": 500, "ERROR_LIMIT": 100}.items():
        monkeypatch.setattr(limits, name, size)
    return OutputLimit()


def message(kind, **content):
    """Return a message of a kernel."""
    return {"msg_type": kind, "header": {"msg_type": kind}, "content": content}


def printed(text):
    """Return the message of a printed text."""
    return message("stream", name="stdout", text=text)


def shown(size, kind="display_data", mime="text/html"):
    """Return the message of a table or a figure."""
    return message(kind, data={mime: "x" * size}, metadata={})


def test_what_is_within_the_limit_is_left_alone(limit):
    """The messages themselves come back."""
    for each in (printed("a"), shown(10), shown(10, "execute_result"), message("status", execution_state="idle")):
        assert limit.bound(each, 0) is each


def test_printed_text_is_cut_at_the_limit(limit):
    """What fits is kept, then one note, then nothing; another cell has its own limit."""
    first = limit.bound(printed("x" * 5000), 0)["content"]["text"]
    assert first.count("x" * 900) == 1 and len(first) < 1000 + len(limits.NOTE)
    assert "the rest was not kept" in first
    assert limit.bound(printed("more"), 0) is None and limit.bound(shown(1), 0) is None
    assert limit.bound(printed("more"), 1) is not None


@pytest.mark.parametrize("kind", ["display_data", "execute_result", "update_display_data"])
def test_figures_that_do_not_fit_become_a_note(limit, kind):
    """Half a figure is none."""
    found = limit.bound(shown(5000, kind), 0)
    assert found["msg_type"] == found["header"]["msg_type"] == "stream"
    assert found["content"]["text"] == limits.NOTE


def test_many_small_outputs_are_bounded(limit):
    """An output counts for more than its text."""
    assert sum(limit.bound(printed("x"), 0) is not None for _ in range(1000)) < 20


def test_a_notebook_is_bounded(limit):
    """However many cells it has."""
    kept = [limit.bound(printed("x" * 800), cell)["content"]["text"].count("x" * 100) for cell in range(9)]
    assert kept[:2] == [8, 8] and sum(kept) * 100 <= 2500


def test_cleared_output_does_not_count(limit):
    """A cell may show one figure after the other in the same place."""
    for _ in range(9):
        assert limit.bound(shown(700), 0)["msg_type"] == "display_data"
        limit.bound(message("clear_output", wait=True), 0)


def test_outcomes_and_errors_arrive_after_the_limit(limit):
    """A cell that prints too much still reports its exercise, and its error, which is cut."""
    limit.bound(printed("x" * 5000), 0)
    outcome = shown(10, mime=EXERCISE)
    assert limit.bound(outcome, 0) is outcome
    error = message("error", ename="E", evalue="y" * 5000, traceback=["z" * 5000])
    found = limit.bound(error, 0)["content"]
    assert len(found["evalue"]) < 200 and len("".join(found["traceback"])) < 200
    assert "the rest was not kept" in found["evalue"]


@pytest.fixture
def sleeper():
    """Return a function that starts a process in a session of its own, with a kernel's folder in its environment."""
    started = []

    def start(folder):
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        started.append(subprocess.Popen(command, env={FOLDER_VARIABLE: str(folder)}, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_processes_of_a_folder_end(sleeper, tmp_path):
    """In whatever session; those of kernels in other folders go on."""
    here, inside, beside = sleeper(tmp_path / "a"), sleeper(tmp_path / "a" / "b"), sleeper(tmp_path / "ab")
    deadline = time.monotonic() + 5  # until the new environment is there
    while len(find_processes(tmp_path / "a")) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    end_processes(tmp_path / "a")
    assert not psutil.pid_exists(here.pid) and not psutil.pid_exists(inside.pid) and psutil.pid_exists(beside.pid)


def test_known_processes_end(sleeper, tmp_path):
    """Whatever their environment."""
    process = sleeper(tmp_path / "other")
    end_processes(tmp_path / "a", [psutil.Process(process.pid)])
    assert not psutil.pid_exists(process.pid)
