"""What has to be graded: notebooks that are new or changed, or whose result would be another one today."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.cache import hash_files
from labkit.classroom.box.submissions import Limits
from labkit.classroom.grading._jobs import Answered, GradingJob
from labkit.classroom.judging import NOT_COLLECTED
from labkit.classroom.results import MarkedExercise, Result, ResultFiles
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
    problem : str
        Why it cannot be graded; empty where it can.
    kept : Result or None
        The result that is still valid, brought up to date where only the circumstances have changed.
    """

    submission: "Submission"
    notebook: str
    number: int
    reason: str
    fingerprints: dict[str, str]
    problem: str = ""
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
) -> Iterator[Planned | tuple[str, str, Exception]]:
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
            except (UserError, OSError) as error:  # a result of another version, or a file that is gone
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
    problem, content = find_problem(submission, release, name), b""
    if not problem:
        try:
            content = submission.files[name].read()
        except UserError as error:  # such as one that is larger than any notebook
            problem = str(error)
    fingerprints = {
        "release": release.fingerprint,
        "number": str(release.number(submission.student) if is_known(release, submission.student) else None),
        "submission": problem or hashlib.sha256(content).hexdigest(),
        "code": fingerprint_grading(),
        "cells": "every" if settings.every_cell else "needed",
    }
    damaged = len(files.set_aside)
    former = files.read(submission.student, name)
    if len(files.set_aside) > damaged and reason is None:
        reason = "the file of its result was damaged"
    if not former or reason is not None:
        return Planned(submission, name, len(former) + 1, reason or "", fingerprints, problem)
    last = former[-1]
    current = Planned(submission, name, last.number, last.reason, fingerprints, problem)
    valid = last.fingerprints == fingerprints and not (settings.boxed and last.unboxed)
    return replace(current, kept=update(last, current)) if valid else current


@cache
def fingerprint_grading() -> str:
    """Return a hash of the code that runs and judges submissions; the release has that of all other code."""
    return hash_files(HERE, "_jobs.py", "_worker.py")[:16]


def find_problem(submission: "Submission", release: "Release", name: str) -> str:
    """Say why a notebook cannot be graded before it is read; empty where it can."""
    if submission.problem is not None:
        return submission.problem
    if not is_known(release, submission.student):
        return f"{submission.student} is not on the roster of the release"
    return "" if name in submission.files else f"no notebook {name}.ipynb was handed in"


def is_known(release: "Release", student: str) -> bool:
    """Say whether there is a notebook that this student was handed out."""
    return not release.students or any(student == each.id for each in release.students)


def make_jobs(
    planned: Iterable[Planned], release: "Release", settings: Settings, *, fail: Callable[[Planned, Exception], None]
) -> Iterator[GradingJob]:
    """Yield the job of each notebook, made when it is asked for: submissions may be large.

    Of what cannot be made into a job, such as a file that is gone, ``fail`` is told; the others are yielded.
    """
    asked: dict[tuple[str, str | None], dict] = {}  # of the last job alone: with a roster, everybody has others
    for each in planned:
        student, name = each.key
        whose = student if release.students else None
        try:
            if (name, whose) not in asked:
                found = {"cells": tuple(release.cells(name, whose)), "imports": tuple(release.imports(name))}
                asked = {(name, whose): found | {"questions": tuple(release.questions(name, whose))}}
            yield GradingJob(
                student=student,
                notebook=name,
                content=each.submission.files[name].read(),
                limits=LIMITS,
                every_cell=settings.every_cell,
                boxed=settings.boxed,
                **asked[name, whose],
            )
        except Exception as error:
            fail(each, error)


def make_result(planned: Planned, release: "Release", answered: Answered) -> Result:
    """Return the result of a notebook from what a worker found."""
    exercises = {}
    for name, possible in points_of(release, planned.notebook).items():
        outcome = answered.outcomes.get(name, {"state": NOT_COLLECTED, "message": "it was not asked for"})
        marked = MarkedExercise(points=0, possible=possible, notes=answered.notes.get(name, []), **outcome)
        exercises[name] = replace(marked, points=possible) if marked.correct else marked
    result = Result(
        student=planned.submission.student,
        notebook=planned.notebook,
        number=planned.number,
        exercises=exercises,
        fingerprints=planned.fingerprints,
        reason=planned.reason,
        graded=datetime.now().astimezone().isoformat(timespec="seconds"),
        variant=answered.variant or None,
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


def make_failure(planned: Planned, release: "Release") -> Result:
    """Return the result of a notebook that cannot be graded, such as one that was not handed in."""
    outcome = {"state": NOT_COLLECTED, "message": planned.problem, "answer": {"problem": planned.problem}}
    outcomes = dict.fromkeys(points_of(release, planned.notebook), outcome)
    return make_result(planned, release, Answered(outcomes, problem=planned.problem))


def points_of(release: "Release", name: str) -> dict[str, int]:
    """Return what each exercise of a notebook is worth, without those that no program grades."""
    left_out = release.left_out(name)
    return {each: points for each, points in release.points(name).items() if each not in left_out}


def update(result: Result, planned: Planned) -> Result:
    """Return a result with what is known today about the submission: when it came, whether that was late."""
    submission = planned.submission
    received = submission.received.isoformat(timespec="seconds") if submission.received else None
    return replace(result, received=received, late=submission.late, notes=list(submission.notes))
