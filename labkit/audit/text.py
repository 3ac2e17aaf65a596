"""Rates, warnings and views of an audit as text, made from plain tables: what `Audit` shows of itself.

``results.py`` imports this file, so that nothing here knows the class.
"""

import html
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd

from labkit.audit.inputs._names import label_groups
from labkit.audit.sampling._sampled_counts import SampledCounts
from labkit.validation import escape_controls

SMALL = "†"  # marks groups under min_group_size, everywhere
IMPRECISE = "‡"  # marks intervals that fewer than two successes or failures leave imprecise
ROWS = 40  # groups shown in a notebook or on a terminal; the tables of the audit hold all
GROUPS_DRAWN = 30  # rows in one figure of rates; nobody can read more
CURVES = 9  # panels in one figure of calibration
WARNINGS = 10  # shown in a notebook or on a terminal; .warnings has all
LONGEST_MEANING = 24  # characters of what a decision means, in a heading
NO_FORMULAS = "tex2jax_ignore mathjax_ignore"  # classes of HTML in which MathJax leaves "$20 to $30" alone


def format_rate(rate: float, low: float, high: float) -> str:
    """Write a rate with its interval, or say that it is undefined.

    Parameters
    ----------
    rate, low, high : float
        A rate and the limits of its interval; NaN where the rate is undefined.

    Returns
    -------
    str
        Three decimals each.

    Examples
    --------
    >>> format_rate(0.25, 0.1, 0.4)
    '0.250 [0.100, 0.400]'
    """
    return "undefined" if np.isnan(rate) else f"{rate:.3f} [{low:.3f}, {high:.3f}]"


def format_p_value(p_value: float, floor: float = 0.0) -> str:
    """Write a p-value with three decimals, or what it is below.

    Parameters
    ----------
    p_value : float
        In [0, 1]; NaN where the test is undefined.
    floor : float
        The lowest p-value that the test could give, 1 / (tables + 1) where random tables are drawn: there the p-value
        is known to be this at most.

    Returns
    -------
    str
        Such as ``"0.042"``, ``"< 0.001"``, ``"≤ 0.010"`` or ``"undefined"``.

    Examples
    --------
    >>> format_p_value(0.00002)
    '< 0.001'
    >>> format_p_value(1 / 101, floor=1 / 101)
    '≤ 0.010'
    """
    if np.isnan(p_value):
        return "undefined"
    if p_value < 0.001:
        return "< 0.001"
    return f"≤ {np.ceil(1000 * p_value) / 1000:.3f}" if p_value <= floor else f"{p_value:.3f}"


def mark_imprecise(rate: str, is_marked: bool) -> str:
    """Mark a rate with its interval where too few people are behind it."""
    return f"{rate} {IMPRECISE}" if is_marked else rate


def explain_marks(*, small: bool, imprecise: bool, min_group_size: int) -> list[str]:
    """Say what the marks in a table mean, for those that occur in it."""
    notes = [f"{SMALL} fewer than {min_group_size} people."] if small else []
    if imprecise:
        notes.append(
            f"{IMPRECISE} too few to be precise: a group has fewer than two people with the outcome, or fewer than two "
            "without it, and a 95% interval then covers the true value in as little as 84% of samples."
        )
    return notes


def format_metric(metric: str) -> str:
    """Write the name of a metric in words: "true positive rate"."""
    return metric.replace("_", " ")


def name_rate(metric: str, favorable: int | None = None, means: str = "") -> str:
    """Write the name of a metric for a heading: nobody says "selected" of people who are turned down.

    Parameters
    ----------
    metric : str
        One of ``METRICS``.
    favorable : int, optional
        The decision that is good for a person; with 0 the selection rate is that of a bad decision.
    means : str
        What a decision of 1 means, where somebody said so.

    Returns
    -------
    str
        Such as "selection rate", "rate of decision 1" or "rate of “loan denied”".
    """
    if metric != "selection_rate" or favorable != 0:
        return format_metric(metric)
    return f"rate of “{means}”" if 0 < len(means) <= LONGEST_MEANING else "rate of decision 1"


def format_groups(groups: pd.Index, small: Iterable[Hashable] = ()) -> pd.Index:
    """Write groups as text, and the columns they come from as the name of the index; small groups carry a mark."""
    small, listed = set(small), groups.tolist()
    labels = zip(listed, label_groups(listed), strict=True)
    names = [format_name(label) + (f" {SMALL}" if group in small else "") for group, label in labels]
    return pd.Index(names, name=format_name(", ".join(map(str, groups.names))))


def begin(line: str) -> str:
    """Begin with a capital letter, unless the first word is a name."""
    first = line.split(maxsplit=1)[0] if line.strip() else ""
    return line[:1].upper() + line[1:] if first.isalpha() else line


def format_name(name: str) -> str:
    """Write a name so that it takes one line and cannot steer a terminal."""
    return escape_controls(name).replace("\n", "\\n").replace("\t", "\\t")


def format_rates(
    rates: pd.DataFrame, intervals: pd.DataFrame, small: Sequence[Hashable], imprecise: pd.DataFrame
) -> pd.DataFrame:
    """Write ``Audit.by_group`` with ``Audit.intervals`` as text: one row per group, and columns n and every metric."""
    columns = {"n": [f"{int(size):,}" for size in rates["n"]]}
    for metric in intervals.columns.get_level_values("metric").unique():
        limits, marked = intervals[metric], imprecise[metric]
        columns[format_metric(metric)] = [
            mark_imprecise(format_rate(*values), is_marked)
            for *values, is_marked in zip(rates[metric], limits["low"], limits["high"], marked, strict=True)
        ]
    return pd.DataFrame(columns, index=format_groups(rates.index, small))


def say_people(counts: SampledCounts) -> str:
    """Say how many people were counted, and in how many rows and with what weights where that differs."""
    people, rows = f"{counts.sizes.sum():,} people", counts.cells.sum()
    further = []
    if counts.persons is not None:
        further.append(f"{rows:,} rows")
    if counts.weighted is not None:
        further.append(f"weights that sum to {counts.weighted.sum():,.10g}")
    return f"{people} with {' and '.join(further)}" if further else people


def write_text(
    title: str, rates: pd.DataFrame, differences: pd.Series, *, warnings: Sequence[str], notes: Sequence[str]
) -> str:
    """Write an audit for a plain terminal or a log; ``rates`` is ``Audit.by_group`` with groups as text."""
    rates = rates.head(ROWS)
    shown = rates.assign(n=rates["n"].astype(int)).rename(columns=format_metric)
    lines = [title, shown.to_string(float_format="{:.3f}".format, line_width=110), ""]
    lines.append("max - min over groups: " + _list_differences(differences))
    lines += [f"! {line}" for line in cut_list(warnings, WARNINGS, "warnings")]
    return escape_controls("\n".join([*lines, *notes]))


def write_html(
    title: str, rates: pd.DataFrame, differences: pd.Series, *, warnings: Sequence[str], notes: Sequence[str]
) -> str:
    """Write an audit for a notebook; ``rates`` is what `format_rates` gives."""
    parts = [
        f"<p><b>{html.escape(title)}</b></p>",
        rates.head(ROWS).to_html(border=0, justify="right", index_names=False),
        f"<p>max − min over groups: {html.escape(_list_differences(differences))}</p>",
    ]
    if warnings:
        listed = "".join(f"<li>{html.escape(line)}</li>" for line in cut_list(warnings, WARNINGS, "warnings"))
        parts.append(f"<p>Warnings</p><ul>{listed}</ul>")
    parts += [f"<p><small>{html.escape(line)}</small></p>" for line in notes]
    return f'<div class="{NO_FORMULAS}">{"".join(parts)}</div>'


def _list_differences(differences: pd.Series) -> str:
    """Write every metric with its difference, in one line."""
    return ", ".join(f"{format_metric(name)} {value:.3f}" for name, value in differences.items())


def cut_list(lines: Sequence[str], limit: int, what: str) -> list[str]:
    """Keep the first lines, and say how many more there are."""
    more = [f"and {len(lines) - limit} more {what}"] if len(lines) > limit else []
    return [*lines[:limit], *more]
