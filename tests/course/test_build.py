import pytest

from labkit.course.build import build, find_course


def test_budget_of_the_header_reaches_the_notebook(course):
    """What the source's header says under labkit is in the notebook's metadata."""
    assert course.read("00_half").metadata.labkit == {"budget": {"seconds": 20, "mb": 500}}


def test_build_writes_and_check_compares(course):
    """check names every difference and writes nothing; build writes; then check finds none."""
    assert build(course, check=True).stale == ["00_half", "01_fails"]
    assert not list(course.notebooks.glob("*.ipynb"))
    build(course)
    assert build(course, check=True).stale == []
    path = course.notebooks / "00_half.ipynb"
    path.write_text(path.read_text().replace("SIZE = 3", "SIZE = 4"))
    assert build(course, check=True).stale == ["00_half"]


def test_check_accepts_newlines_of_windows(course):
    """A checkout with CRLF is not a difference."""
    build(course)
    path = course.notebooks / "00_half.ipynb"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert build(course, check=True).stale == []


def test_notebook_without_a_source_is_named_and_kept(course):
    """A stray notebook is reported and never deleted."""
    stray = course.notebooks / "99_stray.ipynb"
    stray.write_text("{}")
    assert build(course).stray == ["99_stray"]
    assert stray.exists()


def test_student_notebook_before_build_names_the_command(course):
    """Without student notebooks the message has the command that writes them."""
    with pytest.raises(FileNotFoundError, match="labkit build"):
        course.read("00_half", form="student")


def test_choose_keeps_the_order_and_rejects_unknown_names(course):
    """Names in any order, with or without ending, come in the course's order; an unknown one lists the known."""
    assert course.choose() == course.choose(["01", "notebooks/00_half.ipynb"]) == ["00_half", "01_fails"]
    assert course.choose(["01_fails.py"]) == ["01_fails"]
    with pytest.raises(ValueError, match=r"no notebook named 02_nothing; there are: 00_half, 01_fails"):
        course.choose(["02_nothing"])


def test_find_course_looks_upward(course):
    """Any folder inside the repository will do."""
    assert find_course(course.solutions).root == course.root.resolve()
