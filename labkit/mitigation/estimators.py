"""The estimators that mitigation methods wrap: any scikit-learn classifier, on tables, texts or embeddings.

A pipeline's last step is the classifier, which gets the weights; the steps before it make features. They are fitted
once, even where a method refits the classifier fifty times.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from labkit.errors import UserError
from labkit.validation import check_texts

if TYPE_CHECKING:
    from labkit.models.encoder import Foundation

Rows = pd.DataFrame | np.ndarray | pd.Series | Sequence[str]  # a table, embeddings (n, d), or texts

Groups = pd.Series | pd.DataFrame | np.ndarray | Sequence[Hashable] | Mapping[str, Any]  # of n people


class Embedder(TransformerMixin, BaseEstimator):
    """Turn texts into a foundation model's embeddings (n, H), as a step of a pipeline; nothing is fitted.

    Embeddings are kept in the cache folder, and in memory too, which clones share.

    Parameters
    ----------
    model : Foundation
        From `labkit.models.load_foundation_model`.
    """

    def __init__(self, model: "Foundation"):
        self.model = model
        self._known = {}

    def __sklearn_clone__(self) -> "Embedder":
        twin = type(self)(self.model)  # scikit-learn's own clone would copy the model's weights
        twin._known = self._known
        return twin

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Sequence[str], y: Any = None) -> "Embedder":
        """Do nothing."""
        return self

    def transform(self, X: Sequence[str]) -> np.ndarray:
        """Return embeddings of shape (n, H)."""
        from labkit.models.hidden_states import embed

        texts = list(X)
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(new, embed(self.model, new), strict=True))
        return np.stack([self._known[text] for text in texts])


class GivenScore(ClassifierMixin, BaseEstimator):
    """Use scores that are given: X holds a score in [0, 1] for each person, shape (n,) or (n, 1).

    Nothing is fitted. With it, `FairThresholds` and `QuantileMatching` work on the scores of any model.
    """

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any = None) -> "GivenScore":
        """Check the scores."""
        self.classes_ = np.array([0, 1])
        self.predict_proba(X)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return 1 - score and score, shape (n, 2)."""
        score = np.asarray(X, dtype=float)
        if score.ndim > 2 or (score.ndim == 2 and score.shape[1] != 1):
            raise UserError(f"X has shape {score.shape}; GivenScore takes one score per person")
        if not ((score >= 0) & (score <= 1)).all():
            raise UserError(f"scores run from {score.min():g} to {score.max():g}; give scores in [0, 1]")
        return two_columns(score.reshape(-1))

    def predict(self, X: Any) -> np.ndarray:
        """Decide at 0.5, shape (n,)."""
        return (self.predict_proba(X)[:, 1] >= 0.5).astype(int)


def two_columns(score: np.ndarray) -> np.ndarray:
    """Return P(y=0) and P(y=1), shape (n, 2), for scores (n,)."""
    return np.column_stack([1 - score, score])


def default_estimator(X: Rows) -> Pipeline:
    """Return an unfitted logistic regression on features that suit X.

    Parameters
    ----------
    X : DataFrame, sequence of str or array (n, d)
        A table's numbers are scaled and its other columns one-hot encoded; texts become TF-IDF on words and pairs of
        words; an array, such as embeddings, is scaled.

    Returns
    -------
    sklearn.pipeline.Pipeline
    """
    if isinstance(X, pd.DataFrame):
        from sklearn.compose import make_column_selector, make_column_transformer

        features = make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include="number")),
            (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_exclude="number"),
            ),
        )
        return make_pipeline(features, LogisticRegression(max_iter=1000))
    if is_texts(X):
        from sklearn.feature_extraction.text import TfidfVectorizer

        return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10))
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def is_texts(X: Any) -> bool:
    """Say whether X is a column of texts, judging by its first value."""
    is_column = isinstance(X, pd.Series | list | tuple) or (isinstance(X, np.ndarray) and X.ndim == 1)
    if not is_column or len(X) == 0:
        return False
    return isinstance(X.iloc[0] if isinstance(X, pd.Series) else X[0], str)


def text_array(texts: Sequence[str]) -> np.ndarray:
    """Return texts as an array (n,) whose rows can be taken.

    Of objects: numpy's own type for text would make every row as wide as the longest text.
    """
    return np.array(list(texts), dtype=object)


def as_rows(X: Any) -> Any:
    """Return X as a frame, array or sparse matrix, whose rows can be taken; reject one single text, and no rows."""
    if isinstance(X, str) or is_texts(X):
        return text_array(check_texts(X))
    if not isinstance(X, pd.DataFrame) and not hasattr(X, "tocsr"):
        X = np.asarray(X)
    if X.shape[0] == 0:
        raise UserError("X has no rows; give at least one person")
    return X


def take(X: Any, rows: np.ndarray) -> Any:
    """Return some rows of what `as_rows` gave, by position."""
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


class FeaturesAndClassifier:
    """An estimator in two parts, features and classifier, so that a method can work between them.

    Parameters
    ----------
    estimator : scikit-learn classifier or pipeline, FineTuning, or None
        Anything with ``predict_proba``; it is cloned. None: `default_estimator`.
    X : frame, texts or array
        What it will be fitted on.

    Raises
    ------
    UserError
        The estimator has no ``predict_proba``.
    """

    def __init__(self, estimator: Any, X: Any):
        estimator = clone(default_estimator(X) if estimator is None else estimator)
        parts = list(estimator.steps) if isinstance(estimator, Pipeline) else [("classifier", estimator)]
        if not hasattr(parts[-1][1], "predict_proba"):
            raise UserError(f"{parts[-1][1]!r} has no predict_proba; use a classifier that gives probabilities")
        self.features = Pipeline(parts[:-1]) if len(parts) > 1 else None
        self.classifier = parts[-1][1]

    def make_features(self, X: Any, y: Any = None, *, dense: bool = False) -> Any:
        """Return the classifier's input; fits the steps before it when y is given, and ``dense`` asks for an array."""
        if self.features is not None:
            X = self.features.transform(X) if y is None else self.features.fit_transform(X, y)
        if not dense:
            return X
        X = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
        if X.ndim != 2 or X.dtype.kind not in "biuf":
            raise UserError(
                f"this method needs numbers of shape (n, d), and the estimator's features have shape {X.shape} and "
                f"type {X.dtype}; give a pipeline whose first steps make numbers, such as Embedder(model)"
            )
        return X.astype(float)

    def fit(self, X: Any, y: np.ndarray, sample_weight: np.ndarray | None = None) -> "FeaturesAndClassifier":
        """Fit features and classifier, and return self; weights (n,) need a classifier that takes them."""
        features = self.make_features(X, y)
        if sample_weight is None:
            self.fit_classifier(features, y)
        else:
            self.check_weights()
            self.fit_classifier(features, y, sample_weight=sample_weight)
        return self

    def fit_classifier(self, features: Any, y: np.ndarray, **weights: np.ndarray) -> None:
        """Fit the classifier; what its ``fit`` returns predicts: itself in scikit-learn, a `Fitted` for a method."""
        self.classifier = self.classifier.fit(features, y, **weights)

    def check_weights(self) -> None:
        """Reject a classifier that cannot use weights."""
        from sklearn.utils.validation import has_fit_parameter

        if not has_fit_parameter(self.classifier, "sample_weight"):
            raise UserError(
                f"{type(self.classifier).__name__} takes no sample weights; use Resampling, or a classifier that does"
            )

    def score(self, X: Any) -> np.ndarray:
        """Return P(y=1), shape (n,)."""
        return self.classifier.predict_proba(self.make_features(X))[:, 1]
