"""Pages of grades as students and teachers open them, on a laptop and on a phone, whatever answers hold."""

import pytest

from labkit.classroom.feedback import write_feedback
from tests.browser.chromium import MARKS, open_tab
from tests.browser.visits import WIDTHS, visit
from tests.classroom.test_feedback import ASKED, EVIL, make_student

pytestmark = MARKS
LONG = "x" * 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The feedback of a class of 24, with answers that are hostile or very long."""
    students = []
    for number in range(24):
        states = [("correct", "not yet"), ("not yet", "correct"), ("not attempted", "not collected")][number % 3]
        student = make_student(f"s{number}", *states, variant=123456, notes=[EVIL, LONG], late=number % 5 == 0)
        for marked in student.results[ASKED.name][0].exercises.values():
            marked.notes.append(EVIL)
            marked.answer["value"] = {EVIL: LONG}
        students.append(student)
    written = tmp_path_factory.mktemp("grades")
    write_feedback(students, [ASKED], written, notices=[EVIL, LONG])
    return written


@pytest.fixture(scope="module", params=["pages/s1.html", "overview.html"])
def visited(request, folder, browser):
    """A page, visited once for all tests of it."""
    return visit(browser, folder / request.param)


def test_they_load_nothing_and_break_no_rule(visited):
    """No address outside, nothing that the policy of the page had to stop, and axe-core finds nothing grave."""
    assert visited.asked_for == visited.complaints == visited.violations == []


@pytest.mark.parametrize("width", WIDTHS)
def test_they_fit_the_window(visited, width):
    """They do not scroll sideways, nothing is cut off, and boxes are reached by keyboard."""
    seen = visited.seen[width]
    assert seen["pageWidth"] <= seen["windowWidth"] and seen["cut"] == seen["unreachable"] == []
    assert visited.skipped == "main" and visited.scrolled and seen["mains"] == 1 and len(seen["headings"]) == 1


def test_their_policy_stops_scripts(folder, browser, tmp_path):
    """A script that somebody smuggled into a page would not run; the page's own style does."""
    page = (folder / "pages" / "s1.html").read_text(encoding="utf-8")
    page = page.replace("<main", "<script>document.title = 'run'</script><main").replace("<h1>", "<h1 onclick='x()'>")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    with open_tab(browser, width=WIDTHS[-1]) as tab:
        tab.goto((tmp_path / "page.html").as_uri())
        assert tab.title() == "Feedback for s1" and len(tab.complaints) >= 1
        assert tab.evaluate("getComputedStyle(document.querySelector('.exercise')).borderLeftWidth") == "4px"
        tab.complaints.clear()


def test_columns_of_words_are_wide_enough_to_read_on_a_phone(folder, browser):
    """The table scrolls; it does not squeeze what was found into a column of single letters beyond the edge."""
    with open_tab(browser, width=WIDTHS[-1]) as tab:
        tab.goto((folder / "overview.html").as_uri())
        cells = "[...document.querySelectorAll('[aria-label=Students] td:not(.number)')]"
        assert min(tab.evaluate(f"{cells}.map((cell) => cell.offsetWidth)")) >= 200
