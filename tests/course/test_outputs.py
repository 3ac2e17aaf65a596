import errno
import json
import os
import re
from types import SimpleNamespace

import pytest

from labkit.course.build import build, find_course, write_file
from labkit.course.outputs import Outputs, fingerprint_renderer, fingerprints
from labkit.errors import UserError

COURSE = find_course()
EXECUTION = SimpleNamespace(
    name="00_half",
    status="passed",
    notebook="{}",
    seconds=1.5,
    peak_rss_mb=80.0,
    exercises={"correct": 1},
)
FIGURES = {"seconds": 1.5, "peak_rss_mb": 80.0, "exercises": {"correct": 1}}


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Made-up versions of what is installed, by name, for a test to change; reading the true ones takes a while."""
    versions = {"scipy": "1.0.0", "torch": "1.0.0", "other": "1.0.0"}
    monkeypatch.setattr("labkit.course.outputs.installed_versions", lambda: versions)
    return versions


def marks(course, *, form="solution", parameters=None):
    """Return the fingerprints of both notebooks."""
    return fingerprints(course, {"00_half": parameters or {}, "01_fails": {}}, form=form)


def append(path, text):
    """Add text to a file, which may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


BOTH = {"00_half", "01_fails"}


@pytest.mark.parametrize(
    "file, again",
    [
        ("notebooks/solutions/00_half.py", {"00_half"}),
        ("package/code.py", BOTH),
        ("package/audit/files/logs.py", BOTH),
        ("package/data/words.toml", BOTH),
        ("package/audit/__pycache__/logs.pyc", set()),
        ("package/audit/.logs.py.swp", set()),
        ("package/chapters/__init__.py", BOTH),
        ("package/chapters/ch00/exercises.py", {"00_half"}),
        ("package/chapters/ch01/plots.py", {"01_fails"}),
        ("package/chapters/ch05/plots.py", set()),
        ("package/classroom/grading.py", set()),
        ("package/course/cli.py", set()),
        ("package/course/run.py", set()),
        ("package/course/pages/site.py", set()),
        ("package/course/assets/page.html.j2", set()),
        ("package/layout/style.css", set()),
        ("datasets/registry.toml", BOTH),
        ("datasets/hmda/data.csv.gz", BOTH),
        ("datasets/hmda/card.md", set()),
        ("README.md", set()),
    ],
)
def test_an_edit_runs_the_notebooks_that_depend_on_the_file(course, file, again):
    """Code that all share and data concern every notebook; a chapter its own; the command and pages none."""
    before = marks(course)
    assert marks(course) == before
    append(course.package.parent / file if file.startswith("package/") else course.root / file, "# new\n")
    assert {name for name, mark in marks(course).items() if mark != before[name]} == again


@pytest.mark.parametrize(
    "file, again",
    [
        ("course/pages/site.py", True),
        ("course/assets/page.html.j2", True),
        ("course/assets/mathjax.js.gz", True),
        ("layout/style.css", True),
        ("course/run.py", False),
        ("audit/_page.py", False),
    ],
)
def test_an_edit_of_what_renders_pages_renders_them_again(course, file, again):
    """And executes nothing; see the test above."""
    before = fingerprint_renderer(course)
    append(course.package / file, "# new\n")
    assert (fingerprint_renderer(course) != before) == again


def test_a_module_of_the_course_concerns_the_notebooks_that_name_it(course):
    """A notebook may show what `labkit doctor` finds."""
    append(course.solutions / "00_half.py", "# %%\nfrom labkit.course.doctor import check_machine\n")
    before = marks(course)
    append(course.package / "course" / "doctor.py", "# new\n")
    append(course.package / "course" / "report.py", "# new\n")
    assert {name for name, mark in marks(course).items() if mark != before[name]} == {"00_half"}


def test_another_value_of_a_parameter_runs_its_notebook(course):
    """And no other."""
    ones, twos = (marks(course, parameters={"SIZE": size}) for size in (1, 2))
    assert len({ones["00_half"], twos["00_half"], marks(course)["00_half"]}) == 3
    assert ones["01_fails"] == twos["01_fails"]


def test_student_notebooks_count_for_the_student_form(course):
    """A solution that changes is no change for students; their notebook is."""
    build(course)
    before = marks(course, form="student")
    append(course.solutions / "00_half.py", "# %%\n1\n")
    assert marks(course, form="student") == before
    build(course)
    assert {name for name, mark in marks(course, form="student").items() if mark != before[name]} == {"00_half"}


@pytest.mark.parametrize("pin", ["scipy==1.0.0", "tqdm==1.0.0"])
def test_a_new_pin_runs_every_notebook(course, pin):
    """Whatever constraints.txt pins may change results; comments in it do not."""
    constraints = course.root / "constraints.txt"
    constraints.write_text("scipy==0.1\ntqdm==0.1\n")
    before = marks(course)
    append(constraints, "# words\n")
    assert marks(course) == before
    append(constraints, f"{pin}\n")
    assert all(mark != before[name] for name, mark in marks(course).items())


def test_another_installed_version_runs_every_notebook(course, installed):
    """What is pinned counts as it is installed, pinned so or not; what is not pinned does not count."""
    (course.root / "constraints.txt").write_text("Scipy==1.0.0\n")
    before = marks(course)
    installed["other"] = "2.0.0"
    assert marks(course) == before
    installed["scipy"] = "1.0.1"
    assert all(mark != before[name] for name, mark in marks(course).items())


def test_versions_count_without_a_constraints_file(course, installed):
    """Then those that every report shows."""
    before = marks(course)
    installed["torch"] = "2.0.0"
    assert all(mark != before[name] for name, mark in marks(course).items())


@pytest.mark.parametrize("name", COURSE.names)
def test_notebooks_and_chapters_use_no_other_chapter(name):
    """What a second notebook needs belongs in a room: fingerprints count on it."""
    number = name.partition("_")[0]
    files = [COURSE.path(name), *(COURSE.package / "chapters" / f"ch{number}").glob("**/*.py")]
    named = {chapter for file in files for chapter in re.findall(r"\bchapters\.ch(\d+)", file.read_text("utf-8"))}
    assert named <= {number}


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
        lambda folder: (folder / ".records" / "00_half.json").write_text("{"),
        lambda folder: (folder / ".records" / "00_half.json").write_text(json.dumps({"sha256": {}})),
        lambda folder: (folder / ".records" / "00_half.json").unlink(),
    ],
    ids=["notebook cut short", "record cut short", "record of another kind", "record gone"],
)
def test_damaged_output_does_not_count(tmp_path, damage):
    """Whatever an interrupted run or an editor left, only what is whole counts as finished."""
    outputs = Outputs(tmp_path)
    outputs.write(EXECUTION, "abc")
    damage(tmp_path)
    assert outputs.finished("00_half", "abc") is None


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": {}},
        {"sha256": ["00_half.ipynb"]},
        {"sha256": None},
        {"seconds": "long"},
        {"peak_rss_mb": None},
        {"seconds": -1},
        {"exercises": [1]},
        {"exercises": {"correct": "one"}},
    ],
    ids=str,
)
def test_record_with_other_values_does_not_count(tmp_path, change):
    """A record holds the checksum of the notebook, and numbers."""
    outputs = Outputs(tmp_path)
    outputs.write(EXECUTION, "abc")
    record = tmp_path / ".records" / "00_half.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    assert outputs.finished("00_half", "abc") is None


@pytest.mark.parametrize("text", ["[]", "null", "5", "[" * 100_000], ids=["list", "null", "number", "deep"])
def test_record_of_another_form_does_not_count(tmp_path, text):
    """Valid JSON that no run wrote, or that no reader can take in."""
    outputs = Outputs(tmp_path)
    outputs.write(EXECUTION, "abc")
    (tmp_path / ".records" / "00_half.json").write_text(text)
    assert outputs.finished("00_half", "abc") is None


def test_full_disk_is_named_and_leaves_no_temporary_file(tmp_path, monkeypatch):
    """The error has the path, the file keeps its former content, and nothing else is there."""

    def refuse(*paths):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "00_half.html"
    write_file(path, "before")
    monkeypatch.setattr("labkit.course.build.os.replace", refuse)
    with pytest.raises(UserError, match="cannot write .*00_half.html: No space left on device"):
        write_file(path, "after")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("00_half.html", "before")]


@pytest.mark.parametrize("name", ["report.json", "00_half.html", ".records/00_half.json", ".records/lock"])
def test_folder_in_the_way_of_an_output_is_named(tmp_path, name):
    """A folder that has the name of something the run writes is one line, not a traceback."""
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(UserError, match=f"cannot (replace|write) .*{name}"), Outputs(tmp_path) as outputs:
        outputs.clear_report()
        outputs.write(EXECUTION, "abc")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_output_folder_that_links_to_itself_is_named(tmp_path):
    """A circle of links has no place to write to."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError, match="cannot write to the output folder .*loop"):
        Outputs(tmp_path / "loop")


def test_failure_replaces_an_earlier_success(tmp_path):
    """A failed execution keeps its notebook to look at, and no record; the page of the earlier one goes."""
    outputs = Outputs(tmp_path)
    outputs.write(EXECUTION, "abc")
    (tmp_path / "00_half.html").write_text("")
    outputs.write(SimpleNamespace(**vars(EXECUTION) | {"status": "failed"}), "abc")
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
