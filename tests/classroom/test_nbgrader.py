"""The course folder that a release writes for nbgrader, and nbgrader itself on it."""

import csv
import json
import os
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

import labkit
from labkit.classroom.box.values import pack_argument
from labkit.classroom.releases import check_hidden, release
from labkit.classroom.releases._nbgrader import TESTED
from labkit.classroom.releases.hidden_tests import GENERAL
from labkit.classroom.releases.writing import NOTEBOOKS
from labkit.exercises._solutions import find_sources, read_solution
from labkit.exercises.checking import find_exercise
from labkit.exercises.outcomes import NotEarned

NAME = "04_measuring"
ASKED = {"04.1", "04.6"}  # one with hidden probes, one with variants


def pack(calls):
    """Return the calls as a hidden test has them."""
    return json.dumps([pack_argument(list(each)) for each in calls])


def by_table(identifier):
    """Return code that answers by looking up the calls that everybody can see."""
    exercise = find_exercise(identifier)
    table = {repr(call): exercise.reference(*call) for call in exercise.calls}
    return f"from math import nan\n\ndef alarm_rates(*call):\n    return {table!r}.get(repr(call), {{}})"


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Return a folder with notebook 04, without what its first and sixth exercises do not need."""
    folder = tmp_path_factory.mktemp("notebooks")
    notebook = json.loads((NOTEBOOKS / f"{NAME}.ipynb").read_bytes())
    kept, wanted = [], False
    for before, cell in zip([None, *notebook["cells"]], notebook["cells"], strict=False):
        if "exercise" in cell["metadata"] and cell["cell_type"] == "code":
            wanted = cell["metadata"]["exercise"] in ASKED
            kept += [before, cell] if wanted else []
        elif "nbgrader" in cell["metadata"] and wanted or cell["id"] == "version":
            kept.append(cell)
    notebook["cells"] = kept
    (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return folder


@pytest.fixture
def course(short, tmp_path):
    """Return a release for nbgrader."""
    return release(["04"], tmp_path / "lab", seed="not-to-be-guessed-4711", notebooks=short, nbgrader=True)


# ---- Hidden tests ----------------------------------------------------------------------------------------------------


def test_hidden_calls_find_answers_that_know_only_the_visible_ones():
    """The reference passes; a table of what everybody can see passes the check alone."""
    exercise, space = find_exercise("04.1"), {}
    hidden = exercise.draw_hidden(7)
    check_hidden("04.1", exercise.reference, pack(hidden))
    exec(by_table("04.1"), space)
    assert exercise.outcome(space["alarm_rates"]).state == "correct"
    with pytest.raises(NotEarned) as error:
        check_hidden("04.1", space["alarm_rates"], pack(hidden))
    assert str(error.value) == f"04.1: {GENERAL}"
    for wrong, hint in exercise.wrong:
        with pytest.raises(NotEarned) as error:
            check_hidden("04.1", wrong, pack(hidden))
        assert str(error.value) == f"04.1: {hint}"


def test_what_is_shown_of_a_hidden_test_names_no_call():
    """In place of a traceback, which would show the cell, there is the message."""
    lines = NotEarned("think again")._render_traceback_()
    assert lines == ["NotEarned: think again"]
    for answer in (len, lambda counts: counts, lambda counts: 1 / 0, None, ...):
        with pytest.raises(NotEarned) as error:
            check_hidden("04.1", answer, pack([({"secret-group": (1, 2, 3, 4)},)]))
        assert "secret-group" not in str(error.value)


def test_the_source_of_an_assignment_has_hidden_tests(course):
    """For each exercise with hidden probes, in the region that nbgrader cuts out; nothing of them is handed out."""
    folder = course.folder / "teacher" / "nbgrader"
    source = json.loads((folder / "source" / NAME / f"{NAME}.ipynb").read_bytes())
    tested = [cell for cell in source["cells"] if "### BEGIN HIDDEN TESTS" in "".join(cell["source"])]
    assert [cell["metadata"]["nbgrader"]["grade_id"] for cell in tested] == ["check-04-1"]
    lines = "".join(tested[0]["source"]).split("\n")
    assert lines[-1] == "### END HIDDEN TESTS" and 'check("04.1", alarm_rates)' in lines
    handed_out = json.loads(course.path(NAME).read_bytes())
    for cell, other in zip(source["cells"], handed_out["cells"], strict=True):
        text = "".join(cell["source"]).partition("\n### BEGIN HIDDEN TESTS")[0]
        assert text == "".join(other["source"])
    note = (folder / "README.md").read_text(encoding="utf-8")
    for said in (TESTED, "#483", "#1324", "labkit class grade", f"nbgrader autograde {NAME}", str(course.number())):
        assert said in note


# ---- nbgrader --------------------------------------------------------------------------------------------------------


def find_python(folder):
    """Return a Python with nbgrader: this one, or one in a new environment that sees the packages of this one."""
    try:
        if metadata.version("nbgrader") == TESTED:
            return sys.executable
    except metadata.PackageNotFoundError:
        pass
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    Path(packages, "shared.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    done = subprocess.run([*pip, f"nbgrader=={TESTED}"], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return str(python)


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """Return a function that calls nbgrader in a course folder."""
    folder = tmp_path_factory.mktemp("environment")
    python = find_python(folder / "venv")
    places = {name: str(folder / name) for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    places["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")  # nbconvert's templates are in this one
    path = os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", "")])  # it calls alembic by its name
    environment = os.environ | places | {"PATH": path, "PYTHONPATH": str(Path(labkit.__file__).parents[1])}

    def call(course, *arguments):
        done = subprocess.run(
            [python, "-m", "nbgrader", *arguments], cwd=course, env=environment, capture_output=True, text=True
        )
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


def answer(notebook, answers, *, without=()):
    """Return a notebook with answers to exercises, and without some cells."""
    filled = json.loads(notebook)
    filled["cells"] = [
        cell for cell in filled["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") not in without
    ]
    for cell in filled["cells"]:
        if cell["cell_type"] == "code" and cell["metadata"].get("exercise") in answers:
            cell["source"] = answers[cell["metadata"]["exercise"]]
    return json.dumps(filled)


@pytest.mark.network
@pytest.mark.slow
def test_nbgrader_generates_grades_and_gives_feedback(course, nbgrader):
    """Answers that were looked up or copied get no points; deleted tests come back; feedback shows no hidden test."""
    folder = course.folder / "teacher" / "nbgrader"
    nbgrader(folder, "generate_assignment", NAME)
    handed_out = (folder / "release" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "HIDDEN TESTS" not in handed_out and "YOUR CODE HERE" not in handed_out
    original = {cell.id: cell.source for cell in course.cells(NAME)}
    for cell in json.loads(handed_out)["cells"]:
        assert "".join(cell["source"]) == original[cell["id"]]

    function = read_solution(find_sources(NOTEBOOKS), "04.1")
    own = f"doctor = {find_exercise('04.6').variant(course.number()).reference!r}"
    declared = f"doctor = {find_exercise('04.6').reference!r}"
    right = {"04.1": function, "04.6": own}
    submissions = {
        "right": answer(handed_out, right),
        "copied": answer(handed_out, {"04.1": by_table("04.1"), "04.6": declared}),
        "untouched": handed_out,
        "deleted": answer(handed_out, right, without=("check-04-1", "check-04-6")),
    }
    for student, text in submissions.items():
        place = folder / "submitted" / student / NAME
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(text, encoding="utf-8")
    nbgrader(folder, "autograde", NAME)
    nbgrader(folder, "export")
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    points = sum(find_exercise(each).points for each in ASKED)
    assert scores == {"right": points, "copied": 0, "untouched": 0, "deleted": points}

    nbgrader(folder, "generate_feedback", NAME)
    for student in submissions:
        page = (folder / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")
        assert "alarm_rates" in page and "check_hidden" not in page and "HIDDEN TESTS" not in page
        assert (GENERAL in page) == (student == "copied")
