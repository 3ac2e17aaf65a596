"""The sections of the page that compare groups: the extremes, each group against a reference, the four-fifths rule.

All intervals of comparisons on the page hold for several comparisons at once, so that a reader may pick any of them:
those of a table against a reference for its rows, or for all pairs of groups where the reference was picked itself.
"""

import html
from collections.abc import Hashable
from functools import lru_cache

import numpy as np
import pandas as pd

from labkit.audit.between.four_fifths import HIGHEST
from labkit.audit.between.reference import REST, Picked
from labkit.audit.inputs._names import label_groups
from labkit.audit.metrics import tally
from labkit.audit.results import Audit
from labkit.audit.sections._between_groups import NOT_REPORTED, disparities, format_ratio
from labkit.audit.sections._sentences import BELOW, DecisionWords, find_extremes, short_names
from labkit.audit.sections._tables import (
    LISTED,
    TableRow,
    mark_options,
    rate_cell,
    stack_interval,
    write_table,
)
from labkit.audit.text import SMALL, begin, format_metric, format_name, format_p_value, format_rate, mark_imprecise
from labkit.validation import format_group, list_some

NAMED = 6  # groups beyond chance, in a sentence
NOT_FOUR_FIFTHS = (
    "The ratio of rates of decision 1 here is one of the <em>unfavorable</em> decision. It is not the ratio of the "
    "four-fifths rule, which compares rates of the favorable one."
)
# Estimates in tables against a reference, each with the columns of its limits, which hold for the whole table at once.
INTERVALS = (
    ("difference", "low_adjusted", "high_adjusted"),
    ("ratio", "ratio_low_adjusted", "ratio_high_adjusted"),
)


def between_section(audit: Audit, words: DecisionWords) -> str:
    """Write the section on the lowest and the highest rate of each metric: which groups, and how sure that is."""
    large = audit.counts.effective_sizes >= audit.min_group_size
    metrics = [metric for metric in (*words.shown, *BELOW) if metric in audit.counts.metrics]
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
        if found is not None and len({audit.by_group[metric].iat[place] for place in found}) == 1:
            named = ["all alike", "all alike"]
        gap, ratio = said["max - min"], said["min / max"]
        why = "fewer than two groups have a rate" if found is None else "every rate is 0"
        cells = [
            stack_interval(text) if text != "undefined" else rate_cell(np.nan, (), reason=why) for text in (gap, ratio)
        ]
        tests = [html.escape(said[column]) for column in ("p of equal rates", "test")]
        rows.append(TableRow(html.escape(words.name(metric)), [*named, *cells, *tests]))
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
varies. The p-value says whether there is a gap at all.{several}{_explain_pairs(audit)}</p>
{"<p>" + NOT_FOUR_FIFTHS + "</p>" if words.favorable == 0 else ""}
"""


def _explain_pairs(audit: Audit) -> str:
    """Say why intervals of the extremes are wider than those of two groups; nothing for two groups."""
    number = int((audit.counts.effective_sizes >= audit.min_group_size).sum())
    if number < 3:
        return ""
    return f""" Nobody knew before which groups would be the lowest and the highest: any of the
{number * (number - 1) // 2:,} pairs of groups could have been. The intervals are therefore so wide that they hold for
all of these pairs at once. They are conservative, and contain 0 (those of ratios 1) where no pair differs."""


def _name(audit: Audit, metric: str, groups: list[str], place: int) -> str:
    """Name a group with its rate and the number of people that it is taken of, as HTML."""
    rate, (_, people) = audit.by_group[metric].iat[place], tally(audit.counts.cells[place])
    of = people[list(audit.counts.metrics).index(metric)]
    return f'{html.escape(groups[place])}<br><span class="of">{rate:.3f} of {of:,}</span>'


def reference_section(audit: Audit, reference: Hashable, words: DecisionWords) -> str:
    """Write the section that compares every group with a reference."""
    named = name_reference(audit, reference)
    said = (
        "Difference: the group's rate minus that of everyone outside the group; ratio: the group's rate over theirs."
        if reference == REST
        else "Difference: the group's rate minus the reference's; ratio: the group's rate over the reference's."
    )
    chosen = ""
    if isinstance(reference, Picked):
        chosen = (
            " The reference is the group with the highest rate of the favorable decision, as in the four-fifths rule: "
            "<code>--reference</code> chooses another."
        )
    elif reference is None:
        chosen = " The reference is the largest group: <code>--reference</code> chooses another."
    return f"""<h2 id="reference">Every group against {html.escape(named)}</h2>
<p>{said}{chosen}</p>
<p>{_explain_intervals(audit, reference)} p is that of a chi-square test, or of Fisher's exact test where an expected
count is below 5.</p>
{reference_tables(audit, reference, words)}"""


def _explain_intervals(audit: Audit, reference: Hashable) -> str:
    """Say for how many comparisons the intervals and the adjusted p of a table hold, and why, as HTML."""
    level, number = f"{audit.confidence:.0%}", len(audit.counts.groups)
    if number == 2:
        return f"Intervals are Newcombe's and Koopman's score intervals for {level}; a table has one comparison."
    if isinstance(reference, Picked):
        return f"""The intervals (Newcombe's and Koopman's score intervals) are so wide that, in {level} of samples, all
of those in a table hold, and would hold for any of the {number * (number - 1) // 2:,} pairs of groups: the reference
was picked because its rate is the highest, and another sample could have picked another group. The adjusted p counts
all of these pairs, too (Holm 1979), but not the number of tables."""
    return f"""The intervals (Newcombe's and Koopman's score intervals) are so wide that, in {level} of samples, all of
those in a table hold, so that you may look for the largest gap in it. They are narrower than those of the lowest and
the highest group above, where any pair of groups could have been picked. The adjusted p allows for the number of rows
in a table (Holm 1979), not for the number of tables."""


def reference_tables(audit: Audit, reference: Hashable, words: DecisionWords, *, name: str = "", level: int = 3) -> str:
    """Write a table for each rate of the main table, with the name of the criterion that asks for equality."""
    known = [metric for metric in words.shown if metric in audit.counts.metrics]
    named, parts = name_reference(audit, reference), []
    compared = compare_all(audit, reference)
    for metric in known:
        table = compared[metric]
        parts.append(
            f"<h{level}>{words.criterion(metric)}: {html.escape(words.name(metric) + name)}</h{level}>\n"
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
    said = f"Beyond chance (adjusted p below {level:.2g}), {of} from {named}"
    if tested > 1 and clear:
        names = dict(zip(audit.counts.groups.tolist(), short_names(audit), strict=True))
        found = table[table["p_adjusted"] < level].sort_values("p_value", kind="stable")
        said += f": {list_some([f'“{names[group]}”' for group in found.index.tolist()], NAMED)}"
    said += "."
    unclear = (table["p_adjusted"] < level) & (table["low_adjusted"] <= 0) & (table["high_adjusted"] >= 0)
    if unclear.any():
        said += (
            f" For {unclear.sum()} of them the interval contains 0 all the same: Holm's adjustment of p is less strict "
            "than intervals that all hold at once. Read that as a borderline case."
        )
    return said


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
            for key, low, high in INTERVALS
        ]
        rate = rate_cell(row["rate"], (np.nan, np.nan), reason=f"no {words.base(metric)}")
        tests = [html.escape(format_p_value(row[key])).replace("undefined", "–") for key in ("p_value", "p_adjusted")]
        header = html.escape(label_of[group] + (f" {SMALL}" if row["small"] else ""))
        rows.append(TableRow(header, [f"{row['n']:,}", rate, *sides, *tests]))
    columns = [format_name(", ".join(map(str, audit.counts.groups.names))), "people", words.name(metric)]
    columns += ["difference", "ratio", "p", "p, adjusted"]
    at_once = f", {audit.confidence:.0%} intervals that hold at once" if len(table) > 1 else ""
    return write_table(
        columns,
        rows,
        caption=f"{begin(words.name(metric))} against {named}{name}{at_once}",
        label=f"{begin(words.name(metric))} against the reference{name}",
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
    """Compare every group with a reference, in each rate."""
    return {metric: audit.against(metric, reference) for metric in audit.counts.metrics}


def list_comparisons(audit: Audit, reference: Hashable = None) -> pd.DataFrame:
    """List all comparisons with the reference for a file: one row per metric and group, in full precision.

    Complements are in it, too: their differences follow from those of rates, and their ratios do not.
    """
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
    alone = ""
    if audit.counts.groups.nlevels > 1 and audit.counts.persons is None:
        alone = ' The rule for one column at a time is in <a href="#alone">Each column alone</a>.'
    return f"""<h2 id="four-fifths">Four-fifths rule, a decision of {favorable} being favorable</h2>
{write_four_fifths(audit, favorable)}
<p>Impact ratio: a group's rate of the favorable decision over the highest group's. The rule (U.S. Uniform Guidelines on
Employee Selection Procedures, 1978) asks for a closer look where it is below 0.8, and then whether chance may explain
it: “more than chance” means that the adjusted p of equal rates is below {1 - audit.confidence:.2g}. It is a screen for
adverse impact, not a definition of fairness: groups are compared with the highest one, whatever
<code>--reference</code> says. A gap that is not below 0.8 may still matter, and a small sample may hide
one. Where the interval contains 0.8, another sample could come out on the other side of it.{alone}</p>
<p>{_explain_highest(audit)}</p>
"""


def _explain_highest(audit: Audit) -> str:
    """Say what intervals and p-values of the four-fifths rule allow for."""
    number = int((audit.counts.effective_sizes >= audit.min_group_size).sum())
    if number < 3:
        return f"The interval is Koopman's score interval for {audit.confidence:.0%}; p is that of two groups."
    return f"""The group with the highest rate was picked by looking at rates that vary by chance, and the highest of
several is more often too high than too low. The intervals allow for that: they are so wide that, in
{audit.confidence:.0%} of samples, all of them hold, whichever group truly has the highest rate. The adjusted p counts
all {number * (number - 1) // 2:,} pairs of groups, any of which could have been compared (Holm 1979)."""


def write_four_fifths(audit: Audit, favorable: int, *, name: str = "") -> str:
    """Write the four-fifths rule as a table, highest rate first; groups that are too small are below, not judged."""
    table = audit.four_fifths(favorable=favorable)
    labels = map(format_name, label_groups(audit.counts.groups))
    label_of = dict(zip(audit.counts.groups.tolist(), labels, strict=True))
    judged = zip(table.index.tolist(), table.to_dict("records"), strict=True)
    rows = []
    for group, row in sorted(judged, key=lambda pair: (pair[1]["finding"] != HIGHEST, -pair[1]["favorable_rate"])):
        header = html.escape(label_of[group])
        rate = rate_cell(row["favorable_rate"], (np.nan, np.nan), of=f"of {row['n']:,.0f}")
        if row["finding"] == HIGHEST:
            rows.append(TableRow(f"{header}, the highest rate", [rate, "1", "", "", ""], is_total=True))
            continue
        tests = [format_p_value(row[key]).replace("undefined", "–") for key in ("p_value", "p_adjusted")]
        rows.append(
            TableRow(header, [rate, stack_interval(format_ratio(row)), row["finding"], *map(html.escape, tests)])
        )
    rates = audit.by_group["selection_rate"] if favorable == 1 else 1 - audit.by_group["selection_rate"]
    for group in audit.small_groups:
        place = audit.counts.position(group)
        rate = rate_cell(rates.iat[place], (np.nan, np.nan), of=f"of {audit.counts.sizes[place]:,}")
        said = f"not judged: fewer than {audit.min_group_size} people"
        rows.append(TableRow(f"{html.escape(label_of[group])} {SMALL}", [rate, "–", said, "–", "–"]))
    columns = [format_name(", ".join(map(str, audit.counts.groups.names))), "favorable rate", "impact ratio"]
    return write_table(
        [*columns, "below 0.8?", "p", "p, adjusted"],
        rows,
        caption=f"Rates of the favorable decision against the highest rate{name}",
        label=f"Four-fifths rule{name}",
        folded=f"All {len(rows)} groups" if len(rows) > LISTED else None,
        in_words=(3,),
    )
