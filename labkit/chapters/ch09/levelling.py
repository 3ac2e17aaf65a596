"""What notebook 09 needs to look for levelling down: changes of each group's rates, and a rule made to do it."""

from collections.abc import Mapping, Sequence
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
