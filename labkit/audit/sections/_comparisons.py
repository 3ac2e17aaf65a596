"""The sections of the page that compare groups: the extremes, each group against a reference, the four-fifths rule."""

import html
from collections.abc import Hashable
from functools import lru_cache

import numpy as np
import pandas as pd

from labkit.audit.between._reference import REST
from labkit.audit.inputs._names import label_groups
from labkit.audit.results import Audit
from labkit.audit.sections._between_groups import NOT_REPORTED, disparities, four_fifths_table
from labkit.audit.sections._sentences import BELOW, CRITERIA, SHOWN, DecisionWords, find_extremes, short_names
from labkit.audit.sections._tables import (
    LISTED,
    TableRow,
    mark_options,
    rate_cell,
    stack_interval,
    write_frame,
    write_table,
)
from labkit.audit.text import SMALL, format_metric, format_name, format_p_value, format_rate, mark_imprecise
from labkit.validation import format_group


def between_section(audit: Audit) -> str:
    """Write the section on the lowest and the highest rate of each metric: which groups, and how sure that is."""
    large = audit.counts.effective_sizes >= audit.min_group_size
    metrics = [metric for metric in (*SHOWN, *BELOW) if metric in audit.counts.metrics]
    compared = (
        f"the {large.sum()} groups of at least {audit.min_group_size} people" if not large.all() else "all groups"
    )
    several = ""
    if len(metrics) > 1:
        several = f" {len(metrics)} metrics are tested: a single p-value near 0.05 among them is not a finding."
    table, groups = disparities(audit), [format_name(name) for name in label_groups(audit.counts.groups)]
    rows = []
    for metric in metrics:
        found, said = find_extremes(audit, metric), table.loc[format_metric(metric)]
        named = ["–", "–"] if found is None else [_name(audit, metric, groups, place) for place in found]
        gap, ratio = said["max - min"], said["min / max"]
        why = "fewer than two groups have a rate" if found is None else "every rate is 0"
        cells = [
            stack_interval(text) if text != "undefined" else rate_cell(np.nan, (), reason=why) for text in (gap, ratio)
        ]
        tests = [html.escape(said[column]) for column in ("p of equal rates", "test")]
        rows.append(TableRow(format_metric(metric), [*named, *cells, *tests]))
    columns = [
        "metric",
        "lowest in",
        "highest in",
        "difference, max − min",
        "ratio, min / max",
        "p of equal rates",
        "test",
    ]
    caption = "The groups with the lowest and the highest rate, and how far they are apart"
    return f"""<h2 id="between">The lowest and the highest group</h2>
{write_table(columns, rows, caption=caption, label="Between groups", in_words=(1, 2, 6))}
<p>These lines are about {compared}. A difference is above 0 even where groups are treated alike, since every sample
varies. Its interval comes from the score intervals of all pairs of groups, made wide enough to hold at once: it is
conservative where there are many groups, and contains 0 (and that of the ratio contains 1) where no pair differs. The
p-value says whether there is a gap at all.{several}</p>
"""


def _name(audit: Audit, metric: str, groups: list[str], place: int) -> str:
    """Name a group with its rate and size, as HTML."""
    rate, size = audit.by_group[metric].iat[place], audit.counts.sizes[place]
    return f'{html.escape(groups[place])}<br><span class="of">{rate:.3f}, n = {size:,}</span>'


def reference_section(audit: Audit, reference: Hashable, words: DecisionWords) -> str:
    """Write the section that compares every group with a reference."""
    named = name_reference(audit, reference)
    said = (
        "Difference: the group's rate minus that of everyone outside the group; ratio: the group's rate over theirs."
        if reference == REST
        else "Difference: the group's rate minus the reference's; ratio: the group's rate over the reference's."
    )
    chosen = "" if reference is not None else " It is the largest group: <code>--reference</code> chooses another."
    return f"""<h2 id="reference">Every group against {html.escape(named)}</h2>
<p>{said}{chosen} Intervals are Newcombe's and Koopman's score intervals, each for {audit.confidence:.0%}. p is that
of a chi-square test, or of Fisher's exact test where an expected count is below 5. The adjusted p allows for the number
of rows in a table (Holm 1979), not for the number of tables.</p>
{reference_tables(audit, reference, words)}"""


def reference_tables(audit: Audit, reference: Hashable, words: DecisionWords, *, name: str = "", level: int = 3) -> str:
    """Write a table for each rate of the main table, with the name of the criterion that asks for equality."""
    known = [metric for metric in SHOWN if metric in audit.counts.metrics]
    named, parts = name_reference(audit, reference), []
    compared = compare_all(audit, reference)
    for metric in known:
        table = compared[metric]
        parts.append(
            f"<h{level}>{CRITERIA[metric]}: {format_metric(metric)}{html.escape(name)}</h{level}>\n"
            f"<p>{html.escape(_count_findings(audit, table, named))}</p>\n"
            + _write_against(audit, table, metric, words, named=named, is_rest=reference == REST, name=name)
        )
    return "\n".join(parts)


def _count_findings(audit: Audit, table: pd.DataFrame, named: str) -> str:
    """Say in how many groups the difference is more than chance explains."""
    level = 1 - audit.confidence
    clear, tested = (table["p_adjusted"] < level).sum(), table["p_adjusted"].notna().sum()
    if tested == 0:
        return f"No group can be compared with {named}: a rate is undefined."
    of = "the other group differs" if tested == 1 else f"{clear} of {tested} groups differ"
    if clear == 0:
        of = "the other group does not differ" if tested == 1 else f"none of {tested} groups differs"
    return f"Beyond chance (adjusted p below {level:.2g}), {of} from {named}."


def _write_against(
    audit: Audit, table: pd.DataFrame, metric: str, words: DecisionWords, *, named: str, is_rest: bool, name: str
) -> str:
    """Write `Audit.against` as a table, the reference in its first row."""
    groups = label_groups(audit.counts.groups)
    label_of = dict(zip(audit.counts.groups.tolist(), map(format_name, groups), strict=True))
    rows = [] if is_rest or table.empty else [_reference_row(audit, table, metric, words, named)]
    for group, row in zip(table.index.tolist(), table.to_dict("records"), strict=True):
        reasons = _explain(row, metric, words, named)
        sides = [
            stack_interval(mark_imprecise(format_rate(row[key], row[low], row[high]), row["too_few"]))
            if not np.isnan(row[key])
            else rate_cell(np.nan, (), reason=reasons[key])
            for key, low, high in (("difference", "low", "high"), ("ratio", "ratio_low", "ratio_high"))
        ]
        rate = rate_cell(row["rate"], (np.nan, np.nan), reason=f"no {words.base(metric)}")
        tests = [html.escape(format_p_value(row[key])).replace("undefined", "–") for key in ("p_value", "p_adjusted")]
        header = html.escape(label_of[group] + (f" {SMALL}" if row["small"] else ""))
        rows.append(TableRow(header, [f"{row['n']:,}", rate, *sides, *tests]))
    columns = [format_name(", ".join(map(str, audit.counts.groups.names))), "people", format_metric(metric)]
    columns += ["difference", "ratio", "p", "p, adjusted"]
    return write_table(
        columns,
        rows,
        caption=f"{format_metric(metric).capitalize()} against {named}{name}",
        label=f"{format_metric(metric).capitalize()} against the reference{name}",
        folded=f"All {len(table)} groups against {named}" if len(table) > LISTED else None,
    )


def _reference_row(audit: Audit, table: pd.DataFrame, metric: str, words: DecisionWords, named: str) -> TableRow:
    """Write the row of the reference itself."""
    place = audit.counts.position(table["reference"].iloc[0])
    rate = rate_cell(audit.by_group[metric].iat[place], (np.nan, np.nan), reason=f"no {words.base(metric)}")
    header = f"{html.escape(named)}, the reference"
    return TableRow(header, [f"{audit.counts.sizes[place]:,}", rate, "0", "1", "", ""], is_total=True)


def _explain(row: dict, metric: str, words: DecisionWords, named: str) -> dict[str, str]:
    """Say why a difference or a ratio is undefined."""
    nobody = f"no {words.base(metric)}"
    if np.isnan(row["rate"]) or np.isnan(row["reference_rate"]):
        side = "" if np.isnan(row["rate"]) else f"{nobody} in {named}"  # the rate's own cell says why
        return {"difference": side, "ratio": side}
    return {"difference": "", "ratio": f"the rate of {named} is 0"}


def name_reference(audit: Audit, reference: Hashable) -> str:
    """Name the reference as tables do."""
    if reference == REST:
        return "everyone else"
    first = compare_all(audit, reference)["selection_rate"]["reference"].iloc[0]
    return short_names(audit)[audit.counts.position(first)]


@lru_cache(maxsize=8)  # the page and its files need the same tables, and those of hundreds of groups take seconds
def compare_all(audit: Audit, reference: Hashable) -> dict[str, pd.DataFrame]:
    """Compare every group with a reference, in each rate of the main table."""
    return {metric: audit.against(metric, reference) for metric in SHOWN if metric in audit.counts.metrics}


def list_comparisons(audit: Audit, reference: Hashable = None) -> pd.DataFrame:
    """List all comparisons with the reference for a file: one row per metric and group, in full precision."""
    tables = []
    for metric, table in compare_all(audit, reference).items():
        groups = [group if isinstance(group, tuple) else (group,) for group in table.index.tolist()]
        index = pd.MultiIndex.from_tuples(
            [(*group, format_group(other)) for group, other in zip(groups, table["reference"], strict=True)],
            names=[*audit.counts.groups.names, "reference"],
        )
        columns = table.drop(columns="reference").set_axis(index, axis="index")
        columns.insert(0, "metric", metric)
        tables.append(columns)
    return pd.concat(tables)


def four_fifths_section(audit: Audit, favorable: int | None) -> str:
    """Write the four-fifths rule, or why it is not reported."""
    if favorable is None:
        return f'<h2 id="four-fifths">Four-fifths rule</h2>\n<p>{mark_options(NOT_REPORTED)}</p>\n'
    table = four_fifths_table(audit, favorable)
    folded = f"All {len(table)} groups" if len(table) > LISTED else None
    caption = "Rates of the favorable outcome against the highest rate"
    return f"""<h2 id="four-fifths">Four-fifths rule, a decision of {favorable} being favorable</h2>
{write_frame(table, caption=caption, label="Four-fifths rule", folded=folded, in_words=(4,))}
<p>A screen for adverse impact (EEOC, 1978), not a definition of fairness: is a group's rate of the favorable outcome
below 0.8 of the highest group's? "Cannot tell": the {audit.confidence:.0%} score interval of the ratio contains
0.8. Each verdict is about one group: among many small groups, one can fall below by chance alone.</p>
"""
