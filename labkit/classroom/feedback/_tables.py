"""Grades as CSV: a plain table, and what the gradebooks of Moodle and Canvas import.

Moodle (grade/import/csv) takes any columns, and asks which one identifies people ("Email address" or "ID number") and
which one belongs to which assignment; it stops at a person whom the course does not know, and at more than 100 points.
Canvas (lib/gradebook_importer.rb) wants the columns "Student", "ID", "SIS User ID", "SIS Login ID" and "Section" in
this order, then one for each assignment, and a row "Points Possible" below the headings; where "ID", Canvas's own
number, is empty, it looks for the SIS ids, then for the name. What a gradebook of Canvas has in the first five columns
is given back as it was.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from labkit.classroom.results import AskedNotebook, Graded, Result
from labkit.files import rows_as_csv

Row = Sequence[Any]
MOODLE = ("First name", "Last name", "ID number", "Email address")
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def write_plain_table(students: Sequence[Graded], asked: Sequence[AskedNotebook]) -> bytes:
    """Return a table with a row for each student and notebook, and a column for each exercise of any."""
    exercises = [name for each in asked for name in each.points]

    def rows() -> Iterator[Row]:
        yield [
            *("student", "name", "email", "notebook", "points", "possible", "status", "late", "received", "result"),
            *(f"exercise {name}" for name in exercises),
        ]
        for student in students:
            for each in asked:
                result = student.last(each.name)
                yield [
                    *(student.id, student.name, student.email, each.name),
                    None if result is None else result.points,
                    sum(each.points.values()),
                    say_status(student, each, result),
                    "yes" if result is not None and result.late else "no",
                    result.received if result is not None else None,
                    result.number if result is not None else None,
                    *(points_of_exercise(result, name) for name in exercises),
                ]

    return rows_as_csv(rows())


def say_status(student: Graded, asked: AskedNotebook, result: Result | None) -> str:
    """Return what became of a notebook, in a word or two."""
    if asked.name in student.faults:
        return f"fault: {student.faults[asked.name]}"
    if result is None:
        return "not handed in"
    if result.problem:
        return f"not graded: {result.problem}"
    return "graded without a box" if result.unboxed else "graded"


def points_of_exercise(result: Result | None, name: str) -> int | None:
    """Return what an exercise earned; None where it was not graded."""
    return result.exercises[name].points if result is not None and name in result.exercises else None


def write_moodle_table(students: Sequence[Graded], asked: Sequence[AskedNotebook]) -> bytes:
    """Return what Moodle's gradebook imports from CSV: a row for each student, a column for each notebook."""

    def rows() -> Iterator[Row]:
        yield [*MOODLE, *(each.title for each in asked), *(f"Feedback: {each.title}" for each in asked)]
        for student in students:
            first, last = split_name(student.name)
            results = [student.last(each.name) for each in asked]
            yield [
                *(first, last, student.id, student.email),
                *(None if each is None else each.points for each in results),
                *("" if each is None else say_briefly(each) for each in results),
            ]

    return rows_as_csv(rows())


def write_canvas_table(students: Sequence[Graded], asked: Sequence[AskedNotebook]) -> bytes:
    """Return what Canvas's gradebook imports: a row of possible points, then one for each student."""

    exported = any(each.row for each in students)  # the roster is a gradebook of Canvas

    def rows() -> Iterator[Row]:
        yield [*CANVAS, *(each.title for each in asked)]
        yield ["    Points Possible", None, None, None, None, *(sum(each.points.values()) for each in asked)]
        for student in students:
            results = [student.last(each.name) for each in asked]
            yield [
                *name_in_canvas(student, exported),
                *(None if each is None else each.points for each in results),
            ]

    return rows_as_csv(rows())


def name_in_canvas(student: Graded, exported: bool) -> Row:
    """Return the first five columns of a student: as the roster has them, where it is a gradebook of Canvas."""
    if student.row:
        row = {column.casefold(): value for column, value in student.row.items()}
        return [row.get(column.casefold()) or None for column in CANVAS]
    name, number = student.name or student.id, student.canvas or None
    if exported:  # not on the roster, so that nothing says what the person's SIS ids are
        return [name, number, None, None, None]
    return [name, number, student.id, student.login or None, None]


def split_name(name: str) -> tuple[str, str]:
    """Return first and last names, by which Moodle identifies nobody: the last word is the last name.

    >>> split_name("Ada Byron King"), split_name("Hopper, Grace"), split_name("Plato")
    (('Ada Byron', 'King'), ('Grace', 'Hopper'), ('Plato', ''))
    """
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "")


def say_briefly(result: Result) -> str:
    """Return the state of each exercise, for the feedback column of a gradebook."""
    if result.problem:
        return f"Not graded: {result.problem}"
    said = [f"{name}: {each.state}" for name, each in result.exercises.items()]
    return "; ".join([*said, *(["late"] if result.late else [])])
