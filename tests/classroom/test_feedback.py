"""Pages and tables of grades: they say what results say, run nothing, and hold no formulas."""

import base64
import csv
import dataclasses
import hashlib
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from labkit.classroom.feedback import write_feedback
from labkit.classroom.results import AskedNotebook, Graded, MarkedExercise, Result
from labkit.layout import write_document

ASKED = AskedNotebook(
    name="04_measuring",
    title="04 · How do we measure <fairness>?",
    points={"04.1": 2, "04.2": 3},
    titles={"04.1": "Repair a rate"},
    objectives={"04.1": "04-rates", "04.2": "04-rates"},
)
EVIL = "<script>alert(1)</script>\x1b[31m red \x1b]0;title\x07 `<img src=x onerror=alert(2)>` \u202e &amp; ]]>"
TAGS = set(
    "html head meta title style body a div main h1 h2 h3 p section span strong code em br ul li table thead tbody "
    "tr th td".split()
)


def make_result(student, *states, **settings):
    """Return a result of two exercises by their states."""
    exercises = {
        name: MarkedExercise(
            points=possible if state == "correct" else 0,
            possible=possible,
            state=state,
            message=f"told about `{name}`",
            answer={"value": {"rate": 0.25}},
        )
        for (name, possible), state in zip(ASKED.points.items(), states, strict=True)
    }
    return Result(**{"student": student, "notebook": ASKED.name, "number": 1, "exercises": exercises} | settings)


def make_student(identifier, *states, **settings):
    """Return a student with one result."""
    return Graded(identifier, results={ASKED.name: [make_result(identifier, *states, **settings)]})


def write(folder, *students, **options):
    """Write the feedback of some students and return the files that were written, as text."""
    write_feedback(students, [ASKED], folder, **options)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


class Reader(HTMLParser):
    """Reads a page: its elements, attributes, and text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        """Note an element."""
        self.tags.add(tag)
        self.attributes += attributes

    def handle_data(self, data):
        """Note text."""
        self.text += data


@pytest.fixture
def hostile(tmp_path):
    """The files of a class in which everything that a student may choose is hostile."""
    marked = {
        name: MarkedExercise(0, points, "not yet", EVIL, answer={"value": {EVIL: [EVIL]}}, notes=[EVIL])
        for name, points in ASKED.points.items()
    }
    result = Result(
        student=EVIL,
        notebook=ASKED.name,
        number=1,
        exercises=marked,
        notes=[EVIL],
        remarks=[EVIL],
        failures={EVIL: EVIL},
    )
    second = Result(student=EVIL, notebook=ASKED.name, number=2, exercises=marked, problem=EVIL, reason=EVIL)
    one = Graded(EVIL, name=EVIL, email=EVIL, login=EVIL, results={ASKED.name: [result]})
    other = Graded(EVIL + "2", results={ASKED.name: [result, second]})
    third = Graded("=1+1", name="@SUM(A1)", faults={ASKED.name: EVIL})
    return write(tmp_path, one, other, third, notices=[EVIL])


def test_pages_run_nothing_whatever_students_wrote(hostile):
    """No element but those of ours, no attribute that runs, loads or styles; no sequence for terminals."""
    pages = {name: text for name, text in hostile.items() if name.endswith(".html")}
    assert len(pages) == 4
    for page in pages.values():
        found = Reader(page)
        assert found.tags <= TAGS
        names = {name for name, _ in found.attributes}
        assert names <= {"lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "tabindex", "scope",
                         "role", "aria-label"}  # fmt: skip
        links = [value for name, value in found.attributes if name == "href"]
        assert all(re.fullmatch(r"#main|pages/[a-z0-9-]+\.html", link) for link in links)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page) and "[31m" not in page
    assert "<script>alert(1)</script>" in Reader(pages["overview.html"]).text


def test_the_policy_of_pages_allows_their_own_style_alone(hostile):
    """By its checksum, as browsers compute it; it comes before the style."""
    for page in (text for name, text in hostile.items() if name.endswith(".html")):
        (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
        (sheet,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        checksum = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{checksum}'; img-src data:; base-uri 'none'; form-action 'none'"
        )
        assert page.index("Content-Security-Policy") < page.index("<style>") and " style=" not in page


def test_tables_hold_no_formulas(hostile):
    """Cells that a spreadsheet would run begin with an apostrophe; rows stay rows."""
    for name in ("grades.csv", "grades-moodle.csv", "grades-canvas.csv"):
        rows = list(csv.reader(io.StringIO(hostile[name])))
        assert len({len(row) for row in rows}) == 1
        assert not [cell for row in rows for cell in row if re.match("[=+@\t\r-]", cell)]
        assert any("'=1+1" in row for row in rows)


def test_a_strict_page_has_nothing_else():
    """What would not go with its policy is refused."""
    for options in ({"scripted": True}, {"head": "<style></style>"}):
        with pytest.raises(ValueError, match="a strict page"):
            write_document("<h1>a</h1>", title="a", strict=True, **options)


def test_a_page_says_what_the_result_says(tmp_path):
    """Points, the hint for what is wrong, what was found, when it came, which number, what was answered."""
    result = make_result("s1", "correct", "not yet", late=True, received="2026-05-04T23:59:00+02:00", variant=123456)
    result.exercises["04.2"].notes.append("the cell was found twice")
    page = write(tmp_path, Graded("s1", name="Ada", results={ASKED.name: [result]}))["pages/s1.html"]
    text = " ".join(Reader(page).text.split())
    assert "Feedback for Ada" in text and "2 of 5 points" in text and "after the deadline" in text
    assert "✓ correct (2 of 2 points)" in text and "✗ not yet (0 of 3 points)" in text
    assert "Repair a rate" in text and "told about 04.2" in text and "<code>04.2</code>" in page
    assert "the cell was found twice" in text and "123456" in text
    assert text.count("Your answer: {'rate': 0.25}") == 1  # of the wrong one
    assert "2026-05-04 23:59:00+02:00" in text


def test_moodle_and_canvas_get_their_columns(tmp_path):
    """As their importers read them; who handed in nothing has no points there, and not 0."""
    students = [
        Graded("17", "Ada Ames", "ada@x.org", "ames", results={ASKED.name: [make_result("17", "correct", "not yet")]}),
        Graded("18", "Ben Boole", "ben@x.org", "boole"),
    ]
    files = write(tmp_path, *students)
    moodle = list(csv.reader(io.StringIO(files["grades-moodle.csv"])))
    assert moodle[0][:4] == ["First name", "Last name", "ID number", "Email address"] and moodle[0][4] == ASKED.title
    assert moodle[1] == ["Ada", "Ames", "17", "ada@x.org", "2", "04.1: correct; 04.2: not yet"]
    assert moodle[2] == ["Ben", "Boole", "18", "ben@x.org", "", ""]
    canvas = list(csv.reader(io.StringIO(files["grades-canvas.csv"])))
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", ASKED.title]
    assert "Points Possible" in canvas[1][0] and canvas[1][5] == "5"
    assert canvas[2:] == [["Ada Ames", "", "17", "ames", "", "2"], ["Ben Boole", "", "18", "boole", "", ""]]
    plain = list(csv.DictReader(io.StringIO(files["grades.csv"])))
    assert [row["status"] for row in plain] == ["graded", "not handed in"]
    assert [row["exercise 04.1"] for row in plain] == ["2", ""]


ROW = {"Student": "Ames, Ada", "ID": "31", "SIS User ID": "17", "SIS Login ID": "ames", "Section": "A and B"}
BARE = {"Student": "Boole, Ben", "ID": "32", "SIS User ID": "", "SIS Login ID": "", "Section": "A"}


def test_canvas_gets_its_columns_back(tmp_path):
    """Whoever handed in, the roster's values, empty ones too; of others, what their files say."""
    students = [
        Graded(
            "17", "Ames, Ada", login="ames", row=ROW, results={ASKED.name: [make_result("17", "correct", "correct")]}
        ),
        Graded("boole", "Boole, Ben", row=BARE),
        Graded("z_99", "z", canvas="99"),
    ]
    canvas = list(csv.reader(io.StringIO(write(tmp_path, *students)["grades-canvas.csv"])))
    assert canvas[2:] == [
        ["Ames, Ada", "31", "17", "ames", "A and B", "5"],
        ["Boole, Ben", "32", "", "", "A", ""],
        ["z", "99", "", "", "", ""],
    ]


def test_general_pages_say_nothing_of_answers(tmp_path):
    """A function may say what it got in an error, in a warning, or in another answer; the teacher still sees it."""
    secret = MarkedExercise(0, 2, "not yet", "It raises `ValueError: called with 471`.", answer={"value": "471"})
    told = MarkedExercise(3, 3, "correct", "Right.\nIt warns: 471", answer={"value": "471"})
    result = Result(student="s1", notebook=ASKED.name, number=1, exercises={"04.1": secret, "04.2": told})
    asked = dataclasses.replace(ASKED, hints={"04.1": "Look at the *denominator*.", "04.2": "Who asks?"})
    write_feedback([Graded("s1", results={ASKED.name: [result]})], [asked], tmp_path, general=True)
    page = (tmp_path / "pages/s1.html").read_text(encoding="utf-8")
    assert "471" not in page and "Look at the <em>denominator</em>." in page and "Who asks?" not in page
    assert "3 of 5 points" in page and "471" in (tmp_path / "overview.html").read_text(encoding="utf-8")


def test_what_was_found_has_code_between_backticks(tmp_path):
    """On the page and in the overview; never backticks."""
    student = make_student("s1", "correct", "correct", remarks=["its check cells have the number `470579`"])
    for page in ("pages/s1.html", "overview.html"):
        text = write(tmp_path, student)[page]
        assert "<code>470579</code>" in text and "`" not in Reader(text).text.partition("What was found")[2]


def test_the_overview_counts_the_class(tmp_path):
    """By exercise, by objective, and by what students were told; a small class is told that it is too small."""
    states = [
        ("correct", "not yet"),
        ("correct", "not yet"),
        ("not attempted", "correct"),
        ("not yet", "not collected"),
    ]
    students = [make_student(f"s{number}", *each) for number, each in enumerate(states)]
    text = " ".join(Reader(write(tmp_path, *students)["overview.html"]).text.split())
    assert "4 notebooks were graded, with 1.8 of 5 points on average" in text
    assert "04.1 Repair a rate 1.0 of 2 2 1 1 0".replace(" ", "") in text.replace(" ", "")
    assert "04.20.8of31201" in text.replace(" ", "")
    assert "04-rates04.1,04.21.8of535%" in text.replace(" ", "")
    assert "04.23toldabout04.2{'rate':0.25}" in text.replace(" ", "")
    assert "With 4 notebooks nothing can be said about which exercises" in text


def test_exercises_that_discriminate_badly_are_flagged_only_where_the_interval_says_so(tmp_path):
    """In a class in which those who get one right get the other wrong; not where it is chance and the class small."""
    rng = np.random.default_rng(4)
    for size, backwards, said in ((200, True, "works backwards"), (40, False, "nothing certain")):
        students = []
        for number in range(size):
            first, chance = rng.random(2) < 0.5
            second = not first if backwards and rng.random() < 0.8 else chance
            states = ["correct" if each else "not yet" for each in (first, second)]
            students.append(make_student(f"s{number}", *states))
        page = write(tmp_path, *students)["overview.html"]
        assert said in page and ("<strong>works" in page) == backwards
