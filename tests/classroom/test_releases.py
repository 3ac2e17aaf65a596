"""What a release hands out, what it keeps, and what it does not overwrite."""

import hashlib
import json
import os
import re
from datetime import datetime, timedelta, timezone

import pytest

from labkit.classroom.releases import load_release, read_roster, release
from labkit.classroom.releases._notebooks import (
    add_variant,
    notebook_bytes,
    parse_notebook_file,
    released_cells,
    vary_notebook,
)
from labkit.classroom.releases._secrets import draw_seed, stretch_seed
from labkit.classroom.releases.writing import NOTEBOOKS, find_weakness
from labkit.errors import UserError
from labkit.exercises.checking import find_exercise
from labkit.exercises.choices import pick

SEED = "not-to-be-guessed-4711"
NAME = "04_measuring"
DUE = datetime(2026, 12, 18, 23, 59, tzinfo=timezone(timedelta(hours=1)))
PEOPLE = ("s1", "s2", "ü/3")


def write_roster(folder, people=PEOPLE):
    """Return the path of a roster with some ids."""
    path = folder / "roster.csv"
    path.write_text("id,name,email\n" + "".join(f"{each},Name {each},\n" for each in people), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return a release of notebook 04 without a roster."""
    return release(["04"], tmp_path_factory.mktemp("releases") / "lab", seed=SEED, nbgrader=True)


@pytest.fixture(scope="module")
def personal(tmp_path_factory):
    """Return a release of notebook 04 for three students."""
    folder = tmp_path_factory.mktemp("releases")
    return release(["04"], folder / "lab", seed=SEED, roster=write_roster(folder), deadline=DUE)


def content(folder):
    """Return every file in a folder, by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def handed_out(made):
    """Return the bytes and the names of all files that students get."""
    return b"\n".join(
        name.encode() + b"\n" + data for name, data in content(made.folder).items() if not name.startswith("teacher/")
    )


# ---- What is in it ---------------------------------------------------------------------------------------------------


def test_a_release_is_read_as_it_was_written(plain):
    """With its names, its seed and its exercises, and with a check cell for each of them."""
    again = load_release(plain.folder)
    assert again == plain and again.names == (NAME,) and again.seed == SEED and again.students == ()
    assert again.exercises(NAME) == ["04.1", "04.2", "04.3", "04.4", "04.5", "04.6"]
    roles = [cell.role for cell in again.cells(NAME)]
    assert roles.count("answer") == roles.count("check") == 6 and roles.count("given") > 20
    assert all((cell.exercise is None) == (cell.role == "given") for cell in again.cells(NAME))
    assert sum(again.points(NAME).values()) == sum(find_exercise(each).points for each in again.exercises(NAME)) == 17
    assert "from labkit.exercises import check" in again.imports(NAME)


def test_a_roster_is_kept(personal):
    """With a folder for each student, whose name is safe, and a number for each."""
    assert [each.id for each in personal.students] == list(PEOPLE)
    folders = sorted(path.name for path in (personal.folder / "students").iterdir())
    assert folders == sorted(each.folder for each in personal.students) and "s1" in folders
    assert all(re.fullmatch(r"[\w-]+", folder, re.ASCII) for folder in folders)
    assert len({personal.number(each) for each in PEOPLE} | {personal.number()}) == 4
    entries = json.loads((personal.folder / "teacher" / "manifest.json").read_bytes())["students"]
    assert [each["number"] for each in entries] == [personal.number(each) for each in PEOPLE]
    with pytest.raises(UserError, match="student 's9' is not on the roster"):
        personal.cells(NAME, "s9")
    with pytest.raises(UserError, match="name the student"):
        personal.questions(NAME)


def test_each_student_reads_a_number_and_is_asked_by_it(personal):
    """In the text of every exercise that varies, in its check, and in the README; letters are in another order."""
    texts = {}
    for student in PEOPLE:
        number, varied = personal.number(student), personal.variants(NAME, student)
        assert set(varied.values()) == {number} and {"04.3", "04.5", "04.6"} <= set(varied)
        cells = personal.cells(NAME, student)
        texts[student] = "\n".join(cell.source for cell in cells)
        assert texts[student].count(f"*Your number is {number}:") == len(varied)
        for cell in cells:
            assert (f", variant={number})" in cell.source) == (cell.role == "check" and cell.exercise in varied)
        readme = personal.path(NAME, student).with_name("README.md").read_text(encoding="utf-8")
        assert f"Your number is {number}." in readme and "Friday, 18 December 2026, 23:59 (UTC+01:00)" in readme
        asked = {each.id: each.variant for each in personal.questions(NAME, student)}
        assert {identifier: variant for identifier, variant in asked.items() if variant} == varied
        options = find_exercise("04.6").variant(number).choices["seems"]
        for letter, option in zip("ABC", options, strict=True):
            assert f"- {letter}. {option}" in texts[student] and pick(letter, options) == option
    assert len({re.sub(r"\d{6}", "", text) for text in texts.values()}) == 3


def test_without_a_roster_everybody_has_the_number_of_the_class(plain):
    """Notebooks show it, and the questions are by it."""
    text = plain.path(NAME).read_text(encoding="utf-8")
    assert f"*Your number is {plain.number()}:" in text and f", variant={plain.number()})" in text
    assert {each.variant for each in plain.questions(NAME, "anybody")} == {0, plain.number()}


def test_a_notebook_changes_only_where_exercises_vary(plain):
    """The original is kept byte for byte, and other cells, ids and outputs stay."""
    original = NOTEBOOKS / f"{NAME}.ipynb"
    assert (plain.folder / "teacher" / "notebooks" / original.name).read_bytes() == original.read_bytes()
    before, after = parse_notebook_file(original), parse_notebook_file(plain.path(NAME))
    assert [cell["id"] for cell in before["cells"]] == [cell["id"] for cell in after["cells"]]
    changed = [cell["id"] for cell, other in zip(before["cells"], after["cells"], strict=True) if cell != other]
    assert 2 * len(plain.variants(NAME)) <= len(changed) <= 3 * len(plain.variants(NAME))
    assert before["metadata"]["labkit"].items() <= after["metadata"]["labkit"].items()


def test_a_changed_stub_still_counts_as_untouched():
    """The hash in its metadata is that of the new text, for `labkit progress` and `labkit start --update`."""
    notebook = {
        "cells": [
            {"id": "a", "cell_type": "markdown", "metadata": {}, "source": ["text"]},
            {
                "id": "b",
                "cell_type": "code",
                "metadata": {"exercise": "04.6", "nbgrader": {"solution": True}, "stub": "0"},
                "source": ["doctor = ..."],
            },
        ],
        "metadata": {},
    }
    with pytest.raises(ValueError, match=r"exercise 04\.6 has no variant 5: the text .* must be exactly once"):
        vary_notebook(notebook, 5)
    options = ["- A. too many alarms\n", "- B. too few alarms\n", "- C. fair"]
    notebook["cells"][0]["source"] = options
    replacements = find_exercise("04.6").replacements(5)
    notebook["cells"][0]["source"] = ["\n".join(dict.fromkeys(["".join(options), *(old for old, _ in replacements)]))]
    varied = vary_notebook(notebook, 5)
    source = "".join(varied["cells"][1]["source"])
    assert varied["cells"][1]["metadata"]["stub"] == hashlib.sha256(source.encode()).hexdigest()[:12]
    assert notebook["cells"][1]["metadata"]["stub"] == "0"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('check("04.6", doctor)', 'check("04.6", doctor, variant=7)'),
        (
            'import x\n\ncheck("04.6", {"ä": (1, 2)})  # end',
            'import x\n\ncheck("04.6", {"ä": (1, 2)}, variant=7)  # end',
        ),
        ('check(\n    "04.6",\n    doctor,\n)', 'check(\n    "04.6",\n    doctor, variant=7)'),
    ],
)
def test_a_check_names_its_variant(source, expected):
    """Wherever the call ends."""
    assert add_variant("04.6", source, 7) == expected


def test_a_check_that_is_none_is_named():
    """It comes from our own notebook."""
    with pytest.raises(ValueError, match=r"exercise 04\.6 has no `check"):
        add_variant("04.6", 'check("04.5", doctor)', 7)


def test_the_readme_says_what_a_machine_needs(plain):
    """Versions, commands, and the pins next to it."""
    folder = plain.folder / "student"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for needed in ("Python", "version 0.", "pip install", "labkit fetch", "labkit doctor", f"{NAME}.ipynb", "17"):
        assert needed in readme
    assert "Hand in by" not in readme and b"numpy==" in (folder / "constraints.txt").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == [f"{NAME}.ipynb", "README.md", "constraints.txt"]


# ---- The secret ------------------------------------------------------------------------------------------------------


def test_the_seed_is_not_handed_out(plain, personal):
    """Nor the key that it makes, nor what is drawn for probes, nor the probes."""
    for made in (plain, personal):
        files = handed_out(made)
        assert SEED.encode() not in files and f"{NAME}.ipynb".encode() in files
        assert made._key.hex().encode() not in files
        for identifier in made.exercises(NAME):
            assert str(draw_seed(made._key, "", identifier)).encode() not in files
        assert b"HIDDEN TESTS" not in files
        assert oct((made.folder / "teacher").stat().st_mode)[-3:] == "700"


def test_numbers_follow_from_the_seed_alone():
    """Another seed, student or exercise draws another one; ids cannot be shifted into each other."""
    key = stretch_seed(SEED)
    drawn = [draw_seed(key, *each) for each in (("a", "b"), ("ab", ""), ("", "ab"), ("b", "a"))]
    drawn += [draw_seed(stretch_seed("another seed"), "a", "b")]
    assert len(set(drawn)) == 5 and draw_seed(stretch_seed(SEED), "a", "b") == drawn[0]


@pytest.mark.parametrize("seed", ["abc", "20261218", "aaaaaaaaaa", "1234567890123"])
def test_weak_seeds_are_named(seed):
    """A few characters, or digits alone, are guessed."""
    assert "you know the hidden probes" in find_weakness(seed)
    assert find_weakness("correct horse") == ""


def test_a_seed_is_drawn_and_kept(tmp_path):
    """Two releases have two seeds; the same folder keeps its own."""
    first, second = (release(["04"], tmp_path / name) for name in "ab")
    assert first.seed != second.seed and not find_weakness(first.seed)
    assert release(["04"], tmp_path / "a").seed == first.seed
    with pytest.raises(UserError, match="the seed is empty"):
        release(["04"], tmp_path / "c", seed=" ")


# ---- Again, and over another one -------------------------------------------------------------------------------------


def test_the_same_seed_writes_the_same_bytes(personal, tmp_path):
    """In another folder, too, and for a roster in another order."""
    roster = write_roster(tmp_path, PEOPLE[::-1])
    again = release(["04"], tmp_path / "lab", seed=SEED, roster=roster, deadline=DUE)
    assert content(again.folder) == content(personal.folder) and again.fingerprint == personal.fingerprint


def test_students_and_notebooks_can_be_added(tmp_path):
    """Those there were keep their files and their numbers, and what is not of the release stays."""
    folder = tmp_path / "lab"
    first = release(["04"], folder, seed=SEED, roster=write_roster(tmp_path, ["s1"]))
    before, number = content(folder), first.number("s1")
    (folder / "submissions").mkdir()
    (folder / "submissions" / "s1.ipynb").write_text("handed in", encoding="utf-8")
    more = release(["04", "05"], folder, roster=write_roster(tmp_path, ["s1", "s2"]))
    after = content(folder)
    assert more.number("s1") == number and len(more.students) == 2 and load_release(folder) == more
    kept = [name for name in before if name.endswith(".ipynb")]
    assert kept and all(after[name] == before[name] for name in kept)
    assert after["submissions/s1.ipynb"] == b"handed in"
    assert more.fingerprint != first.fingerprint  # another notebook
    third = release(["04", "05"], folder, roster=write_roster(tmp_path, ["s1", "s2", "s3"]))
    assert third.fingerprint == more.fingerprint  # another student


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"seed": "another seed"}, "holds a release with another seed"),
        ({"roster": ["s1"]}, "students who are not on this roster: 's2'"),
        ({"roster": None}, "holds a release with a roster"),
        ({"names": ["05"]}, "holds a release with 04_measuring in it"),
    ],
)
def test_a_release_that_was_handed_out_is_not_overwritten(tmp_path, options, problem):
    """Unless one says so; then it is kept under another name, with the submissions in it."""
    folder = tmp_path / "lab"
    release(["04"], folder, seed=SEED, roster=write_roster(tmp_path, ["s1", "s2"]))
    (folder / "submitted.zip").write_bytes(b"handed in")
    before = content(folder)
    roster = options.get("roster", ["s1", "s2"])
    call = {"seed": options.get("seed", SEED), "roster": roster and write_roster(tmp_path, roster)}
    names = options.get("names", ["04"])
    with pytest.raises(UserError, match=f"{problem}.*it also holds 'submitted.zip'.*--replace"):
        release(names, folder, **call)
    assert content(folder) == before and os.listdir(tmp_path).count("lab") == 1
    release(names, folder, **call, replace=True)
    assert content(tmp_path / "lab.old") == before and "submitted.zip" not in content(folder)


def test_what_was_changed_by_hand_is_not_overwritten(tmp_path):
    """A release whose file was changed is not read; `--replace` keeps the changed one."""
    made = release(["04"], tmp_path / "lab", seed=SEED)
    path = made.path(NAME)
    path.write_text(path.read_text(encoding="utf-8").replace("alarm", "Alarm"), encoding="utf-8")
    with pytest.raises(UserError, match=r"student.04_measuring\.ipynb was changed"):
        load_release(made.folder)
    with pytest.raises(UserError, match=r"files that were changed since: student/04_measuring\.ipynb"):
        release(["04"], made.folder)
    release(["04"], made.folder, replace=True)
    assert load_release(made.folder) == made and "Alarm" in (tmp_path / "lab.old/student" / path.name).read_text(
        "utf-8"
    )
    path.unlink()
    with pytest.raises(UserError, match="is missing; call `labkit class release` as before"):
        load_release(made.folder)
    assert release(["04"], made.folder) == load_release(made.folder)


def test_a_release_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    """Where writing fails, nothing is left; where it was killed, the rest is removed by the next one."""
    from labkit.classroom.releases import writing

    def fail(*_):
        raise OSError(28, "No space left on device", "lab/teacher/manifest.json")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_manifest", fail)
        with pytest.raises(UserError, match=r"cannot write lab/teacher/manifest\.json: No space left on device"):
            release(["04"], tmp_path / "lab", seed=SEED)
    assert os.listdir(tmp_path) == []
    left = tmp_path / ".lab.999999999.part"  # no process has this number
    left.mkdir()
    release(["04"], tmp_path / "lab", seed=SEED)
    assert os.listdir(tmp_path) == ["lab"]


def test_an_addition_that_was_interrupted_does_not_look_whole(tmp_path, monkeypatch):
    """The manifest comes last: with the old one, the files that everybody had are complete."""
    from labkit.classroom.releases import _folders

    folder = tmp_path / "lab"
    first = release(["04"], folder, seed=SEED, roster=write_roster(tmp_path, ["s1"]))
    moves = []
    replace = os.replace

    def stop(source, target):
        if len(moves) == 3:
            raise KeyboardInterrupt
        moves.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(_folders.os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            release(["04"], folder, roster=write_roster(tmp_path, ["s1", "s2"]))
    assert load_release(folder) == first and len(moves) == 3
    assert len(release(["04"], folder, roster=write_roster(tmp_path, ["s1", "s2"])).students) == 2


@pytest.mark.parametrize("place", ["file", "full"])
def test_folders_of_others_are_left_alone(tmp_path, place):
    """A file, and a folder with something else in it."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="is a file; name a folder|holds something else than a release"):
        release(["04"], tmp_path / place, seed=SEED)
    with pytest.raises(UserError, match="cannot write .*file: (File exists|Not a directory)"):
        release(["04"], tmp_path / "file" / "lab", seed=SEED)
    assert content(tmp_path) == {"file": b"mine", "full/letter.txt": b"mine"}


def test_exercises_that_changed_since_are_not_asked(personal, monkeypatch):
    """What is installed would judge by another variant than the one that the student read."""
    from labkit.classroom.releases import released

    monkeypatch.setattr(released, "vary_notebook", lambda notebook, number: vary_notebook(notebook, number + 1))
    with pytest.raises(UserError, match=r"the exercises of 04_measuring have changed since the release"):
        personal.questions(NAME, "s1")


# ---- Errors ----------------------------------------------------------------------------------------------------------


def test_unknown_notebooks_are_listed(tmp_path):
    """With those there are."""
    with pytest.raises(UserError, match=r"no notebook named 44; there are: 00_start_here, 01_data_bias"):
        release(["44", "04"], tmp_path / "lab", seed=SEED)
    with pytest.raises(UserError, match="name at least one notebook"):
        release([], tmp_path / "lab", seed=SEED)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text[: len(text) // 2], "is no student notebook; `labkit build` writes it again"),
        (
            lambda text: text.replace('"points": 2', '"points": 3'),
            r"gives 3 points for exercise 04\.1, which is worth 2",
        ),
        (lambda text: text.replace('"04.6"', '"04.66"'), r"an exercise that is not installed: no exercise '04\.66'"),
    ],
)
def test_notebooks_that_do_not_fit_are_named(tmp_path, change, problem):
    """A damaged file, other points, an exercise that nobody declares."""
    source = tmp_path / "notebooks"
    source.mkdir()
    text = (NOTEBOOKS / f"{NAME}.ipynb").read_text(encoding="utf-8")
    (source / f"{NAME}.ipynb").write_text(change(text), encoding="utf-8")
    with pytest.raises(UserError, match=problem):
        release(["04"], tmp_path / "lab", seed=SEED, notebooks=source)


def test_deadlines_have_a_time_zone(tmp_path):
    """That of this machine, where none is given."""
    made = release(["04"], tmp_path / "lab", seed=SEED, deadline=datetime(2026, 12, 18, 23, 59))
    assert datetime.fromisoformat(made.deadline) == datetime(2026, 12, 18, 23, 59).astimezone()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda manifest: "{", "manifest.json is damaged"),
        (lambda manifest: json.dumps(manifest | {"format": 9}), r"another version of the course \(format 9\)"),
        (lambda manifest: json.dumps({"format": 1}), "manifest.json is damaged"),
    ],
)
def test_damaged_manifests_are_named(tmp_path, change, problem):
    """They are what makes a folder a release."""
    made = release(["04"], tmp_path / "lab", seed=SEED)
    path = made.folder / "teacher" / "manifest.json"
    path.write_text(change(json.loads(path.read_bytes())), encoding="utf-8")
    with pytest.raises(UserError, match=problem):
        load_release(made.folder)
    with pytest.raises(UserError, match="holds no release"):
        load_release(tmp_path)


def test_notebooks_are_written_as_nbformat_writes_them():
    """Every student notebook of the course, byte for byte."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        assert notebook_bytes(parse_notebook_file(path)) == path.read_bytes()


@pytest.mark.slow
def test_every_notebook_has_variants():
    """Each exercise that varies shows the number in its text, has it in its check, and keeps its cells."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        original = parse_notebook_file(path)
        for number in (1, 2, 345_678):
            cells = released_cells(vary_notebook(original, number))
            varied = {cell.exercise for cell in cells if cell.exercise and find_exercise(cell.exercise).varies}
            assert sum(f"*Your number is {number}:" in cell.source for cell in cells) == len(varied), path.stem
            assert {cell.exercise for cell in cells if f", variant={number})" in cell.source} == varied
            assert [cell.id for cell in cells] == [cell["id"] for cell in original["cells"]]


def test_a_roster_is_read_from_the_folder_again(personal, tmp_path):
    """As it was read first, with the columns that exports of marks need."""
    again = load_release(personal.folder).students
    assert again == read_roster(write_roster(tmp_path))
    assert again[0].columns == {"id": "s1", "name": "Name s1", "email": ""}
