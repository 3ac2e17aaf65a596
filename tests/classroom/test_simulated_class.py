"""A class of 40 simulated students gets exactly the marks that follow from what each of them wrote."""

import contextlib
import csv
import io
from collections import Counter

import psutil
import pytest

from labkit.classroom.box import find_box
from labkit.classroom.grading import grade
from labkit.classroom.grading._jobs import GradingJob
from labkit.classroom.grading._worker import close_workers, grade_job
from labkit.classroom.releases import load_release, release
from labkit.exercises.checking import find_exercise
from tests.classroom.simulated import NAME, write_class

CLASS = 40


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class that was graded: the students, and the grading."""
    if find_box().name is None:
        pytest.skip(find_box().sentence)
    folder = tmp_path_factory.mktemp("class")
    roster = [f"s{number:03d},Student {number},s{number:03d}@example.org\n" for number in range(CLASS)]
    (folder / "roster.csv").write_text("".join(["id,name,email\n", *roster]), encoding="utf-8")
    options = {"seed": "the seed of a simulated class", "roster": folder / "roster.csv"}
    handed_out = release(["04"], folder / "release", **options)
    students = write_class(folder / "submissions", handed_out, CLASS)
    return students, grade(folder / "submissions", folder / "grades", release=handed_out)


@pytest.mark.slow
def test_a_simulated_class_gets_exactly_its_marks(graded):
    """Every state, every point and the hint of every declared mistake; in the files, too."""
    students, grading = graded
    assert grading.complete and grading.graded == CLASS
    assert len({one.last(NAME).variant for one in grading.students}) == CLASS  # everybody has other numbers
    assert [each.id for each in grading.students] == sorted(students)
    wrong = {}
    for one in grading.students:
        student, result = students[one.id], one.last(NAME)
        for name, marked in result.exercises.items():
            wanted = student.states[name]
            points = find_exercise(name).points if wanted == "correct" else 0
            states = wanted if isinstance(wanted, tuple) else (wanted,)
            told = student.hints.get(name, marked.message)
            if marked.state not in states or marked.points != points or not marked.message.startswith(told):
                wrong[one.id, name] = (student.plan[name], marked)
    assert wrong == {}
    table = list(csv.DictReader(io.StringIO((grading.folder / "grades.csv").read_text(encoding="utf-8"))))
    assert {row["student"]: int(row["points"]) for row in table} == {
        each.id: each.last(NAME).points for each in grading.students
    }


@pytest.mark.slow
def test_the_simulated_class_has_everything(graded):
    """Each exercise is answered in every style, with every kind of mistake, and damaged in every way."""
    students, _ = graded
    kinds = Counter((name, chosen[0]) for each in students.values() for name, chosen in each.plan.items())
    for name in ("04.1", "04.2", "04.3", "04.4", "04.5", "04.6"):
        assert kinds[name, "right"] >= 15 and kinds[name, "wrong"] >= 8 and kinds[name, "damaged"] >= 3
    damages = Counter(
        chosen[1] for each in students.values() for chosen in each.plan.values() if chosen[0] == "damaged"
    )
    assert len(damages) == 4


@pytest.mark.slow
def test_pages_of_the_simulated_class_run_nothing(graded):
    """Answers with scripts and colors for terminals are texts on the pages."""
    students, grading = graded
    hostile = [one for one in grading.students if ("damaged", "hostile") in students[one.id].plan.values()]
    assert hostile
    for one in hostile:
        page = (grading.folder / "pages" / one.page).read_text(encoding="utf-8")
        assert "<script" not in page and "<img" not in page and "\x1b" not in page and "[31m" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.slow
def test_a_cluster_gives_the_grades_of_this_machine(graded, cluster, tmp_path):
    """With `--scheduler`: the same states, points and messages; its boxes and judges have ended."""
    students, here = graded
    before = boxes()  # those that other tests share
    everybody = sorted(students)
    chosen = everybody[:6]
    for each in chosen:
        (tmp_path / "submissions" / each).mkdir(parents=True)
        source = here.folder.parent / "submissions" / each / f"{NAME}.ipynb"
        (tmp_path / "submissions" / each / f"{NAME}.ipynb").write_bytes(source.read_bytes())
    there = grade(
        tmp_path / "submissions",
        tmp_path / "grades",
        release=here.folder.parent / "release",
        scheduler=cluster.scheduler_address,
    )
    assert there.complete and [each.id for each in there.students] == everybody  # all of the roster
    for one in there.students[: len(chosen)]:
        (other,) = [each for each in here.students if each.id == one.id]
        assert one.last(NAME).exercises == other.last(NAME).exercises
    assert boxes() <= before


def boxes():
    """Return the processes of boxes and judges that were started from here, by workers of a cluster, too."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            words = " ".join(process.cmdline())
            if "labkit.classroom._judge_process" in words or "box.inside._template" in words:
                found.add(process.pid)
    return found


@pytest.mark.slow
def test_without_a_box_the_same_marks_are_given(graded, tmp_path):
    """With `--unsafe`, where none works: limits hold, answers are collected in the same way, and results say so."""
    students, here = graded
    chosen = sorted(students)[:4]
    whole = {each.id: each for each in here.students}
    release_folder = load_release(here.folder.parent / "release")
    imports = tuple(release_folder.imports(NAME))
    for each in chosen:
        job = {
            "cells": tuple(release_folder.cells(NAME, each)),
            "questions": tuple(release_folder.questions(NAME, each)),
        }
        content = (here.folder.parent / "submissions" / each / f"{NAME}.ipynb").read_bytes()
        found = grade_job(GradingJob(each, NAME, content, imports=imports, boxed=False, **job))
        assert found.box == "no box"
        wanted = whole[each].last(NAME).exercises
        assert {name: outcome["state"] for name, outcome in found.outcomes.items()} == {
            name: marked.state for name, marked in wanted.items()
        }
    close_workers()
