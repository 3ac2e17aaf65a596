"""An audit in words and tables: for a terminal, for a notebook, and the warnings that come before any number."""

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd

from labkit.audit.metrics import METRICS, tally
from labkit.validation import format_group

SMALL = "†"  # marks groups under min_group_size, everywhere


ROWS = 40  # groups shown in a notebook or on a terminal; the tables of the audit hold all


def format_rate(rate: float, low: float, high: float) -> str:
    """Write a rate with its interval, or say that it is undefined.

    >>> format_rate(0.25, 0.1, 0.4)
    '0.250 [0.100, 0.400]'
    """
    return "undefined" if np.isnan(rate) else f"{rate:.3f} [{low:.3f}, {high:.3f}]"


def group_rates(audit) -> pd.DataFrame:
    """Write ``by_group`` as text: a row a group (small ones marked), n, and each rate with its Wilson interval."""
    rates, intervals = audit.by_group, audit.intervals
    marked = set(audit.small_groups)
    rows = {"n": [f"{int(size):,}" for size in rates["n"]]}
    for metric in METRICS:
        limits = intervals[metric]
        rows[metric.replace("_", " ")] = [
            format_rate(*values) for values in zip(rates[metric], limits["low"], limits["high"], strict=True)
        ]
    names = [format_group(group) + (f" {SMALL}" if group in marked else "") for group in audit.counts.groups]
    return pd.DataFrame(rows, index=pd.Index(names, name=", ".join(map(str, audit.counts.groups.names))))


def disparities(audit) -> pd.DataFrame:
    """Write differences and ratios as text, a row a metric, beside the p-value of the parity test."""
    difference, ratio = audit.difference(), audit.ratio()
    differences, ratios = audit.difference_interval(), audit.ratio_interval()
    return pd.DataFrame(
        {
            "max - min": [format_rate(difference[name], *differences.loc[name]) for name in METRICS],
            "min / max": [format_rate(ratio[name], *ratios.loc[name]) for name in METRICS],
            "p of equal rates": [format_p_value(audit.parity_test(name)) for name in METRICS],
        },
        index=pd.Index([name.replace("_", " ") for name in METRICS], name="metric"),
    )


def format_p_value(p_value: float) -> str:
    """Write a p-value with three decimals, or what it is below.

    >>> format_p_value(0.00002)
    '< 0.001'
    """
    if np.isnan(p_value):
        return "undefined"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def audit_warnings(audit) -> list[str]:
    """List what a reader must know before the numbers: small groups, undefined rates, rates on few people."""
    found = []
    groups, sizes = audit.counts.groups.tolist(), audit.counts.cells.sum(axis=1)
    small = audit.small_groups
    for group, size in zip(groups, sizes, strict=True):
        if group in small:
            found.append(
                f"group {format_group(group)!r} has {size} people; under {audit.min_group_size} "
                "(min_group_size=) it is shown, and left out of difference() and ratio()"
            )
    if len(sizes) - len(small) < 2:
        found.append(
            f"fewer than two groups have {audit.min_group_size} people: difference() and ratio() are undefined; count "
            "more data, merge groups or pass include_small=True"
        )
    _, trials = tally(audit.counts.cells)  # (groups, 8)
    bases = {metric.base: position for position, metric in enumerate(METRICS.values())}
    for group, people in zip(groups, trials, strict=True):
        for base, position in bases.items():
            names = ", ".join(name for name, metric in METRICS.items() if metric.base == base)
            if people[position] == 0:
                found.append(f"{names} of group {format_group(group)!r} undefined (NaN): there are no {base}")
            elif people[position] < audit.min_group_size and group not in small:
                found.append(
                    f"{names} of group {format_group(group)!r}: only {people[position]} {base}; wide intervals"
                )
    return found


def audit_text(audit) -> str:
    """Write an audit for a plain terminal or a log."""
    rates = audit.by_group.head(ROWS)
    names = group_rates(audit).index[: len(rates)]
    shown = rates.assign(n=rates["n"].astype(int)).set_axis(names).rename(columns=lambda name: name.replace("_", " "))
    lines = [_title(audit), shown.to_string(float_format="{:.3f}".format, line_width=110), ""]
    lines += ["max - min over groups: " + ", ".join(_differences(audit))]
    lines += [f"! {line}" for line in _cut(audit.warnings, 10, "warnings")]
    return "\n".join(lines + _note(audit))


def audit_html(audit) -> str:
    """Write an audit for a notebook: rates with intervals, differences, warnings."""
    table = group_rates(audit).head(ROWS).to_html(border=0, justify="right", index_names=False)
    warnings = "".join(f"<li>{html.escape(line)}</li>" for line in _cut(audit.warnings, 10, "warnings"))
    return (
        f"<p><b>{html.escape(_title(audit))}</b></p>{table}"
        f"<p>max − min over groups: {html.escape(', '.join(_differences(audit)))}</p>"
        + (f"<p>Warnings</p><ul>{warnings}</ul>" if warnings else "")
        + "".join(f"<p><small>{html.escape(line)}</small></p>" for line in _note(audit))
    )


def _title(audit) -> str:
    groups = audit.counts.groups
    return (
        f"Audit of {audit.counts.cells.sum():,} people in {len(groups)} groups by {', '.join(map(str, groups.names))}"
    )


def _differences(audit) -> list[str]:
    return [f"{name.replace('_', ' ')} {value:.3f}" for name, value in audit.difference().items()]


def _note(audit) -> list[str]:
    notes = [f"Intervals: Wilson, {audit.confidence:.0%}. A difference is not a test: see parity_test(metric)."]
    if audit.small_groups:
        notes.append(f"{SMALL} fewer than {audit.min_group_size} people.")
    if len(audit.counts.groups) > ROWS:
        notes.append(f"The first {ROWS} of {len(audit.counts.groups)} groups are shown; .by_group has all.")
    return notes


def _cut(lines: Sequence[str], limit: int, what: str) -> list[str]:
    return [*lines[:limit], *([f"and {len(lines) - limit} more {what}"] if len(lines) > limit else [])]
