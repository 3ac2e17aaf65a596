"""The audit of a user's own file: tables on the terminal, a figure, and a page that needs no network.

From top to bottom: the command, what it counts, what it prints, the figure, the page, and its section on scores. This
file is imported whenever the command starts, so that figures and statistics are imported where
they are needed.
"""

import base64
import html
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from labkit.audit.between._equality import check_tables
from labkit.audit.between._four_fifths import check_favorable
from labkit.audit.files._output import table_as_csv, write_whole
from labkit.audit.files._paths import bins_scores, count_path
from labkit.audit.files.logs import file_ending
from labkit.audit.results import Audit, group_rates
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._between_groups import (
    NOT_REPORTED,
    between_section,
    disparities,
    four_fifths_table,
)
from labkit.audit.sections._sample import counts_section, describe_roles, sample_section, sample_table
from labkit.audit.sections._sentences import describe_figure, read_metric
from labkit.audit.text import (
    CURVES,
    GROUPS_DRAWN,
    ROWS,
    WARNINGS,
    cut_list,
    explain_marks,
    format_groups,
    format_metric,
    format_name,
    format_rate,
    say_people,
)
from labkit.errors import UserError
from labkit.layout import figure_box, table_box, write_document
from labkit.validation import escape_controls

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

METRICS_IN_TABLE = 4  # columns that fit a terminal of 80 characters, intervals included
BOXES = "The font of the figures lacks some characters, and boxes stand for them; the tables have the names."


def audit_file(
    path: str | Path,
    *,
    label: str | None,
    prediction: str | None = None,
    sensitive: str | Sequence[str],
    score: str | None = None,
    threshold: float | None = None,
    count: str | None = None,
    weight: str | None = None,
    person: str | None = None,
    missing_group: str | None = None,
    favorable: int | None = None,
    n_tables: int = 9_999,
    output: str | Path | None = None,
    raw_csv: bool = False,
    console: "Console | None" = None,
) -> Audit:
    """Audit a CSV or Parquet file or a folder: print tables, write ``audit.html``, ``audit.png`` and ``counts.csv``.

    The files are written whole or not at all, even when nobody reads all tables (``labkit audit ... | head``).

    Parameters
    ----------
    path : str or Path
        A file with one row per decision, or a folder of Parquet files, which DuckDB reads. It may be larger than
        memory.
    label : str or None
        Column of 0 and 1, or of true and false; None where labels are not known, and selection rates are audited.
    prediction : str, optional
        Column of 0 and 1, or of true and false.
    sensitive : str or sequence of str
        One column or several; then the groups are the combinations that occur.
    score : str, optional
        Column of scores. Scores in [0, 1] add AUC and calibration by group, and ``scores.csv``.
    threshold : float, optional
        In place of ``prediction``: the score from which on the decision is 1. AUC and calibration are then left out
        where they cannot be computed: without labels, with weights, counts or persons, or with a threshold that says
        that scores are not in [0, 1].
    count, weight, person : str, optional
        What a row stands for, see ``labkit.audit.count``.
    missing_group : str, optional
        Audit people whose group is missing as a group of this name, such as "not stated"; by default they are an error.
    favorable : int, optional
        The prediction that is good for a person, 0 or 1: adds the four-fifths rule, which cannot be applied without it.
    n_tables : int
        Random tables behind p-values where counts are small, at least 99.
    output : str or Path, optional
        Folder to write to, made if it is missing; ``NAME-audit`` in the current folder for a file ``NAME.csv``.
    raw_csv : bool, optional
        Write names into the CSV files as they are. By default those that a spreadsheet would run as formulas, such as
        ``=HYPERLINK(...)``, get an apostrophe in front.
    console : rich.console.Console, optional
        Where to print; the terminal by default.

    Returns
    -------
    Audit
        The audit that was printed.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    UserError
        What ``labkit.audit.count_file``, ``labkit.audit.count_folder`` and ``Audit`` reject: another ending, unknown
        columns, values that are not 0/1, missing groups, no rows, a single group. A score without a threshold where AUC
        cannot be computed. Or the output cannot be written.
    """
    from rich.console import Console
    from rich.text import Text

    from labkit.audit.plots import draw_audit

    path, console = Path(path), console or Console()
    check_tables(n_tables)  # before a long read, not after
    if favorable is not None:
        check_favorable(favorable)
    binned = bins_scores(label=label, score=score, threshold=threshold, rows=(count, weight, person))
    roles = Roles.named(
        label=label,
        prediction=prediction,
        sensitive=sensitive,
        score=None if threshold is None else score,
        threshold=threshold,
        count=count,
        weight=weight,
        person=person,
        missing_group=missing_group,
    )
    name = Path(os.path.abspath(path)).name  # the folder `.` has a name, too
    title, score_title = format_name(name), format_name(score or "")
    stem = name if path.is_dir() else name.removesuffix(file_ending(path))
    folder = Path(output or f"{stem}-audit")

    with console.status(Text(f"counting {title}")) as status:
        counts, scores = count_path(
            path,
            roles,
            score=score if binned else None,
            progress=lambda rows: status.update(Text(f"counting {title}: {rows:,} rows")),
        )
        audit = counts.audit(n_tables=n_tables)
        # the audit keeps its tests; with thousands of groups they take minutes, so say how far it is
        for number, metric in enumerate(counts.metrics, start=1):
            status.update(Text(f"comparing {len(counts.groups):,} groups: metric {number} of {len(counts.metrics)}"))
            audit.parity_test(metric)

    with _printing(console):
        print_audit(audit, console, title=title, favorable=favorable)
        if scores is not None:
            _print_table(auc_table(scores), console, title=f"{title}: AUC of {score_title} by group, 95% intervals")

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to the output folder {folder}: {error.strerror or error}") from error
    with console.status("drawing the page"):
        alt = describe_figure(audit)
        png, has_boxes = _draw(draw_audit(audit), alt=alt)
        more = "" if scores is None else score_section(scores, score=score_title)
        note = BOXES if has_boxes else ""
        page = write_page(audit, png, alt=alt, title=title, roles=roles, note=note, more=more, favorable=favorable)

    contents = {
        "audit.html": page.encode(),
        "audit.png": base64.b64decode(png),
        "counts.csv": table_as_csv(counts.table, raw=raw_csv),
    }
    written = "audit.html (page), audit.png (figure), counts.csv"
    if scores is not None:
        contents["scores.csv"] = table_as_csv(scores_by_bin(scores), raw=raw_csv)
        written += ", scores.csv"
    replaced = write_whole(folder, contents)
    with _printing(console):
        if note:
            console.print(note)
        console.print(escape_controls(f"Written to {folder}: {written}"), markup=False, soft_wrap=True)
        if replaced:
            console.print(f"Files of an earlier audit were replaced there: {', '.join(replaced)}", soft_wrap=True)
    return audit


@contextmanager
def _printing(console: "Console") -> Iterator[None]:
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
        _print_table(shown, console, title=f"{title}: rates by group, {audit.confidence:.0%} intervals")
    if len(rates) > ROWS:
        console.print(f"The first {ROWS} of {len(rates)} groups are shown; the page has all.")
    compared = disparities(audit)
    tests = compared.pop("test").str.split(" test|:", regex=True).str[0]  # "chi-square" fits 80 characters
    compared["p of equal rates"] += " [" + tests + "]"
    _print_table(compared, console, title=f"{title}: between groups")
    if favorable is None:
        console.print(NOT_REPORTED)
    else:
        named = f"{title}: four-fifths rule, a prediction of {favorable} being favorable"
        _print_table(four_fifths_table(audit, favorable).head(ROWS), console, title=named)
    if audit.counts.moments is not None:
        shown = sample_table(audit).filter(regex="^(?!for )").head(ROWS)
        _print_table(shown, console, title=f"{title}: how many people the numbers rest on")
    for line in cut_list(audit.warnings, WARNINGS, "warnings; the page has all"):
        console.print(Text(f"Warning: {line}", style="yellow"))
    marked = {"small": bool(audit.small_groups), "imprecise": audit.too_few.any(axis=None)}
    for line in explain_marks(**marked, min_group_size=audit.min_group_size):
        console.print(line)


def _print_table(table: pd.DataFrame, console: "Console", *, title: str) -> None:
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


def _draw(figure: "Figure", *, alt: str) -> tuple[str, bool]:
    """Draw a figure as a PNG in base64; also say whether its font lacks a character of a name."""
    from labkit.plots import to_png

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        png = to_png(figure, alt=alt)
    others = [each for each in caught if not str(each.message).startswith("Glyph")]
    for each in others:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return png, len(others) < len(caught)


def write_page(
    audit: Audit,
    png: str,
    *,
    alt: str,
    title: str,
    roles: Roles,
    note: str = "",
    more: str = "",
    favorable: int | None = None,
) -> str:
    """Write the page: warnings first, the figure (base64) with a note, readings, tables and ``more`` sections."""
    number, metrics = len(audit.counts.groups), audit.counts.metrics
    groups = ", ".join(map(str, audit.counts.groups.names))

    warnings = ""
    if audit.warnings:
        listed = "".join(f"<li>{html.escape(line)}</li>" for line in audit.warnings)
        warnings = f'<div class="warnings"><h2>Read this first</h2><ul>{listed}</ul></div>'
    cut = f"<p>The figure shows the {GROUPS_DRAWN} largest of {number} groups.</p>" if number > GROUPS_DRAWN else ""
    marked = {"small": bool(audit.small_groups), "imprecise": audit.too_few.any(axis=None)}
    marks = "".join(f"<p>{line}</p>" for line in explain_marks(**marked, min_group_size=audit.min_group_size))
    below = f"<p>{html.escape(note)}</p>" if note else ""
    readings = "".join(
        f"<dt><b>{format_metric(metric)}</b></dt><dd>{html.escape(read_metric(audit, metric))}</dd>"
        for metric in metrics
    )
    content = f"""<h1>Audit of {html.escape(title)}</h1>
<p>{say_people(audit.counts)} in {number} groups by <b>{html.escape(groups)}</b>; {describe_roles(roles)}. Every
interval is for {audit.confidence:.0%}: a score interval, Wilson's for rates, Newcombe's for differences and Koopman's
for ratios.</p>
{warnings}
<h2>Rates by group</h2>
{figure_box(png, alt=alt, label="Figure of rates by group")}
{cut}{below}
{table_box(group_rates(audit).to_html(border=0, index_names=False), label="Rates by group")}
{marks}
<h2>What each rate says</h2>
<dl>{readings}</dl>
{between_section(audit, favorable)}{sample_section(audit)}{more}<h2>The counts behind it</h2>
{counts_section(audit)}<h2>What this does not show</h2>
<p>Whether the labels can be trusted, which of these rates should be equal, and what a decision does to people. Error
rates compare predictions with recorded labels: where the record is unfair, equal error rates carry that on.</p>
"""
    return escape_controls(write_document(content, title=f"Audit of {title}", wide=True))


def score_section(scores: ScoreHistogram, *, score: str) -> str:
    """Write the section of the page on scores: table of AUC, figure of calibration, and what bounds them."""
    from labkit.audit.plots import draw_calibration

    alt = (
        f"Share of people labeled positive over the score {score}, one line per group with 95% intervals; on the "
        "dashed line the share equals the score"
    )
    png, _ = _draw(draw_calibration(scores), alt=alt)
    number = len(scores.groups)
    cut = f" The figure shows the {CURVES} largest of {number} groups." if number > CURVES else ""
    return f"""<h2>The score {html.escape(score)}</h2>
{table_box(auc_table(scores).to_html(border=0, index_names=False), label="AUC by group")}
<p>AUC is the probability that a person labeled positive scores above one labeled negative of the same group, with
Newcombe's 95% interval. Scores were counted in {scores.bins:,} bins: pairs within a bin count half, so that the AUC of
the exact scores can differ by the bin error at most; the interval includes it.</p>
{figure_box(png, alt=alt, label="Figure of calibration by group")}
<p>Calibration: of the people with about the same score, how many are labeled positive, with Wilson's 95% intervals. On
the dashed line the score equals the share of people who are labeled positive. A mean score is known to
&plusmn; {0.5 / scores.bins:.1g}.{cut}</p>
"""


def auc_table(scores: ScoreHistogram) -> pd.DataFrame:
    """Write AUC by group as text: people, positives, AUC with its interval, and how far binning can have moved it."""
    auc = scores.auc()
    return pd.DataFrame(
        {
            "n": [f"{n:,}" for n in auc["n"]],
            "positives": [f"{n:,}" for n in auc["positives"]],
            "AUC": [format_rate(*row) for row in auc[["auc", "low", "high"]].itertuples(index=False)],
            "bin error": ["undefined" if np.isnan(error) else f"± {error:.1g}" for error in auc["error"]],
        },
        index=format_groups(scores.groups),
    )


def scores_by_bin(scores: ScoreHistogram) -> pd.DataFrame:
    """List the counts: one row per group and bin that has people: the bin's lower edge, negatives and positives."""
    group, place = np.nonzero(scores.cells.sum(axis=1))
    columns = {
        "from": place / scores.bins,
        "negatives": scores.cells[group, 0, place],
        "positives": scores.cells[group, 1, place],
    }
    return pd.DataFrame(columns, index=scores.groups[group])
