"""What has to be graded: notebooks that are new or changed, or whose result would be another one today."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.cache import hash_files
from labkit.classroom.box.submissions import Limits
from labkit.classroom.grading._jobs import Answered, GradingJob
from labkit.classroom.judging import NOT_COLLECTED
from labkit.classroom.results import Marked, Result, ResultFiles
from labkit.errors import UserError, suggest

if TYPE_CHECKING:
    from labkit.classroom.releases import Release
    from labkit.classroom.submissions import Submission

HERE = Path(__file__).resolve().parent
LIMITS = Limits()


@dataclass(frozen=True)
class Settings:
    """What marks depend on besides the release and the submission."""

    boxed: bool = True
    every_cell: bool = False


@dataclass(frozen=True)
class Planned:
    """A notebook of a submission, and what becomes of it.

    Attributes
    ----------
    submission : Submission
    notebook : str
    number : int
        Of the result: 1, or more after an appeal.
    reason : str
        Why it is graded once more.
    fingerprints : dict of str to str
    kept : Result or None
        The result that is still valid, brought up to date where only the circumstances have changed.
    """

    submission: "Submission"
    notebook: str
    number: int
    reason: str
    fingerprints: dict[str, str]
    kept: Result | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Student and notebook."""
        return self.submission.student, self.notebook


def plan(
    submissions: Sequence["Submission"],
    release: "Release",
    files: ResultFiles,
    settings: Settings,
    *,
    regrade: Sequence[str] = (),
    reason: str = "",
) -> Iterator[Planned | tuple[str, str, UserError]]:
    """Yield what becomes of each notebook of each submission; where a file of ours is wrong, whose, and the error.

    Parameters
    ----------
    submissions : sequence of Submission
    release : Release
    files : ResultFiles
    settings : Settings
    regrade : sequence of str
        Students to grade once more, whatever has changed; their former results stay.
    reason : str
        Why.
    """
    known = [each.student for each in submissions]
    for student in regrade:
        if student not in known:
            raise UserError(f"--regrade {student}: {suggest(student, known)}no submission is of this student")
    for name in release.names:
        for each in submissions:
            try:
                yield plan_notebook(each, name, release, files, settings, reason if each.student in regrade else None)
            except UserError as error:  # a damaged result, a student who is not on the roster
                yield each.student, name, error


def plan_notebook(
    submission: "Submission",
    name: str,
    release: "Release",
    files: ResultFiles,
    settings: Settings,
    reason: str | None,
) -> Planned:
    """Return what becomes of one notebook; a reason, even an empty one, asks for another result."""
    content = read_content(submission, name)
    fingerprints = {
        "release": release.fingerprint,
        "student": str(number_of(release, submission.student)),
        "submission": hashlib.sha256(content or b"").hexdigest() if content is not None else "none",
        "code": fingerprint_grading(),
        "cells": "every" if settings.every_cell else "needed",
    }
    former = files.read(submission.student, name)
    if not former or reason is not None:
        return Planned(submission, name, len(former) + 1, reason or "", fingerprints)
    last = former[-1]
    current = Planned(submission, name, last.number, last.reason, fingerprints)
    valid = last.fingerprints == fingerprints and not (settings.boxed and last.unboxed)
    return replace(current, kept=update(last, current)) if valid else current


@cache
def fingerprint_grading() -> str:
    """Return a hash of the code that runs and judges submissions; the release has that of all other code."""
    return hash_files(HERE, "_jobs.py", "_worker.py")[:16]


def number_of(release: "Release", student: str) -> int | None:
    """Return the number that picks a student's variants; None where nobody's exercises vary."""
    return release.number(student)


def read_content(submission: "Submission", name: str) -> bytes | None:
    """Return the file that was handed in for a notebook; None where there is none."""
    if submission.problem is not None:
        return None
    return submission.files[name].read() if name in submission.files else None


def make_jobs(planned: Iterable[Planned], release: "Release", settings: Settings) -> Iterator[GradingJob]:
    """Yield the job of each notebook, made when it is asked for: submissions may be large."""
    imports: dict[str, tuple[str, ...]] = {}
    for each in planned:
        student, name = each.key
        if name not in imports:
            imports[name] = tuple(release.imports(name))
        whose = student if release.students else None
        yield GradingJob(
            student=student,
            notebook=name,
            content=read_content(each.submission, name) or b"",
            cells=tuple(release.cells(name, whose)),
            questions=tuple(release.questions(name, whose)),
            imports=imports[name],
            limits=LIMITS,
            every_cell=settings.every_cell,
            boxed=settings.boxed,
        )


def make_result(planned: Planned, release: "Release", answered: Answered) -> Result:
    """Return the result of a notebook from what a worker found."""
    exercises = {}
    for name, possible in points_of(release, planned.notebook).items():
        outcome = answered.outcomes.get(name, {"state": NOT_COLLECTED, "message": "it was not asked for"})
        marked = Marked(points=0, possible=possible, notes=answered.notes.get(name, []), **outcome)
        exercises[name] = replace(marked, points=possible) if marked.correct else marked
    result = Result(
        student=planned.submission.student,
        notebook=planned.notebook,
        number=planned.number,
        exercises=exercises,
        fingerprints=planned.fingerprints,
        reason=planned.reason,
        graded=datetime.now().astimezone().isoformat(timespec="seconds"),
        variant=number_of(release, planned.submission.student),
        box=answered.box,
        remarks=answered.remarks,
        problem=answered.problem,
        failures=answered.failures,
        executed=answered.executed,
        attempts=answered.attempts,
        seconds=answered.seconds,
        cpu_seconds=answered.cpu_seconds,
    )
    return update(result, planned)


def give_up(planned: Planned, release: "Release", problem: str) -> Result:
    """Return the result of a notebook that was not handed in, or of a submission that cannot be read."""
    outcome = {"state": NOT_COLLECTED, "message": problem, "answer": {"problem": problem}}
    asked = points_of(release, planned.notebook)
    return make_result(planned, release, Answered({name: outcome for name in asked}, problem=problem))


def points_of(release: "Release", name: str) -> dict[str, int]:
    """Return what each exercise of a notebook is worth, without those that no program grades."""
    left_out = release.left_out(name)
    return {each: points for each, points in release.points(name).items() if each not in left_out}


def update(result: Result, planned: Planned) -> Result:
    """Return a result with what is known today about the submission: when it came, whether that was late."""
    submission = planned.submission
    received = submission.received.isoformat(timespec="seconds") if submission.received else None
    return replace(result, received=received, late=submission.late, notes=list(submission.notes))
