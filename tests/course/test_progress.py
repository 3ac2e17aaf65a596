"""What `labkit progress` reads from work/ and shows."""

import json
import re
import sys
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from labkit.course.build import build
from labkit.course.cli import app
from labkit.course.copies import start
from labkit.course.progress import Line, by_objective, read_progress
from labkit.exercises.judging import EXERCISE

SOURCE = """
    # %% [markdown]
    # # 00 · Three exercises
    # %% tags=["exercise"] exercise="00.1" points=2 objective="00-half"
    half = ...
    # %% tags=["check"]
    print("00.1")
    # %% tags=["exercise"] exercise="00.2" points=1 objective="00-half"
    quarter = ...
    # %% tags=["check"]
    print("00.2")
    # %% tags=["exercise"] exercise="00.3" points=3 objective="00-third"
    third = ...
    # %% tags=["check"]
    print("00.3")
"""


@pytest.fixture
def course(make_course, tmp_path):
    """A course of one notebook with three exercises, built and started."""
    made = make_course(tmp_path, {"00_parts": SOURCE})
    build(made)
    start(made)
    return made


def leave(course, *states):
    """Write check outputs into the student's copy: (id, state), each into the next check cell."""
    path = course.work / "00_parts.ipynb"
    notebook = json.loads(path.read_text())
    checks = [cell for cell in notebook["cells"] if cell["metadata"].get("tags") == ["check"]]
    for cell, (identifier, state) in zip(checks, states, strict=False):
        data = {EXERCISE: {"id": identifier, "state": state}, "text/plain": state}
        cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
    path.write_text(json.dumps(notebook))


def test_untouched_notebooks_are_not_attempted(course):
    """An exercise that was never checked counts as not attempted."""
    assert [(each.exercise, each.state) for each in read_progress(course).standings] == [
        ("00.1", "not attempted"),
        ("00.2", "not attempted"),
        ("00.3", "not attempted"),
    ]


def test_last_check_counts_by_objective(course):
    """States and points add up for each objective; the last output of an exercise is the one that counts."""
    leave(course, ("00.1", "not yet"), ("00.2", "not yet"), ("00.1", "correct"))
    assert by_objective(read_progress(course).standings) == [
        Line("00_parts", "00-half", {"correct": 1, "not yet": 1, "not attempted": 0}, 2, 3, True),
        Line("00_parts", "00-third", {"correct": 0, "not yet": 0, "not attempted": 1}, 0, 3, True),
    ]


def test_a_deleted_cell_hides_nothing(course):
    """Exercises are those of the course, whatever became of the copy."""
    path = course.work / "00_parts.ipynb"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"cells": []}))
    assert len(read_progress(course).standings) == 3


@pytest.fixture
def pair(make_course, tmp_path):
    """A course of two notebooks, built and started; the exercises of the second are all correct."""
    second = dedent(SOURCE).replace('"00', '"01')
    made = make_course(tmp_path, {"00_parts": SOURCE, "01_parts": second})
    build(made)
    start(made)
    path = made.work / "01_parts.ipynb"
    notebook = json.loads(path.read_text())
    data = [{EXERCISE: {"id": f"01.{n}", "state": "correct"}} for n in (1, 2, 3)]
    notebook["cells"][-1]["outputs"] = [{"output_type": "display_data", "data": each, "metadata": {}} for each in data]
    path.write_text(json.dumps(notebook))
    return made


CONFLICT = b"""{
<<<<<<< HEAD
 "cells": [],
=======
 "cells": [{}],
>>>>>>> theirs
 "nbformat": 4
}"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "00_parts.ipynb is empty; rename it, run `labkit start`"),
        (b'{"cells": [', "is not a notebook; rename it, run .* paste your answers from the old file"),
        (b"[]", "is not a notebook"),
        (b'{"nbformat": 4}', "is not a notebook"),
        (b'{"cells": null}', "is not a notebook"),
        (b'{"cells": {}}', "is not a notebook"),
        (b'{"cells": "text"}', "is not a notebook"),
        (b'{"cells": [null]}', "is not a notebook"),
        (b'{"cells": [1]}', "is not a notebook"),
        (b"[" * 10**5, "is not a notebook"),
        (b'{"cells": ' + b"9" * 5000 + b"}", "is not a notebook"),
        ('{"cells": "ä"}'.encode("latin-1"), "is not a notebook"),
        (CONFLICT, "holds a merge conflict of git; keep one side with `git checkout --ours .*00_parts.ipynb`"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_a_damaged_file_is_named_and_hides_no_other(pair, content, message):
    """With what is wrong and how to save the work in it; the other notebook counts as before."""
    (pair.work / "00_parts.ipynb").write_bytes(content)
    found = read_progress(pair)
    (problem,) = found.problems
    assert re.search(message, problem) and "00_parts.ipynb" in problem
    assert [each.state for each in found.standings] == ["not attempted"] * 3 + ["correct"] * 3
    assert [line.readable for line in by_objective(found.standings)] == [False, False, True, True]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_that_leads_nowhere_is_named(pair):
    """A notebook kept on a stick is not taken for one that was not started."""
    (pair.work / "00_parts.ipynb").unlink()
    (pair.work / "00_parts.ipynb").symlink_to("stick/00_parts.ipynb")
    found = read_progress(pair)
    assert len(found.problems) == 1 and "is a link that leads nowhere (stick/00_parts.ipynb)" in found.problems[0]
    assert all(each.started for each in found.standings)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_read(pair, encoding):
    """The exercises count, although JupyterLab does not open the file."""
    path = pair.work / "01_parts.ipynb"
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    found = read_progress(pair)
    assert not found.problems and [each.state for each in found.standings[3:]] == ["correct"] * 3


ODD = [None, "text", [], {}, 3, [None], ["text"], [[]], [{"data": None}], [{"data": "text"}], [{"data": [1]}]]
ODD += [[{"data": {EXERCISE: outcome}}] for outcome in (None, "text", [], {"id": "00.1"}, {"id": "00.1", "state": []})]


@pytest.mark.parametrize("outputs", ODD, ids=str)
def test_outputs_of_another_form_are_skipped(course, outputs):
    """Whatever a program left there is no outcome, and the other outputs count."""
    leave(course, ("00.1", "correct"))
    path = course.work / "00_parts.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"].append({"cell_type": "code", "source": "", "metadata": {}, "outputs": outputs})
    path.write_text(json.dumps(notebook))
    found = read_progress(course)
    assert [each.state for each in found.standings] == ["correct", "not attempted", "not attempted"]
    assert not found.problems


def test_only_code_has_outcomes(course):
    """An outcome typed into a cell of text is none."""
    path = course.work / "00_parts.ipynb"
    notebook = json.loads(path.read_text())
    outputs = [{"data": {EXERCISE: {"id": "00.1", "state": "correct"}}}]
    notebook["cells"].append({"cell_type": "markdown", "source": "", "metadata": {}, "outputs": outputs})
    path.write_text(json.dumps(notebook))
    assert read_progress(course).standings[0].state == "not attempted"


@pytest.mark.parametrize("content", ["{", '{"cells": [{"cell_type": "code", "source": "", "metadata": {"exercise": 1'])
def test_a_damaged_notebook_of_the_course_names_the_command(pair, content):
    """It is not the student's to repair; the other notebook counts."""
    pair.path("00_parts", form="student").write_text(content)
    found = read_progress(pair)
    assert len(found.problems) == 1 and "`labkit build` writes it" in found.problems[0]
    assert [each.state for each in found.standings] == ["correct"] * 3


def test_points_that_are_no_number_name_the_command(pair):
    """As for any other damage."""
    path = pair.path("00_parts", form="student")
    path.write_text(path.read_text().replace('"points": 2', '"points": null'))
    assert "`labkit build` writes it" in read_progress(pair).problems[0]


def test_missing_student_notebook_is_named(course):
    """With the command that writes it."""
    course.path("00_parts", form="student").unlink()
    with pytest.raises(FileNotFoundError, match="`labkit build` writes it"):
        read_progress(course)


def test_command_shows_a_table(course, monkeypatch):
    """One row per objective, then the totals."""
    leave(course, ("00.1", "correct"), ("00.2", "not yet"))
    monkeypatch.chdir(course.root)
    done = CliRunner().invoke(app, ["progress"])
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines()]
    assert ["00_parts", "00-half", "1", "1", "0", "2/3"] in rows and ["00-third", "0", "0", "1", "0/3"] in rows
    assert "1 of 3 exercises correct, 2 of 6 points" in done.output


def test_command_says_how_to_start(course, monkeypatch):
    """A notebook that is not in work/ is marked, with the command that puts it there."""
    (course.work / "00_parts.ipynb").unlink()
    monkeypatch.chdir(course.root)
    output = CliRunner().invoke(app, ["progress"]).output
    assert "not started" in output and "labkit start" in output


def test_command_shows_the_others_and_then_the_damaged_one(pair, monkeypatch):
    """The table first; the status is 1."""
    (pair.work / "00_parts.ipynb").write_text("{")
    monkeypatch.chdir(pair.root)
    done = CliRunner().invoke(app, ["progress"])
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert "3 of 6 exercises correct, 6 of 12 points" in done.output and "cannot be read" in done.output
    assert "00_parts.ipynb is not a notebook; rename it" in done.output
    pair.path("00_parts", form="student").write_text("{")
    done = CliRunner().invoke(app, ["progress"])
    assert isinstance(done.exception, SystemExit) and "`labkit build` writes it" in done.output


def test_command_names_a_file_in_another_encoding(pair, monkeypatch):
    """With the command that makes JupyterLab open it again."""
    path = pair.work / "01_parts.ipynb"
    path.write_bytes(path.read_text().encode("utf-16"))
    monkeypatch.chdir(pair.root)
    done = CliRunner().invoke(app, ["progress"])
    assert done.exit_code == 0 and "does not open: 01_parts; repair with: labkit start --update" in done.output
