"""What all mitigation methods share: one signature, the checks of what they are given, and the predictions table."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.mitigation.estimators import as_rows
from labkit.validation import check_labels, sensitive_frame, sorted_groups

CONSTRAINTS = (
    "demographic_parity",
    "equalized_odds",
    "true_positive_rate_parity",
    "false_positive_rate_parity",
)


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to mitigate, with its settings; `fit` gives a `Fitted`, and leaves the method as it was.

    Parameters
    ----------
    estimator : scikit-learn classifier or pipeline, optional
        What is made fair: anything with ``predict_proba``. Without it, a logistic regression on what suits the data
        (see `labkit.mitigation.default_estimator`).
    """

    estimator: Any = None

    def fit(self, X, y, *, sensitive_features) -> "Fitted":
        """Fit on people of whom the labels and the groups are known.

        Parameters
        ----------
        X : DataFrame, sequence of str or array (n, d)
            A table, texts, or embeddings.
        y : sequence of {0, 1}, length n
        sensitive_features : Series, array, DataFrame or dict of columns, length n
            Which group each person belongs to; several columns give their intersections. Needed also by methods that do
            not use it, so that all are called alike.

        Returns
        -------
        Fitted

        Raises
        ------
        UserError
            Lengths that differ, labels that are not 0/1, a single group, a missing group, or a setting that makes no
            sense for these data.
        """
        X = as_rows(X)
        y = check_labels(y, X.shape[0], what="rows")
        groups = group_names(sensitive_features, len(y))
        if len(known := sorted_groups(set(groups))) < 2:
            raise UserError(f"sensitive_features has one single group, {known[0]!r}; there is nothing to make equal")
        began = time.perf_counter()
        decide = self.learn(X, y, groups)
        return Fitted(self, decide, tuple(known), time.perf_counter() - began)

    def learn(self, X, y, groups) -> Callable:
        """Return ``decide(X, groups) -> (score (n,), decision (n,) or None)``; arguments have been checked."""
        raise NotImplementedError

    @property
    def needs_groups(self) -> bool:
        """Whether a prediction needs to know the person's group."""
        return False


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted method.

    Attributes
    ----------
    method : Method
        With its settings.
    decide : callable
        ``decide(X, groups)`` gives scores and decisions.
    groups : tuple
        The groups of the training data.
    seconds : float
        What fitting took.
    """

    method: Method
    decide: Callable
    groups: tuple
    seconds: float

    def predict(self, X, y=None, *, sensitive_features=None, threshold: float = 0.5) -> pd.DataFrame:
        """Decide about people, and return the predictions table.

        Parameters
        ----------
        X : as in `Method.fit`
            Of n people.
        y : sequence of {0, 1}, length n, optional
            Their labels, which become ``y_true``; without them, the table has no such column.
        sensitive_features : Series, array, DataFrame or dict of columns, length n, optional
            Their groups, which become columns (one without a name is called "group"). Some methods need them to decide.
        threshold : float
            In [0, 1]; scores of at least this much are decided 1. Not for methods that make their own decisions.

        Returns
        -------
        DataFrame
            y_true, y_score, y_pred and the sensitive columns; n rows, numbered from 0.

        Raises
        ------
        UserError
            The method needs groups and has none, or meets a group that it was not trained on; lengths differ; labels
            are not 0/1; a threshold outside [0, 1], or for a method that makes its own decisions.

        Warns
        -----
        UserWarning
            A group of the training data is not among these people, so that no gap can be measured with it.
        """
        name, X = type(self.method).__name__, as_rows(X)
        n = X.shape[0]
        if not 0 <= threshold <= 1:
            raise UserError(f"threshold is {threshold!r}; give a number between 0 and 1")
        if sensitive_features is None and self.method.needs_groups:
            raise UserError(f"{name} decides by group; give predict(..., sensitive_features=)")
        table, groups = {} if y is None else {"y_true": check_labels(y, n, what="rows", classes=1)}, None
        columns = pd.DataFrame(index=range(n))
        if sensitive_features is not None:
            columns = sensitive_frame(sensitive_features, n, what="rows")
            if taken := {"y_true", "y_score", "y_pred"} & set(columns):
                raise UserError(f"sensitive column {sorted(taken)} has a name that the predictions table uses")
            groups = group_names(columns, n)
            self.check_groups(groups)
        score, decision = self.decide(X, groups)
        if decision is None:
            decision = score >= threshold
        elif threshold != 0.5:
            raise UserError(f"{name} makes its own decisions; leave threshold= out")
        table |= {"y_score": np.asarray(score, dtype=float), "y_pred": np.asarray(decision).astype(int)}
        return pd.concat([pd.DataFrame(table), columns], axis=1)

    def check_groups(self, groups):
        """Refuse groups that were not in training, where they matter, and warn of those that are missing here."""
        strange = sorted_groups(set(groups) - set(self.groups))
        if strange and self.method.needs_groups:
            raise UserError(
                f"{type(self.method).__name__} was not trained on group {strange[0]!r}; it knows {list(self.groups)}: "
                "train with people of that group, or merge groups"
            )
        if missing := sorted_groups(set(self.groups) - set(groups)):
            warnings.warn(
                f"no one of group {missing[0]!r}, which was in training, is among these {len(groups)} people: no gap "
                "can be measured with it",
                UserWarning,
                stacklevel=3,
            )


def group_names(sensitive_features, n: int) -> np.ndarray:
    """Return the group of each person, shape (n,); values of several columns are joined by a comma."""
    frame = sensitive_frame(sensitive_features, n, what="rows")
    if len(frame.columns) == 1:
        return frame.iloc[:, 0].to_numpy(dtype=object)
    return frame.astype(str).agg(", ".join, axis=1).to_numpy(dtype=object)


def lottery(seed: int) -> np.random.Generator:
    """Return a generator for the draws of a method, from a stream that no data were drawn from with the same seed.

    With ``default_rng(seed)`` itself, whoever simulated groups by ``default_rng(0).random(n) < share`` would find the
    lottery decide by group.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x10B,)))


def check_choice(name: str, value, known: Sequence[str]) -> None:
    """Raise ValueError for a setting that is none of those known."""
    if value not in known:
        raise UserError(f"{name} is {value!r}; choose one of {', '.join(map(repr, known))}")


def check_share(name: str, value) -> None:
    """Raise ValueError for a setting that is no number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise UserError(f"{name} is {value!r}; give a number from 0 to 1")


def count_cells(y, groups, *, whole=True) -> pd.Series:
    """Count people by (group, label); ``whole``: raise ValueError where a group lacks one of the labels."""
    counts = (
        pd.Series(1, index=pd.MultiIndex.from_arrays([groups, y], names=["group", "label"]))
        .groupby(level=[0, 1])
        .size()
    )
    everything = pd.MultiIndex.from_product([sorted_groups(set(groups)), [0, 1]], names=["group", "label"])
    counts = counts.reindex(everything, fill_value=0)
    if whole and (counts == 0).any():
        group, label = counts.index[counts == 0][0]
        raise UserError(
            f"group {group!r} has nobody with label {label} in the training data; no weight or repetition makes up for "
            "people who are not there: collect some, or merge groups"
        )
    return counts
