"""The command `labkit card`; the work is in `labkit.records`, which is imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

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
from labkit.course.interrupts import watch_termination
from labkit.errors import UserError

FAILED, WRONG_CALL = 1, 2  # exit statuses


def card(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Decisions, as for labkit audit; with --check a README.md.")
    ] = None,
    sensitive: Annotated[
        list[str] | None, typer.Option(help="Column with the group; repeat it for intersections.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Column with what turned out to be true, 0 or 1.")] = None,
    prediction: Prediction = None,
    score: Annotated[str | None, typer.Option(help="Column of scores; from 0 to 1: adds AUC by group.")] = None,
    threshold: Threshold = None,
    count: Count = None,
    weight: Weight = None,
    person: Person = None,
    missing_group: MissingGroup = None,
    decimal: Decimal = ".",
    sheet: Sheet = None,
    favorable: Favorable = None,
    reference: Annotated[
        list[str] | None, typer.Option(metavar="GROUP", help="Group that others are compared with, or rest.")
    ] = None,
    min_group_size: MinGroupSize = 20,
    confidence: Confidence = 0.95,
    positive_means: PositiveMeans = "",
    title: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the model.")] = None,
    statements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML with what only people can say; see --questions.")
    ] = None,
    fit: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Saved fit that made the decisions: adds its settings.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the card goes; FILE-card-COLUMNS by default.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Name what is missing in a card, and write nothing.")] = False,
    questions: Annotated[bool, typer.Option("--questions", help="Print an empty file of statements.")] = False,
) -> None:
    """Write a model card from a table of decisions, or check one: what is computed, and what nobody has said."""
    if questions:
        from labkit.records.cards.statements import write_questions

        typer.echo(write_questions(), nl=False)
        return
    if file is None:
        _reject_call("name the file of decisions, or a card and --check, or ask for --questions")
    if check:
        _check(file)
        return
    if not sensitive:
        _reject_call("name the column with the group, --sensitive; or --check a card")
    if problem := find_no_decision(prediction, score, threshold):
        _reject_call(problem)
    from labkit.audit.command.run import BadOption, in_options, read_favorable
    from labkit.records.cards.command.run import card_file

    decides = {"prediction": prediction, "score": score, "threshold": threshold}
    options = {"label": label, "sensitive": sensitive, "count": count, "weight": weight, "person": person}
    options |= {"missing_group": missing_group, "decimal": decimal, "sheet": sheet, "reference": reference or None}
    options |= {"min_group_size": min_group_size, "confidence": confidence, "positive_means": positive_means}
    try:
        options["favorable"] = read_favorable(favorable, **decides)
        with watch_termination():
            card_file(file, **decides, **options, title=title, statements=statements, fit=fit, output=output)
    except BadOption as error:
        _reject_call(in_options(str(error)))
    except UserError as error:
        raise UserError(in_options(str(error))) from error


def _check(file: Path) -> None:
    """Print each complaint about a card; exit with 1 where there is one."""
    from labkit.records.cards.checking import check_card
    from labkit.validation import escape_controls

    complaints = check_card(file)
    for complaint in complaints:
        typer.secho(f"labkit: {escape_controls(complaint)}", fg="red", err=True)
    if complaints:
        raise typer.Exit(FAILED)
    typer.echo("nothing is missing in the card; nobody but people can tell whether it is true")


def _reject_call(problem: str) -> None:
    """Say what is wrong with a call, and exit with 2."""
    typer.secho(f"labkit: {problem}", fg="red", err=True)
    raise typer.Exit(WRONG_CALL)
