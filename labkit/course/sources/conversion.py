"""A notebook made from its source: the whole of it, or what students get."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.cache import short_hash
from labkit.course.sources.readings import check_readings, hide_readings
from labkit.course.sources.references import Reference, add_references
from labkit.errors import UserError
from labkit.version import __version__, version_series

if TYPE_CHECKING:
    from nbformat import NotebookNode

GRADER = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}  # nbgrader's schema
VERSION_CELL = "version"  # id and tag of the cell that checks whether a copy is up to date


def convert(source: str, *, student_of: str | None = None, references: Sequence[Reference] = ()) -> "NotebookNode":
    """Make a notebook from a source in percent format, the same bytes each time.

    Parameters
    ----------
    source : str
        Text of ``NN_topic.py``. Metadata under ``labkit:`` in its header is kept.
    student_of : str, optional
        Name of the source, ``NN_topic``, to make the notebook that students get: without the cells tagged
        ``solution``, with a line on help below each exercise, and with nbgrader's metadata (see `mark_for_graders`).
        Without it, the whole notebook.
    references : sequence of Reference
        What the notebook can cite; the list of what it does cite is its last cell (see ``references.py``).

    Returns
    -------
    nbformat.NotebookNode
        Without outputs. Metadata of exercises (``exercise``, ``points``, ``objective``) stays with its cell. A cell's
        id comes from its exercise, or else from its own text: editing, adding or removing one cell leaves the ids of
        all others alone.

    Raises
    ------
    UserError
        Metadata that cannot be read, a budget that is not one (see `read_budget`), a reading that breaks a rule (see
        `labkit.course.sources.readings`), or a citation without a reference.
    nbformat.ValidationError
        Metadata of a cell in the source that no notebook may have.
    """
    import jupytext
    from nbformat.v4 import new_notebook

    parsed = jupytext.reads(source, fmt="py:percent")
    check_metadata(parsed.cells)
    check_readings(parsed.cells)
    hide_readings(parsed.cells)
    cells = [cell for cell in parsed.cells if student_of is None or "solution" not in _tags(cell)]
    taken: set[str] = set()
    for cell in cells:
        cell.metadata.pop("lines_to_next_cell", None)  # layout of the source file, of no use in a notebook
        cell.id = _free_id(cell_slug(cell), taken)
    add_references(cells, references)
    if student_of is not None:
        mark_for_graders(cells)
        offer_help(cells)
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata.language_info = {"name": "python"}
    if "labkit" in parsed.metadata:
        notebook.metadata.labkit = parsed.metadata.labkit
    read_budget(notebook)
    return notebook


def check_metadata(cells: list["NotebookNode"]) -> None:
    """Raise a UserError for a cell whose metadata jupytext could not read.

    jupytext keeps what it cannot read as text under a name of its own: an exercise with a typing error in its line
    would silently be none.
    """
    for cell in cells:
        if unread := cell.metadata.get("incorrectly_encoded_metadata"):
            raise UserError(f"the metadata of a cell cannot be read: {unread}")


def read_budget(notebook: "NotebookNode") -> dict[str, float]:
    """Return what a notebook may take, as its metadata states it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Its metadata may have ``labkit: {budget: {seconds: 90, mb: 800}}``, from the header of its source.

    Returns
    -------
    dict of str to float
        ``seconds``, ``mb``, both, or neither.

    Raises
    ------
    UserError
        Something else stands there.
    """
    ours = notebook.metadata.get("labkit", {})
    budget = ours.get("budget", {}) if isinstance(ours, dict) else ours
    well_formed = isinstance(budget, dict) and all(
        unit in ("seconds", "mb") and type(figure) in (int, float) and 0 < figure < float("inf")
        for unit, figure in budget.items()
    )
    if not well_formed:
        raise UserError(f"the budget in its header is {budget!r}; write it as budget: {{seconds: 90, mb: 800}}")
    return dict(budget)


def student_text(source: str, *, name: str, references: Sequence[Reference] = ()) -> str:
    """Return the file content of the student notebook of a source, the same bytes each time.

    Parameters
    ----------
    source : str
        Text of ``NN_topic.py``.
    name : str
        Its name, ``NN_topic``.
    references : sequence of Reference
        As for `convert`.

    Returns
    -------
    str
        JSON with a newline at the end.

    Raises
    ------
    UserError, nbformat.ValidationError
        As for `convert`; an exercise without points.
    """
    import nbformat

    notebook = convert(source, student_of=name, references=references)
    stamp(notebook, name)
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def stamp(notebook: "NotebookNode", name: str) -> None:
    """Let every copy of a student notebook know what it was made from.

    The notebook's metadata get the version of the course and a fingerprint of the content; the first code cell checks
    both when it runs (see `labkit.check_copy`); and each stub gets a hash of its source, so that an answer is
    distinguishable from a stub that nobody touched (see `labkit.course.copies`).
    """
    import nbformat
    from nbformat.v4 import new_code_cell

    for cell in notebook.cells:
        if cell.cell_type == "code" and "exercise" in cell.metadata:
            cell.metadata.stub = short_hash(cell.source)
    fingerprint = short_hash(f"{version_series(__version__)}\n{nbformat.writes(notebook)}")
    notebook.metadata.labkit = notebook.metadata.get("labkit", {}) | {
        "version": __version__,
        "fingerprint": fingerprint,
    }
    source = f'import labkit\n\nlabkit.check_copy("{name}", "{__version__}", "{fingerprint}")'
    metadata = {"tags": [VERSION_CELL], "jupyter": {"source_hidden": True}}
    cell = new_code_cell(source, id=VERSION_CELL, metadata=metadata)
    code = (place for place, other in enumerate(notebook.cells) if other.cell_type == "code")
    notebook.cells.insert(next(code, len(notebook.cells)), cell)


CHECK_IMPORT = "from labkit.exercises import check"  # the first line of every cell that earns points


def mark_for_graders(cells: list["NotebookNode"]) -> None:
    """Give the cells of exercises nbgrader's metadata: where students write, and which cell earns the points.

    The stub is theirs to change. The cell below it that checks the answer is worth the exercise's points and is
    restored before grading; under nbgrader a check that is not correct raises (see `labkit.exercises.check`), so
    that it earns none. That cell imports `check` itself, in case a stub gave the name to something else.

    Parameters
    ----------
    cells : list of nbformat.NotebookNode
        A notebook's cells, with their ids; changed in place.

    Raises
    ------
    UserError
        An exercise that is checked has no points.
    """
    asked = None
    for cell in cells:
        if cell.cell_type == "code" and "exercise" in cell.metadata:
            asked = cell.metadata
            cell.metadata.nbgrader = GRADER | {"solution": True, "grade_id": cell.id}
        elif "check" in _tags(cell) and asked is not None:
            if "points" not in asked:
                raise UserError(f"exercise {asked.exercise} has no points; add points=N to its cell in the source")
            number = str(asked.exercise).replace(".", "-")
            marks = {"grade": True, "locked": True, "points": asked.points, "grade_id": f"check-{number}"}
            cell.metadata.nbgrader = GRADER | marks
            if CHECK_IMPORT not in cell.source.splitlines():
                cell.source = f"{CHECK_IMPORT}\n\n{cell.source}"
            asked = None


def offer_help(cells: list["NotebookNode"]) -> None:
    """Say below the text of each exercise how to get help, and after that the solution."""
    for text, stub in zip(cells, cells[1:], strict=False):
        if text.cell_type == "markdown" and "exercise" in stub.metadata:
            number = stub.metadata.exercise
            text.source += (
                f'\n\n*Stuck? Run `hint("{number}")` in a new cell, up to three times. After that, '
                f'`from labkit.exercises import solution` and `solution("{number}")` show the code.*'
            )


def _tags(cell: "NotebookNode") -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def cell_slug(cell: "NotebookNode") -> str:
    """Return what a cell's id is made from: its exercise, or else its text."""
    if exercise := cell.metadata.get("exercise"):
        return f"exercise-{exercise}".replace(".", "-")
    return short_hash(f"{cell.cell_type}\n{cell.source}")


def _free_id(slug: str, taken: set[str]) -> str:
    """Return the id, with a number where an earlier cell has it, and note it as taken."""
    candidate, copies = slug, 1
    while candidate in taken:  # cells with the same text are distinguished by their order
        copies += 1
        candidate = f"{slug}-{copies}"
    taken.add(candidate)
    return candidate
