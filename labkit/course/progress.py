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
    """Where one exercise stands: its notebook, id, objective and points, and the state of its last check.

    ``state`` is "correct", "not yet" or "not attempted"; ``started`` is False when ``work/`` has no such notebook;
    ``readable`` is False when it has one that cannot be read.
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
    """Where the exercises stand, and a sentence with a remedy for each notebook that could not be read."""

    standings: list[Standing]
    problems: list[str]


@dataclass(frozen=True)
class Line:
    """Exercises of one objective counted: ``counts`` by state, and the points earned of those to be had."""

    notebook: str
    objective: str
    counts: dict[str, int]
    points: int
    possible: int
    started: bool
    readable: bool = True


def read_progress(course: Course) -> Progress:
    """Return where every exercise of the course stands.

    Which exercises there are is read from the notebooks of the course, so that a deleted cell does not hide one; what
    became of them from the outputs saved in ``work/``, which anybody can edit: this shows a student the way, and proves
    nothing. A notebook that cannot be read hides no other.

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
    """Count exercises and points by notebook and objective, in the order of the course."""
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
