"""Fine-tuning a foundation model, by itself as a mitigation method, or as the estimator of another method."""

import dataclasses
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import UserError
from labkit.mitigation.base import Fitted, Method
from labkit.mitigation.estimators import Groups, Rows, as_rows
from labkit.validation import check_labels

if TYPE_CHECKING:
    from labkit.models.encoder import Foundation
    from labkit.training.config import TrainConfig
    from labkit.training.fit import Fit


@dataclass(frozen=True, kw_only=True)
class FineTuning(Method):
    """Fine-tune a foundation model on texts, plainly or with a fair objective.

    It is a method like the others, and it can be their ``estimator``: ``Resampling(estimator=FineTuning(model=...))``.
    It takes no weights, so that only methods that change rows, texts, labels or decisions can wrap it.

    Parameters
    ----------
    model : Foundation
        What to start from; it is left unchanged.
    config : labkit.training.TrainConfig, optional
        How to train; ``trainable_layers=0`` trains a head on cached embeddings.
    objective : optional
        One of `labkit.training.objectives`. Default: plain training.
    warn : bool
        Whether to warn when a constraint does not hold in the end. In a sweep of settings some never hold, and the gap
        that is measured afterwards shows it.

    Examples
    --------
    >>> from labkit.mitigation import FineTuning, Resampling
    >>> from labkit.models import load_foundation_model
    >>> from labkit.training import TrainConfig
    >>> bert = FineTuning(model=load_foundation_model(), config=TrainConfig(trainable_layers=1))
    >>> Resampling(estimator=bert).estimator is bert
    True
    """

    model: "Foundation"
    config: "TrainConfig | None" = None
    objective: Any = None
    warn: bool = True

    def __sklearn_clone__(self) -> "FineTuning":
        return self  # it never changes, and scikit-learn's own clone would copy the model's weights

    def fit(self, X: Rows, y: Any, *, sensitive_features: Groups | None = None) -> Fitted:
        """Fine-tune a copy of the model.

        Parameters
        ----------
        X : sequence of str, length n
        y : sequence of {0, 1}, length n
        sensitive_features : Series, array, DataFrame or dict of columns, length n, optional
            As in `Method.fit`. Plain training does without; a fair objective needs it.

        Returns
        -------
        Fitted
            ``seconds`` leaves out filling or reading the cache of hidden states.

        Raises
        ------
        UserError
            As `Method.fit` and `labkit.training.finetune`; or there is an ``estimator``, which would not be used.
        """
        if self.estimator is not None:
            raise UserError("FineTuning trains a foundation model; give model=, and leave estimator= out")
        if sensitive_features is None:
            X = as_rows(X)
            fitted = self.fit_checked(X, check_labels(y, X.shape[0], what="rows"), None)
        else:
            fitted = super().fit(X, y, sensitive_features=sensitive_features)
        return dataclasses.replace(fitted, seconds=fitted.seconds - fitted.decide.fit.cache_seconds)

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray | None) -> "FitScore":
        """Fine-tune; the arguments have been checked."""
        from labkit.training.finetuning import finetune

        with warnings.catch_warnings():
            if not self.warn:
                warnings.filterwarnings("ignore", "the constraint does not hold", UserWarning)
            fit = finetune(
                self.model, list(X), y, sensitive_features=groups, objective=self.objective, config=self.config
            )
        return FitScore(fit)

    def predict_proba(self, X: Rows) -> np.ndarray:
        """Raise an error: only what `fit` returns can predict. Classifiers are recognized by this method's name."""
        raise UserError("FineTuning is not fitted; use what fit(X, y) returns: fitted = method.fit(X, y)")


@dataclass(frozen=True, eq=False)
class FitScore:
    """Score texts with a `labkit.training.Fit`; decisions are made at the threshold."""

    fit: "Fit"

    def __call__(self, X: Any, groups: np.ndarray | None) -> tuple[np.ndarray, None]:
        """Return scores (n,), and None for decisions."""
        return self.fit.predict(list(X)), None
