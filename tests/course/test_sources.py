import re
import subprocess
import sys

import nbformat
import pytest

from labkit.course.build import find_course
from labkit.course.sources.conversion import CHECK_IMPORT, convert, student_text

COURSE = find_course()
NAME = "05_parity"

SOURCE = """# %% [markdown]
# # Title

# %%
first = 1

# %% [markdown] tags=["exercise"]
# ### Exercise 05.1 · One

# %% tags=["exercise"] exercise="05.1" points=2 objective="05-decompose"
answer = ...

# %% tags=["solution"]
answer = 1

# %% tags=["check"]
check("05.1", answer)

# %%
first = 1
"""


def ids(source):
    """Return the ids of a source's cells."""
    return [cell.id for cell in convert(source).cells]


def test_student_notebook_leaves_solutions_out():
    """Cells tagged solution are in the solution form only; the stub keeps what the exercise declares."""
    whole, student = convert(SOURCE), convert(SOURCE, student_of=NAME)
    assert [cell.source for cell in whole.cells if "answer =" in cell.source] == ["answer = ...", "answer = 1"]
    (stub,) = (cell for cell in student.cells if "answer =" in cell.source)
    assert stub.source == "answer = ..."
    assert (stub.metadata.exercise, stub.metadata.points, stub.metadata.objective) == ("05.1", 2, "05-decompose")


def test_student_text_is_a_valid_notebook_with_the_same_bytes_each_time():
    """Two builds give the same text: format 4.5, kernel python3, no outputs, newline at the end."""
    text = student_text(SOURCE, name=NAME)
    assert text == student_text(SOURCE, name=NAME) and text.endswith("}\n") and not text.endswith("\n\n")
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
        (lambda text: text.replace("answer = 1", "answer = 2"), {4}),
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
    """Cells with the same text get different ids, all of nbformat's form."""
    found = ids(SOURCE)
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[\w-]{1,64}", each) for each in found)


def test_exercise_has_a_way_to_help_and_to_the_solution():
    """Below its text, in the student notebook alone; the text's id is the same in both forms."""
    whole, student = convert(SOURCE), convert(SOURCE, student_of=NAME)
    (plain,), (linked,) = ([c for c in nb.cells if "### Exercise" in c.source] for nb in (whole, student))
    assert (
        'hint("05.1")' in linked.source and 'solution("05.1")' in linked.source and "../notebooks" not in linked.source
    )
    assert "solution" not in plain.source and plain.id == linked.id


def test_graders_find_stubs_and_checks():
    """nbgrader's metadata says where students write, and that the check below it earns the exercise's points."""
    marked = [cell for cell in convert(SOURCE, student_of=NAME).cells if "nbgrader" in cell.metadata]
    stub, earns = (dict(cell.metadata.nbgrader) for cell in marked)
    common = {"schema_version": 3, "task": False}
    assert stub == common | {"grade": False, "solution": True, "locked": False, "grade_id": "exercise-05-1"}
    assert earns == common | {
        "grade": True, "solution": False, "locked": True, "points": 2, "grade_id": "check-05-1",
    }  # fmt: skip
    assert not any("nbgrader" in cell.metadata for cell in convert(SOURCE).cells)


def test_a_stub_cannot_replace_the_check():
    """Each cell that earns points imports `check` itself; the source does not need to."""
    whole, student = convert(SOURCE), convert(SOURCE, student_of=NAME)
    (cell,) = (cell for cell in student.cells if "check(" in cell.source)
    assert cell.source == 'from labkit.exercises import check\n\ncheck("05.1", answer)'
    assert [each.source for each in whole.cells if "check(" in each.source] == ['check("05.1", answer)']
    already = SOURCE.replace('check("05.1"', 'from labkit.exercises import check\n\ncheck("05.1"')
    assert [each.source for each in convert(already, student_of=NAME).cells if "check(" in each.source] == [cell.source]


def test_every_exercise_of_the_course_is_checked_by_the_course():
    """All cells that earn points, in all notebooks, run the course's `check` whatever the name meant before."""
    for name in COURSE.names:
        cells = COURSE.read(name, form="student").cells
        earning = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
        assert earning and all(cell.source.startswith(f"{CHECK_IMPORT}\n") for cell in earning)


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """A function that runs Python with nbgrader's rules importable: of its wheel, no more than they need is loaded."""
    folder = tmp_path_factory.mktemp("nbgrader")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--quiet"]
    subprocess.run([*pip, "--target", str(folder), "nbgrader==0.9.6"], check=True, capture_output=True)
    bare = f"import sys, types; bare = types.ModuleType('nbgrader'); bare.__path__ = [{str(folder / 'nbgrader')!r}]; "

    def call(code, *arguments):
        script = f"{bare} sys.modules['nbgrader'] = bare; {code}"
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
        assert not done.returncode, done.stderr
        return done.stdout

    return call


@pytest.mark.network
@pytest.mark.parametrize("name", COURSE.names)
def test_nbgrader_accepts_every_student_notebook(name, nbgrader):
    """nbgrader's own validator reads each one, and counts the points that the exercises declare."""
    code = (
        "from nbgrader.nbgraderformat.v3 import read_v3; nb = read_v3(open(sys.argv[1], encoding='utf-8'), 4); "
        "print(sum(c.metadata.nbgrader.get('points', 0) for c in nb.cells if 'nbgrader' in c.metadata))"
    )
    cells = COURSE.read(name, form="student").cells
    points = [cell.metadata.points for cell in cells if cell.cell_type == "code" and "exercise" in cell.metadata]
    assert int(nbgrader(code, str(COURSE.path(name, form="student")))) == sum(points) > 0
