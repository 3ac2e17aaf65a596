"""Methods that change what the classifier sees: a column left out, swapped words, correlations removed, or nothing."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.language.swaps import GENDER_WORDS, mask_words, swap_words
from labkit.mitigation.base import Decide, Method, check_share
from labkit.mitigation.estimators import FeaturesAndClassifier, is_texts, text_array
from labkit.validation import check_columns, sorted_groups


@dataclass(frozen=True, kw_only=True)
class Unmitigated(Method):
    """Do nothing: the model that every method is compared with."""

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit the estimator as it is."""
        model = FeaturesAndClassifier(self.estimator, X).fit(X, y)
        return lambda X, groups: (model.score(X), None)


@dataclass(frozen=True, kw_only=True)
class Unawareness(Method):
    """Leave the sensitive attribute out of what the model reads ("fairness through unawareness").

    Proxies remain: other columns or words from which the group can be guessed.

    Parameters
    ----------
    columns : sequence of str
        Columns of the table to drop.
    words : sequence of str
        Words of the texts to replace with ``[MASK]``, in any case, as whole words.
    """

    columns: Sequence[str] = ()
    words: Sequence[str] = ()

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit the estimator on what is left."""
        if bool(self.columns) == bool(self.words):
            raise UserError("name columns= of a table, or words= of texts, that Unawareness leaves out")
        kept = self.leave_out(X)
        model = FeaturesAndClassifier(self.estimator, kept).fit(kept, y)
        return lambda X, groups: (model.score(self.leave_out(X)), None)

    def leave_out(self, X: Any) -> Any:
        """Return X without the columns, or with the words masked."""
        if self.words:
            return text_array([mask_words(text, self.words) for text in X])
        if not isinstance(X, pd.DataFrame):
            raise UserError(f"X is {type(X).__name__} without column names; columns= needs a DataFrame")
        check_columns(X.columns, self.columns, place="X")
        return X.drop(columns=list(self.columns))


@dataclass(frozen=True, kw_only=True)
class CounterfactualAugmentation(Method):
    """Train on every text and on its twin, with the same label (Lu et al., 2020; Zhao et al., 2018).

    After that, the *words* say nothing about the label. Other traces of the group are the same in both twins, and a
    label that is wrong for one group is now attached to texts of both.

    Parameters
    ----------
    swaps : mapping
        Word to partner, see `labkit.language`: ``GENDER_WORDS`` (default), ``DISTRICT_WORDS``, or ``both_ways(pairs)``.
    """

    swaps: Mapping = field(default_factory=lambda: GENDER_WORDS, repr=False)

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit the estimator on texts and twins; a text without a group word has no twin."""
        if not is_texts(X):
            raise UserError(f"counterfactual augmentation swaps words in texts; X is {type(X).__name__} without texts")
        twins = text_array([swap_words(text, self.swaps) for text in X])  # (n,)
        changed = twins != X  # (n,) of bool
        if not changed.any():
            raise UserError(
                f"none of {len(X)} texts holds one of the words to swap ({', '.join(list(self.swaps)[:4])} …)"
            )
        texts = np.concatenate([X, twins[changed]])  # (n + changed,)
        labels = np.concatenate([y, y[changed]])
        model = FeaturesAndClassifier(self.estimator, texts).fit(texts, labels)
        return lambda X, groups: (model.score(X), None)


def indicators(groups: np.ndarray, known: Sequence[Hashable]) -> np.ndarray:
    """Return a column of 0 and 1 for each known group except the first, shape (n, k - 1)."""
    return np.column_stack([np.equal(groups, group) for group in known[1:]]).astype(float)


@dataclass(frozen=True, kw_only=True)
class CorrelationRemoval(Method):
    """Subtract from each feature what the group predicts of it linearly (by fairlearn's `CorrelationRemover`).

    The groups' means become equal, so that a linear model cannot use them to tell the groups apart. Other traces of the
    group (spread, interactions) remain. A prediction needs the group.

    Parameters
    ----------
    alpha : float
        In [0, 1]: 0 leaves the features as they are, 1 removes all correlation.
    """

    alpha: float = 1.0

    @property
    def needs_groups(self) -> bool:
        """The group's part is subtracted at prediction too."""
        return True

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit fairlearn's remover on the estimator's features, and the classifier on what is left."""
        from fairlearn.preprocessing import CorrelationRemover

        check_share("alpha", self.alpha)
        model, known = FeaturesAndClassifier(self.estimator, X), sorted_groups(set(groups))
        remover = CorrelationRemover(sensitive_feature_ids=range(len(known) - 1), alpha=self.alpha)
        features = np.hstack([indicators(groups, known), model.make_features(X, y, dense=True)])  # (n, k - 1 + d)
        model.fit_classifier(remover.fit_transform(features), y)

        def decide(X: Any, groups: np.ndarray | None) -> tuple[np.ndarray, None]:
            features = np.hstack([indicators(groups, known), model.make_features(X, dense=True)])
            return model.classifier.predict_proba(remover.transform(features))[:, 1], None

        return decide
