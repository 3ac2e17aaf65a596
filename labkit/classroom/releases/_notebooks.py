"""Student notebooks as `labkit build` writes them: their cells, which of them are for exercises, and their variants."""

import json
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.cache import short_hash
from labkit.classroom.questions import find_check_call
from labkit.errors import UserError
from labkit.exercises.checking import find_exercise
from labkit.exercises.variants import rewrite_cells

NUMBER = "\n\n*Your number is {number}: what you read here may differ from what others read.*"


@dataclass(frozen=True)
class ReleasedCell:
    """A cell of a notebook that was handed out.

    Attributes
    ----------
    id : str
        As the notebook has it: "exercise-04-1".
    kind : str
        "code" or "markdown".
    source : str
        As it was handed out.
    role : str
        "answer" for what students change, "check" for the cell below it that earns the points, otherwise "given".
        A cell for an open question, which nobody marks, is given.
    exercise : str or None
        "04.1", of cells that answer or check.
    points : int
        What a check is worth; 0 for all other cells.
    """

    id: str
    kind: str
    source: str
    role: str
    exercise: str | None
    points: int = 0


def parse_notebook_file(path: Path) -> dict[str, Any]:
    """Return the JSON of a student notebook; a UserError names one that is damaged or missing."""
    try:
        notebook = json.loads(path.read_bytes())
        released_cells(notebook)
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing; `labkit build` writes it from its source") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no student notebook; `labkit build` writes it again from its source") from error
    return notebook


def released_cells(notebook: dict[str, Any]) -> list[ReleasedCell]:
    """Return the cells of a student notebook, with the part that they play in exercises."""
    cells, asked = [], None
    for cell in notebook["cells"]:
        metadata = cell["metadata"]
        grader = metadata.get("nbgrader", {})
        role, exercise, points = "given", None, 0
        if grader.get("solution"):
            role, exercise = "answer", metadata["exercise"]
            asked = exercise
        elif grader.get("grade"):
            role, exercise, points = "check", asked, grader["points"]
        cells.append(ReleasedCell(cell["id"], cell["cell_type"], source_of(cell), role, exercise, points))
    return cells


def source_of(cell: dict[str, Any]) -> str:
    """Return the source of a cell, which a notebook file may have as lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def set_source(cell: dict[str, Any], source: str) -> None:
    """Change the source of a cell, and what says whether a student has touched it."""
    cell["source"] = source.splitlines(keepends=True)
    if "stub" in cell["metadata"]:
        cell["metadata"]["stub"] = short_hash(source)


def notebook_bytes(notebook: dict[str, Any]) -> bytes:
    """Return the content of a notebook's file, as nbformat writes it."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": "))
    return f"{text}\n".encode()


def vary_notebook(notebook: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a notebook whose exercises ask by the variant with a number, which their text shows.

    Parameters
    ----------
    notebook : dict
        As `parse_notebook_file` reads it; left as it is.
    number : int
        Of the student, or of the class.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        A text that a variant replaces is not in the notebook: the exercises and the notebook do not fit together.
    """
    varied = deepcopy(notebook)
    cells = varied["cells"]
    for place, each in enumerate(released_cells(notebook)):
        if each.exercise is None or not find_exercise(each.exercise).varies:
            continue
        if each.role == "check":
            set_source(cells[place], add_variant(each.exercise, each.source, number))
            continue
        asked = [cell for cell in cells[max(place - 1, 0) : place] if cell["cell_type"] == "markdown"]
        asked.append(cells[place])
        replacements = find_exercise(each.exercise).replacements(number)
        try:
            sources = rewrite_cells([source_of(cell) for cell in asked], replacements)
        except ValueError as error:
            raise ValueError(f"exercise {each.exercise} has no variant {number}: {error}") from error
        for cell, source in zip(asked, sources, strict=True):
            shown = NUMBER.format(number=number) if cell["cell_type"] == "markdown" else ""
            set_source(cell, source + shown)
    varied["metadata"]["labkit"] = varied["metadata"].get("labkit", {}) | {"variant": number}
    return varied


def add_variant(identifier: str, source: str, number: int) -> str:
    """Return the source of a check cell whose `check` names the variant.

    Examples
    --------
    >>> add_variant("04.6", 'check("04.6", doctor)', 37)
    'check("04.6", doctor, variant=37)'
    """
    found = find_check_call(identifier, source)
    lines = source.encode().splitlines(keepends=True)  # ast counts columns in bytes of UTF-8
    end = sum(map(len, lines[: found.end_lineno - 1])) + found.end_col_offset - 1
    call, rest = source.encode()[:end].decode().rstrip(), source.encode()[end:].decode()
    return f"{call}{'' if call.endswith(',') else ','} variant={number}{rest}"
