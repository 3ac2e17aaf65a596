"""Student notebooks as `labkit build` writes them: their cells, and which of them are for exercises."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.errors import UserError


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
