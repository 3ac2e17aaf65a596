"""Levelling down: a gap that closes because the better-off group loses, while nobody gains.

The term is from Mittelstadt, Wachter and Russell (2023), "The unfairness of fair machine learning: levelling down
and strict egalitarianism by default".
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.audit.metrics import METRICS, divide, tally
from labkit.comparison.seeds import is_right
from labkit.comparison.trials import Trial
from labkit.errors import UserError
from labkit.mitigation.base import Decide, check_share
from labkit.mitigation.decisions import PostProcessing
from labkit.validation import sorted_groups

LEVELLING_VERDICTS = {
    "levelled down": "the gap narrowed, the better-off group lost and no group gained",
    "a group gained": "the gap narrowed, a group gained and none lost, by the one rate that is counted",
    "moved": "the gap narrowed, one group gained and another lost",
    "only others lost": "the gap narrowed, a group lost that was not the better-off one, and none gained",
    "narrowed, no group clearly changed": "the gap narrowed, and no group's change is clear",
    "not clearly narrowed": "the interval of the gap's change contains zero or is above it",
}


def group_changes(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    metrics: Sequence[str] = ("true_positive_rate", "false_positive_rate", "selection_rate", "accuracy"),
    true_labels: Any = None,
    sensitive: str = "group",
) -> pd.DataFrame:
    """Measure how much each group's rates change from one rule to another, on the same people.

    Parameters
    ----------
    before, after : DataFrame
        Predictions tables of the same people in the same order.
    metrics : sequence of str
        From `labkit.audit.METRICS`.
    true_labels : array-like of shape (n,), optional
        True labels, where ``y_true`` holds records that may be wrong.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        Columns group, metric, change (after minus before; NaN where a rate is undefined).

    Raises
    ------
    UserError
        The tables hold different people, the labels do not fit, or a metric is unknown.
    """
    if len(before) != len(after) or not np.array_equal(before[sensitive].to_numpy(), after[sensitive].to_numpy()):
        raise UserError("before and after hold different people; give two tables of the same people in the same order")
    if unknown := set(metrics) - set(METRICS):
        raise UserError(f"unknown metric {min(unknown)!r}; choose from {', '.join(METRICS)}")
    positive, groups = is_right(before.assign(y_pred=1), true_labels), before[sensitive].to_numpy()
    rows = []
    for group in sorted_groups(set(groups)):
        own = groups == group
        cells = np.stack(
            [  # (2 rules, 4): tn, fp, fn, tp
                np.bincount(2 * positive[own] + table["y_pred"].to_numpy()[own], minlength=4)
                for table in (before, after)
            ]
        )
        was, now = divide(*tally(cells))  # (metrics,) each
        change = dict(zip(METRICS, now - was, strict=True))
        rows += [{"group": group, "metric": name, "change": change[name]} for name in metrics]
    return pd.DataFrame(rows)


def changes_by_world(
    trials: Sequence[Trial], baselines: Mapping[str, str], *, rows: slice | np.ndarray = slice(None)
) -> pd.DataFrame:
    """Compare every method with its baseline in the same world, by group, by the true labels where they are known.

    Parameters
    ----------
    trials : sequence of labkit.comparison.Trial
        Methods and their baselines, in each world; ``seed`` is the world's number.
    baselines : mapping of str to str
        From a method to its baseline; a method may be its own.
    rows : slice, or array of int or bool
        Positions of the people to compare on.

    Returns
    -------
    DataFrame
        Columns method, seed, and those of `group_changes`.

    Raises
    ------
    UserError
        As `group_changes`.
    """
    tables = {(trial.method, trial.seed): trial.table.iloc[rows] for trial in trials}
    parts = []
    for name, seed, _, truth, _ in trials:
        known = None if truth is None else np.asarray(truth)[rows]
        changes = group_changes(tables[baselines[name], seed], tables[name, seed], true_labels=known)
        parts.append(changes.assign(method=name, seed=seed))
    return pd.concat(parts, ignore_index=True)


def judge_levelling(gap: pd.Series, benefits: pd.DataFrame, *, better_off: Hashable | None = None) -> str:
    """Say whether a gap narrowed because the better-off group is treated worse, and whether any group gained.

    "Gained", "lost" and "narrowed" mean that a 95% interval does not contain zero. So *levelled down* means that no
    gain is shown, not that there is none: look at the intervals. And it is a verdict on one rate: a group of which more
    ill people are found may get more false alarms too.

    Parameters
    ----------
    gap : Series
        "low" and "high" of the change of the gap, signed so that below zero is towards equality.
    benefits : DataFrame
        One row per group, with "low" and "high" of the change in what the rule gives to people of the group, such as
        the share of the ill who are found; above zero is better for them.
    better_off : hashable, optional
        The group that had more before, a label of the index of ``benefits``. Default: any group that lost counts as the
        better-off one, as it must where the gap is in the rate of ``benefits`` itself.

    Returns
    -------
    str
        A key of `LEVELLING_VERDICTS`.

    Examples
    --------
    >>> judge_levelling(pd.Series({"low": -0.3, "high": -0.1}),
    ...                 pd.DataFrame({"low": [-0.3, 0.0], "high": [-0.1, 0.0]}, index=["a", "b"]), better_off="a")
    'levelled down'
    """
    if not gap["high"] < 0:
        return "not clearly narrowed"
    lost = benefits["high"] < 0
    gained = (benefits["low"] > 0).any()
    if gained and lost.any():
        return "moved"
    if gained:
        return "a group gained"
    if lost.any():
        return "levelled down" if better_off is None or lost[better_off] else "only others lost"
    return "narrowed, no group clearly changed"


@dataclass(frozen=True, kw_only=True)
class RaisedBar(PostProcessing):
    """Close the gap by levelling down: raise the thresholds of groups that are selected more, and change nothing else.

    A bad example for teaching: a gap of zero from which nobody gains. Do not decide with it.

    Parameters
    ----------
    amount : float
        In [0, 1]: the part of the way from the group's own selection rate to the lowest group's.
    """

    amount: float = 1.0

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Find the threshold of each group on the scores of the fitting data."""
        check_share("amount", self.amount)
        scorer = self.make_scorer(X, y)
        score = scorer(X)
        rates = {group: np.mean(score[groups == group] >= 0.5) for group in sorted_groups(set(groups))}
        thresholds, lowest = dict.fromkeys(rates, 0.5), min(rates.values())
        for group, rate in rates.items():
            if rate > lowest:
                wanted = rate + self.amount * (lowest - rate)
                own = np.sort(score[groups == group])[::-1]  # the highest first
                thresholds[group] = max(0.5, np.nextafter(own[round(wanted * len(own))], np.inf))

        def decide(X: Any, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            score = scorer(X)
            return score, score >= np.array([thresholds[group] for group in groups])

        return decide
