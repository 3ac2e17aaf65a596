"""Write all that follows from results: a page for each student, the tables of grades, and the page about the class."""

from collections.abc import Sequence
from pathlib import Path

from labkit.classroom.feedback._overview import write_overview
from labkit.classroom.feedback._student import write_student_page
from labkit.classroom.feedback._tables import write_canvas_table, write_moodle_table, write_plain_table
from labkit.classroom.results import AskedNotebook, Graded
from labkit.files import replace_file

PAGES = "pages"
OVERVIEW = "overview.html"
TABLES = {
    "grades.csv": write_plain_table,
    "grades-moodle.csv": write_moodle_table,
    "grades-canvas.csv": write_canvas_table,
}


def write_feedback(
    students: Sequence[Graded],
    asked: Sequence[AskedNotebook],
    folder: Path,
    *,
    notices: Sequence[str] = (),
    general: bool = False,
) -> None:
    """Write pages and tables into a folder; each file is replaced as a whole.

    Parameters
    ----------
    students : sequence of Graded
        The class.
    asked : sequence of AskedNotebook
        The notebooks of the release.
    folder : pathlib.Path
        Pages go to ``pages/``; pages of students who are no longer in the class are removed.
    notices : sequence of str
        What the teacher should know; on the page about the class.
    general : bool, default False
        Whether students' pages say nothing about their answers but whether they are correct, with a general hint.
    """
    pages = folder / PAGES
    pages.mkdir(parents=True, exist_ok=True)
    for student in students:
        page = write_student_page(student, list(asked), general=general)
        replace_file(pages / student.page, page.encode(errors="replace"), durable=False)
    for old in {path.name for path in pages.glob("*.html")} - {each.page for each in students}:
        (pages / old).unlink()
    for name, write in TABLES.items():
        replace_file(folder / name, write(students, asked), durable=False)
    overview = write_overview(students, asked, pages=PAGES, notices=notices)
    replace_file(folder / OVERVIEW, overview.encode(errors="replace"), durable=False)
