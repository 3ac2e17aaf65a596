"""Train under a constraint by fitting weighted classifiers again and again: fairlearn's reductions as methods."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import UserError
from labkit.mitigation.base import CONSTRAINTS, Decide, Method, check_choice, check_share, lottery
from labkit.mitigation.estimators import FeaturesAndClassifier

if TYPE_CHECKING:
    from fairlearn.reductions import UtilityParity


def make_moment(constraints: str, tolerance: float) -> "UtilityParity":
    """Return fairlearn's constraint: each group's rate is within ``tolerance``, in (0, 1], of the overall rate."""
    from fairlearn import reductions

    check_choice("constraints", constraints, CONSTRAINTS)
    check_share("tolerance", tolerance)
    if tolerance == 0:
        raise UserError("tolerance is 0, which a finite number of classifiers cannot reach; give e.g. 0.01")
    moments = {
        "demographic_parity": reductions.DemographicParity,
        "equalized_odds": reductions.EqualizedOdds,
        "true_positive_rate_parity": reductions.TruePositiveRateParity,
        "false_positive_rate_parity": reductions.FalsePositiveRateParity,
    }
    return moments[constraints](difference_bound=tolerance)


@dataclass(frozen=True, kw_only=True)
class ExponentiatedGradientReduction(Method):
    """Train a mixture of classifiers under a constraint (Agarwal et al., 2018; by fairlearn).

    Each person is decided by a classifier drawn from the mixture: y_score is the mixture's chance of the decision 1,
    and y_pred the draw. No group is needed to decide. The tolerance bounds each group's distance from the overall rate
    *on the training data*: two groups may differ by twice as much (see notebook 05), and by more on other people.

    Parameters
    ----------
    constraints : str
        One of `labkit.mitigation.CONSTRAINTS`.
    tolerance : float
        In (0, 1].
    max_iter : int
        Largest number of classifiers to fit.
    seed : int
        Seed of the draws at prediction.
    """

    constraints: str = "demographic_parity"
    tolerance: float = 0.01
    max_iter: int = 50
    seed: int = 0

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit fairlearn's reduction on the estimator's features; reject a tolerance that the training data exceed."""
        from fairlearn.reductions import ExponentiatedGradient

        moment = make_moment(self.constraints, self.tolerance)
        model = FeaturesAndClassifier(self.estimator, X)
        model.check_weights()
        features = model.make_features(X, y, dense=True)
        fair = ExponentiatedGradient(model.classifier, moment, max_iter=self.max_iter)
        with ignore_deprecations():
            fair.fit(features, y, sensitive_features=groups.astype(str))

        def mixture(features: np.ndarray) -> np.ndarray:
            return fair._pmf_predict(features)[:, 1]

        check_reached(moment_violation(fair.constraints_, mixture, features), self)

        def decide(X: Any, groups: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
            chance = mixture(model.make_features(X, dense=True))
            return chance, lottery(self.seed).random(len(chance)) < chance

        return decide


@contextmanager
def ignore_deprecations() -> Iterator[None]:
    """Hide warnings about pandas 4, which will forbid the way in which fairlearn 0.15 extends a Series."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def moment_violation(moment: "UtilityParity", predict: Callable, features: np.ndarray) -> float:
    """Return the largest distance of a group's rate from the overall one, on the moment's own data."""
    return float(np.abs(moment.gamma(lambda _: predict(features))).max())


def check_reached(violation: float, method: ExponentiatedGradientReduction, *, slack: float = 0.01) -> None:
    """Reject a violation that is above the method's tolerance by more than ``slack``."""
    if violation > method.tolerance + slack:
        raise UserError(
            f"tolerance={method.tolerance} was not reached: {method.constraints} is violated by {violation:.3f} on the "
            f"training data after max_iter={method.max_iter}; allow more, or raise max_iter"
        )


@dataclass(frozen=True, kw_only=True)
class GridSearchReduction(Method):
    """Fit a classifier for each of several trade-offs and keep the best one (Agarwal et al., 2018; by fairlearn).

    Unlike `ExponentiatedGradientReduction` it gives a single classifier, whose score is y_score. It promises no
    tolerance: it keeps the classifier with the smallest value of (1 - constraint_weight) * error + constraint_weight *
    largest violation.

    Parameters
    ----------
    constraints : str
        One of `labkit.mitigation.CONSTRAINTS`.
    constraint_weight : float
        In [0, 1]: how much the violation counts in the choice.
    grid_size : int
        Number of classifiers to fit.
    grid_limit : float
        Largest multiplier to try.
    """

    constraints: str = "demographic_parity"
    constraint_weight: float = 0.5
    grid_size: int = 11
    grid_limit: float = 2.0

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit fairlearn's grid on the estimator's features."""
        from fairlearn.reductions import GridSearch

        check_share("constraint_weight", self.constraint_weight)
        model = FeaturesAndClassifier(self.estimator, X)
        model.check_weights()
        fair = GridSearch(
            model.classifier,
            make_moment(self.constraints, 0.01),
            constraint_weight=self.constraint_weight,
            grid_size=self.grid_size,
            grid_limit=self.grid_limit,
        )
        features = model.make_features(X, y, dense=True)
        with ignore_deprecations():
            fair.fit(features, y, sensitive_features=groups.astype(str))
        best = fair.predictors_[fair.best_idx_]

        def decide(X: Any, groups: np.ndarray | None) -> tuple[np.ndarray, None]:
            chance = best.predict_proba(model.make_features(X, dense=True))
            if chance.shape[1] == 1:  # its weights left a single class
                return chance[:, 0] * best.classes_[0], None
            return chance[:, 1], None

        return decide
