"""The command `labkit class grade`; the work is in `labkit.classroom`, which is imported when it is called."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.course.interrupts import watch_termination
from labkit.errors import UserError

if TYPE_CHECKING:
    from labkit.classroom.grading import Grading

FAULTS = 1  # exit status: something could not be graded for a fault of ours; 2 is a wrong call


def grade_class(
    submissions: Annotated[
        Path,
        typer.Argument(metavar="SUBMISSIONS", help="A folder or a zip, as Moodle, Canvas or nbgrader export it."),
    ],
    release: Annotated[Path, typer.Option(metavar="DIR", help="What `labkit class release` wrote.")],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for results, pages and tables of grades.")],
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Submissions at a time.")] = None,
    deadline: Annotated[
        str | None, typer.Option(metavar="TIME", help="When submissions become late; the release's by default.")
    ] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Use this Dask cluster: tcp://...")] = None,
    regrade: Annotated[
        list[str] | None,
        typer.Option(metavar="STUDENT", help="Grade once more, after an appeal; keeps both results. Repeat it."),
    ] = None,
    reason: Annotated[str, typer.Option(metavar="WORDS", help="Why --regrade: the page says it.")] = "",
    every_cell: Annotated[
        bool, typer.Option("--every-cell", help="Also execute cells that no exercise depends on.")
    ] = False,
    general_hints: Annotated[
        bool | None,
        typer.Option(
            "--general-hints/--exact-hints",
            help="Pages name no hidden call, and have a general hint; as in the last call by default.",
            show_default=False,
        ),
    ] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Where no box works, run students' code without one; every page says so.")
    ] = False,
) -> None:
    """Grade submissions in a box: a page for each student, tables for Moodle and Canvas, an overview.

    What has not changed since the last call is not graded again. Exits with 1 where something could not be graded.
    """
    from labkit.classroom.grading import grade
    from labkit.classroom.submissions import read_deadline

    if reason and not regrade:
        raise typer.BadParameter("it says why --regrade is called; name the students", param_hint="--reason")
    try:
        due = read_deadline(deadline) if deadline else None
    except UserError as error:
        raise typer.BadParameter(str(error), param_hint="--deadline") from error
    display = ProgressBar()
    try:
        with watch_termination(), display:
            grading = grade(
                submissions,
                output,
                release=release,
                workers=workers,
                deadline=due,
                scheduler=scheduler,
                unsafe=unsafe,
                regrade=regrade or (),
                reason=reason,
                every_cell=every_cell,
                general_hints=general_hints,
                on_progress=display.show,
            )
    except KeyboardInterrupt:
        typer.echo(f"\nstopped; {display.done} notebooks were graded now; the next call goes on from there", err=True)
        raise
    say_grading(grading)
    if not grading.complete:
        raise typer.Exit(FAULTS)


class ProgressBar:
    """A progress bar, where somebody watches."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        self.bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.task = None
        self.done = 0

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.stop()

    def show(self, done: int, total: int) -> None:
        """Show how many notebooks are graded."""
        if self.task is None:
            self.task = self.bar.add_task("", total=total)
            self.bar.start()
        self.bar.update(self.task, completed=done)
        self.done = done


def say_grading(grading: "Grading") -> None:
    """Say what was graded, what went wrong, and where everything is."""
    from labkit.validation import escape_controls

    def complain(text: str) -> None:
        typer.secho(f"labkit: {escape_controls(text)}", fg="red", err=True)

    students = len(grading.students)
    late = sum(any(each.late for each in student.counting) for student in grading.students)
    who = f"{students} student{'' if students == 1 else 's'}, {late} late"
    typer.echo(f"{who}; {grading.graded} notebooks graded now, {grading.kept} unchanged")
    for student in grading.students:
        for result in student.counting:
            if result.problem:
                typer.echo(escape_controls(f"{student.id}: {result.notebook} could not be graded: {result.problem}"))
    for asked in grading.asked:
        if asked.left_out:
            typer.echo(f"{asked.name}: graded by no program: {', '.join(asked.left_out)}")
    for notice in grading.notices:
        typer.echo(escape_controls(notice))
    for (student, notebook), fault in grading.faults.items():
        complain(f"{student}: {notebook} could not be graded, for a fault that is not theirs: {fault}")
    for student, exercises in grading.crashed.items():
        complain(f"{student}: the check itself failed on {', '.join(exercises)}; look at the answers")
    if any(result.unboxed for student in grading.students for result in student.counting):
        complain("students' code ran without a box (--unsafe): it could change marks, and every page says so")
    typer.echo(f"{grading.folder / 'overview.html'}")
