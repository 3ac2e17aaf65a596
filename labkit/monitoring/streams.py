"""A table of decisions, monitored from its first row to its last."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.files import read_decisions
from labkit.monitoring._checks import check_order, check_stream, choose_two, read_times
from labkit.monitoring.live import LARGEST, Bets, FairnessMonitor
from labkit.monitoring.looks import repeated_z_tests
from labkit.validation import format_group, list_some, sorted_groups


@dataclass(frozen=True)
class Pauses:
    """How decisions about the two groups lie in time, as description.

    Parameters
    ----------
    begin, end : Timestamp or number
        The first time and the last.
    longest : Timedelta or number
        The longest pause between two decisions in a row.
    after_row : int
        The row after which it begins, counted from 1 in the order of the table.
    median : Timedelta or number
        The median pause.
    widest_pair : Timedelta or number, or None
        The longest time between the two decisions of a pair; None without pairs. The monitor's null is that both have
        the same expected value given the past, which says less the longer it is.
    """

    begin: Any
    end: Any
    longest: Any
    after_row: int
    median: Any
    widest_pair: Any


@dataclass(frozen=True)
class Monitored:
    """What a monitor saw in a table.

    Parameters
    ----------
    monitor : FairnessMonitor
        Where it stands after the last row; it can go on.
    pairs : pandas.DataFrame
        One row per pair: ``row`` of the table that completed it (from 1), ``decision`` (how many about the two groups
        there were by then), ``time`` if there is one, ``difference`` (-1, 0 or 1: first group minus second),
        ``log_wealth`` (natural logarithm), ``wealth`` (infinite where it is too large for a number), and for all
        decisions so far ``n_first``, ``n_second`` and ``gap`` (first rate minus second).
    looks : pandas.DataFrame
        Repeated z tests on the same decisions, see `repeated_z_tests`.
    left_out : dict of hashable to int
        Decisions about other groups than the two, by group.
    pauses : Pauses or None
        None without a time, or with fewer than two decisions.
    """

    monitor: FairnessMonitor
    pairs: pd.DataFrame
    looks: pd.DataFrame
    left_out: dict[Hashable, int]
    pauses: Pauses | None


def monitor_stream(
    frame: pd.DataFrame,
    *,
    group: str,
    decision: str,
    time: str | None = None,
    groups: Sequence[Hashable] | None = None,
    alpha: float = 0.05,
    restarts: bool = True,
    every: int | None = None,
    sort: bool = False,
    monitor: FairnessMonitor | None = None,
) -> Monitored:
    """Monitor the decisions in a table, in the order of its rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per decision, in the order in which they were made.
    group, decision : str
        Columns with the group, and with the decision: 0 or 1, or booleans.
    time : str, optional
        Column of times: timestamps, text as in ISO 8601, or numbers. They must not go back; pauses are described, and
        change nothing.
    groups : sequence of two hashables, optional
        The groups to compare, where there are more; decisions about others are left out and counted. By default the two
        that there are, in order, or those of ``monitor``.
    alpha, restarts : optional
        As in `FairnessMonitor`; not with ``monitor``, which has its own.
    every : int, optional
        Decisions between two of the repeated z tests; by default a hundredth of the table.
    sort : bool
        Sort the rows by time first, if they are not; rows of the same time keep their order.
    monitor : FairnessMonitor, optional
        Go on with this one, which is changed: it takes the decisions after those that it has seen.

    Returns
    -------
    Monitored
        The monitor, a row per pair, and the repeated z tests.

    Raises
    ------
    UserError
        Unknown columns, no rows, missing values, decisions that are not 0 or 1; one group, or more than two without
        ``groups``; times that cannot be read, or go back without ``sort``; ``sort`` without times. A monitor is
        unchanged then.
    """
    check_stream(frame, [group, decision] if time is None else [group, decision, time])
    if sort and time is None:
        raise UserError("sort=True needs the column of times: name it with time=")
    decisions = read_decisions(frame[decision])  # (rows,)
    names = _choose(frame[group], groups, monitor)
    if monitor is None:
        monitor = FairnessMonitor(names, alpha=alpha, restarts=restarts)
    rows = np.arange(len(frame))  # in the order of the table
    times = None
    if time is not None:
        times, rows = _put_in_order(read_times(frame[time]), time, sort)
    second = (frame[group] == names[1]).to_numpy()
    compared = second | (frame[group] == names[0]).to_numpy()
    others = frame.loc[~compared, group].value_counts().to_dict()
    rows = rows[compared[rows]]
    second, decisions = second[rows], decisions[rows]

    before = (np.array(list(monitor.decisions.values())), np.array(list(monitor.selected.values())))
    looks = repeated_z_tests(second, decisions, every=every, before=before)
    waited = monitor.waiting
    bets = monitor.update_many(second, decisions)
    pairs = _tabulate(bets, second, decisions, rows, before)
    pauses = None
    if times is not None:
        times = times.iloc[rows]
        pairs.insert(2, "time", times.iloc[bets.completing].to_numpy())
        pauses = _describe_pauses(times, rows, bets, waited)
    return Monitored(
        monitor, pairs, looks, {name: others[name] for name in sorted_groups(others) if others[name]}, pauses
    )


def _choose(
    values: pd.Series, groups: Sequence[Hashable] | None, monitor: FairnessMonitor | None
) -> tuple[Hashable, Hashable]:
    """Return the groups to compare; a monitor that goes on keeps its own, and may meet one of them alone."""
    if monitor is None:
        return choose_two(values, groups)
    if groups is not None and tuple(groups) != monitor.groups:
        raise UserError(
            f"the monitor compares {' and '.join(map(format_group, monitor.groups))}, not "
            f"{' and '.join(map(format_group, groups))}; start another one for these"
        )
    strange = [value for value in values.unique().tolist() if value not in monitor.groups]
    if strange and groups is None:
        raise UserError(
            f"column {values.name!r} has groups that the monitor does not compare: "
            f"{list_some([format_group(value) for value in sorted_groups(strange)])}; name its two with groups=, and "
            "decisions about others are left out"
        )
    return monitor.groups


def _put_in_order(times: pd.Series, column: str, sort: bool) -> tuple[pd.Series, np.ndarray]:
    """Return times, and the rows in order: as they are, or sorted by time."""
    if not sort:
        check_order(times, column)
        return times, np.arange(len(times))
    return times, np.argsort(times.to_numpy(), kind="stable")


def _tabulate(
    bets: Bets,
    second: np.ndarray,
    decisions: np.ndarray,
    rows: np.ndarray,
    before: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:
    """Write one row per pair."""
    numbers, selected = (
        values[:, None] + np.cumsum(np.stack([~second, second]) * weights, axis=1)[:, bets.completing]
        for values, weights in zip(before, (np.ones_like(decisions), decisions), strict=True)
    )
    columns = {
        "row": rows[bets.completing] + 1,
        "decision": numbers.sum(axis=0),
        "difference": bets.differences,
        "log_wealth": bets.log_wealth,
        "wealth": np.where(bets.log_wealth < LARGEST, np.exp(np.minimum(bets.log_wealth, LARGEST)), np.inf),
        "n_first": numbers[0],
        "n_second": numbers[1],
        "gap": selected[0] / numbers[0] - selected[1] / numbers[1],
    }
    return pd.DataFrame(columns)


def _describe_pauses(times: pd.Series, rows: np.ndarray, bets: Bets, waited: bool) -> Pauses | None:
    """Describe the times of decisions that are in order."""
    if len(times) < 2:
        return None
    steps = times.diff().iloc[1:]
    longest = int(steps.to_numpy().argmax())
    inside = bets.completing[1:] if waited and len(bets.completing) and not bets.completing[0] else bets.completing
    widest = steps.iloc[inside - 1].max() if len(inside) else None
    return Pauses(times.iloc[0], times.iloc[-1], steps.iloc[longest], int(rows[longest]) + 1, steps.median(), widest)
