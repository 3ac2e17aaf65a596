"""A worker: one box and one judge, which live as long as their thread and grade one notebook after the other."""

import os
import threading
from dataclasses import replace
from multiprocessing.util import Finalize

from labkit.classroom.box import Box, find_box, leave_unboxed
from labkit.classroom.grading._jobs import Answered, GradingJob
from labkit.classroom.judging import NOT_COLLECTED, Judge
from labkit.classroom.submissions import recognize

_own = threading.local()  # the box ends with the thread that made it, so a thread keeps its own
_opened: list["Worker"] = []  # all of this process


class Worker:
    """A box and a judge."""

    def __init__(self) -> None:
        self.judge = Judge()
        self.box: Box | None = None
        self.made_for: tuple = ()
        _opened.append(self)

    def box_for(self, job: GradingJob) -> Box:
        """Return a box whose template has made the imports of the job's notebook."""
        wanted = (job.boxed, job.imports)
        if self.box is None or self.made_for != wanted:
            self.close_box()
            self.box = Box(find_box() if job.boxed else leave_unboxed(), imports=job.imports)
            self.made_for = wanted
        self.box.ready  # noqa: B018, starts it, in a time that is not the student's
        return self.box

    def close_box(self) -> None:
        """End the box."""
        if self.box is not None:
            self.box.close()
            self.box = None

    def close(self) -> None:
        """End the box and the judge."""
        self.close_box()
        self.judge.close()


def prepare_to_grade(cores: tuple[int, ...], slot: int) -> None:
    """Give a worker process a core, which its box and its judge share, and keep Ctrl-C in a terminal from them."""
    Finalize(None, close_workers, exitpriority=1)
    os.setsid()
    if cores:
        os.sched_setaffinity(0, {cores[slot % len(cores)]})


def grade_job(job: GradingJob) -> Answered:
    """Run a student's notebook in the box of this thread, and have its answers judged."""
    found = recognize(job.cells, job.content)
    if found.problem is not None:
        return Answered(outcomes=give_up(job, found.problem), problem=found.problem, remarks=list(found.remarks))
    if not hasattr(_own, "worker"):
        _own.worker = Worker()
    worker: Worker = _own.worker
    box = worker.box_for(job)
    questions = [replace(each, after=found.after.get(each.id)) for each in job.questions]
    collected = box.run(found.cells, questions, limits=job.limits, every_cell=job.every_cell)
    outcomes = worker.judge.outcomes(collected.answers, questions)
    return Answered(
        outcomes={
            name: {"state": each.state, "message": each.message, "crashed": each.crashed}
            | {"answer": collected.answers[name]}
            for name, each in outcomes.items()
        },
        notes={name: list(notes) for name, notes in found.notes.items()},
        remarks=list(found.remarks),
        failures=collected.failures,
        variant=max((each.variant for each in questions), default=0),
        box=str(box.kind.name),
        executed=collected.executed,
        attempts=collected.attempts,
        seconds=round(collected.seconds, 3),
        cpu_seconds=round(collected.cpu_seconds, 3),
    )


def give_up(job: GradingJob, problem: str) -> dict[str, dict]:
    """Return the outcomes of a notebook of which nothing can be graded."""
    outcome = {"state": NOT_COLLECTED, "message": problem, "crashed": False, "answer": {"problem": problem}}
    return {each.id: dict(outcome) for each in job.questions}


def name_box() -> str:
    """Return which box there is on the machine where this runs; what is missing, where there is none."""
    found = find_box()
    return "" if found.name else f"{found.sentence}; to get one: {found.remedy}"


def close_workers() -> None:
    """End the boxes and judges of this process."""
    while _opened:
        _opened.pop().close()
