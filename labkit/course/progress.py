"""How far a student is: what the checks in the notebooks of ``work/`` said last, by notebook and objective."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.course.build import Course
from labkit.course.copies import check_work, explain_damage, parse_notebook, read_copy, read_student_notebook
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
    readable : bool
        False when it has one that cannot be read.
    """

    notebook: str
    exercise: str
    objective: str
    points: int
    state: str
    started: bool = True
    readable: bool = True


@dataclass(frozen=True)
class Progress:
    """How far a student is.

    Attributes
    ----------
    standings : list of Standing
        One for each exercise.
    problems : list of str
        A sentence with a remedy for each notebook that could not be read.
    """

    standings: list[Standing]
    problems: list[str]


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
    readable : bool
        False when it has one that cannot be read.
    """

    notebook: str
    objective: str
    counts: dict[str, int]
    points: int
    possible: int
    started: bool
    readable: bool = True


def read_progress(course: Course) -> Progress:
    """Return how far a student is with every exercise of the course.

    The exercises are read from the student notebooks of the course, so that a deleted cell in ``work/`` does not hide
    one; their states from the outputs saved in ``work/``. Anybody can edit those: this shows students the way, and
    proves nothing. A notebook that cannot be read hides no other.

    Parameters
    ----------
    course : Course
        Whose notebooks.

    Returns
    -------
    Progress
        In the order of the course.

    Raises
    ------
    FileNotFoundError
        The student notebooks were not built yet.
    UserError
        ``work/`` is something else than a folder.
    """
    check_work(course)
    standings, problems = [], []
    for name in course.choose():
        source, target = course.path(name, form="student"), course.work / f"{name}.ipynb"
        if not source.is_file():
            raise FileNotFoundError(f"{source} is missing; `labkit build` writes it from its source")
        started = os.path.lexists(target)
        states, problem = read_states(target) if started else ({}, None)
        if problem:
            problems.append(problem)
        try:
            asked = read_exercises(source)
        except UserError as error:
            problems.append(str(error))
            continue
        for identifier, objective, points in asked:
            state = states.get(identifier, NOT_ATTEMPTED)
            standings.append(Standing(name, identifier, objective, points, state, started, problem is None))
    return Progress(standings, problems)


def read_exercises(path: Path) -> list[tuple[str, str, int]]:
    """Return id, objective and points of each exercise in a student notebook of the course."""
    try:
        cells = [cell["metadata"] for cell in read_student_notebook(path)["cells"] if "exercise" in cell["metadata"]]
        return [(str(each["exercise"]), str(each.get("objective", "")), int(each.get("points", 1))) for each in cells]
    except (TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged; `labkit build` writes it from its source") from error


def read_states(path: Path) -> tuple[dict[str, str], str | None]:
    """Return the state of each exercise in a student's copy, and what keeps the copy from being read, if anything."""
    try:
        return dict(last_states(parse_notebook(read_copy(path))["cells"])), None
    except (OSError, ValueError):
        return {}, explain_damage(path)


def last_states(cells: Iterable[dict]) -> Iterator[tuple[str, str]]:
    """Yield (exercise id, state) of every check's output, in the order of the notebook; skip outputs of other forms."""
    for cell in cells:
        outputs = cell.get("outputs") if cell["cell_type"] == "code" else None
        for output in outputs if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, dict) else None
            outcome = data.get(EXERCISE) if isinstance(data, dict) else None
            if isinstance(outcome, dict) and outcome.get("state") in STATES and "id" in outcome:
                yield str(outcome["id"]), outcome["state"]


def by_objective(standings: Iterable[Standing]) -> list[Line]:
    """Count exercises and points by notebook and objective.

    Parameters
    ----------
    standings : iterable of Standing
        The ``standings`` of `read_progress`.

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
            all(each.readable for each in group),
        )
        for (notebook, objective), group in grouped.items()
    ]
