"""Levelling down: a gap that closes because one group is treated worse, while nobody is treated better.

The word is that of Mittelstadt, Wachter and Russell (2023), "The unfairness of fair machine learning: levelling down
and strict egalitarianism by default".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labkit.audit.metrics import METRICS, divide, tally
from labkit.comparison.seeds import is_right
from labkit.errors import UserError
from labkit.mitigation.base import check_share
from labkit.mitigation.decisions import PostProcessing
from labkit.validation import sorted_groups

VERDICTS = {
    "levelled down": "the gap narrowed, a group lost and none gained",
    "levelled up": "the gap narrowed, a group gained and none lost",
    "moved": "the gap narrowed, one group gained and another lost",
    "narrowed, nobody clearly": "the gap narrowed, and no group's change is clear",
    "not clearly narrowed": "the interval of the gap's change reaches zero or lies above it",
}


def group_changes(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    metrics=("true_positive_rate", "false_positive_rate", "selection_rate", "accuracy"),
    true_labels=None,
    sensitive: str = "group",
) -> pd.DataFrame:
    """Say how far each group's rates changed from one rule to another, on the same people.

    Parameters
    ----------
    before, after : DataFrame
        Predictions tables of the same people in the same order.
    metrics : sequence of str
        From `labkit.audit.METRICS`.
    true_labels : array-like of shape (n,), optional
        The truth, where ``y_true`` holds records that may be wrong.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        Columns group, metric, change (after less before; NaN where a rate is undefined).

    Raises
    ------
    UserError
        The tables hold other people, or the labels do not fit.
    """
    if len(before) != len(after) or not np.array_equal(before[sensitive].to_numpy(), after[sensitive].to_numpy()):
        raise UserError("before and after hold other people; give two tables of the same people in the same order")
    if unknown := set(metrics) - set(METRICS):
        raise UserError(f"unknown metric {min(unknown)!r}; choose from {', '.join(METRICS)}")
    positive, groups = is_right(before.assign(y_pred=1), true_labels), before[sensitive].to_numpy()
    rows = []
    for group in sorted_groups(set(groups)):
        own = groups == group
        cells = [  # tn, fp, fn, tp of both rules
            np.bincount(2 * positive[own] + table["y_pred"].to_numpy()[own], minlength=4) for table in (before, after)
        ]
        change = np.diff(divide(*tally(np.stack(cells))), axis=0)[0]
        rows += [{"group": group, "metric": name, "change": change[list(METRICS).index(name)]} for name in metrics]
    return pd.DataFrame(rows)


def changes_by_world(trials: Sequence, baselines: Mapping[str, str], *, rows=slice(None)) -> pd.DataFrame:
    """Compare every method with its baseline of the same world, by group, on the true labels where they are known.

    Parameters
    ----------
    trials : sequence of labkit.comparison.Trial
        Methods and their baselines, in each world (their ``seed``).
    baselines : mapping of str to str
        From a method to the one that it is compared with; a method may be its own.
    rows : slice, or array of int or bool
        Positions of the people to compare on.

    Returns
    -------
    DataFrame
        method, seed, and what `group_changes` gives.
    """
    tables = {(trial.method, trial.seed): trial.table.iloc[rows] for trial in trials}
    parts = []
    for name, seed, _, truth, _ in trials:
        known = None if truth is None else np.asarray(truth)[rows]
        changes = group_changes(tables[baselines[name], seed], tables[name, seed], true_labels=known)
        parts.append(changes.assign(method=name, seed=seed))
    return pd.concat(parts, ignore_index=True)


def judge_levelling(gap: pd.Series, benefits: pd.DataFrame) -> str:
    """Say whether a narrower gap was bought by treating somebody worse, and whether anybody gained.

    "Gained", "lost" and "narrowed" mean that a 95% interval lies clear of zero. So *levelled down* says that no gain is
    shown, not that there is none: look at the intervals.

    Parameters
    ----------
    gap : Series
        "low" and "high" of the change in the size of the gap; below zero is narrower.
    benefits : DataFrame
        A row a group, with "low" and "high" of the change in what people of the group have from the rule, such as the
        share of the ill who are found; above zero is better for them.

    Returns
    -------
    str
        A key of `VERDICTS`.

    Examples
    --------
    >>> judge_levelling(pd.Series({"low": -0.3, "high": -0.1}),
    ...                 pd.DataFrame({"low": [-0.3, 0.0], "high": [-0.1, 0.0]}, index=["a", "b"]))
    'levelled down'
    """
    if not gap["high"] < 0:
        return "not clearly narrowed"
    gained, lost = (benefits["low"] > 0).any(), (benefits["high"] < 0).any()
    if gained and lost:
        return "moved"
    return "levelled up" if gained else "levelled down" if lost else "narrowed, nobody clearly"


@dataclass(frozen=True, kw_only=True)
class RaisedBar(PostProcessing):
    """Close the gap by levelling down: raise the threshold of the group that is selected most, and touch nobody else.

    A foil for teaching: a gap of zero by which nobody gains. Do not decide with it.

    Parameters
    ----------
    amount : float
        In [0, 1]: the part of the way from the group's own selection rate to the lowest group's.
    """

    amount: float = 1.0

    def learn(self, X, y, groups):
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

        def decide(X, groups):
            score = scorer(X)
            return score, score >= np.array([thresholds[group] for group in groups])

        return decide
