import json
import re

import nbformat
import pytest

from labkit.course import build, convert, find_course, start, student_text

SOURCE = """# %% [markdown]
# # Title

# %%
first = 1

# %% tags=["exercise"] exercise="05.1" points=2 objective="05-decompose"
answer = ...

# %% tags=["solution"]
answer = 1

# %%
first = 1
"""


def ids(source):
    """Return the ids of a source's cells."""
    return [cell.id for cell in convert(source, keep_solutions=True).cells]


def test_student_notebook_leaves_solutions_out():
    """Cells tagged solution are in the solution form only; the stub keeps what the exercise declares."""
    whole, student = (convert(SOURCE, keep_solutions=keep) for keep in (True, False))
    assert [cell.source for cell in whole.cells if "answer" in cell.source] == ["answer = ...", "answer = 1"]
    (stub,) = (cell for cell in student.cells if "answer" in cell.source)
    assert stub.source == "answer = ..."
    assert (stub.metadata.exercise, stub.metadata.points, stub.metadata.objective) == ("05.1", 2, "05-decompose")


def test_student_text_is_a_valid_notebook_with_the_same_bytes_each_time():
    """Two builds give the same text: format 4.5, kernel python3, no outputs, newline at the end."""
    text = student_text(SOURCE)
    assert text == student_text(SOURCE) and text.endswith("}\n") and not text.endswith("\n\n")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize(
    "edit, changed",
    [
        (lambda text: text.replace("# # Title", "# # Another title"), {0}),
        (lambda text: text.replace("answer = ...", "answer = ...  # type here"), set()),
        (lambda text: text.replace("answer = 1", "answer = 2"), {3}),
    ],
    ids=["prose", "stub of an exercise", "solution"],
)
def test_editing_a_cell_leaves_other_ids_alone(edit, changed):
    """Only the edited cell's id may change, and an exercise's id does not change at all."""
    before, after = ids(SOURCE), ids(edit(SOURCE))
    assert {place for place, pair in enumerate(zip(before, after, strict=True)) if len(set(pair)) > 1} == changed


def test_adding_a_cell_leaves_other_ids_alone():
    """A cell in the middle adds one id and keeps the rest."""
    longer = ids(SOURCE.replace('# %% tags=["solution"]', '# %%\nnew = 0\n\n# %% tags=["solution"]'))
    assert len(longer) == len(ids(SOURCE)) + 1 and set(ids(SOURCE)) < set(longer)


def test_ids_are_unique_and_of_the_format():
    """Cells with the same text get ids of their own, all of nbformat's form."""
    found = ids(SOURCE)
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[\w-]{1,64}", each) for each in found)


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


def test_start_copies_what_is_missing_and_overwrites_nothing(course):
    """A student's edited copy stays as it is; a missing notebook comes."""
    build(course)
    assert start(course) == (["00_half", "01_fails"], [])
    (course.work / "00_half.ipynb").write_text("mine")
    (course.work / "01_fails.ipynb").unlink()
    assert start(course) == (["01_fails"], ["00_half"])
    assert (course.work / "00_half.ipynb").read_text() == "mine"
    assert json.loads((course.work / "01_fails.ipynb").read_text())["nbformat"] == 4


def test_start_before_build_names_the_command(course):
    """Without student notebooks the message has the command that writes them."""
    with pytest.raises(FileNotFoundError, match="labkit build"):
        start(course)
    with pytest.raises(FileNotFoundError, match="labkit build"):
        course.read("00_half", form="student")


def test_choose_keeps_the_order_and_rejects_unknown_names(course):
    """Names in any order, with or without ending, come in the course's order; an unknown one lists the known."""
    assert course.choose() == course.choose(["01_fails.py", "notebooks/00_half.ipynb"]) == ["00_half", "01_fails"]
    with pytest.raises(ValueError, match=r"no notebook named 02_nothing; there are: 00_half, 01_fails"):
        course.choose(["02_nothing"])


def test_find_course_looks_upward(course):
    """Any folder inside the repository will do."""
    assert find_course(course.solutions).root == course.root.resolve()
