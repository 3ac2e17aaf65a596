"""The box itself: which one there is, what it hides, and what it says when something is wrong."""

import os
import time

import pytest

from labkit.classroom.box import Box, BoxKind, Cell, Limits, Question, finding
from labkit.classroom.box._staging import stage_package, without
from labkit.classroom.box.inside import _landlock, _seccomp
from labkit.errors import UserError
from tests.classroom.conftest import KINDS


def test_the_copy_of_the_package_holds_no_answers(tmp_path):
    """Neither exercises, nor what is compiled from them, nor the command that reads the solutions."""
    stage_package(tmp_path)
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert not [name for name in names if "/exercises_" in name or name.endswith("exercises.py") or "/course" in name]
    assert "labkit/exercises/judging.py" in names and "labkit/chapters/ch04/plots.py" in names


def test_folders_are_shown_without_what_is_hidden(tmp_path):
    """A folder is replaced by its parts, down to the hidden one."""
    for place in ("a/b/hidden", "a/b/shown", "a/c"):
        (tmp_path / place).mkdir(parents=True)
    found = without([tmp_path / "a"], [tmp_path / "a/b/hidden"])
    assert found == [tmp_path / "a/b/shown", tmp_path / "a/c"]


def test_without_a_box_there_is_a_command():
    """On another system, the sentence says why, and the remedy is a container's command line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding.sys, "platform", "darwin")
        found = finding.find_box.__wrapped__()
    assert found.name is None and "Linux only" in found.sentence and found.remedy.startswith("docker run")
    with pytest.raises(UserError, match=r"no box for student code.*Linux only.*docker run"):
        Box(found)


def test_bubblewrap_that_is_there_and_fails_gives_way_to_landlock(tmp_path, monkeypatch):
    """It is started, and not only looked for."""
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(finding, "find_programs", lambda: [str(program)])
    found = finding.find_box.__wrapped__()
    assert f"{program} does not work: setting up uid map: Permission denied" in found.sentence
    assert found.name in ("Landlock", None)


@pytest.mark.parametrize(("version", "reason"), [(0, "version 0"), (2, "version 2")])
def test_an_old_kernel_has_no_landlock(version, reason, monkeypatch):
    """Before version 3, files could be truncated."""
    monkeypatch.setattr(_landlock, "landlock_version", lambda: version)
    found = finding.find_box.__wrapped__("Landlock")
    assert found.name is None and reason in found.sentence


def test_the_filter_of_calls_has_no_jump_out_of_it():
    """Every jump ends within the program, and both ends decide."""
    program = _seccomp.make_filter(42, own_files=False)
    assert len(program) < 256
    for position, (code, yes, no, _) in enumerate(program):
        if code in (_seccomp.EQUAL, _seccomp.AT_LEAST, _seccomp.ANY_BIT):
            assert position + 1 + max(yes, no) < len(program)
    assert program[-1][0] == _seccomp.RETURN


@pytest.mark.parametrize("kind", [None, *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS)])
def test_cells_are_run_where_they_are_needed(kind, boxes):
    """Another one is run only when that is asked for."""
    cells = [Cell("a", "x = 1"), Cell("b", "import os\nos._exit(1)"), Cell("c", "y = x")]
    found = boxes(kind).run(cells, [Question("q", "y")])
    assert found.answers == {"q": {"value": 1}} and (found.executed, found.attempts) == (2, 1)
    found = boxes(kind).run(cells, [Question("q", "y")], every_cell=True)
    assert found.answers == {"q": {"value": 1}} and found.attempts == 2
    assert found.failures == {"b": "ended the program (status 1)"}


@pytest.mark.parametrize("kind", [None, *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS)])
def test_no_process_outlives_a_submission(kind, boxes):
    """Whatever it started is gone, and the template has no thread."""
    box = boxes(kind)
    box.run([Cell("a", "import threading, time\nthreading.Thread(target=time.sleep, args=(999,)).start()\nx = 1")], [])
    found = box.run([Cell("a", "x = 1")], [Question("q", "x")])
    assert found.answers["q"] == {"value": 1} and box.ready["threads"] == []
    template = box._template.process.pid
    deadline = time.monotonic() + 5
    while len(descendants(template)) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(descendants(template)) <= 1  # with bubblewrap, the template is a child of the process that waits for it


def test_a_cell_that_shows_a_figure_gives_its_answers(boxes):
    """`show` closes the figure and draws nothing, so what the same cell computes is collected."""
    source = "from matplotlib import pyplot\nfrom labkit.plots import show\nfigure, ax = pyplot.subplots()"
    cell = f"{source}\nshow(figure, alt='a figure')\nleft = len(pyplot.get_fignums())"
    found = boxes(None).run([Cell("a", cell)], [Question("q", "left")])
    assert found.answers == {"q": {"value": 0}} and not found.failures


def test_names_of_cells_are_shown_as_text(boxes):
    """They are the student's as well."""
    found = boxes(None).run([Cell("\x1b[2J" + "x" * 999, "x = 1 / 0")], [Question("q", "x")])
    assert list(found.failures) == [("\\x1b[2J" + "x" * 999)[:64]]
    assert "\x1b" not in found.answers["q"]["problem"]


@pytest.mark.slow
def test_files_are_counted_while_replies_come(boxes):
    """Landlock has no limit on all files: they are counted, also where a child keeps the grader busy."""
    source = """
import os, time
for number in range(600):
    with open(f"part{number}", "wb") as file:
        file.write(bytes(2**20))
    for each in range(3, 64):
        try:
            os.write(each, b'{"cell": 0}\\n')
        except OSError:
            pass
    time.sleep(0.01)
"""
    cells = [Cell("a", source), Cell("b", "x = 1")]
    found = boxes("Landlock").run(cells, [Question("q", "x")], limits=Limits(disk=2**24), every_cell=True)
    assert found.failures == {"a": "wrote more files than allowed"} and found.answers["q"] == {"value": 1}


def descendants(process):
    """Return the processes that a process has started, and theirs."""
    import psutil

    return psutil.Process(process).children(recursive=True)


def test_a_template_that_was_killed_is_started_again(boxes):
    """The next submission does not notice."""
    box = boxes(None)
    box._template.process.kill()
    box._template.process.wait()
    found = box.run([Cell("a", "x = 1")], [Question("q", "x")])
    assert found.answers == {"q": {"value": 1}}


def test_time_is_up_for_the_whole_submission(boxes):
    """Several cells that do not end take no more than the limit of the submission."""
    cells = [Cell(str(number), f"x{number} = 1\nwhile True:\n    pass") for number in range(9)]
    questions = [Question(str(number), f"x{number}") for number in range(9)]
    began = time.monotonic()
    found = boxes(None).run(cells, questions, limits=Limits(seconds=1.5, cell_seconds=0.6))
    assert time.monotonic() - began < 8
    assert all("too much time" in answer["problem"] for answer in found.answers.values())


def test_the_environment_of_a_template_is_ours(tmp_path):
    """Nothing of the grader's environment is passed on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOKEN_OF_THE_GRADER", "x")
        found = finding.variables(BoxKind("Landlock"), tmp_path, tmp_path)
    assert "TOKEN_OF_THE_GRADER" not in found and os.environ["PATH"] != found["PATH"]
