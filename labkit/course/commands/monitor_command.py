"""The command `labkit monitor`; the work is in `labkit.monitoring`, which is imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from labkit.errors import UserError

BAD_INPUT, ALARM = 2, 3  # exit statuses


def monitor(
    context: typer.Context,
    stream: Annotated[
        Path, typer.Argument(metavar="STREAM.csv", help="One row per decision, in the order in which they were made.")
    ],
    group: Annotated[str, typer.Option(help="Column with the group.")],
    decision: Annotated[str, typer.Option(help="Column with the decision, 0 or 1.")],
    time: Annotated[str | None, typer.Option(help="Column with the time, which must not go back.")] = None,
    groups: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="The two groups to compare, if there are more.")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(metavar="X", help="Largest probability of a false alarm, ever; 0.05 by default.")
    ] = None,
    every: Annotated[
        int | None, typer.Option(metavar="N", help="Decisions between two looks of the z test beside the monitor.")
    ] = None,
    sort: Annotated[bool, typer.Option("--sort", help="Sort rows by --time first.")] = False,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Go on from here, with new decisions, and save it here.")
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for pairs.csv and wealth.png.")] = None,
) -> None:
    """Watch decisions for unequal rates: exits with 3 on an alarm, which is false with probability alpha at most."""
    from labkit.monitoring.command.run import monitor_file
    from labkit.validation import escape_controls

    columns = {"group": group, "decision": decision, "time": time, "groups": groups}
    try:
        found = monitor_file(
            stream, **columns, alpha=alpha, every=every, sort=sort, state=state, output=output, say=typer.echo
        )
    except (UserError, FileNotFoundError, PermissionError) as error:
        if context.find_root().params["debug"]:
            raise
        typer.secho(f"labkit: {escape_controls(str(error))}", fg="red", err=True)
        raise typer.Exit(BAD_INPUT) from error
    if found.monitor.alarm is not None:
        raise typer.Exit(ALARM)
