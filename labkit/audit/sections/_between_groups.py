"""The section on differences between groups: extremes, each group against the largest, and the four-fifths rule."""

import html

import numpy as np
import pandas as pd

from labkit.audit.inputs._names import label_groups
from labkit.audit.results import Audit
from labkit.audit.text import (
    explain_marks,
    format_groups,
    format_metric,
    format_name,
    format_p_value,
    format_rate,
    mark_imprecise,
)
from labkit.layout import table_box

AGAINST = 100  # the most groups that are listed against the largest; `Audit.against` has all
NOT_REPORTED = (
    "The four-fifths rule is not reported: it compares rates of the favorable outcome, and nothing says which "
    "prediction is favorable. Name it: --favorable 1 where a prediction of 1 is good for the person (hired), "
    "--favorable 0 where it is bad (denied)."
)


def disparities(audit: Audit) -> pd.DataFrame:
    """Write differences and ratios as text, one row per metric, with the p-value and the name of the parity test."""
    difference, ratio, metrics = audit.difference(), audit.ratio(), audit.counts.metrics
    differences, ratios = audit.difference_interval(), audit.ratio_interval()
    marked = audit.too_few[audit.counts.effective_sizes >= audit.min_group_size].any()
    return pd.DataFrame(
        {
            "max - min": [_mark(difference[name], differences.loc[name], marked[name]) for name in metrics],
            "min / max": [_mark(ratio[name], ratios.loc[name], marked[name]) for name in metrics],
            "p of equal rates": [format_test(audit, name) for name in metrics],
            "test": [audit.test_name(name) for name in metrics],
        },
        index=pd.Index(map(format_metric, metrics), name="metric"),
    )


def format_test(audit: Audit, metric: str) -> str:
    """Write the p-value of the parity test, which random tables bound from below."""
    return format_p_value(audit.parity_test(metric), audit.test_floor(metric))


def against_largest(audit: Audit, metric: str) -> pd.DataFrame:
    """Write ``Audit.against`` the largest group as text, one row per group."""
    table = audit.against(metric)
    limits = ["low", "high"], ["ratio_low", "ratio_high"]
    return pd.DataFrame(
        {
            "n": [f"{n:,.0f}" for n in table["n"]],
            format_metric(metric): ["undefined" if np.isnan(rate) else f"{rate:.3f}" for rate in table["rate"]],
            **{
                name: [_mark(row[name], row[columns], row["too_few"]) for _, row in table.iterrows()]
                for name, columns in zip(("difference", "ratio"), limits, strict=True)
            },
            "p": [format_p_value(p_value) for p_value in table["p_value"]],
            "p (Holm)": [format_p_value(p_value) for p_value in table["p_adjusted"]],
        },
        index=format_groups(table.index, audit.small_groups),
    )


def four_fifths_table(audit: Audit, favorable: int) -> pd.DataFrame:
    """Write ``Audit.four_fifths`` as text, one row per group that is large enough."""
    table = audit.four_fifths(favorable=favorable)
    ratios = [
        "1" if row["verdict"] == "highest rate" else _mark(row["ratio"], row[["low", "high"]], row["too_few"])
        for _, row in table.iterrows()
    ]
    return pd.DataFrame(
        {
            "n": [f"{n:,.0f}" for n in table["n"]],
            "favorable rate": [f"{rate:.3f}" for rate in table["favorable_rate"]],
            "ratio to the highest": ratios,
            "four-fifths rule": table["verdict"].tolist(),
        },
        index=format_groups(table.index),
    )


def _mark(value: float, limits: pd.Series, is_marked: bool) -> str:
    """Write a number with its interval, marked where that is not precise."""
    return mark_imprecise(format_rate(value, *limits), is_marked)


def between_section(audit: Audit, favorable: int | None) -> str:
    """Write the section of the page: what differs between groups, and how sure that is."""
    large = audit.counts.effective_sizes >= audit.min_group_size
    compared = (
        f"the {large.sum()} groups of at least {audit.min_group_size} people" if not large.all() else "all groups"
    )
    marks = explain_marks(
        small=not large.all(), imprecise=audit.too_few.any(axis=None), min_group_size=audit.min_group_size
    )
    several, metrics = "", audit.counts.metrics
    if len(metrics) > 1:
        several = f" {len(metrics)} metrics are tested: a single p-value near 0.05 among them is not a finding."
    return f"""<h2>Between groups</h2>
{table_box(disparities(audit).to_html(border=0, index_names=False), label="Between groups")}
<p>These lines are about {compared}. max - min is above 0 even where groups are treated alike, since every sample
varies. Its interval comes from the score intervals of all pairs of groups, made wide enough to hold at once: it is
conservative where there are many groups, and contains 0 (and that of min / max contains 1) where no pair differs. The
p-value says whether there is a gap at all.{several}</p>
<p>Equal selection rates are called demographic parity; equal true and equal false positive rates, equalized odds.</p>
{_against_section(audit)}
{_four_fifths_section(audit, favorable)}
{"".join(f"<p>{html.escape(line)}</p>" for line in marks)}
"""


def _against_section(audit: Audit) -> str:
    """Write the selection rate of each group against the largest group."""
    groups = label_groups(audit.counts.groups)
    if len(groups) > AGAINST:
        return f"<p>{len(groups)} groups are too many to list against the largest: Audit.against in Python does it.</p>"
    largest = html.escape(format_name(groups[int(audit.counts.sizes.argmax())]))
    compared = against_largest(audit, "selection_rate")
    return f"""<h3>Selection rates against the largest group, {largest}</h3>
{table_box(compared.to_html(border=0, index_names=False), label="Selection rates against the largest group")}
<p>Difference: group minus {largest}; ratio: group over {largest}. Intervals are Newcombe's and Koopman's score
intervals, each for {audit.confidence:.0%}; p (Holm) is adjusted for the number of rows.</p>"""


def _four_fifths_section(audit: Audit, favorable: int | None) -> str:
    """Write the four-fifths rule, or why it is not reported."""
    if favorable is None:
        return f"<h3>Four-fifths rule</h3>\n<p>{NOT_REPORTED}</p>"
    return f"""<h3>Four-fifths rule, a prediction of {favorable} being favorable</h3>
{table_box(four_fifths_table(audit, favorable).to_html(border=0, index_names=False), label="Four-fifths rule")}
<p>A screen for adverse impact (EEOC, 1978), not a definition of fairness: is a group's rate of the favorable outcome
below 0.8 of the highest group's? "Cannot tell": the {audit.confidence:.0%} score interval of the ratio contains
0.8. Each verdict is about one group: among many small groups, one can fall below by chance alone.</p>"""
