"""What a monitor found, in plain words."""

import pandas as pd

from labkit.monitoring.live import FairnessMonitor
from labkit.monitoring.streams import Monitored, Pauses
from labkit.validation import escape_controls, format_group, list_some

NO_ALARM = (
    "no alarm: this does not show that treatment is equal; the gap may be too small, or it may be too early to tell"
)
ENOUGH = 20  # decisions about each group from which on their order can be judged


def describe_monitored(monitored: Monitored) -> list[str]:
    """Write the lines that ``labkit monitor`` prints: counts, pairs, wealth, verdict, the z test, and times."""
    monitor = monitored.monitor
    lines = [_describe_group(monitor, group) for group in monitor.groups]
    if monitored.left_out:
        listed = [f"{format_group(group)} ({number:,})" for group, number in monitored.left_out.items()]
        lines.append(f"left out, about other groups: {list_some(listed)}")
    waiting = "; one decision waits for the other group" if monitor.waiting else ""
    lines.append(
        f"{_number(monitor.pairs, 'pair')} of most recent decisions; {_number(monitor.dropped, 'decision')} in no "
        f"pair, as a newer one of the same group came first{waiting}"
    )
    if has_few_pairs(monitor):
        lines.append(
            "these are few pairs for so many decisions: put the rows into the order in which decisions were made; in "
            "long runs about one group hardly anything is compared"
        )
    lines.append(
        f"wealth {write_wealth(monitor.wealth)}, from 1 at the beginning; alarm from {1 / monitor.alpha:,.4g} on"
    )
    lines.append(judge_monitor(monitor))
    if monitored.pauses is not None:
        lines.append(_describe_pauses(monitored.pauses))
    lines.append(_describe_looks(monitored.looks, monitor.alpha))
    return [escape_controls(line) for line in lines]


def has_few_pairs(monitor: FairnessMonitor) -> bool:
    """Say whether rows seem to be sorted by group: at random, at least half of the rarer group's are in a pair."""
    rarer = min(monitor.decisions.values())
    return rarer >= ENOUGH and monitor.pairs < rarer / 5


def judge_monitor(monitor: FairnessMonitor) -> str:
    """Write the verdict."""
    alarm = monitor.alarm
    if alarm is None:
        return NO_ALARM
    level = f"{100 * monitor.alpha:.4g}%"
    more, less = monitor.groups if monitor.gap > 0 else reversed(monitor.groups)
    verdict = (
        f"alarm at decision {alarm.decision:,} (pair {alarm.pair:,}): equal treatment given the past is refuted at "
        f"level {level}"
    )
    if monitor.gap:
        verdict += f"; so far {format_group(more)} got more decisions of 1 than {format_group(less)}, as a share"
    return verdict


def write_wealth(wealth: float) -> str:
    """Write a wealth with three digits or as a whole number, and a large one as a power of ten."""
    return f"{wealth:.3g}" if wealth < 1_000 or wealth >= 1e6 else f"{wealth:,.0f}"


def _describe_group(monitor: FairnessMonitor, group: object) -> str:
    """Write how many decisions there were about a group, and the share of 1."""
    number, selected = monitor.decisions[group], monitor.selected[group]
    rate = f" ({selected / number:.3f})" if number else ""
    return f"{format_group(group)}: {_number(number, 'decision')}, {selected:,} of them 1{rate}"


def _describe_looks(looks: pd.DataFrame, alpha: float) -> str:
    """Write what somebody would have seen who tests again and again."""
    below = looks[looks["p"] < alpha]
    found = f"never below {alpha:.4g}"
    if len(below):
        first = f"first at decision {below['decision'].iloc[0]:,}"
        found = f"below {alpha:.4g} at {len(below):,} of them, {first}"
    return (
        f"for comparison, a z test repeated at {_number(len(looks), 'look')}: p was {found}; such a test "
        "raises more false alarms with every look, so it is no alarm here"
    )


def _describe_pauses(pauses: Pauses) -> str:
    """Write how the decisions lie in time."""
    widest = (
        f"; the two decisions of a pair are at most {_span(pauses.widest_pair)} apart"
        if pauses.widest_pair is not None
        else ""
    )
    return (
        f"times from {pauses.begin} to {pauses.end}; longest pause {_span(pauses.longest)}, after row "
        f"{pauses.after_row:,} (median pause {_span(pauses.median)}){widest}"
    )


def _span(span: object) -> str:
    """Write a span of time without parts that are zero at its beginning."""
    return str(span).removeprefix("0 days ")


def _number(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
