import json
from types import SimpleNamespace

import pytest

from labkit.course.outputs import Outputs, fingerprints

EXECUTION = SimpleNamespace(
    name="00_half",
    status="passed",
    notebook="{}",
    page="<html>",
    seconds=1.5,
    peak_rss_mb=80.0,
    exercises={"correct": 1},
)
FIGURES = {"seconds": 1.5, "peak_rss_mb": 80.0, "exercises": {"correct": 1}}


def mark(course, *, form="solution", parameters=None):
    """Return the fingerprint of the first notebook."""
    return fingerprints(course, {"00_half": parameters or {}}, form=form)["00_half"]


def append(path, text):
    """Add text to a file, which may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


@pytest.mark.parametrize(
    "change, differs",
    [
        (lambda course: append(course.solutions / "00_half.py", "# %%\nnew = 1\n"), True),
        (lambda course: append(course.package / "code.py", "TWO = 2\n"), True),
        (lambda course: append(course.package / "exercises" / "ch00.py", "pass\n"), True),
        (lambda course: append(course.root / "datasets" / "registry.toml", "[compas]\n"), True),
        (lambda course: append(course.root / "datasets" / "hmda" / "data.csv.gz", "bytes"), True),
        (lambda course: append(course.solutions / "01_fails.py", "# %%\nnew = 1\n"), False),
        (lambda course: append(course.root / "datasets" / "hmda" / "card.md", "words"), False),
        (lambda course: append(course.root / "README.md", "words"), False),
    ],
    ids=["source", "package", "package, deeper", "registry", "data", "another notebook", "datasheet", "readme"],
)
def test_fingerprint_covers_what_results_depend_on(course, change, differs):
    """Source, package code and data change it; other notebooks and prose do not."""
    before = mark(course)
    assert mark(course) == before
    change(course)
    assert (mark(course) != before) == differs


def test_fingerprint_covers_parameters_and_versions(course, monkeypatch):
    """Another value or another version of a library is another result."""
    assert mark(course, parameters={"SIZE": 1}) != mark(course, parameters={"SIZE": 2}) != mark(course)
    before = mark(course)
    monkeypatch.setattr("labkit.course.outputs.library_versions", lambda: {"torch": "1.0"})
    assert mark(course) != before


def test_finished_notebook_keeps_its_figures(tmp_path):
    """What was written is found again under its fingerprint, and under no other."""
    outputs = Outputs(tmp_path)
    outputs.write(EXECUTION, "abc")
    assert outputs.finished("00_half", "abc") == FIGURES
    assert outputs.finished("00_half", "other") is None
    assert outputs.finished("01_fails", "abc") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "00_half.ipynb").write_text("{"),
        lambda folder: (folder / "00_half.html").unlink(),
        lambda folder: (folder / ".records" / "00_half.json").write_text("{"),
        lambda folder: (folder / ".records" / "00_half.json").write_text(json.dumps({"sha256": {}})),
        lambda folder: (folder / ".records" / "00_half.json").unlink(),
    ],
    ids=["notebook cut short", "page gone", "record cut short", "record of another kind", "record gone"],
)
def test_damaged_output_does_not_count(tmp_path, damage):
    """Whatever an interrupted run or an editor left, only what is whole counts as finished."""
    outputs = Outputs(tmp_path)
    outputs.write(EXECUTION, "abc")
    damage(tmp_path)
    assert outputs.finished("00_half", "abc") is None


def test_failure_replaces_an_earlier_success(tmp_path):
    """A failed execution keeps its notebook to look at, and no record."""
    outputs = Outputs(tmp_path)
    outputs.write(EXECUTION, "abc")
    outputs.write(SimpleNamespace(**vars(EXECUTION) | {"status": "failed", "page": None}), "abc")
    assert outputs.finished("00_half", "abc") is None
    assert (tmp_path / "00_half.ipynb").exists() and not (tmp_path / "00_half.html").exists()


def test_one_run_at_a_time_writes_to_a_folder(tmp_path):
    """A second run on the same folder gets a clear error; afterwards the folder is free."""
    with Outputs(tmp_path), pytest.raises(ValueError, match="another run writes to .*--output"):
        Outputs(tmp_path).__enter__()
    with Outputs(tmp_path):
        pass


def test_folder_that_cannot_be_made_is_named(tmp_path):
    """A file in the way is a clear error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot write to the output folder .*file"):
        Outputs(tmp_path / "file" / "inside")
