"""Who is in the class: a roster as Moodle or Canvas exports it, or a plain table."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labkit.errors import UserError
from labkit.files import read_text_table
from labkit.validation import list_some

# By platform, a column that tells it apart, and the columns of ids: the first one that has a value for everybody, and
# another one for each, is taken.
PLATFORMS = {
    "Canvas": ("student", ("sis user id", "sis login id", "id")),
    "plain": ("id", ("id",)),
    "Moodle": ("email address", ("id number", "username", "email address")),
}
NAMES = ("name", "full name", "student")
FIRST_NAMES, LAST_NAMES = ("first name",), ("last name", "surname")
EMAILS, LOGINS = ("email", "email address"), ("sis login id", "username", "login")
COLUMNS = ("ID", "Student", "SIS User ID", "SIS Login ID", "Email address", "ID number", "id", "name", "email")
NOT_PEOPLE = ("points possible", "student, test", "test student")  # rows of Canvas's gradebook

SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+\d+")  # what Excel makes of a long number
SAFE = re.compile(r"[\w@+]([\w@+.-]{0,58}[\w@+-])?", re.ASCII)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file name in Windows


@dataclass(frozen=True)
class Student:
    """A person on the roster.

    Attributes
    ----------
    id : str
        As the roster has it; no two students have the same.
    name, email : str
        Empty where the roster does not say.
    login : str
        The name that a learning platform knows the person by; empty where the roster does not say.
    folder : str
        Name of the folder with what this student gets; safe on every system.
    platform : str
        Where the roster comes from: "Moodle", "Canvas" or "plain".
    columns : mapping of str to str
        The person's row of the roster, as it was: exports of marks need it.
    """

    id: str
    name: str = ""
    email: str = ""
    login: str = ""
    folder: str = ""
    platform: str = "plain"
    columns: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)


def read_roster(path: str | Path) -> tuple[Student, ...]:
    """Read a roster: Moodle's participants or grades, Canvas's gradebook, or a table with the columns id, name, email.

    Commas, semicolons or tabs may separate the fields. Of Canvas's gradebook, the rows of points and of the test
    student are left out.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV in UTF-8.

    Returns
    -------
    tuple of Student
        In the order of their ids.

    Raises
    ------
    UserError
        The file is no such table, nobody is on it, or ids are missing, twice there, or damaged; the message names
        them.
    FileNotFoundError
        There is no such file.
    """
    frame, _ = read_text_table(Path(path), list(COLUMNS), missing=False, row="student")
    frame.columns = [str(column).strip() for column in frame.columns]
    rows = [{column: " ".join(str(value).split()) for column, value in row.items()} for row in frame.to_dict("records")]
    by_key = {column.casefold(): column for column in frame.columns}
    found = [name for name, (mark, ids) in PLATFORMS.items() if mark in by_key and set(ids) & set(by_key)]
    if not found:
        raise UserError(
            f"{path} has the columns {list_some([repr(each) for each in frame.columns])}; a roster is Moodle's list of "
            "participants ('Email address'), Canvas's gradebook ('Student', 'ID'), or a table with the columns id, "
            "name and email"
        )
    platform = found[0]
    numbered = [(number, row) for number, row in enumerate(rows, start=2) if is_person(row, by_key)]
    if not numbered:
        raise UserError(f"{path} has nobody on it; it needs a row for each student")
    columns = [by_key[key] for key in PLATFORMS[platform][1] if key in by_key]
    column = choose_id_column(columns, numbered, path)
    students = [make_student(row, row[column], platform, by_key) for _, row in numbered]
    check_folders(students, path)
    return tuple(sorted(students, key=lambda each: each.id))


def is_person(row: Mapping[str, str], by_key: Mapping[str, str]) -> bool:
    """Say whether a row is about a person: Canvas adds rows of points, of settings and of a student for tests."""
    name = value_of(row, by_key, NAMES).casefold()
    return any(row.values()) and name not in NOT_PEOPLE and not ("student" in by_key and not name)


def choose_id_column(columns: Sequence[str], numbered: Sequence[tuple[int, Mapping[str, str]]], path: object) -> str:
    """Return the first column that has an id for everybody; a UserError says what is wrong with the last one."""
    problem = ""
    for column in columns:
        values = [row[column] for _, row in numbered]
        missing = [str(number) for number, row in numbered if not row[column]]
        twice = [value for value, times in Counter(values).items() if value and times > 1]
        damaged = [value for value in values if SCIENTIFIC.fullmatch(value)]
        if missing:
            problem = f"no {column!r} in line {list_some(missing)}; give every student one, or take the line out"
        elif twice:
            lines = [str(number) for number, row in numbered if row[column] in twice]
            same = list_some([repr(each) for each in twice])
            problem = f"the same {column!r} for several students: {same}, in lines {list_some(lines)}; keep one line"
        elif damaged:
            problem = f"{column!r} {damaged[0]!r}, a number that a spreadsheet shortened; export the roster again"
        else:
            return column
    raise UserError(f"{path} has {problem}")


def value_of(row: Mapping[str, str], by_key: Mapping[str, str], keys: Sequence[str]) -> str:
    """Return what a row has in the first of some columns that is there and not empty."""
    return next((row[by_key[key]] for key in keys if key in by_key and row[by_key[key]]), "")


def make_student(row: Mapping[str, str], identifier: str, platform: str, by_key: Mapping[str, str]) -> Student:
    """Return the student of a row."""
    parts = [value_of(row, by_key, FIRST_NAMES), value_of(row, by_key, LAST_NAMES)]
    return Student(
        id=identifier,
        name=value_of(row, by_key, NAMES) or " ".join(filter(None, parts)),
        email=value_of(row, by_key, EMAILS),
        login=value_of(row, by_key, LOGINS),
        folder=folder_name(identifier),
        platform=platform,
        columns=dict(row),
    )


def folder_name(identifier: str) -> str:
    """Return a name for a student's folder that every system takes, the id itself where it is one.

    Examples
    --------
    >>> folder_name("s1234567"), folder_name("../x"), folder_name("NUL")
    ('s1234567', '___x-d6b96a97', 'NUL-ae6de182')
    """
    if SAFE.fullmatch(identifier) and not RESERVED.fullmatch(identifier):
        return identifier
    plain = unicodedata.normalize("NFKD", identifier).encode("ascii", "ignore").decode()
    shown = re.sub(r"[^\w@+-]", "_", plain, flags=re.ASCII)[:40].lstrip("-")
    return f"{shown or 'student'}-{hashlib.sha256(identifier.encode()).hexdigest()[:8]}"


def check_folders(students: Sequence[Student], path: object) -> None:
    """Raise a UserError where two folders would be one on a system that does not tell capitals from small letters."""
    counts = Counter(each.folder.casefold() for each in students)
    same = [repr(each.id) for each in students if counts[each.folder.casefold()] > 1]
    if same:
        raise UserError(f"{path} has ids that differ in capitals alone: {list_some(same)}; make them differ in more")
