"""Runs: which notebooks have to be executed, with what values, how many at a time, and what is kept of them."""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.course.build import Course, spare_import
from labkit.course.execute import (
    MEGABYTE,
    Execution,
    Job,
    count_exercises,
    describe_fault,
    execute,
    make_error,
    shorten_error,
)
from labkit.course.outputs import Outputs, fingerprint_renderer, fingerprints
from labkit.course.pages import write_site
from labkit.course.report import Display, make_entry, make_report, write_report
from labkit.course.sources.conversion import read_budget
from labkit.errors import UserError
from labkit.workers import DaskPool, LocalPool, count_workers, open_pool, run_jobs

if TYPE_CHECKING:
    from nbformat import NotebookNode

PROFILES = ("smoke", "default", "full")
FORMS = ("solution", "student")
CELL_TIMEOUT = {"smoke": 600, "default": 1800, "full": 6 * 3600}  # seconds a cell may take before it counts as hanging


def run_notebooks(
    course: Course,
    names: Iterable[str] = (),
    *,
    profile: str = "default",
    form: str = "solution",
    workers: int | None = None,
    scheduler: str | None = None,
    output: str | Path | None = None,
    force: bool = False,
    display: Display | None = None,
) -> dict:
    """Execute notebooks in parallel, skip what has not changed, and write a report.

    Parameters
    ----------
    course : Course
        Whose notebooks.
    names : iterable of str
        Which; all when empty.
    profile : {"smoke", "default", "full"}
        Size, see `load_profile`.
    form : {"solution", "student"}
        The sources with their solutions, or the notebooks students get.
    workers : int, optional
        Notebooks at a time. By default as many as there are cores, notebooks, and memory for.
    scheduler : str, optional
        Address of a Dask scheduler (``tcp://...``), whose workers execute the notebooks instead of this machine.
    output : path, optional
        Folder for executed notebooks, pages and report; default ``build/PROFILE-FORM``.
    force : bool
        Also execute what has not changed.
    display : labkit.course.report.Display, optional
        Shows what happens.

    Returns
    -------
    dict
        The report, also written as ``report.json`` and ``report.html``. A failed notebook does not end the run; one
        whose file cannot be read has failed, and so has one that did not run to its end.

    Raises
    ------
    UserError
        An unknown name, profile, form or parameter; a number of workers below 1; an output folder in use or that cannot
        be written to; a cluster that cannot be used.
    FileNotFoundError
        No student notebook was built yet.
    """
    if workers is not None and workers < 1:
        raise UserError(f"--workers {workers}: at least 1 is needed")
    check_choices(profile, form)
    names = course.choose(names)
    notebooks, unreadable = read_notebooks(course, names, form=form)
    parameters = load_profile(course, profile, names=notebooks, form=form)
    budgets = {name: read_budget(notebook) for name, notebook in notebooks.items()}
    with Outputs(output or default_output(course, profile, form)) as outputs:
        outputs.clear_report()
        marks = fingerprints(course, parameters, form=form)
        entries = {}
        if display:
            display.expect(len(names))

        def note(entry: dict) -> None:
            """Keep and show a notebook's entry."""
            entries[entry["name"]] = entry
            if display:
                display.finished(entry)

        for execution in unreadable:
            outputs.write(execution, "")
            note(make_entry(**asdict(execution)))
        todo = []
        for name in notebooks:
            figures = None if force else outputs.finished(name, marks[name])
            if figures:
                note(make_entry(name=name, status="cached", error=None, **figures))
            else:
                todo.append(name)
        if todo:
            # The longest first: what is short fills the gaps at the end.
            todo.sort(key=lambda name: -budgets[name].get("seconds", 0))
            slots = workers or count_workers([budgets[name].get("mb", 0) * MEGABYTE for name in todo])
            with open_pool(min(slots, len(todo)), scheduler, most=workers, prepare=prepare_to_execute) as pool:
                timeout = CELL_TIMEOUT[profile]
                jobs = [_make_job(name, notebooks[name], parameters[name], pool, timeout) for name in todo]
                for execution in execute_all(jobs, pool, on_start=display.started if display else None):
                    outputs.write(execution, marks[execution.name])
                    note(make_entry(**asdict(execution)))
        faults, warnings = write_site(
            course, outputs.folder, record=outputs.pages, renderer=fingerprint_renderer(course)
        )
        for name, fault in faults.items():
            if name in entries and entries[name]["error"] is None:
                error = shorten_error(describe_fault(fault), name)
                entries[name] |= {"status": "failed", "error": error}
        for warning in warnings if display else ():
            display.say(f"Warning: {warning}", style="yellow")
        report = make_report([entries[name] for name in names], profile=profile, form=form)
        write_report(outputs, report, budgets=budgets)
    return report


def check_choices(profile: str, form: str) -> None:
    """Raise a UserError for an unknown profile or form."""
    for value, known, what in ((profile, PROFILES, "profile"), (form, FORMS, "form")):
        if value not in known:
            raise UserError(f"no {what} named {value!r}; choose one of {', '.join(known)}")


def read_notebooks(course: Course, names: list[str], *, form: str) -> tuple[dict[str, "NotebookNode"], list[Execution]]:
    """Return the notebooks that can be read, and an `Execution` that failed for each that cannot.

    Raises
    ------
    FileNotFoundError
        Not one of them was built yet.
    """
    notebooks, unreadable, missing = {}, [], []
    for name in names:
        try:
            notebooks[name] = course.read(name, form=form)
        except (UserError, FileNotFoundError) as error:
            missing += [error] if isinstance(error, FileNotFoundError) else []
            unreadable.append(failed_execution(name, type(error).__name__, str(error)))
    if len(missing) == len(names):
        raise missing[0]
    return notebooks, unreadable


def load_profile(course: Course, profile: str, *, names: Iterable[str], form: str = "solution") -> dict[str, dict]:
    """Return the parameter values of each notebook for a profile; ``default`` keeps the notebooks' own.

    Parameters
    ----------
    course : Course
        Whose ``notebooks/profiles.toml``: a table ``[PROFILE.NOTEBOOK]`` of values.
    profile : {"smoke", "default", "full"}
        Size of the run.
    names : iterable of str
        The notebooks that will run; each one's values are checked against its ``parameters`` cell.
    form : {"solution", "student"}
        Which form's cell to check.

    Returns
    -------
    dict of str to dict
        For every name, parameter to value.

    Raises
    ------
    UserError
        An unknown profile, form, notebook or parameter, in the call or in the file: papermill itself would only warn,
        and run the notebook at full size.
    """
    names = list(names)
    check_choices(profile, form)
    path = course.notebooks / "profiles.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid TOML: {error}") from error
    sized = [known for known in PROFILES if known != "default"]
    for section, notebooks in table.items():
        if section not in sized:
            raise UserError(f"{path}: [{section}] is no profile with its own values; these are {', '.join(sized)}")
        if not (isinstance(notebooks, dict) and all(isinstance(given, dict) for given in notebooks.values())):
            raise UserError(f"{path}: [{section}] holds a value outside a table; write [{section}.NN_topic] above it")
        if unknown := sorted(set(notebooks) - set(course.names)):
            known = ", ".join(course.names)
            raise UserError(f"{path}: [{section}.{unknown[0]}] names no notebook; there are: {known}")
    values = {name: table.get(profile, {}).get(name, {}) for name in names}
    for name, given in values.items():
        if given and (unknown := sorted(set(given) - (known := parameters_of(course.read(name, form=form))))):
            raise UserError(
                f"{path}: [{profile}.{name}] sets {', '.join(unknown)}, but the notebook's parameters cell has "
                f"{', '.join(sorted(known)) or 'no parameters'}"
            )
    return values


def parameters_of(notebook: "NotebookNode") -> set[str]:
    """Return the names assigned in a notebook's cell tagged ``parameters``."""
    import papermill

    return set(papermill.inspect_notebook(notebook))


def default_output(course: Course, profile: str, form: str) -> Path:
    """Return the folder a run writes to when no other is given."""
    return course.root / "build" / f"{profile}-{form}"


def prepare_to_execute(slot: int) -> None:
    """Make a worker process ready for notebooks."""
    spare_import()


def _make_job(name: str, notebook: "NotebookNode", parameters: dict, pool: LocalPool | DaskPool, timeout: int) -> Job:
    """Return the job of executing a notebook in a pool."""
    import nbformat

    content = nbformat.writes(notebook)
    return Job(name, content, parameters, slots=pool.slots_on_a_machine, timeout=timeout, scratch=pool.scratch)


def execute_all(
    jobs: Iterable[Job], pool: LocalPool | DaskPool, *, on_start: Callable[[str], None] | None = None
) -> Iterator[Execution]:
    """Yield an `Execution` for each job as it ends, see `run_jobs`.

    Parameters
    ----------
    jobs : iterable of Job
        Started in this order.
    pool : LocalPool or DaskPool
        Where they run.
    on_start : callable, optional
        Called with the name of each job that starts.
    """
    note = None if on_start is None else lambda job: on_start(job.name)
    for job, future in run_jobs(execute, jobs, pool, on_start=note):
        error = future.exception()
        yield future.result() if error is None else lost_execution(job, error)


def lost_execution(job: Job, error: BaseException) -> Execution:
    """Return the failure of a job that has no result, because its worker ended or could not send it."""
    kind = type(error).__name__
    if isinstance(error, BrokenExecutor) or kind == "KilledWorker":  # the latter is Dask's
        message = f"the worker ended before the notebook did ({error}); if memory ran out, try --workers 1"
    else:
        message = f"the worker did not send a result: {error}"
    return failed_execution(job.name, kind, message)


def failed_execution(name: str, kind: str, message: str) -> Execution:
    """Return the failure of a notebook of which no cell ran, or nothing is known."""
    error = shorten_error(make_error(kind, message), name)
    return Execution(name, "failed", 0.0, 0.0, count_exercises(None), error, None)
