"""The command `labkit`. Each command imports what it needs when it is called, so that all of them start at once."""

import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from labkit.course.commands.card_command import card
from labkit.course.commands.class_command import class_commands
from labkit.course.commands.decision_options import (
    Confidence,
    Count,
    Decimal,
    Favorable,
    MinGroupSize,
    MissingGroup,
    Person,
    PositiveMeans,
    Prediction,
    Sheet,
    Threshold,
    Weight,
    find_no_decision,
)
from labkit.course.commands.log_command import log
from labkit.course.commands.monitor_command import monitor
from labkit.course.interrupts import watch_interrupts, watch_termination
from labkit.errors import UserError

if TYPE_CHECKING:
    from labkit.course.copies import Update

# What users can fix: a permission is one of a file or folder of theirs, named in the message.
USERS_TO_FIX = (UserError, FileNotFoundError, PermissionError)
WRONG_CALL, CONDITION_MET, INTERRUPTED = 2, 3, 130  # exit statuses; 1 is every other error


class Profile(StrEnum):
    """Size of a run."""

    smoke = "smoke"
    default = "default"
    full = "full"


class Form(StrEnum):
    """Which form of the notebooks runs."""

    solution = "solution"
    student = "student"


class Commands(TyperGroup):
    """The commands, whose errors are one line where a user can fix them; a bug of ours keeps its traceback."""

    def invoke(self, context):
        """Run a command; turn an error that a user can fix into one line and exit status 1."""
        try:
            with watch_interrupts():
                return super().invoke(context)
        except KeyboardInterrupt as error:
            raise typer.Exit(INTERRUPTED) from error
        except USERS_TO_FIX as error:
            if context.params["debug"]:
                raise
            from labkit.validation import escape_controls

            typer.secho(f"labkit: {escape_controls(str(error))}", fg="red", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def prepare(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of every error.")] = False,
) -> None:
    """Fairness Lab: build, run and check the course; audit your own table."""
    from labkit.course.build import spare_import

    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # after set-up nothing asks the network
    spare_import()


@app.command()
def doctor() -> None:
    """Check versions, model, data, memory, disk and workers; say which command fixes what."""
    from rich.console import Console
    from rich.table import Table

    from labkit.course.doctor import check_machine

    rows = check_machine()
    table = Table("", "found", "needed", "", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row.what, row.found, row.needed, "[green]ok" if row.ok else "[red]fix")
    console = Console(highlight=False)
    console.print(table)
    remedies = dict.fromkeys(row.remedy for row in rows if not row.ok)
    for remedy in remedies:
        console.print(f"fix it with: {remedy}", style="bold", markup=False, soft_wrap=True)
    raise typer.Exit(1 if remedies else 0)


@app.command()
def fetch(
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Download this hub model, too.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be downloaded.")] = False,
) -> None:
    """Download what does not ship (sentences, benchmarks, models) into the cache folder, and verify checksums."""
    from labkit.data.fetching import fetch as fetch_data
    from labkit.language.causal_lm.files import fetch_generative_model

    for each in [*fetch_data(dry_run=dry_run), fetch_generative_model(dry_run=dry_run)]:
        download = f"download {each.download_bytes / 1e6:.0f} MB" if each.download_bytes else "from the same download"
        kept = each.disk_bytes / 1e6
        size = f"{download}, keeps {kept:.{0 if kept >= 10 else 1}f} MB"
        note = {"missing": f"would be fetched ({size})", "present": "is there"}.get(each.state, each.state)
        typer.echo(f"{each.name}: {note}: {each.path}")
    if model is not None:
        from labkit.models.weights import fetch_model

        folder = fetch_model(model, dry_run=dry_run)
        typer.echo(f"{model}: {'would be in' if dry_run else 'is in'} {folder}")


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a notebook differs.")] = False,
) -> None:
    """Write the student notebooks from notebooks/solutions/."""
    from labkit.course.build import build, check_notebook_libraries, find_course

    check_notebook_libraries()
    course = find_course()
    result = build(course, check=check)
    for name in result.stale:
        said = "differs from its source; fix it with: labkit build" if check else "written"
        typer.echo(f"notebooks/{name}.ipynb {said}", err=check)
    for name in result.stray:
        typer.echo(f"notebooks/{name}.ipynb has no source in notebooks/solutions; remove it or add one", err=True)
    for message in result.unreadable:
        typer.secho(f"labkit: {message}", fg="red", err=True)
    if not result.stale and not result.stray and not result.unreadable:
        typer.echo(f"{len(course.names)} student notebooks are as their sources say")
    if result.unreadable or check and (result.stale or result.stray):
        raise typer.Exit(1)


@app.command()
def start(
    update: Annotated[
        bool, typer.Option("--update", help="Replace outdated copies; keeps your answers and the old files.")
    ] = False,
) -> None:
    """Copy the student notebooks that are missing into work/; yours are never overwritten."""
    from labkit.course.build import find_course
    from labkit.course.copies import explain_damage, start, update_copy

    course = find_course()
    copies = start(course)
    for name in copies.missing:
        typer.echo(f"work/{name}.ipynb copied")
    old = copies.outdated + copies.recoded
    left = len(copies.current) if update else len(copies.current + old)
    if left:
        typer.echo(f"{left} of your notebooks in work/ left as they are")
    for name in copies.unreadable:
        typer.echo(f"left alone: {explain_damage(course.work / f'{name}.ipynb')}", err=True)
    first = min(copies.missing + copies.current + old, default=None)
    if first:
        typer.echo(f"in JupyterLab, start with work/{first}.ipynb")
    if not old:
        return
    if not update:
        if copies.outdated:
            typer.echo(f"outdated, made from an earlier version of the notebook: {', '.join(copies.outdated)}")
        if copies.recoded:
            typer.echo(f"in an encoding that JupyterLab does not open: {', '.join(copies.recoded)}")
        typer.echo("close these in JupyterLab, then get the new ones and keep your answers with: labkit start --update")
        return
    failed = False
    for name in old:
        try:
            say_update(name, update_copy(course, name))
        except (UserError, OSError) as error:  # the others are updated all the same
            typer.secho(f"labkit: {error}", fg="red", err=True)
            failed = True
    typer.echo("run the updated notebooks from top to bottom; after that `labkit progress` counts their exercises")
    if failed:
        raise typer.Exit(1)


def say_update(name: str, update: "Update") -> None:
    """Say what became of an outdated copy, and what its student should look at."""
    answers, others = (
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((len(update.answers), "answer"), (update.others, "other cell"))
    )
    typer.echo(f"work/{name}.ipynb updated, with {answers} and {others} of yours; the old copy is {update.kept_as}")
    for exercise in update.changed:
        typer.echo(f"  exercise {exercise} has changed since you answered it; compare with notebooks/{name}.ipynb")
    for exercise in update.gone:
        typer.echo(f"  exercise {exercise} no longer exists; what you wrote is in {update.kept_as}")


@app.command()
def progress() -> None:
    """Show what is correct, not yet and not attempted in work/, by notebook and objective."""
    from rich.console import Console
    from rich.table import Table

    from labkit.course.build import find_course
    from labkit.course.copies import find_copies
    from labkit.course.progress import CORRECT, by_objective, read_progress
    from labkit.exercises.judging import STATES

    course = find_course()
    found = read_progress(course)
    standings = found.standings
    table = Table(box=None, pad_edge=False)
    for heading in ("notebook", "objective", *STATES, "points", ""):
        table.add_column(heading, no_wrap=heading not in STATES)
    shown, waiting = None, False
    for line in by_objective(standings):
        name = line.notebook if line.notebook != shown else ""
        note = ""
        if name and not line.started:
            note = "not started"
        elif name and not line.readable:
            note = "cannot be read"
        waiting |= not line.started
        table.add_row(name, line.objective, *map(str, line.counts.values()), f"{line.points}/{line.possible}", note)
        shown = line.notebook
    Console(highlight=False, soft_wrap=True).print(table)
    done = [each for each in standings if each.state == CORRECT]
    points, possible = (sum(each.points for each in group) for group in (done, standings))
    typer.echo(f"\n{len(done)} of {len(standings)} exercises correct, {points} of {possible} points, as last saved")
    with suppress(UserError):  # a damaged notebook of the course is among the problems
        copies = find_copies(course)
        if copies.outdated:
            names = ", ".join(copies.outdated)
            typer.echo(f"outdated copies: {names}; update them and keep your answers: labkit start --update")
        if copies.recoded:
            names = ", ".join(copies.recoded)
            typer.echo(f"in an encoding that JupyterLab does not open: {names}; repair with: labkit start --update")
    if waiting:
        typer.echo("put the notebooks that you have not started into work/ with: labkit start")
    for problem in found.problems:
        typer.secho(f"labkit: {problem}", fg="red", err=True)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def run(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which ones; all by default.")] = None,
    profile: Annotated[Profile, typer.Option(help="Size.")] = Profile.default,
    form: Annotated[Form, typer.Option(help="With solutions, or as students get them.")] = Form.solution,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many at a time.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Use this Dask cluster: tcp://...")] = None,
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="Default: build/PROFILE-FORM.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also run what has not changed.")] = False,
) -> None:
    """Execute notebooks in parallel and write report.json and report.html."""
    from labkit.course.build import check_notebook_libraries, find_course
    from labkit.course.report import Display
    from labkit.course.run import default_output, run_notebooks

    check_notebook_libraries()
    course = find_course()
    folder = output or default_output(course, profile.value, form.value)
    display = Display()
    try:
        with display:
            report = run_notebooks(
                course,
                names or (),
                profile=profile.value,
                form=form.value,
                workers=workers,
                scheduler=scheduler,
                output=folder,
                force=force,
                display=display,
            )
    except KeyboardInterrupt:
        typer.echo(
            f"\nstopped; {display.kept} finished notebooks are in {folder}, and the next run keeps them", err=True
        )
        raise
    display.explain_failures(report["notebooks"])
    failed = sum(entry["status"] == "failed" for entry in report["notebooks"])
    display.say(f"\n{len(report['notebooks'])} notebooks, {failed} failed: {folder / 'report.html'}")
    if failed:
        raise typer.Exit(1)


@app.command()
def audit(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, Parquet, Excel or JSON lines; or a folder of Parquet files.")
    ],
    sensitive: Annotated[list[str], typer.Option(help="Column with the group; repeat it for intersections.")],
    label: Annotated[
        str | None,
        typer.Option(help="Column with what turned out to be true, 0 or 1. Without it: selection rates alone."),
    ] = None,
    prediction: Prediction = None,
    score: Annotated[str | None, typer.Option(help="Column of scores; from 0 to 1: adds AUC and calibration.")] = None,
    threshold: Threshold = None,
    count: Count = None,
    weight: Weight = None,
    person: Person = None,
    missing_group: MissingGroup = None,
    decimal: Decimal = ".",
    sheet: Sheet = None,
    favorable: Favorable = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP",
            help="Group that others are compared with, or rest; by default the largest, or with --favorable the one "
            "with the most favorable decisions. With several --sensitive: repeat it, a value for each.",
        ),
    ] = None,
    explain_gap: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Split the gap in selection rates between two groups. Needs --label."),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help='Exit with 3 where it is met beyond chance: "ratio(selection_rate) < 0.8"; with --favorable also '
            '"ratio(favorable_rate) < 0.8". May be repeated.',
        ),
    ] = None,
    min_group_size: MinGroupSize = 20,
    confidence: Confidence = 0.95,
    positive_means: PositiveMeans = "",
    n_tables: Annotated[
        int, typer.Option("--n-tables", min=99, metavar="N", help="Random tables behind p-values of small counts.")
    ] = 9_999,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the figure and the page go; FILE-audit-COLUMNS by default."),
    ] = None,
    raw_csv: Annotated[
        bool, typer.Option("--raw-csv", help="Leave names that a spreadsheet would run as formulas as they are.")
    ] = False,
) -> None:
    """Audit a table of decisions: rates by group with intervals, a figure, a page, warnings on small groups."""
    from labkit.audit.command.run import BadOption, ConditionMet, audit_file, in_options, read_favorable

    columns = {"label": label, "prediction": prediction, "sensitive": sensitive, "score": score}
    columns |= {"threshold": threshold, "count": count, "weight": weight, "person": person}
    columns |= {"missing_group": missing_group, "n_tables": n_tables}
    columns |= {"reference": reference or None, "explain_gap": explain_gap, "fail_if": fail_if or ()}
    columns |= {"min_group_size": min_group_size, "confidence": confidence, "positive_means": positive_means}
    columns |= {"decimal": decimal, "sheet": sheet}
    try:
        if problem := find_no_decision(prediction, score, threshold):
            raise BadOption(problem)
        decides = {"prediction": prediction, "score": score, "threshold": threshold}
        columns["favorable"] = read_favorable(favorable, **decides)
        with watch_termination():
            audit_file(file, **columns, output=output, raw_csv=raw_csv)
    except BadOption as error:
        typer.secho(f"labkit: {in_options(str(error))}", fg="red", err=True)
        raise typer.Exit(WRONG_CALL) from error
    except ConditionMet as error:
        typer.secho(f"labkit: --fail-if {error}", fg="red", err=True)
        raise typer.Exit(CONDITION_MET) from error
    except UserError as error:
        raise UserError(in_options(str(error))) from error


app.command()(monitor)
app.command()(card)
app.add_typer(log)
app.add_typer(class_commands)
