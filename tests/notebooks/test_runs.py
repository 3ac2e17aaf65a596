"""Every notebook of the course executes at smoke size, in both forms, and leaves what it should."""

import os

import nbformat
import pytest

from labkit.course.build import find_course
from labkit.course.run import run_notebooks
from labkit.exercises.checking import exercises

COURSE = find_course()


@pytest.mark.parametrize("form", ["solution", pytest.param("student", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", COURSE.names)
def test_notebook_executes(name, form, tmp_path, monkeypatch):
    """From top to bottom, without an error; figures carry a text; no warning; every exercise has the right outcome."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # another test runs beside this one; each kernel takes one core
    report = run_notebooks(COURSE, [name], profile="smoke", form=form, output=tmp_path, force=True)
    (entry,) = report["notebooks"]
    assert entry["status"] == "passed", entry["error"]
    state = "correct" if form == "solution" else "not attempted"
    asked = sum(each.id[:2] == name[:2] for each in exercises())
    assert entry["exercises"] == {"correct": 0, "not yet": 0, "not attempted": 0} | {state: asked}
    outputs = [
        output
        for cell in nbformat.read(tmp_path / f"{name}.ipynb", as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    assert not [output["text"] for output in outputs if output.get("name") == "stderr"]
    images = [output for output in outputs if "image/png" in output.get("data", {})]
    assert images and all(image["metadata"]["image/png"]["alt"].strip() for image in images)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/sys"), reason="needs a folder in which nobody can write, not even root")
def test_first_notebook_runs_where_the_cache_cannot_be_written(tmp_path, monkeypatch):
    """It costs time and gives a warning that names the folder and the remedy, and no result is lost."""
    monkeypatch.setenv("LABKIT_CACHE", "/sys")
    (name,) = (name for name in COURSE.names if name.startswith("00"))
    (entry,) = run_notebooks(COURSE, [name], profile="smoke", output=tmp_path, force=True)["notebooks"]
    assert entry["status"] == "passed", entry["error"]
    assert entry["exercises"]["not yet"] == 0 < entry["exercises"]["correct"]
    text = (tmp_path / f"{name}.ipynb").read_text()
    assert "cannot make the cache folder /sys/states: " in text and "name another one in LABKIT_CACHE" in text
