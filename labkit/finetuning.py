"""Fine-tuning as a mitigation method: an objective of `labkit.objectives` with the signature that all methods share."""

import dataclasses
import warnings
from dataclasses import dataclass
from typing import Any

from labkit.methods import Fitted, Method


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
        One of `labkit.objectives`; None is plain training.
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
        ValueError
            As `Method.fit` and `labkit.training.finetune`; an ``estimator``, which is not used.
        """
        if self.estimator is not None:
            raise ValueError("FineTuning trains a foundation model; give model=, and leave estimator= out")
        fitted = super().fit(X, y, sensitive_features=sensitive_features)
        return dataclasses.replace(fitted, seconds=fitted.seconds - fitted.decide.fit.cache_seconds)

    def learn(self, X, y, groups):
        """Fine-tune a copy of the model."""
        from labkit.training import finetune

        with warnings.catch_warnings():
            if not self.warn:
                warnings.filterwarnings("ignore", "the constraint does not hold", UserWarning)
            fit = finetune(
                self.model, list(X), y, sensitive_features=groups, objective=self.objective, config=self.config
            )
        return FitScore(fit)


@dataclass(frozen=True, eq=False)
class FitScore:
    """Scores texts by a `labkit.fits.Fit`; decisions are made at the threshold."""

    fit: Any

    def __call__(self, X, groups):
        """Return scores (n,), and None for decisions."""
        return self.fit.predict(list(X)), None
