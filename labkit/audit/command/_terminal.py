"""What an audit prints on the terminal: tables that fit 80 characters, and warnings.

Imported whenever the command starts, so that rich is imported where it is needed.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd

from labkit.audit.results import Audit, group_rates
from labkit.audit.sampling._notices import summarize_notices
from labkit.audit.sections._between_groups import NOT_REPORTED, disparities, four_fifths_table
from labkit.audit.sections._sample import sample_table
from labkit.audit.text import ROWS, WARNINGS, cut_list, explain_marks, format_metric

if TYPE_CHECKING:
    from rich.console import Console

METRICS_IN_TABLE = 4  # columns that fit a terminal of 80 characters, intervals included


@contextmanager
def printing(console: "Console") -> Iterator[None]:
    """Go on with the work when nobody reads what is printed any more: `head` closes the pipe after ten lines."""
    try:
        yield
    except (BrokenPipeError, SystemExit):  # rich turns the first into the second
        console.quiet = True
        if console.file is sys.stdout:  # Python flushes it at exit, and would complain
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())


def print_audit(audit: Audit, console: "Console", *, title: str, favorable: int | None = None) -> None:
    """Print rates by group with intervals, disparities with tests, the four-fifths rule, and warnings."""
    from rich.text import Text  # as Text, brackets in the name of a group are not markup

    rates, names = group_rates(audit), [format_metric(metric) for metric in audit.counts.metrics]
    for start in range(0, len(names), METRICS_IN_TABLE):
        shown = rates.head(ROWS)[["n", *names[start : start + METRICS_IN_TABLE]]]
        print_table(shown, console, title=f"{title}: rates by group, {audit.confidence:.0%} intervals")
    if len(rates) > ROWS:
        console.print(f"The first {ROWS} of {len(rates)} groups are shown; the page has all.")
    compared = disparities(audit)
    tests = compared.pop("test").str.split(" test|:", regex=True).str[0]  # "chi-square" fits 80 characters
    compared["p of equal rates"] += " [" + tests + "]"
    print_table(compared, console, title=f"{title}: between groups")
    if favorable is None:
        console.print(NOT_REPORTED)
    else:
        named = f"{title}: four-fifths rule, a prediction of {favorable} being favorable"
        print_table(four_fifths_table(audit, favorable).head(ROWS), console, title=named)
    if audit.counts.moments is not None:
        shown = sample_table(audit).filter(regex="^(?!for )").head(ROWS)
        print_table(shown, console, title=f"{title}: how many people the numbers rest on")
    for line in cut_list(summarize_notices(audit.notices), WARNINGS, "warnings; the page has all"):
        console.print(Text(f"Warning: {line}", style="yellow"))
    marked = {"small": bool(audit.small_groups), "imprecise": audit.too_few.any(axis=None)}
    for line in explain_marks(**marked, min_group_size=audit.min_group_size):
        console.print(line)


def print_table(table: pd.DataFrame, console: "Console", *, title: str) -> None:
    """Print a table of text, what is in brackets below its number, so that five columns fit 80 characters."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    printed = Table(title=Text(title), box=SIMPLE_HEAD, title_justify="left", show_edge=False, collapse_padding=True)
    printed.add_column(Text(table.index.name), overflow="fold")
    for name in table.columns:
        printed.add_column(name.replace(" ", "\n") if name.endswith("rate") else name, justify="right")
    for name, row in table.iterrows():
        stacked = (Text(text.replace(" [", "\n").replace(", ", "–").replace("]", "")) for text in row)
        printed.add_row(Text(name), *stacked)
    console.print(printed)
