"""Change labels before training: until base rates are equal, or as an estimate of a group's label noise asks for."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labkit.errors import UserError
from labkit.mitigation.base import Decide, Method, check_share, group_names
from labkit.mitigation.estimators import FeaturesAndClassifier, Groups, take
from labkit.validation import sorted_groups


def out_of_fold_scores(X: Any, y: np.ndarray, *, ranker: Any = None, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Return P(y=1) for each row, shape (n,), from a ranker that was not trained on it and does not know its label."""
    from sklearn.model_selection import StratifiedKFold

    score = np.empty(len(y))
    folds = min(folds, int(np.bincount(y, minlength=2).min()))
    if folds < 2:
        raise UserError("y has fewer than two rows of one label; labels cannot be ranked by a model")
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(np.zeros(len(y)), y):
        score[test] = FeaturesAndClassifier(ranker, X).fit(take(X, train), y[train]).score(take(X, test))
    return score


def flip_labels(y: np.ndarray, rows: np.ndarray, score: np.ndarray, number: int) -> np.ndarray:
    """Return labels (n,) in which ``number`` 0s with the highest scores became 1, or ``-number`` lowest 1s became 0.

    ``rows`` (n,) of bool says whose labels may change; ``score`` (n,) is a ranker's P(y=1).
    """
    y, label = y.copy(), int(number < 0)
    candidates = np.flatnonzero(rows & (y == label))
    order = np.argsort(-score[candidates] if number > 0 else score[candidates], kind="stable")
    y[candidates[order[: abs(number)]]] = 1 - label
    return y


def massage_labels(y: np.ndarray, sensitive_features: Groups, score: np.ndarray, *, amount: float = 1.0) -> np.ndarray:
    """Make the base rates of all groups equal and keep the overall one, by changing borderline labels.

    In groups below the overall base rate the negatives with the highest scores are promoted; in groups above it the
    positives with the lowest scores are demoted (Kamiran and Calders, 2012, section 5.1; with two groups, as many are
    promoted as demoted). The overall share of positives stays. This does not change the fewest labels: changing
    only those of the smaller group would take fewer.

    Parameters
    ----------
    y : array of {0, 1}, shape (n,)
    sensitive_features : sequence, length n
    score : array of shape (n,)
        P(y=1) by a ranker, in [0, 1].
    amount : float
        In [0, 1]: the part of the way to equal base rates.

    Returns
    -------
    ndarray of int, shape (n,)

    Raises
    ------
    UserError
        The amount is outside [0, 1].
    """
    check_share("amount", amount)
    y, score = np.asarray(y), np.asarray(score)
    groups, overall, repaired = group_names(sensitive_features, len(y)), y.mean(), y
    for group in sorted_groups(set(groups)):
        own = groups == group
        missing = own.sum() * overall - y[own].sum()  # positives; below 0 where the group has too many
        repaired = flip_labels(repaired, own, score, round(amount * missing))
    return repaired


def repair_labels(
    y: np.ndarray, sensitive_features: Groups, score: np.ndarray, *, missed: Mapping[Hashable, float]
) -> np.ndarray:
    """Turn as many 0s of a group into 1 as its labels are estimated to miss, those with the highest scores first.

    When a share ``r`` of all true positives was recorded as 0, then ``k`` recorded positives mean ``k / (1 - r)`` true
    ones: ``k r / (1 - r)`` are hidden among the negatives.

    Parameters
    ----------
    y : array of {0, 1}, shape (n,)
    sensitive_features : sequence, length n
    score : array of shape (n,)
        P(y=1) by a ranker that did not learn from the groups being repaired.
    missed : mapping of group to float
        Share of the group's true positives that are recorded as 0, in [0, 1).

    Returns
    -------
    ndarray of int, shape (n,)

    Raises
    ------
    UserError
        An unknown group, a share outside [0, 1), or more hidden positives than the group has negatives.
    """
    y = np.asarray(y)
    groups, repaired = group_names(sensitive_features, len(y)), y
    for group, share in missed.items():
        own = groups == group
        if not own.any():
            raise UserError(f"missed names group {group!r}; the groups are {sorted_groups(set(groups))}")
        check_share(f"missed[{group!r}]", share)
        hidden = round(y[own].sum() * share / (1 - share)) if share < 1 else len(y)
        if hidden > (y[own] == 0).sum():
            raise UserError(
                f"missed[{group!r}] is {share}: that would hide {hidden} positives among {(y[own] == 0).sum()} "
                "negatives; give a smaller share"
            )
        repaired = flip_labels(repaired, own, np.asarray(score), hidden)
    return repaired


@dataclass(frozen=True, kw_only=True)
class Massaging(Method):
    """Train on labels that were changed until all groups have the same base rate; see `massage_labels`.

    Parameters
    ----------
    ranker : scikit-learn classifier, optional
        Says out of fold which labels are borderline. Default: a logistic regression.
    amount : float
        In [0, 1]: the part of the way to equal base rates.
    seed : int
        Seed of the ranker's folds.
    """

    ranker: Any = None
    amount: float = 1.0
    seed: int = 0

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit the estimator on the changed labels."""
        check_share("amount", self.amount)
        score = out_of_fold_scores(X, y, ranker=self.ranker, seed=self.seed)
        repaired = massage_labels(y, groups, score, amount=self.amount)
        model = FeaturesAndClassifier(self.estimator, X).fit(X, repaired)
        return lambda X, groups: (model.score(X), None)


@dataclass(frozen=True, kw_only=True)
class LabelRepair(Method):
    """Put back the positives that a group's records are estimated to miss, and train on these labels.

    See `repair_labels`. The ranker learns from the other groups alone, whose labels are trusted.

    Parameters
    ----------
    missed : mapping of group to float
        Share of a group's true positives that are recorded as 0, in [0, 1): an estimate from outside these data, such
        as a second look at some records.
    ranker : scikit-learn classifier, optional
        Says which negatives look like positives. Default: a logistic regression.
    """

    missed: Mapping[Hashable, float] = field(default_factory=dict)
    ranker: Any = None

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit the estimator on the repaired labels."""
        if not self.missed:
            raise UserError("missed is empty; say what share of a group's positives is recorded as 0: {'b': 0.2}")
        trusted = np.flatnonzero([group not in self.missed for group in groups])
        if len(set(y[trusted].tolist())) < 2:
            raise UserError("no trusted group with both labels is left; leave a group out of missed=")
        score = FeaturesAndClassifier(self.ranker, X).fit(take(X, trusted), y[trusted]).score(X)
        repaired = repair_labels(y, groups, score, missed=self.missed)
        model = FeaturesAndClassifier(self.estimator, X).fit(X, repaired)
        return lambda X, groups: (model.score(X), None)
