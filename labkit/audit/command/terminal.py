"""What an audit prints on the terminal: tables that fit 80 characters, and warnings.

Imported whenever the command starts, so that rich is imported where it is needed.
"""

import codecs
import os
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pandas as pd

from labkit.audit.between.reference import Picked
from labkit.audit.results import Audit, group_rates
from labkit.audit.sampling._notices import summarize_notices
from labkit.audit.sections._between_groups import NOT_REPORTED, disparities, four_fifths_table
from labkit.audit.sections._comparisons import INTERVALS, name_reference
from labkit.audit.sections._sample import sample_table
from labkit.audit.text import (
    ROWS,
    WARNINGS,
    cut_list,
    explain_marks,
    format_groups,
    format_name,
    format_p_value,
    format_rate,
    mark_imprecise,
    name_rate,
)

if TYPE_CHECKING:
    from rich.console import Console

METRICS_IN_TABLE = 4  # columns that fit a terminal of 80 characters, intervals included


# What a terminal that takes ASCII alone shows in place of our own marks.
IN_ASCII = {"†": "+", "‡": "#", "–": "-", "≤": "<=", "±": "+/-", "−": "-", "“": '"', "”": '"', "…": "..."}


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Write characters that an output does not take as it can, for `codecs`: names of groups as Python escapes them."""
    taken = error.object[error.start : error.end]
    said = "".join(IN_ASCII.get(each) or each.encode("ascii", "backslashreplace").decode() for each in taken)
    return said, error.end


@contextmanager
def taking_any_text(console: "Console") -> Iterator[None]:
    """Let an output that takes ASCII alone show other characters as it can."""
    codecs.register_error("labkit-audit", _spell)
    former = getattr(console.file, "errors", None)
    if not former or not hasattr(console.file, "reconfigure"):
        yield
        return
    console.file.reconfigure(errors="labkit-audit")
    try:
        yield
    finally:
        with suppress(OSError, ValueError):  # it may be closed by now
            console.file.reconfigure(errors=former)


@contextmanager
def printing(console: "Console") -> Iterator[None]:
    """Go on with the work when nobody reads what is printed, or where it cannot be printed.

    `head` closes the pipe after ten lines; and the output may go to a full disk, which is said on the standard error
    stream.
    """
    try:
        yield
        console.file.flush()
    except (OSError, SystemExit) as error:  # rich turns a broken pipe into SystemExit
        console.quiet = True
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            with suppress(OSError):
                print(f"labkit: cannot print: {error.strerror or error}", file=sys.stderr)
        if console.file is sys.stdout:  # Python flushes it at exit, and would complain
            with open(os.devnull, "wb") as nowhere, suppress(OSError, ValueError):
                os.dup2(nowhere.fileno(), sys.stdout.fileno())


@contextmanager
def working(console: "Console", text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is going on; call the result to show something else. Files and pipes get nothing."""
    from rich.text import Text

    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status(Text(text), spinner="line" if console.options.ascii_only else "dots") as status:
        yield lambda text: status.update(Text(text))


def print_audit(
    audit: Audit, console: "Console", *, title: str, favorable: int | None = None, reference: Hashable = None
) -> None:
    """Print rates by group with intervals, disparities with tests, comparisons with a reference that was named, the
    four-fifths rule, and warnings.
    """
    from rich.text import Text  # as Text, brackets in the name of a group are not markup

    rates, names = group_rates(audit), [name_rate(metric, favorable) for metric in audit.counts.metrics]
    rates.columns = ["n", *names]
    for start in range(0, len(names), METRICS_IN_TABLE):
        shown = rates[["n", *names[start : start + METRICS_IN_TABLE]]]
        print_table(shown, console, title=f"{title}: rates by group, {audit.confidence:.0%} intervals")
    if len(rates) > ROWS:
        console.print(f"The first {ROWS} of {len(rates)} groups are shown; the page has all.")
    compared = disparities(audit)
    tests = compared.pop("test").str.split(" test|:", regex=True).str[0]  # "chi-square" fits 80 characters
    compared["p of equal rates"] += " [" + tests + "]"
    compared.index = pd.Index(names, name=compared.index.name)
    print_table(compared, console, title=f"{title}: between groups")
    if reference is not None and not isinstance(reference, Picked):  # the four-fifths rule has that one
        print_table(
            against_table(audit, "selection_rate", reference),
            console,
            title=f"{title}: {name_rate('selection_rate', favorable)} against {name_reference(audit, reference)}",
        )
    if favorable is None:
        console.print(NOT_REPORTED)
    else:
        named = f"{title}: four-fifths rule, a prediction of {favorable} being favorable"
        print_table(four_fifths_table(audit, favorable), console, title=named)
    if audit.counts.moments is not None:
        shown = sample_table(audit).filter(regex="^(?!for )")
        print_table(shown, console, title=f"{title}: how many people the numbers rest on")
    for line in cut_list(summarize_notices(audit.notices), WARNINGS, "warnings; the page has all"):
        console.print(Text(f"Warning: {format_name(line)}", style="yellow"))
    marked = {"small": bool(audit.small_groups), "imprecise": audit.too_few.any(axis=None)}
    for line in explain_marks(**marked, min_group_size=audit.min_group_size):
        console.print(line)


def against_table(audit: Audit, metric: str, reference: Hashable) -> pd.DataFrame:
    """Write each group against a reference as text, as the page does: intervals that hold at once, p-values by Holm."""
    table = audit.against(metric, reference)
    columns = {
        name: [mark_imprecise(format_rate(row[name], *row[ends]), row["too_few"]) for _, row in table.iterrows()]
        for name, *ends in INTERVALS
    }
    columns = {"n": [f"{n:,.0f}" for n in table["n"]]} | columns
    columns["p, adjusted (Holm)"] = [format_p_value(p_value) for p_value in table["p_adjusted"]]
    return pd.DataFrame(columns, index=format_groups(table.index, audit.small_groups))


def print_table(table: pd.DataFrame, console: "Console", *, title: str) -> None:
    """Print the first ``ROWS`` rows of a table of text.

    What is in brackets goes below its number, so that five columns fit 80 characters.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    printed = Table(title=Text(title), box=SIMPLE_HEAD, title_justify="left", show_edge=False, collapse_padding=True)
    printed.add_column(Text(table.index.name), overflow="fold")
    for name in table.columns:
        printed.add_column(
            name.replace(" ", "\n") if name.endswith("rate") else name.replace("rate of ", "rate of\n"), justify="right"
        )
    for name, row in table.head(ROWS).iterrows():
        printed.add_row(Text(name), *(Text(_stack(text)) for text in row))
    console.print(printed)


def _stack(text: str) -> str:
    """Put the interval of a number below it; words stay as they are."""
    if " [" not in text:
        return text
    between = " to " if ", -" in text or "[-" in text else "–"  # a dash next to a minus is hard to read
    return text.replace(" [", "\n").replace(", ", between).replace("]", "")
