"""Conditions under which a pipeline is to stop, ``--fail-if "ratio(selection_rate) < 0.8"``, and what an audit says.

A condition is about each group against the reference. It is met where chance does not explain that: where the upper
end of the group's interval is below the number (for ``>``: the lower end above it), with intervals that hold for all
groups at once (Bonferroni, see ``Audit.against``). Where it is known which decision is favorable, its rate can be
judged as ``favorable_rate``; the selection rate is that of a decision of 1, which may be the bad one.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from labkit.audit.between.reference import REST
from labkit.audit.command._exits import BadOption
from labkit.audit.command._favorable import FAVORABLE_RATE, turn_decisions
from labkit.audit.inputs._names import label_groups
from labkit.audit.metrics import METRICS, UNLABELED_METRICS
from labkit.audit.results import Audit
from labkit.audit.text import format_name
from labkit.errors import UserError
from labkit.validation import list_some

GRAMMAR = re.compile(r"\s*(difference|ratio)\s*\(\s*(\w+)\s*\)\s*([<>])\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*", re.ASCII)
LIMITS = {"difference": ("low_adjusted", "high_adjusted"), "ratio": ("ratio_low_adjusted", "ratio_high_adjusted")}


class BadCondition(BadOption):
    """A condition that nobody can judge; the message shows how conditions are written."""


@dataclass(frozen=True)
class Condition:
    """A statistic of a metric, a group compared with the reference, and the number that it may not pass.

    Parameters
    ----------
    statistic : {"difference", "ratio"}
        Group minus reference, or group over reference.
    metric : str
        One of ``METRICS``, or "favorable_rate".
    side : {"<", ">"}
        On which side of the number the condition is met.
    number : float
        A difference in probability, or a ratio.
    """

    statistic: str
    metric: str
    side: str
    number: float

    def __str__(self) -> str:
        return f"{self.statistic}({self.metric}) {self.side} {self.number:g}"

    def judge(self, table: pd.DataFrame, names: Sequence[str], reference: str = "the reference") -> "Verdict":
        """Say for which groups it is met, by a table of ``Audit.against`` whose rows have these names."""
        low, high = (table[name].to_numpy() for name in LIMITS[self.statistic])
        known, small = ~(np.isnan(low) | np.isnan(high)), table["small"].to_numpy()
        with np.errstate(invalid="ignore"):
            beyond = (high < self.number) if self.side == "<" else (low > self.number)
        met = known & ~small & beyond
        value = table[self.statistic].to_numpy()
        with np.errstate(invalid="ignore"):
            distance = (value - self.number) * (1 if self.side == "<" else -1)  # below 0: met as measured

        def describe(chosen: np.ndarray) -> tuple[str, ...]:
            return tuple(f"{format_name(names[at])} {value[at]:.3f} [{low[at]:.3f}, {high[at]:.3f}]" for at in chosen)

        judged = np.flatnonzero(known & ~small)
        order = judged[np.argsort(distance[judged], kind="stable")]
        return Verdict(
            self,
            met=tuple(name for name, is_met in zip(names, met, strict=True) if is_met),
            unjudged=tuple(name for name, is_judged in zip(names, known & ~small, strict=True) if not is_judged),
            judged=len(judged),
            beyond=describe(order[met[order]]),
            nearly=describe(order[~met[order] & (distance[order] < 0)]),
            nearest=describe(order[:1]),
            reference=reference,
        )


@dataclass(frozen=True)
class Verdict:
    """What an audit says about a condition.

    Parameters
    ----------
    condition : Condition
        The condition.
    met : tuple of str
        The groups for which it is met.
    unjudged : tuple of str
        Groups that are too small or have no such rate: they are not judged.
    judged : int
        How many groups were judged.
    beyond : tuple of str
        Each group in ``met`` with what was measured and the interval, the farthest first.
    nearly : tuple of str
        Likewise the groups that are beyond the number as measured, and whose interval contains it.
    nearest : tuple of str
        Likewise the group that comes nearest to meeting it.
    reference : str
        With whom the groups are compared.
    """

    condition: Condition
    met: tuple[str, ...]
    unjudged: tuple[str, ...]
    judged: int
    beyond: tuple[str, ...] = ()
    nearly: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    reference: str = "the reference"

    def describe(self) -> str:
        """Say in one line whether the condition is met, for which groups, or that nothing could be judged."""
        left_out = f" ({len(self.unjudged)} not judged: small, or undefined)" if self.unjudged else ""
        if not self.judged:
            none = "every group is small, or its rate is undefined"
            return f"{self.condition} cannot be judged against {self.reference}: {none}"
        side = "below" if self.condition.side == "<" else "above"
        near = f"{side} {self.condition.number:g} as measured, with an interval that contains it"
        among = "the one group" if self.judged == 1 else f"any of {self.judged} groups"
        if not self.met:
            said = f"{self.condition} is not met in {among} compared with {self.reference}{left_out}"
            if self.nearly:
                return f"{said}; {near} (Bonferroni): {list_some(self.nearly)}"
            return f"{said}; the nearest to it is {self.nearest[0]} (interval: Bonferroni)"
        against = "the one group" if self.judged == 1 else f"{len(self.met)} of {self.judged} groups"
        against += f" compared with {self.reference}"
        said = f"{self.condition} is met in {against}{left_out}: {', '.join(self.beyond)}"
        return f"{said}; {near}: {list_some(self.nearly)}" if self.nearly else said


def parse_conditions(texts: Iterable[str], *, labeled: bool, favorable: int | None = None) -> list[Condition]:
    """Read conditions as they are written on the command line.

    Parameters
    ----------
    texts : iterable of str
        Such as ``"ratio(selection_rate) < 0.8"``.
    labeled : bool
        Whether labels are known; without them there are selection rates alone.
    favorable : int, optional
        The decision that is good for a person, 0 or 1; without it nobody knows the rate of the favorable one.

    Returns
    -------
    list of Condition
        In the same order.

    Raises
    ------
    BadCondition
        Anything else; the message shows the grammar and the metrics.
    """
    metrics, found = [*(METRICS if labeled else UNLABELED_METRICS), FAVORABLE_RATE], []
    for text in texts:
        read = GRAMMAR.fullmatch(text)
        if read is not None and read[2] == FAVORABLE_RATE and favorable is None:
            raise BadCondition(
                f"fail_if={text!r} judges the rate of the favorable decision, and nothing says which one that is; add "
                "favorable=1 where a decision of 1 is good for the person (hired), favorable=0 where it is bad (denied)"
            )
        if read is None or read[2] not in metrics:
            raise BadCondition(
                f"fail_if={text!r} is no condition; write difference(METRIC) or ratio(METRIC), < or >, and a number, "
                f'such as "ratio(selection_rate) < 0.8", with one of the metrics '
                f"{', '.join(metrics)} (which needs favorable=){'' if labeled else '; others need a label'}"
            )
        found.append(Condition(read[1], read[2], read[3], float(read[4])))
    return found


def caution(conditions: Iterable[Condition], favorable: int | None) -> list[str]:
    """Say which conditions are met where a group gets a bad decision *less* often: hardly anybody means that."""
    if favorable != 0:
        return []
    return [
        f"fail_if='{each}' judges the rate of a decision of 1, which is the bad one here (favorable=0): it is met "
        f"where a group gets the bad decision less often than the reference. '{replace(each, metric=FAVORABLE_RATE)}' "
        "judges the favorable decision"
        for each in dict.fromkeys(conditions)
        if each.metric == "selection_rate" and each.side == "<"
    ]


def judge_conditions(
    audit: Audit, conditions: Sequence[Condition], reference: Hashable, favorable: int | None = None
) -> list[Verdict]:
    """Judge each condition on each group against the reference; small groups are not judged.

    ``Audit.against`` lists small groups, and counts them in its adjustment; ``Audit.difference`` and ``Audit.ratio``
    leave them out, and so do conditions. A reference that is small itself is an error: no group could be judged.
    """
    if not conditions:
        return []
    names = dict(zip(audit.counts.groups.tolist(), label_groups(audit.counts.groups), strict=True))
    turned = replace(audit, counts=turn_decisions(audit.counts)) if favorable == 0 else audit
    tables = {
        each.metric: turned.against("selection_rate", reference)
        if each.metric == FAVORABLE_RATE
        else audit.against(each.metric, reference)
        for each in conditions
    }
    compared_with = next(iter(tables.values()))["reference"].iloc[0]
    if reference != REST and compared_with in audit.small_groups:
        raise UserError(
            f"the reference {names[compared_with]!r} has fewer than {audit.min_group_size} people, so that fail_if= "
            "can judge no group; choose another one with reference=, or lower min_group_size="
        )
    named = "everyone else" if reference == REST else format_name(names[compared_with])
    return [
        each.judge(tables[each.metric], [names[group] for group in tables[each.metric].index.tolist()], named)
        for each in conditions
    ]
