"""How far a student is: what the checks in the notebooks of ``work/`` said last, by notebook and objective."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.course.build import Course
from labkit.errors import UserError
from labkit.exercises.judging import EXERCISE, STATES

CORRECT, NOT_YET, NOT_ATTEMPTED = STATES


@dataclass(frozen=True)
class Standing:
    """How far a student is with one exercise.

    Attributes
    ----------
    notebook, exercise, objective : str
        Name of the notebook, id of the exercise ("05.1"), and the objective it belongs to.
    points : int
        What it is worth.
    state : {"correct", "not yet", "not attempted"}
        What its last check said.
    started : bool
        False when ``work/`` has no such notebook.
    """

    notebook: str
    exercise: str
    objective: str
    points: int
    state: str
    started: bool = True


@dataclass(frozen=True)
class Line:
    """The exercises of one objective, counted.

    Attributes
    ----------
    notebook, objective : str
        Whose exercises.
    counts : dict of str to int
        How many are in each state.
    points, possible : int
        Points earned, and points of all of them.
    started : bool
        False when ``work/`` has no such notebook.
    """

    notebook: str
    objective: str
    counts: dict[str, int]
    points: int
    possible: int
    started: bool


def read_progress(course: Course) -> list[Standing]:
    """Return how far a student is with every exercise of the course.

    The exercises are read from the student notebooks of the course, so that a deleted cell in ``work/`` does not hide
    one; their states from the outputs saved in ``work/``.

    Parameters
    ----------
    course : Course
        Whose notebooks.

    Returns
    -------
    list of Standing
        In the order of the course.

    Raises
    ------
    FileNotFoundError
        The student notebooks were not built yet.
    UserError
        A file in ``work/`` is not a notebook; the message names it.
    """
    standings = []
    for name in course.choose():
        target = course.work / f"{name}.ipynb"
        states = dict(last_states(read_cells(target))) if target.is_file() else {}
        source = course.path(name, form="student")
        if not source.is_file():
            raise FileNotFoundError(f"{source} is missing; `labkit build` writes it from its source")
        for metadata in (cell.get("metadata", {}) for cell in read_cells(source)):
            if identifier := metadata.get("exercise"):
                identifier, objective = str(identifier), str(metadata.get("objective", ""))
                state = states.get(identifier, NOT_ATTEMPTED)
                points = int(metadata.get("points", 1))
                standings.append(Standing(name, identifier, objective, points, state, target.is_file()))
    return standings


def read_cells(path: Path) -> list[dict]:
    """Return the cells of a notebook file; anything else is a `UserError`."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        if not all(isinstance(cell, dict) for cell in cells):
            raise TypeError("a cell is not an object")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not a notebook; delete it or move it away, then run `labkit start`") from error
    return cells


def last_states(cells: Iterable[dict]) -> Iterator[tuple[str, str]]:
    """Yield (exercise id, state) of every check's output, in the order of the notebook."""
    for cell in cells:
        for output in cell.get("outputs", ()):
            outcome = output.get("data", {}).get(EXERCISE)
            if isinstance(outcome, dict) and outcome.get("state") in STATES and "id" in outcome:
                yield str(outcome["id"]), outcome["state"]


def by_objective(standings: Iterable[Standing]) -> list[Line]:
    """Count exercises and points by notebook and objective.

    Parameters
    ----------
    standings : iterable of Standing
        From `read_progress`.

    Returns
    -------
    list of Line
        One for each objective of a notebook, in the order of the course.
    """
    grouped: dict[tuple[str, str], list[Standing]] = {}
    for standing in standings:
        grouped.setdefault((standing.notebook, standing.objective), []).append(standing)
    return [
        Line(
            notebook,
            objective,
            {state: sum(each.state == state for each in group) for state in STATES},
            sum(each.points for each in group if each.state == CORRECT),
            sum(each.points for each in group),
            all(each.started for each in group),
        )
        for (notebook, objective), group in grouped.items()
    ]
