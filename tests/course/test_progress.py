"""What `labkit progress` reads from work/ and shows."""

import json

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
    assert [(each.exercise, each.state) for each in read_progress(course)] == [
        ("00.1", "not attempted"),
        ("00.2", "not attempted"),
        ("00.3", "not attempted"),
    ]


def test_last_check_counts_by_objective(course):
    """States and points add up for each objective; the last output of an exercise is the one that counts."""
    leave(course, ("00.1", "not yet"), ("00.2", "not yet"), ("00.1", "correct"))
    assert by_objective(read_progress(course)) == [
        Line("00_parts", "00-half", {"correct": 1, "not yet": 1, "not attempted": 0}, 2, 3, True),
        Line("00_parts", "00-third", {"correct": 0, "not yet": 0, "not attempted": 1}, 0, 3, True),
    ]


def test_a_deleted_cell_hides_nothing(course):
    """Exercises are those of the course, whatever became of the copy."""
    path = course.work / "00_parts.ipynb"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"cells": []}))
    assert len(read_progress(course)) == 3


@pytest.mark.parametrize("content", ["", "[]", '{"nbformat": 4}'])
def test_a_damaged_file_is_named(course, content):
    """With what to do."""
    (course.work / "00_parts.ipynb").write_text(content)
    with pytest.raises(ValueError, match=r"00_parts\.ipynb is not a notebook; delete it or move it away"):
        read_progress(course)


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
