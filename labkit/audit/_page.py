"""The page of an audit, which needs no network: warnings, figure, readings, tables, and its section on scores.

Imported whenever the command starts, so that figures are imported where they are needed.
"""

import html
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from labkit.audit.results import Audit, group_rates
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._between_groups import between_section
from labkit.audit.sections._sample import counts_section, describe_roles, sample_section
from labkit.audit.sections._sentences import read_metric
from labkit.audit.text import (
    CURVES,
    GROUPS_DRAWN,
    explain_marks,
    format_groups,
    format_metric,
    format_rate,
    say_people,
)
from labkit.layout import figure_box, table_box, write_document
from labkit.validation import escape_controls

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_png(figure: "Figure", *, alt: str) -> tuple[str, bool]:
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
    png, _ = draw_png(draw_calibration(scores), alt=alt)
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
