"""Fine-tuning as a mitigation method: objectives of training with the signature that all methods share."""

import dataclasses
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from labkit.errors import UserError
from labkit.mitigation.base import Fitted, Method
from labkit.mitigation.estimators import two_columns


@dataclass(frozen=True, kw_only=True)
class FineTuning(Method):
    """Fine-tune a foundation model on texts, plainly or with a fair objective, so that it can be tried beside others.

    Parameters
    ----------
    model : Foundation
        What to start from; it is left as it was.
    config : labkit.training.TrainConfig
        How to train; ``trainable_layers=0`` trains a head on cached embeddings.
    objective : optional
        One of `labkit.training.objectives`; None is plain training.
    warn : bool
        Whether a constraint that does not hold in the end is warned of. In a sweep of settings some never hold, and the
        gap that is measured afterwards says so.
    """

    model: Any
    config: Any
    objective: Any = None
    warn: bool = True

    def fit(self, X, y, *, sensitive_features) -> Fitted:
        """Train, as `Method.fit`; ``seconds`` leaves out filling or reading the cache of hidden states.

        Raises
        ------
        UserError
            As `Method.fit` and `labkit.training.finetune`; an ``estimator``, which is not used.
        """
        if self.estimator is not None:
            raise UserError("FineTuning trains a foundation model; give model=, and leave estimator= out")
        fitted = super().fit(X, y, sensitive_features=sensitive_features)
        return dataclasses.replace(fitted, seconds=fitted.seconds - fitted.decide.fit.cache_seconds)

    def learn(self, X, y, groups):
        """Fine-tune a copy of the model."""
        from labkit.training.finetuning import finetune

        with warnings.catch_warnings():
            if not self.warn:
                warnings.filterwarnings("ignore", "the constraint does not hold", UserWarning)
            fit = finetune(
                self.model, list(X), y, sensitive_features=groups, objective=self.objective, config=self.config
            )
        return FitScore(fit)


@dataclass(frozen=True, eq=False)
class FitScore:
    """Scores texts by a `labkit.training.Fit`; decisions are made at the threshold."""

    fit: Any

    def __call__(self, X, groups):
        """Return scores (n,), and None for decisions."""
        return self.fit.predict(list(X)), None


class FineTuned(ClassifierMixin, BaseEstimator):
    """Fine-tune a foundation model on texts, as a scikit-learn classifier. It takes no weights: resample instead.

    Parameters
    ----------
    model : Foundation
        What to start from; it is left as it was.
    config : TrainConfig, optional
        How to train.

    Attributes
    ----------
    fit_ : labkit.training.Fit
        The fitted model.
    """

    def __init__(self, model, config=None):
        self.model = model
        self.config = config

    def __sklearn_clone__(self):
        return type(self)(self.model, self.config)

    def fit(self, X, y):
        """Train on texts X and labels y."""
        from labkit.training.finetuning import finetune

        self.fit_ = finetune(self.model, list(X), np.asarray(y), config=self.config)
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        """Return P(y=0) and P(y=1) for each text, shape (n, 2)."""
        return two_columns(self.fit_.predict(list(X)))

    def predict(self, X):
        """Decide at 0.5."""
        return (self.predict_proba(X)[:, 1] >= 0.5).astype(int)
