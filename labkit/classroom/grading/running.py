"""Grade a class: run every submission that is new or changed, keep each result at once, then write pages and tables."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.classroom.box import find_box, leave_unboxed
from labkit.classroom.box.finding import CONTAINER
from labkit.classroom.feedback import write_feedback
from labkit.classroom.grading._folder import GradesFolder
from labkit.classroom.grading._planning import Planned, Settings, make_failure, make_jobs, make_result, plan, points_of
from labkit.classroom.grading._worker import close_workers, grade_job, name_box, prepare_to_grade
from labkit.classroom.releases import Release, load_release
from labkit.classroom.results import AskedNotebook, Graded, ResultFiles
from labkit.classroom.submissions import find_submissions, read_deadline
from labkit.errors import UserError
from labkit.exercises.checking import find_exercise
from labkit.exercises.words import printable
from labkit.workers import DaskPool, count_workers, open_pool, run_jobs

if TYPE_CHECKING:
    from labkit.classroom.submissions import Submission

MEMORY = 1500 * 2**20  # bytes for a worker: the template's libraries, the judge's, and what submissions mostly use
MOST_FAULTS = 3  # one after the other and none that works: it is not about the students
RESULTS, PAGES = "results", "pages"


@dataclass
class Grading:
    """What became of a class.

    Attributes
    ----------
    folder : pathlib.Path
        Where grades, pages and tables are.
    students : list of Graded
        In the order of the roster; without one, by id.
    asked : list of AskedNotebook
        The notebooks.
    graded, kept : int
        Notebooks graded now, and those whose former result is still valid.
    faults : dict of (str, str) to str
        Student and notebook that could not be graded for a fault of ours, each with what happened.
    crashed : dict of str to list of str
        Students whose answers made a check fail, with the exercises: their marks need a look.
    notices : list of str
        What a teacher should know of the run.
    """

    folder: Path
    students: list[Graded] = field(default_factory=list)
    asked: list[AskedNotebook] = field(default_factory=list)
    graded: int = 0
    kept: int = 0
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    crashed: dict[str, list[str]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing went wrong for a fault of ours."""
        return not self.faults and not self.crashed


def grade(
    submissions: str | Path,
    output: str | Path,
    *,
    release: str | Path | Release,
    workers: int | None = None,
    deadline: datetime | None = None,
    scheduler: str | None = None,
    unsafe: bool = False,
    regrade: Sequence[str] = (),
    reason: str = "",
    every_cell: bool = False,
    general_hints: bool | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Grading:
    """Grade submissions in a box, and write results, a page per student, tables of grades and an overview.

    Parameters
    ----------
    submissions : str or pathlib.Path
        A folder or a zip, as Moodle, Canvas or nbgrader export it.
    output : str or pathlib.Path
        A folder for grades. What it has from an earlier run and is still valid is kept.
    release : str or pathlib.Path or Release
        What was handed out.
    workers : int, optional
        Processes; by default as many as there are cores, and memory for.
    deadline : datetime.datetime, optional
        From when on a submission is late; without it, the one of the release.
    scheduler : str, optional
        Address of a Dask scheduler (``tcp://...``), whose workers grade instead of this machine.
    unsafe : bool, default False
        Run the students' code without a box where none works. Every page says so.
    regrade : sequence of str
        Ids of students to grade once more, after an appeal; their former results stay, and the last one counts.
    reason : str
        Why they are; their pages say it.
    every_cell : bool, default False
        Execute cells that no exercise depends on, too.
    general_hints : bool, optional
        Whether students' pages have the first hint of an exercise in place of what was found in the answer, so that
        they name no hidden call; by default as in the last run, and at first False. Results and the overview say all.
    on_progress : callable, optional
        Called with how many notebooks are graded, and of how many.

    Returns
    -------
    Grading

    Raises
    ------
    UserError
        No box works here (or on a machine of the cluster); the folders are not what they should be; no submission is of
        a student to regrade.
    """
    folder, release = Path(output), release if isinstance(release, Release) else load_release(release)
    if workers is not None and workers < 1:
        raise UserError(f"--workers {workers}: at least 1 is needed")
    settings = Settings(boxed=not unsafe or find_box().name is not None, every_cell=every_cell)
    if scheduler is None:
        require_box(settings)
    with GradesFolder(folder) as grades:
        found = find_submissions(submissions, release, deadline=deadline or find_deadline(release))
        grading = Grading(folder, asked=[describe_notebook(release, name) for name in release.names])
        files = ResultFiles(folder / RESULTS)
        todo = settle(grading, plan(found, release, files, settings, regrade=regrade, reason=reason), release, files)
        former = grades.read()
        if general_hints is None:
            general_hints = bool(former.get("general_hints"))
        if former.get("release") not in (None, release.fingerprint):
            grading.notices.append("the release, or labkit, is not that of the last run, so everything is graded again")
        grades.note(
            release=release.fingerprint,
            submissions=str(submissions),
            unsafe=not settings.boxed,
            general_hints=general_hints,
        )
        if todo:
            slots = min(workers or count_workers([MEMORY] * len(todo)), len(todo))
            with open_pool(slots, scheduler, most=workers, prepare=partial(prepare_to_grade, cores())) as pool:
                check_cluster(pool, settings)
                run(grading, todo, pool, release, files, settings, on_progress)
        grading.students = list_class(grading, found, release, files)
        note_results(grading, files)
        write_feedback(grading.students, grading.asked, folder, notices=grading.notices, general=general_hints)
    return grading


def find_deadline(release: Release) -> datetime | None:
    """Return the deadline that students were told, where it can be read."""
    try:
        return read_deadline(release.deadline) if release.deadline else None
    except UserError:  # it was written for people
        return None


def require_box(settings: Settings) -> None:
    """Raise a UserError where student code must not run on this machine."""
    if not settings.boxed:
        leave_unboxed()
        return
    kind = find_box()
    if kind.name is None:
        raise UserError(
            f"there is no box for student code here: {kind.sentence}. To get one: {kind.remedy}\nOr grade in a "
            f"container: {CONTAINER}\n--unsafe runs the students' code without a box: it can then read and change all "
            "that you can, also the marks of others"
        )


def check_cluster(pool: object, settings: Settings) -> None:
    """Raise a UserError where a machine of a Dask cluster has no box."""
    if isinstance(pool, DaskPool) and settings.boxed:
        for worker, missing in pool.ask_workers(name_box).items():
            if missing:
                raise UserError(f"the Dask worker {worker} has no box for student code: {missing}")


def cores() -> tuple[int, ...]:
    """Return the numbers of the cores that this process may use; empty where the system does not say."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def settle(grading: Grading, planned: object, release: Release, files: ResultFiles) -> list[Planned]:
    """Keep what is valid, settle what needs no worker, and return what has to be graded."""
    todo = []
    for each in planned:
        if not isinstance(each, Planned):
            student, name, error = each
            grading.faults[student, name] = str(error)
        elif each.kept is not None:
            grading.kept += 1
            if each.kept != files.read(*each.key)[-1]:
                files.write(each.kept)
        elif each.problem:
            files.write(make_failure(each, release))
        else:
            todo.append(each)
    return todo


def run(
    grading: Grading,
    todo: list[Planned],
    pool: object,
    release: Release,
    files: ResultFiles,
    settings: Settings,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Grade notebooks on a pool of workers; each result is kept as soon as it is there."""
    planned, done, in_a_row = {each.key: each for each in todo}, 0, 0

    def advance() -> None:
        nonlocal done
        done += 1
        if on_progress:
            on_progress(done, len(todo))

    def fail(each: Planned, error: BaseException) -> None:
        grading.faults[each.key] = explain_fault(error)
        advance()

    if on_progress:
        on_progress(0, len(todo))
    try:
        for job, future in run_jobs(grade_job, make_jobs(todo, release, settings, fail=fail), pool):
            each, error = planned[job.student, job.notebook], future.exception()
            if error is None:
                files.write(make_result(each, release, future.result()))
                grading.graded += 1
                in_a_row = -len(todo)
                advance()
                continue
            fail(each, error)
            in_a_row += 1
            if in_a_row >= MOST_FAULTS:
                raise UserError(f"nothing can be graded: {explain_fault(error)}") from error
    finally:
        if isinstance(pool, DaskPool):
            pool.ask_workers(close_workers)


def explain_fault(error: BaseException) -> str:
    """Say what kept a student from being graded."""
    if isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker":  # the latter is Dask's
        return "the worker process was ended, twice; if memory ran out, try --workers 1"
    said = printable(str(error))[:500]
    return said if isinstance(error, UserError) else f"{type(error).__name__}: {said}"


def describe_notebook(release: Release, name: str) -> AskedNotebook:
    """Return a notebook of the release as pages name it."""
    points, titles, title = points_of(release, name), {}, name
    for cell in release.cells(name):
        if cell.kind == "markdown":
            first = cell.source.strip().partition("\n")[0]
            if first.startswith("# ") and title == name:
                title = first[2:].strip()
            elif first.startswith("### Exercise ") and " · " in first:
                number, _, words = first.removeprefix("### Exercise ").partition(" · ")
                titles[number.strip()] = words.strip()
    exercises = {each: find_exercise(each) for each in points}
    objectives = {name: each.objective for name, each in exercises.items()}
    hints = {name: each.hints[0] for name, each in exercises.items()}
    return AskedNotebook(name, title, points, titles, objectives, hints, release.left_out(name))


def list_class(grading: Grading, found: "list[Submission]", release: Release, files: ResultFiles) -> list[Graded]:
    """Return the class: the roster in its order, then others who handed something in."""
    handed_in = {each.student: each for each in found}
    roster = {each.id: each for each in release.students}
    graded = []
    for student in [*roster, *sorted(set(handed_in) - set(roster))]:
        faults = {name: grading.faults[student, name] for name in release.names if (student, name) in grading.faults}
        valid = [name for name in release.names if student in handed_in and name not in faults]
        results = {name: files.read(student, name) for name in valid}
        known, came = roster.get(student), handed_in.get(student)
        words = {"name": known.name, "email": known.email, "login": known.login} if known else {}
        row = dict(known.columns) if known and known.platform == "Canvas" else {}
        if came is not None:
            words["name"] = words.get("name") or came.name
            words["canvas"] = came.number if came.platform == "Canvas" else ""
        graded.append(Graded(student, row=row, results=results, faults=faults, **words))
    return graded


def note_results(grading: Grading, files: ResultFiles) -> None:
    """Note checks that failed, damaged results, and those of students who are no longer among the submissions."""
    grading.notices += files.set_aside
    for student in grading.students:
        for result in student.counting:
            if failed := [name for name, each in result.exercises.items() if each.crashed]:
                grading.crashed.setdefault(student.id, []).extend(failed)
    if gone := files.find_others(each.id for each in grading.students):
        named = ", ".join(gone[:5]) + (f" and {len(gone) - 5} others" if len(gone) > 5 else "")
        grading.notices.append(f"results of students without a submission now are left out of the tables: {named}")
