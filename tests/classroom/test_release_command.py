"""The command `labkit class release`."""

import shutil

import pytest
from typer.testing import CliRunner

from labkit.classroom.releases import load_release
from labkit.course.build import find_course
from labkit.course.cli import app

NAME = "04_measuring"


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Return a function that calls the command in a copy of the course with one notebook."""
    course, root = find_course(), tmp_path / "course"
    (root / "notebooks" / "solutions").mkdir(parents=True)
    shutil.copy(course.path(NAME), root / "notebooks" / "solutions")
    shutil.copy(course.path(NAME, form="student"), root / "notebooks")
    shutil.copy(course.notebooks / "references.bib", root / "notebooks")
    monkeypatch.chdir(root)

    def run(*arguments):
        return CliRunner().invoke(app, ["class", "release", *arguments])

    return run


def test_release_says_what_is_where(call, tmp_path):
    """And how exercises are marked; a weak seed is a warning."""
    (tmp_path / "roster.csv").write_text("id\na\nb\n", encoding="utf-8")
    options = ["--seed", "abc", "--roster", str(tmp_path / "roster.csv"), "--deadline", "2026-12-18 23:59+01:00"]
    found = call("04", "--output", "lab", *options)
    assert found.exit_code == 0 and "the seed is shorter than 8 characters" in found.stderr
    made = load_release("lab")
    assert f"{NAME}: 6 exercises, 17 points; {len(made.probes(NAME))} with hidden probes" in found.stdout
    assert "a folder for each of 2 students" in found.stdout and "to keep, secret: lab/teacher" in found.stdout
    assert made.seed == "abc" and "abc" not in found.stdout and made.deadline == "2026-12-18T23:59:00+01:00"


def test_without_a_seed_one_is_drawn(call):
    """It is in the teacher's folder, and not on the screen."""
    found = call(NAME, "--output", "lab", "--nbgrader")
    seed = load_release("lab").seed
    assert found.exit_code == 0 and len(seed) >= 16 and seed not in found.output
    assert "for nbgrader: lab/teacher/nbgrader" in found.stdout and found.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--output", "lab"], 2, "NAME"),
        (["04"], 2, "--output"),
        (["04", "--output", "lab", "--seed", ""], 2, "--seed is empty"),
        (["04", "--output", "lab", "--nbgrader", "--roster", "x.csv"], 2, "leave out --roster or --nbgrader"),
        (["44", "--output", "lab"], 1, "no notebook named 44"),
        (["04", "--output", "lab", "--roster", "x.csv"], 1, "there is no file"),
        (["04", "--output", "lab", "--deadline", "soon"], 2, "'soon' is no deadline"),
        (["04", "--output", "notebooks"], 1, "holds something else than a release"),
    ],
)
def test_what_is_wrong_is_said(call, arguments, status, message):
    """With 2 for a wrong call, and 1 for what can be fixed in files; nothing is written."""
    found = call(*arguments)
    assert found.exit_code == status and message in " ".join(found.stderr.replace("│", " ").split())
    with pytest.raises(ValueError):
        load_release("lab")


def test_edited_notebooks_are_not_handed_out(call, tmp_path):
    """Nor those whose source has changed; `labkit build` writes them again."""
    path = tmp_path / "course" / "notebooks" / f"{NAME}.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("alarm", "Alarm"), encoding="utf-8")
    found = call("04", "--output", "lab")
    assert found.exit_code == 1 and f"notebooks/{NAME}.ipynb; run `labkit build`" in found.stderr
    assert not (tmp_path / "course" / "lab").exists()
    (tmp_path / "course" / "notebooks" / "solutions" / f"{NAME}.py").write_bytes(b"\xff")
    found = call("04", "--output", "lab")
    assert found.exit_code == 1 and "it is not in UTF-8" in found.stderr


def test_another_seed_does_not_overwrite(call):
    """Without --replace."""
    assert call("04", "--output", "lab", "--seed", "one good seed").exit_code == 0
    found = call("04", "--output", "lab", "--seed", "another seed")
    assert found.exit_code == 1 and "holds a release with another seed" in found.stderr
    assert call("04", "--output", "lab", "--seed", "another seed", "--replace").exit_code == 0
    assert load_release("lab.old").seed == "one good seed" and load_release("lab").seed == "another seed"
