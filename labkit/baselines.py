"""Baselines of mitigation: do nothing, or keep the sensitive attribute from the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labkit.estimators import Model
from labkit.frames import check_columns
from labkit.methods import Method
from labkit.words import mask_words


@dataclass(frozen=True, kw_only=True)
class Unmitigated(Method):
    """Do nothing: the model that every method is compared with."""

    def learn(self, X, y, groups):
        """Fit the estimator as it is."""
        model = Model(self.estimator, X).fit(X, y)
        return lambda X, groups: (model.score(X), None)


@dataclass(frozen=True, kw_only=True)
class Unawareness(Method):
    """Leave the sensitive attribute out of what the model reads ("fairness through unawareness"). Proxies remain.

    Parameters
    ----------
    columns : sequence of str
        Columns of the table to drop.
    words : sequence of str
        Words of the texts to replace by ``[MASK]``, in any case, as whole words.
    """

    columns: Sequence[str] = ()
    words: Sequence[str] = ()

    def learn(self, X, y, groups):
        """Fit the estimator on what is left."""
        if bool(self.columns) == bool(self.words):
            raise ValueError("name columns= of a table, or words= of texts, that Unawareness leaves out")
        kept = self.leave_out(X)
        model = Model(self.estimator, kept).fit(kept, y)
        return lambda X, groups: (model.score(self.leave_out(X)), None)

    def leave_out(self, X):
        """Return X without the columns, or with the words masked."""
        if self.words:
            return np.array([*(mask_words(text, self.words) for text in X), None], dtype=object)[:-1]
        if not isinstance(X, pd.DataFrame):
            raise ValueError(f"X is {type(X).__name__} without column names; columns= needs a DataFrame")
        check_columns(X.columns, self.columns, place="X")
        return X.drop(columns=list(self.columns))
