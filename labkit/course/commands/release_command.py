"""The command `labkit class release`; the work is in `labkit.classroom`, which is imported when it is called."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.errors import UserError

if TYPE_CHECKING:
    from labkit.classroom.releases import Release
    from labkit.course.build import Course


def release_to_class(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Which notebooks: 04, 04_measuring.")],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the release.")],
    seed: Annotated[
        str | None,
        typer.Option(metavar="SECRET", help="Picks variants and hidden probes. Without it: the folder's, or random."),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV of students: Moodle's participants, Canvas's gradebook, or id, name, email. Each gets a folder "
            "and a number.",
        ),
    ] = None,
    deadline: Annotated[
        str, typer.Option(metavar="TIME", help="When submissions become late: '2026-12-18 23:59'.")
    ] = "",
    nbgrader: Annotated[
        bool, typer.Option("--nbgrader", help="Also write a course folder for nbgrader, with hidden tests.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in place of another release, which is kept as DIR.old.")
    ] = False,
) -> None:
    """Write what students get, and apart from it what the teacher keeps: the seed, checksums, hidden probes."""
    from labkit.classroom.releases import find_weakness, release
    from labkit.classroom.submissions import read_deadline
    from labkit.course.build import check_notebook_libraries, find_course

    if seed is not None and not seed.strip():
        raise typer.BadParameter("--seed is empty; give a secret of at least 8 characters, or leave it out")
    if nbgrader and roster is not None:
        raise typer.BadParameter("nbgrader hands out one notebook to everybody; leave out --roster or --nbgrader")
    try:
        due = read_deadline(deadline) if deadline else None
    except UserError as error:
        raise typer.BadParameter(str(error), param_hint="--deadline") from error
    check_notebook_libraries()
    course = find_course()
    chosen = course.choose(names)
    check_built(course, chosen)
    if seed is not None and (weakness := find_weakness(seed)):
        typer.secho(f"labkit: {weakness}", fg="yellow", err=True)
    options = {"roster": roster, "deadline": due, "nbgrader": nbgrader, "replace": replace}
    describe_release(release(chosen, output, seed=seed, notebooks=course.notebooks, **options), nbgrader=nbgrader)


def check_built(course: "Course", names: list[str]) -> None:
    """Raise a UserError unless the student notebooks are as their sources say."""
    from labkit.course.build import build

    found = build(course, names, check=True)
    if found.unreadable:
        raise UserError(found.unreadable[0])
    if found.stale:
        files = ", ".join(f"notebooks/{name}.ipynb" for name in found.stale)
        raise UserError(f"out of date, or edited by hand: {files}; run `labkit build`, which writes them from sources")


def describe_release(made: "Release", *, nbgrader: bool) -> None:
    """Say what is where, and how exercises are marked."""
    for name in made.names:
        exercises, probes, varied = made.exercises(name), made.probes(name), made.variants(name)
        typer.echo(
            f"{name}: {len(exercises)} exercises, {sum(made.points(name).values())} points; {len(probes)} with hidden "
            f"probes, {len(varied.keys() - probes)} more with other numbers or letters"
        )
        if left_out := made.left_out(name):
            typer.echo(f"  `labkit class grade` cannot mark: {', '.join(left_out)}", err=True)
    handed_out = f"{made.folder / 'student'}" if not made.students else f"{made.folder / 'students'}"
    who = f"a folder for each of {len(made.students)} students" if made.students else "the same for everybody"
    typer.echo(f"to hand out: {handed_out} ({who})")
    if nbgrader:
        typer.echo(f"for nbgrader: {made.folder / 'teacher' / 'nbgrader'}; its README.md has the commands")
    typer.echo(f"to keep, secret: {made.folder / 'teacher'} (without it nothing can be graded)")
