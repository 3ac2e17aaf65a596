"""The commands `labkit log append`, `verify` and `repair`; `labkit.records.log` does the work, when they are called."""

from pathlib import Path
from typing import Annotated

import typer

FIXABLE, TAMPERING = 1, 3  # exit statuses of verify; errors end with 1, wrong calls with 2

Log = Annotated[Path, typer.Argument(metavar="LOG", help="The log, a file of JSON lines.")]
Operator = Annotated[str, typer.Option(metavar="NAME", help="Who is responsible: an office or a role.")]
Head = Annotated[Path | None, typer.Option(metavar="FILE", help="The log's head; LOG.head by default.")]
Anchors = Annotated[Path | None, typer.Option(metavar="FILE", help="The log's anchors; LOG.anchors by default.")]

log = typer.Typer(name="log", no_args_is_help=True, help="Keep decisions in a log that shows when it was changed.")


@log.command("append")
def append_to_log(
    path: Log,
    decisions: Annotated[
        Path,
        typer.Argument(metavar="DECISIONS.csv", help="One row per decision, in the order in which they were made."),
    ],
    model: Annotated[Path, typer.Option(metavar="FILE", help="File of the model that decided; its checksum is kept.")],
    data: Annotated[Path, typer.Option(metavar="FILE", help="File that it was fitted on; its checksum is kept.")],
    operator: Operator,
    decision: Annotated[str, typer.Option(help="Column with the decision, 0 or 1.")],
    score: Annotated[str | None, typer.Option(help="Column with the model's score.")] = None,
    threshold: Annotated[float | None, typer.Option(metavar="X", help="The threshold of all rows.")] = None,
    input_hash: Annotated[
        str | None, typer.Option(help="Column with hashes of the inputs; without it, all other columns are hashed.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Secret key of the hashes: a file of random bytes.")
    ] = None,
    head: Head = None,
    anchors: Anchors = None,
    from_row: Annotated[int, typer.Option(min=1, metavar="N", help="Leave out the rows before this one.")] = 1,
) -> None:
    """Append the decisions in a CSV; of people's data the log has a hash alone."""
    from labkit.records.log.command import append_file

    append_file(
        path,
        decisions,
        model=model,
        data=data,
        operator=operator,
        decision=decision,
        score=score,
        threshold=threshold,
        input_hash=input_hash,
        key=key,
        head=head,
        anchors=anchors,
        from_row=from_row,
        say=typer.echo,
    )


@log.command("verify")
def verify_log(
    path: Log,
    head: Head = None,
    anchors: Anchors = None,
    no_head: Annotated[bool, typer.Option("--no-head", help="Compare with no head.")] = False,
    no_anchors: Annotated[bool, typer.Option("--no-anchors", help="Compare with no anchors.")] = False,
) -> None:
    """Say what was changed and where: exits with 3 on tampering, with 1 where a crash alone left an incomplete line."""
    from labkit.records.log.command import verify_file

    for named, left_out, option in ((head, no_head, "head"), (anchors, no_anchors, "anchors")):
        if named is not None and left_out:
            raise typer.BadParameter(f"--{option} and --no-{option} contradict each other; leave one out")
    found = verify_file(path, head=False if no_head else head, anchors=False if no_anchors else anchors, say=typer.echo)
    if not found.ok:
        raise typer.Exit(FIXABLE if found.is_crash else TAMPERING)


@log.command("repair")
def repair_after_crash(
    path: Log,
    operator: Operator,
    head: Head = None,
    anchors: Anchors = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Write a head or anchors that are missing again from the log.")
    ] = False,
) -> None:
    """Cut off an incomplete last line, as a crash leaves it; the log records that."""
    from labkit.records.log.command import repair_file

    repair_file(path, operator=operator, head=head, anchors=anchors, rebuild=rebuild, say=typer.echo)
