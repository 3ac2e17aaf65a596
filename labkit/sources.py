"""From a source in jupytext's percent format to a notebook: whole, or as students get it, ready for graders."""

import hashlib

GRADER = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}  # nbgrader's schema


def convert(source: str, *, student_of: str | None = None):
    """Make a notebook from a source in percent format, the same bytes each time.

    Parameters
    ----------
    source : str
        Text of ``NN_topic.py``. Metadata under ``labkit:`` in its header is kept.
    student_of : str, optional
        Name of the source, ``NN_topic``, to make the notebook that students get: without the cells tagged
        ``solution``, with a link to them below each exercise, and with nbgrader's metadata (see `mark_for_graders`).
        Without it, the whole notebook.

    Returns
    -------
    nbformat.NotebookNode
        Without outputs. Metadata of exercises (``exercise``, ``points``, ``objective``) stays with its cell. A cell's
        id comes from its exercise, or else from its own text: editing, adding or removing one cell leaves the ids of
        all others alone.
    """
    import jupytext
    from nbformat.v4 import new_notebook

    parsed = jupytext.reads(source, fmt="py:percent")
    cells = [cell for cell in parsed.cells if student_of is None or "solution" not in _tags(cell)]
    taken: set[str] = set()
    for cell in cells:
        cell.metadata.pop("lines_to_next_cell", None)  # layout of the source file, of no use in a notebook
        cell.id = _free_id(_slug(cell), taken)
    if student_of is not None:
        mark_for_graders(cells)
        link_solutions(cells, student_of)
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata.language_info = {"name": "python"}
    if "labkit" in parsed.metadata:
        notebook.metadata.labkit = parsed.metadata.labkit
    return notebook


def student_text(source: str, *, name: str) -> str:
    """Return the file content of the student notebook of a source: JSON, two-way stable, newline at the end."""
    import nbformat

    notebook = convert(source, student_of=name)
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def mark_for_graders(cells: list) -> None:
    """Give the cells of exercises nbgrader's metadata: where students write, and which cell earns the points.

    The stub is theirs to change. The cell below it that checks the answer is worth the exercise's points and is
    restored before grading; under nbgrader a check that is not correct raises (see `labkit.checks.check`), so that it
    earns none.
    """
    asked = None
    for cell in cells:
        if cell.cell_type == "code" and "exercise" in cell.metadata:
            asked = cell.metadata
            cell.metadata.nbgrader = GRADER | {"solution": True, "grade_id": cell.id}
        elif "check" in _tags(cell) and asked is not None:
            number = str(asked.exercise).replace(".", "-")
            marks = {"grade": True, "locked": True, "points": asked.points, "grade_id": f"check-{number}"}
            cell.metadata.nbgrader = GRADER | marks
            asked = None


def link_solutions(cells: list, name: str) -> None:
    """Say below the text of each exercise how to get help, and where its solution stands."""
    for text, stub in zip(cells, cells[1:], strict=False):
        if text.cell_type == "markdown" and "exercise" in stub.metadata:
            number = stub.metadata.exercise
            text.source += (
                f'\n\n*Stuck? Run `hint("{number}")` in a new cell, up to three times. '
                f"The solution stands in the source, [{name}.py](../notebooks/solutions/{name}.py).*"
            )


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def _slug(cell) -> str:
    if exercise := cell.metadata.get("exercise"):
        return f"exercise-{exercise}".replace(".", "-")
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]


def _free_id(slug: str, taken: set[str]) -> str:
    candidate, copies = slug, 1
    while candidate in taken:  # cells with the same text are told apart by their order
        copies += 1
        candidate = f"{slug}-{copies}"
    taken.add(candidate)
    return candidate
