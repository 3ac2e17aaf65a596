"""Decide fairly with a score as it is: group thresholds, or one distribution of scores for all groups."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.mitigation.base import Method, check_choice, check_share, lottery
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
    """What methods share that change decisions and leave the score alone. A prediction needs the group.

    Parameters
    ----------
    prefit : bool
        The estimator is fitted already and is used as it is; `fit` then gets people that it was not trained on, which
        keeps the thresholds from being fitted to scores that know their labels. `GivenScore` takes scores for X.
    """

    prefit: bool = False

    @property
    def needs_groups(self):
        """Decisions differ by group for the same score."""
        return True

    def make_scorer(self, X, y):
        """Return a function from X to scores (n,): the estimator, fitted here unless it was fitted before."""
        if not self.prefit:
            return FeaturesAndClassifier(self.estimator, X).fit(X, y).score
        if not hasattr(self.estimator, "predict_proba"):
            raise UserError(f"prefit=True needs a fitted estimator with predict_proba; estimator is {self.estimator!r}")
        return lambda X: self.estimator.predict_proba(X)[:, 1]


@dataclass(frozen=True, kw_only=True)
class FairThresholds(PostProcessing):
    """Choose thresholds by group, with a lottery between two where needed (Hardt, Price and Srebro, 2016; fairlearn's).

    y_score is the score as it was; y_pred the decision, drawn where a lottery decides.

    Parameters
    ----------
    constraints : str
        One of `THRESHOLD_CONSTRAINTS`.
    objective : str
        One of `OBJECTIVES`: what is made as large as the constraint allows.
    tolerance : float, optional
        In [0, 1]: largest difference between groups on the fitting data; not for equalized odds. None: as equal as it
        gets.
    grid_size : int
        Values of the constrained rate that are tried.
    flip : bool
        Whether a decision may be the opposite of the score's.
    seed : int
        Of the draws at prediction.
    """

    constraints: str = "demographic_parity"
    objective: str = "accuracy_score"
    tolerance: float | None = None
    grid_size: int = 1000
    flip: bool = False
    seed: int = 0

    def learn(self, X, y, groups):
        """Fit fairlearn's thresholds on the scores."""
        from fairlearn.postprocessing import ThresholdOptimizer

        check_choice("constraints", self.constraints, THRESHOLD_CONSTRAINTS)
        odds = self.constraints == "equalized_odds"
        check_choice("objective", self.objective, OBJECTIVES[:2] if odds else OBJECTIVES)
        if self.tolerance is not None:
            check_share("tolerance", self.tolerance)
            if odds:
                raise UserError(
                    f"tolerance={self.tolerance} with equalized_odds: thresholds then are exact; leave it out"
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

        def decide(X, groups):
            score = scorer(X)
            chance = fair._pmf_predict(score.reshape(-1, 1), sensitive_features=groups.astype(str))[:, 1]
            return score, lottery(self.seed).random(len(score)) < chance

        return decide


def spread_ties(values: np.ndarray, reference: np.ndarray, generator) -> np.ndarray:
    """Return each value's rank among sorted reference values, in (0, 1): ties are drawn, or middle ranks.

    Parameters
    ----------
    values : array of shape (n,)
    reference : array of shape (m,)
        In ascending order.
    generator : numpy.random.Generator or None
        Draws a place among equal values; None: their middle, which leaves parity inexact where many are equal.
    """
    below = np.searchsorted(reference, values, side="left")
    equal = np.searchsorted(reference, values, side="right") - below
    place = 0.5 if generator is None else generator.random(len(values))
    # a value between two reference values has the rank between them; one among equals lies somewhere in their stretch
    return np.clip((below + place * equal) / len(reference), 0.5 / len(reference), 1 - 0.5 / len(reference))


@dataclass(frozen=True, kw_only=True)
class QuantileMatching(PostProcessing):
    """Give all groups one distribution of scores: each person keeps their rank within their group.

    The common distribution is the groups' barycentre, whose quantiles are the mean of the groups' quantiles, weighted
    by their sizes (Wasserstein-2 on the line; Jiang et al., 2020; Chzhen et al., 2020; with medians, Feldman et al.,
    2015). Then every threshold selects the same share of every group: exact parity on the fitting data, for all
    decisions at once.

    Parameters
    ----------
    amount : float
        In [0, 1]: 0 leaves the scores, 1 makes the distributions equal; between, scores move part of the way.
    randomise_ties : bool
        Equal scores are put in an order by lot; without it they stay equal, and parity is only as exact as they allow.
    seed : int
        Of the lots.
    """

    amount: float = 1.0
    randomise_ties: bool = True
    seed: int = 0

    def learn(self, X, y, groups):
        """Keep each group's scores in order, and the quantiles of the barycentre."""
        check_share("amount", self.amount)
        scorer = self.make_scorer(X, y)
        score = scorer(X)
        known = {group: np.sort(score[groups == group]) for group in sorted_groups(set(groups))}
        levels = (np.arange(max(map(len, known.values()))) + 0.5) / max(map(len, known.values()))
        shares = pd.Series(groups).value_counts(normalize=True)
        barycentre = sum(shares[group] * np.quantile(values, levels, method="hazen") for group, values in known.items())

        def decide(X, groups):
            score = scorer(X)
            generator = lottery(self.seed) if self.randomise_ties else None
            matched = np.empty(len(score))
            for group in sorted_groups(set(groups)):
                own = groups == group
                ranks = spread_ties(score[own], known[group], generator)
                matched[own] = np.interp(ranks, levels, barycentre)
            return (1 - self.amount) * score + self.amount * matched, None

        return decide
