"""The tables of rates by group, with the people behind each rate and a row for everyone; and the file of all rates."""

import html

import numpy as np
import pandas as pd

from labkit.audit.intervals import is_imprecise, wilson_interval
from labkit.audit.metrics import divide, tally
from labkit.audit.results import Audit
from labkit.audit.sampling._effective import effective_trials
from labkit.audit.sections._sentences import BELOW, DecisionWords
from labkit.audit.sections._tables import LISTED, TableRow, rate_cell, write_table
from labkit.audit.text import format_groups

EVERYONE = "everyone"


def rates_section(audit: Audit, words: DecisionWords, keys: list[bool], *, name: str = "") -> str:
    """Write the main table of rates by group and, where labels are known, base rate and accuracy below it.

    Parameters
    ----------
    audit : Audit
        What to show.
    words : DecisionWords
        What decisions and labels are called.
    keys : list of bool
        Whether the figure shows a key in the place of a group's name; the table then has all keys.
    name : str
        What the boxes of these tables are called, where a page has several: " by race".
    """
    known = audit.counts.metrics
    shown = [metric for metric in words.shown if metric in known]
    said = write_rates(audit, shown, words, keys, caption=f"Rates by group{name}", label=f"Rates by group{name}")
    below = [metric for metric in BELOW if metric in known]
    if not below:
        return said
    return said + write_rates(
        audit,
        below,
        words,
        keys,
        caption=f"Base rate and accuracy by group{name}",
        label=f"Base rate and accuracy{name}",
        folded=f"Base rate and accuracy of {len(keys)} groups{name}" if len(keys) > LISTED else None,
    )


def write_rates(
    audit: Audit,
    metrics: list[str],
    words: DecisionWords,
    keys: list[bool],
    *,
    caption: str,
    label: str,
    folded: str | None = None,
) -> str:
    """Write some rates of all groups as a table, everyone in its last row."""
    names = list(audit.counts.metrics)
    rates, marked = audit.by_group[names].to_numpy(), audit.too_few.to_numpy()  # (groups, metrics)
    limits = audit.intervals.to_numpy().reshape(*rates.shape, 2)
    _, people = tally(audit.counts.cells)  # (groups, metrics): people, or rows
    groups = format_groups(audit.counts.groups, audit.small_groups)
    rows = []
    for place, (header, size) in enumerate(zip(write_headers(groups, keys), audit.counts.sizes, strict=True)):
        cells = [f"{size:,}"]
        for metric in metrics:
            here = place, names.index(metric)
            of = f"of {people[here]:,}" if words.base(metric) != "all people" else ""
            reason = f"no {words.base(metric)}"
            cells.append(rate_cell(rates[here], limits[here], of=of, reason=reason, is_marked=marked[here]))
        rows.append(TableRow(header, cells))
    rows.append(_everyone(audit, metrics, words))
    columns = [groups.name, "people", *map(words.name, metrics)]
    return write_table(columns, rows, caption=caption, label=label, folded=folded)


def write_headers(groups: pd.Index, keys: list[bool]) -> list[str]:
    """Write the names of groups as HTML, with their keys where the figure needs some."""
    if not any(keys):
        return [html.escape(group) for group in groups]
    return [f'<span class="key">#{place}</span> {html.escape(group)}' for place, group in enumerate(groups, start=1)]


def _everyone(audit: Audit, metrics: list[str], words: DecisionWords) -> TableRow:
    """Write the row of all people together."""
    _, people = tally(audit.counts.cells.sum(axis=0))
    low, high, _, marked = limit_everyone(audit)
    cells = [f"{audit.counts.sizes.sum():,}"]
    for metric in metrics:
        place = list(audit.counts.metrics).index(metric)
        cells.append(
            rate_cell(
                audit.overall[metric],
                (low[place], high[place]),
                of=f"of {people[place]:,}" if words.base(metric) != "all people" else "",
                reason=f"no {words.base(metric)}",
                is_marked=bool(marked[place]),
            )
        )
    return TableRow(EVERYONE, cells, is_total=True)


def limit_everyone(audit: Audit) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the limits of every metric over all people, what it is taken of, and whether limits are imprecise.

    Each is (metrics,). With persons limits are NaN: a person may be in several groups, and nobody counted how many are.
    """
    successes, trials = tally_everyone(audit)
    low, high = wilson_interval(successes, trials, confidence=audit.confidence)
    if audit.counts.persons is not None:
        low, high = np.full_like(low, np.nan), np.full_like(high, np.nan)
    return low, high, trials, is_imprecise(successes, trials)


def tally_everyone(audit: Audit) -> tuple[np.ndarray, np.ndarray]:
    """Return successes and trials of every metric over all groups, each (metrics,); with weights, effective numbers."""
    counts = audit.counts
    mass = counts.mass.sum(axis=0)[None]
    successes, trials = tally(mass)
    if counts.moments is None:
        return successes[0], trials[0]
    cells, moments = counts.cells.sum(axis=0)[None], counts.moments.sum(axis=0)[None]
    worth = effective_trials(mass, moments, cells, clustered=counts.persons is not None)
    return (np.where(worth > 0, divide(successes, trials), 0) * worth)[0], worth[0]


def list_rates(audit: Audit) -> pd.DataFrame:
    """List all rates for a file, complements too: each with its limits and the number of people it is taken of.

    Returns
    -------
    pandas.DataFrame
        One row per group; columns n, and for each metric METRIC, METRIC_low, METRIC_high and METRIC_of.
    """
    rates, limits, (_, people) = audit.by_group, audit.intervals, tally(audit.counts.cells)
    columns = {"n": audit.counts.sizes}
    for place, metric in enumerate(audit.counts.metrics):
        columns[metric] = rates[metric].to_numpy()
        columns[f"{metric}_low"], columns[f"{metric}_high"] = limits[metric].to_numpy().T
        columns[f"{metric}_of"] = people[:, place]
    return pd.DataFrame(columns, index=audit.counts.groups)
