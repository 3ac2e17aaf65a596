"""Decide fairly with a score that is left unchanged: thresholds by group, or one distribution of scores for all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.mitigation.base import Decide, Method, check_choice, check_share, lottery
from labkit.mitigation.estimators import FeaturesAndClassifier, GivenScore
from labkit.validation import sorted_groups

THRESHOLD_CONSTRAINTS = (
    "demographic_parity",
    "equalized_odds",
    "true_positive_rate_parity",
    "false_positive_rate_parity",
    "true_negative_rate_parity",
    "false_negative_rate_parity",
)

OBJECTIVES = ("accuracy_score", "balanced_accuracy_score", "selection_rate", "true_positive_rate", "true_negative_rate")


@dataclass(frozen=True, kw_only=True)
class PostProcessing(Method):
    """What methods share that change decisions and leave the classifier alone. A prediction needs the group.

    Parameters
    ----------
    prefit : bool
        Whether the estimator is fitted already and is used as it is. Give `fit` people that it was not trained on then,
        so that the thresholds are not fitted to scores that know their labels. `GivenScore` takes scores for X.
    """

    prefit: bool = False

    @property
    def needs_groups(self) -> bool:
        """Decisions differ by group for the same score."""
        return True

    def make_scorer(self, X: Any, y: np.ndarray) -> Callable[[Any], np.ndarray]:
        """Return a function from X to scores (n,): the estimator, fitted here unless it was fitted before."""
        if not self.prefit:
            return FeaturesAndClassifier(self.estimator, X).fit(X, y).score
        if not hasattr(self.estimator, "predict_proba"):
            raise UserError(f"prefit=True needs a fitted estimator with predict_proba; estimator is {self.estimator!r}")
        return lambda X: self.estimator.predict_proba(X)[:, 1]


@dataclass(frozen=True, kw_only=True)
class FairThresholds(PostProcessing):
    """Choose thresholds by group, with a lottery between two of them where needed (by fairlearn).

    After Hardt, Price and Srebro (2016). y_score is the score as it was; y_pred is the decision, drawn where a lottery
    decides.

    Parameters
    ----------
    constraints : str
        One of `THRESHOLD_CONSTRAINTS`.
    objective : str
        One of `OBJECTIVES`: what is made as large as the constraint allows.
    tolerance : float, optional
        In [0, 1]: largest difference between groups on the fitting data; not for equalized odds. Default: as equal as
        possible.
    grid_size : int
        How many values of the constrained rate are tried.
    flip : bool
        Whether a decision may be the opposite of the score's.
    seed : int
        Seed of the draws at prediction.
    """

    constraints: str = "demographic_parity"
    objective: str = "accuracy_score"
    tolerance: float | None = None
    grid_size: int = 1000
    flip: bool = False
    seed: int = 0

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit fairlearn's thresholds on the scores."""
        from fairlearn.postprocessing import ThresholdOptimizer

        check_choice("constraints", self.constraints, THRESHOLD_CONSTRAINTS)
        odds = self.constraints == "equalized_odds"
        check_choice("objective", self.objective, OBJECTIVES[:2] if odds else OBJECTIVES)
        if self.tolerance is not None:
            check_share("tolerance", self.tolerance)
            if odds:
                raise UserError(
                    f"tolerance={self.tolerance} with equalized_odds: its thresholds are exact; leave it out"
                )
        for group in sorted_groups(set(groups)):
            if len(labels := set(y[groups == group].tolist())) < 2:
                raise UserError(
                    f"group {group!r} has only label {labels.pop()} in the training data; its thresholds cannot be "
                    "chosen: collect people with the other label, or merge groups"
                )
        scorer = self.make_scorer(X, y)
        fair = ThresholdOptimizer(
            estimator=GivenScore(),
            constraints=self.constraints,
            objective=self.objective,
            tol=self.tolerance,
            grid_size=self.grid_size,
            flip=self.flip,
            prefit=True,
            predict_method="predict_proba",
        )
        fair.fit(scorer(X).reshape(-1, 1), y, sensitive_features=groups.astype(str))

        def decide(X: Any, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            score = scorer(X)
            chance = fair._pmf_predict(score.reshape(-1, 1), sensitive_features=groups.astype(str))[:, 1]
            return score, lottery(self.seed).random(len(score)) < chance

        return decide


def spread_ties(values: np.ndarray, reference: np.ndarray, generator: np.random.Generator | None) -> np.ndarray:
    """Return the rank of each value (n,) among sorted reference values (m,), in (0, 1).

    The generator draws a place among equal values; None takes their middle, so that parity is inexact with many ties.
    """
    below = np.searchsorted(reference, values, side="left")
    equal = np.searchsorted(reference, values, side="right") - below
    place = 0.5 if generator is None else generator.random(len(values))
    # a value between two reference values has the rank between them; one among equals lies somewhere in their stretch
    return np.clip((below + place * equal) / len(reference), 0.5 / len(reference), 1 - 0.5 / len(reference))


@dataclass(frozen=True, kw_only=True)
class QuantileMatching(PostProcessing):
    """Give all groups the same distribution of scores; everybody keeps their rank within their group.

    The common distribution is the groups' barycenter, whose quantiles are the mean of the groups' quantiles, weighted
    by their sizes (Wasserstein-2 on the line; Jiang et al., 2020; Chzhen et al., 2020; with medians, Feldman et al.,
    2015). Then every threshold selects the same share of every group: exact parity on the fitting data, for all
    decisions at once.

    Parameters
    ----------
    amount : float
        In [0, 1]: 0 leaves the scores, 1 makes the distributions equal; in between, scores move part of the way.
    randomise_ties : bool
        Whether equal scores are ordered by lot. If not, they stay equal, and parity is only as exact as they allow.
    seed : int
        Seed of the lots.
    """

    amount: float = 1.0
    randomise_ties: bool = True
    seed: int = 0

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Keep each group's sorted scores, and the quantiles of the barycenter."""
        check_share("amount", self.amount)
        scorer = self.make_scorer(X, y)
        score = scorer(X)
        known = {group: np.sort(score[groups == group]) for group in sorted_groups(set(groups))}
        largest = max(len(values) for values in known.values())
        levels = (np.arange(largest) + 0.5) / largest
        shares = pd.Series(groups).value_counts(normalize=True)
        barycenter = sum(shares[group] * np.quantile(values, levels, method="hazen") for group, values in known.items())

        def decide(X: Any, groups: np.ndarray) -> tuple[np.ndarray, None]:
            score = scorer(X)
            generator = lottery(self.seed) if self.randomise_ties else None
            matched = np.empty(len(score))
            for group in sorted_groups(set(groups)):
                own = groups == group
                ranks = spread_ties(score[own], known[group], generator)
                matched[own] = np.interp(ranks, levels, barycenter)
            return (1 - self.amount) * score + self.amount * matched, None

        return decide
