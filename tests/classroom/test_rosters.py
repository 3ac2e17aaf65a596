"""Rosters as learning platforms export them."""

import pytest

from labkit.classroom.releases import read_roster
from labkit.classroom.releases.rosters import folder_name
from labkit.errors import UserError

MOODLE = """\ufeff"First name","Last name","Email address",Groups
Ada,"Lovelace, Countess",ada@example.org,"Group 1"
Grace,Hopper,grace@example.org,
"""
MOODLE_GRADES = """First name,Surname,ID number,Institution,Department,Email address,Course total (Real)
Ada,Lovelace,1815,,,ada@example.org,-
Grace,Hopper,1906,,,grace@example.org,-
"""
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (987),Final Score
,,,,,Manual Posting,
    Points Possible,,,,,17,(read only)
"Lovelace, Ada",31,1815,ada,Section A,,0
"Hopper, Grace",32,1906,grace,Section A and Section B,5,29
"Student, Test",33,,f00,Section A,,0
"""
PLAIN = "id;name;email\r\n1906 ; Grace  Hopper;grace@example.org\r\n1815;Ada Lovelace;\r\n"


def read(tmp_path, text, encoding="utf-8"):
    """Return the students of a roster."""
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


def test_moodles_participants(tmp_path):
    """They have no ids, so their addresses are the ids."""
    ada, grace = read(tmp_path, MOODLE)
    assert (ada.id, ada.name, ada.email) == ("ada@example.org", "Ada Lovelace, Countess", "ada@example.org")
    assert grace.folder == "grace@example.org" and grace.platform == "Moodle"
    assert grace.columns == {"First name": "Grace", "Last name": "Hopper", "Email address": grace.id, "Groups": ""}


def test_moodles_grades(tmp_path):
    """They have ids, unless somebody has none: then addresses are the ids, for all."""
    assert [(each.id, each.email) for each in read(tmp_path, MOODLE_GRADES)] == [
        ("1815", "ada@example.org"),
        ("1906", "grace@example.org"),
    ]
    assert [each.id for each in read(tmp_path, MOODLE_GRADES.replace("1906", ""))] == [
        "ada@example.org",
        "grace@example.org",
    ]


def test_canvas_gradebook(tmp_path):
    """Rows of points and of the test student are no people."""
    ada, grace = read(tmp_path, CANVAS)
    assert (ada.id, ada.name, ada.login, ada.platform) == ("1815", "Lovelace, Ada", "ada", "Canvas")
    assert grace.columns["ID"] == "32" and grace.columns["Section"] == "Section A and Section B"
    assert [each.id for each in read(tmp_path, CANVAS.replace("SIS User ID", "Integration ID"))] == ["ada", "grace"]


def test_plain_rosters(tmp_path):
    """With semicolons, tabs or commas, line ends of Windows, blanks around values, and columns in capitals."""
    expected = [("1815", "Ada Lovelace", ""), ("1906", "Grace Hopper", "grace@example.org")]
    for text in (PLAIN, PLAIN.replace(";", "\t"), PLAIN.replace(";", ","), PLAIN.replace("id;name", "ID;Name")):
        students = read(tmp_path, text, "utf-8-sig")
        assert [(each.id, each.name, each.email) for each in students] == expected
    assert [each.id for each in read(tmp_path, "id\n007\n1e5\n")] == ["007", "1e5"]  # texts, never numbers


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty; it needs a line with the names of columns, and a row for each student"),
        ("id,name,email\n", "has nobody on it"),
        ("number,who\n1,Ada\n", r"has the columns 'number', 'who'; a roster is Moodle's list .* id, name and email"),
        ("id,name\n1,Ada\n,Grace\n,Mary\n", r"has no 'id' in line 3, 4; give every student one, or take the line out"),
        ("id,name\n1,Ada\n1,Grace\n", r"has the same 'id' for several students: '1', in lines 2, 3; keep one line"),
        ("id,name\n1.23E+10,Ada\n", r"has 'id' '1\.23E\+10', a number that a spreadsheet shortened"),
        ("id,name\nab,Ada\nAB,Grace\n", r"ids that differ in capitals alone: '(ab', 'AB|AB', 'ab)'"),
        ("id,name\n1,Ada,x,y\n", "is no table"),
        ("id,id\n1,2\n", "has 2 columns 'id'; rename all but one"),
        (MOODLE.replace("grace@example.org", ""), "has no 'Email address' in line 3"),
        (MOODLE.replace("grace@", "ada@"), "has the same 'Email address' for several students"),
    ],
)
def test_rosters_that_cannot_be_used_are_explained(tmp_path, text, problem):
    """By line, column and value."""
    with pytest.raises(UserError, match=problem):
        read(tmp_path, text)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings_are_named(tmp_path, encoding):
    """Names would come out damaged."""
    with pytest.raises(UserError, match="no text in UTF-8; save it as a CSV in UTF-8"):
        read(tmp_path, "id,name\n1,Zoë\n", encoding)


def test_a_roster_that_is_not_there_is_named(tmp_path):
    """Or that is a folder."""
    with pytest.raises(
        FileNotFoundError, match=r"there is no file .*none\.csv'; name a CSV with a row for each student"
    ):
        read_roster(tmp_path / "none.csv")
    with pytest.raises(UserError, match="is a folder; name one CSV, with a row for each student"):
        read_roster(tmp_path)


@pytest.mark.parametrize(
    "identifier",
    ["../../etc/passwd", "/etc", "a\\b", "..", ".", ".hidden", "a.", "-rf", "NUL", "con.txt", "ü", "陈", "x" * 300]
    + ["a\nb", "a b", "C:", "~", "$HOME", "a*", "a|b"],
)
def test_folders_have_safe_names(identifier, tmp_path):
    """Whatever an id is, its folder is one new folder in the given one; other ids have other folders."""
    name = folder_name(identifier)
    (tmp_path / name).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [name] and name.isascii() and len(name) <= 60
    assert not name.startswith((".", "-")) and not name.endswith(".") and name != identifier
    assert name != folder_name(f"{identifier}x")


@pytest.mark.parametrize("identifier", ["s1234567", "ada@example.org", "B-17", "x" * 60, "console"])
def test_plain_ids_are_the_names_of_folders(identifier):
    """So that a teacher finds them."""
    assert folder_name(identifier) == identifier
