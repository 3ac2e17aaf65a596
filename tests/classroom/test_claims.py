"""Students who claim to be others, by the names that they show, the names of files, and times of their own."""

import pytest

from labkit.classroom.releases import Student
from labkit.classroom.submissions import find_submissions
from tests.classroom.exports import Handout, lay_out, notebook, zipped

NAME = "04_measuring"
FILE = f"{NAME}.ipynb"
OWN, OTHER = notebook(metadata={"own": 1}), notebook(metadata={"own": 2})
MOODLE = "assignsubmission_file"


def canvas(identifier, name, number):
    """Return a student of Canvas's gradebook."""
    return Student(identifier, name, platform="Canvas", columns={"ID": number})


CANVAS = (
    canvas("u1", "Byron, Ada", "1001"),
    canvas("u2", "Hopper, Grace", "1002"),
    canvas("u3", "Mallory, Mal", "1003"),
)
PLAIN = tuple(Student(each.id, each.name, f"{each.id}@example.org") for each in CANVAS)


def collect(tmp_path, files, students, **options):
    """Return the submissions by student, from the zip of an export."""
    path = tmp_path / "export.zip"
    path.write_bytes(zipped(files))
    found = find_submissions(path, Handout(students=students, names=(NAME, "14_monitoring")), **options)
    return {each.student: each for each in found}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        (f"mallorymal_1003_502_{FILE}", "u3"),
        (f"byronada_1003_502_{NAME}-9.ipynb", "u3"),  # who shows the name of another
        (f"x_1001_1003_502_{NAME}-9.ipynb", "u3"),  # or the number
        ("x_1001_1003_502_14_monitoring.ipynb", "u3"),
        ("mallorymal_1003_502_14_monitoring.ipynb", "u3"),
        (f"mal_1003_1_1003_502_{FILE}", None),
        (f"x_1001_1_1003_502_{NAME}-9.ipynb", None),
        (f"byronada_1001_1003_502_{FILE}", None),
        (f"mallorymal_1003_502_1001_7_{FILE}", None),  # the student's name of the file has numbers
        (f"mallorymal_1003_1002_7_{FILE}", None),  # a file whose number is that of a person
        (f"byronada_7777_502_{NAME}-9.ipynb", None),  # nobody on the roster, with a name that is there
        (f"x_1001_7777_502_{NAME}-9.ipynb", None),
        (f"u1_7777_502_{FILE}", None),
    ],
)
def test_files_of_canvas_are_filed_under_the_number_that_canvas_writes(name, owner, tmp_path):
    """Never under another student; where that number is not certain, under nobody, and the teacher is told."""
    files = {f"byronada_1001_501_{FILE}": OWN, name: OTHER}
    found = collect(tmp_path, files, CANVAS)
    assert {each.read() for each in found["u1"].files.values()} == {OWN} and not found["u1"].notes
    assert not found["u2"].files
    if owner is not None:
        assert [each.read() for each in found[owner].files.values()] == [OTHER] and len(found) == 3
        return
    (problem,) = [each.problem for each in found.values() if each.student not in ("u1", "u2", "u3")]
    assert "put the submission in a folder with the student's id as its name" in problem
    assert (
        "nobody on the roster" in problem
        or "whose number in Canvas is 1001, not 7777" in problem
        or ("may be a file of several people" in problem)
    )


@pytest.mark.parametrize("name", ["mal_1003_1", "mal_5", "mallorymal"])
def test_no_name_hides_that_canvas_calls_it_late(name, tmp_path):
    """Numbers in a name do not shift what follows."""
    found = collect(tmp_path, {f"{name}_LATE_1003_502_{FILE}": OWN}, CANVAS)
    assert found["u3"].late and found["u3"].files


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"Ada Byron_111_{MOODLE}/{FILE}", f"Ada Byron_333_{MOODLE}/{NAME} (9).ipynb"),
        (f"byronada_1001_5_{FILE}", f"byronada_7777_6_{NAME}-9.ipynb"),  # the roster has no numbers of Canvas
    ],
)
def test_two_numbers_with_the_name_of_one_person(first, second, tmp_path):
    """Neither counts, and both are named; a folder with the id, made by the teacher, settles it."""
    found = collect(tmp_path, {first: OWN, second: OTHER}, PLAIN)
    assert not found["u1"].files and "several people hand in as u1" in found["u1"].problem
    assert "111" in found["u1"].problem and "333" in found["u1"].problem or "1001" in found["u1"].problem
    folder = lay_out(tmp_path / "in", {first: OWN, second: OTHER, f"u1/{FILE}": OWN})
    settled = {each.student: each for each in find_submissions(folder, Handout(students=PLAIN))}
    assert settled["u1"].files[NAME].read() == OWN and not settled["u1"].problem
    assert sum("whose own submission is another" in (each.problem or "") for each in settled.values()) == 2


@pytest.mark.parametrize(
    "name",
    [
        f"u1_333_{MOODLE}/{NAME} (9).ipynb",  # the name shown is the id of another
        f"Ada Byron_111_{MOODLE}_x Mallory_333_{MOODLE}/{NAME} (9).ipynb",
    ],
)
def test_names_of_moodle_are_not_taken_for_ids(name, tmp_path):
    """Who shows such a name is nobody on the roster."""
    found = collect(tmp_path, {f"Ada Byron_111_{MOODLE}/{FILE}": OWN, name: OTHER}, PLAIN)
    assert found["u1"].files[NAME].read() == OWN and not found["u1"].notes
    assert len(found) == 4 and sum("is nobody on the roster" in (each.problem or "") for each in found.values()) == 1


def test_the_same_student_in_two_assignments_of_moodle(tmp_path):
    """Moodle's number is that of the assignment, so two exports may have two numbers of one person."""
    first = {f"Ada Byron_111_{MOODLE}/{FILE}": OWN, f"Grace Hopper_2_{MOODLE}/{FILE}": OWN}
    second = {f"Ada Byron_222_{MOODLE}/14_monitoring.ipynb": OTHER, f"Grace Hopper_3_{MOODLE}/{FILE}": OWN}
    lay_out(tmp_path, {"one.zip": zipped(first), "two.zip": zipped(second)})
    found = find_submissions(tmp_path, Handout(students=PLAIN, names=(NAME, "14_monitoring")))
    (ada,) = [each for each in found if each.student == "u1"]
    assert set(ada.files) == {NAME, "14_monitoring"} and ada.problem is None


@pytest.mark.parametrize(
    "files",
    [
        {f"Mal Mallory_333_{MOODLE}/{FILE}": OWN, f"Mal Mallory_333_{MOODLE}/timestamp.txt": b"2026-01-01 00:00 UTC"},
        {
            f"Mal Mallory_333_{MOODLE}/a/{FILE}": OWN,
            f"Mal Mallory_333_{MOODLE}/a/timestamp.txt": b"2026-01-01 00:00 UTC",
        },
        {f"u3/{FILE}": OWN, "u3/timestamp.txt": b"2026-01-01 00:00 UTC", f"u1/{FILE}": OWN},
        {"u3/04/a.zip": zipped({FILE: OWN, "timestamp.txt": b"2026-01-01 00:00 UTC"}), f"u1/04/{FILE}": OWN},
    ],
)
def test_a_time_of_the_students_own_is_none(files, tmp_path):
    """Neither beside the notebook, nor in an archive: when it came is not known."""
    submission = collect(tmp_path, files, PLAIN, deadline="2026-02-01")["u3"]
    assert submission.files and submission.received is None
    assert "when it was handed in is not known" in " ".join(submission.notes)


def test_a_time_deeper_than_that_of_nbgrader_is_none(tmp_path):
    """nbgrader's stands in the folder of the assignment."""
    late, early = b"2026-02-03 10:00:00 UTC", b"2026-01-15 00:00:00 UTC"
    folder = f"submitted/u3/{NAME}"
    files = {f"{folder}/timestamp.txt": late, f"{folder}/sub/timestamp.txt": early, f"{folder}/sub/{FILE}": OWN}
    submission = collect(tmp_path, files | {f"submitted/u1/{NAME}/{FILE}": OWN}, PLAIN, deadline="2026-02-01")["u3"]
    assert submission.late and submission.received.day == 3
    assert "sub/timestamp.txt is the student's own" in submission.notes[0]


def test_flat_files_are_named_where_several_count(tmp_path):
    """The note says which one counts."""
    files = {f"mallorymal_1003_502_{FILE}": OWN, f"mallorymal_1003_503_{NAME}-1.ipynb": OTHER}
    (note,) = collect(tmp_path, files, CANVAS)["u3"].notes
    assert f"; mallorymal_1003_503_{NAME}-1.ipynb counts, the last one" in note
