"""What all mitigation methods share: one signature, checks of their input, and the predictions table."""

import time
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.mitigation.estimators import Groups, Rows, as_rows, two_columns
from labkit.validation import check_labels, sensitive_frame, sorted_groups

CONSTRAINTS = (
    "demographic_parity",
    "equalized_odds",
    "true_positive_rate_parity",
    "false_positive_rate_parity",
)

# decide(X, groups (n,) or None) -> (scores (n,), decisions (n,) or None where a threshold decides)
Decide = Callable[[Any, np.ndarray | None], tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to mitigate, with its settings; `fit` returns a `Fitted` and leaves the method unchanged.

    Parameters
    ----------
    estimator : scikit-learn classifier or pipeline, or FineTuning, optional
        What is made fair: anything with ``predict_proba``. Default: a logistic regression on features that suit the
        data (see `labkit.mitigation.default_estimator`).
    """

    estimator: Any = None

    def fit(self, X: Rows, y: Any, *, sensitive_features: Groups) -> "Fitted":
        """Fit on people whose labels and groups are known.

        Parameters
        ----------
        X : DataFrame, sequence of str or array (n, d)
            A table, texts, or embeddings.
        y : sequence of {0, 1}, length n
        sensitive_features : Series, array, DataFrame or dict of columns, length n
            Which group each person belongs to; several columns give their intersections. Methods that do not use it
            ask for it too, so that all are called in the same way.

        Returns
        -------
        Fitted

        Raises
        ------
        UserError
            Lengths differ, labels are not 0/1, there is a single group, a group is missing, or a setting makes no
            sense for these data.
        """
        X = as_rows(X)
        y = check_labels(y, X.shape[0], what="rows")
        groups = group_names(sensitive_features, len(y))
        known = sorted_groups(set(groups))
        if len(known) < 2:
            raise UserError(f"sensitive_features has one single group, {known[0]!r}; there is nothing to make equal")
        return self.fit_checked(X, y, groups)

    def fit_checked(self, X: Any, y: np.ndarray, groups: np.ndarray | None) -> "Fitted":
        """Fit on arguments that have been checked, and time it; groups (n,) are None where they are not known."""
        known = () if groups is None else tuple(sorted_groups(set(groups)))
        began = time.perf_counter()
        decide = self.learn(X, y, groups)
        return Fitted(self, decide, known, time.perf_counter() - began)

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Return a function ``decide(X, groups) -> (scores (n,), decisions (n,) or None)``."""
        raise NotImplementedError

    @property
    def needs_groups(self) -> bool:
        """Whether a prediction needs the person's group."""
        return False


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted method.

    Attributes
    ----------
    method : Method
        The method, with its settings.
    decide : callable
        ``decide(X, groups)`` returns scores and decisions.
    groups : tuple
        The groups of the training data; empty where they were not known.
    seconds : float
        How long fitting took.
    """

    method: Method
    decide: Decide
    groups: tuple
    seconds: float

    def predict(
        self, X: Rows, y: Any = None, *, sensitive_features: Groups | None = None, threshold: float = 0.5
    ) -> pd.DataFrame:
        """Decide about people, and return the predictions table.

        Parameters
        ----------
        X : DataFrame, sequence of str or array (n, d)
            As in `Method.fit`.
        y : sequence of {0, 1}, length n, optional
            Their labels, which become ``y_true``; without them, the table has no such column.
        sensitive_features : Series, array, DataFrame or dict of columns, length n, optional
            Their groups, which become columns (one without a name is called "group"). Some methods need them to decide.
        threshold : float
            In [0, 1]; people whose score is at least the threshold are decided 1. Not for methods that make their own
            decisions.

        Returns
        -------
        DataFrame
            y_true, y_score, y_pred and the sensitive columns; n rows, numbered from 0.

        Raises
        ------
        UserError
            The method needs groups and gets none, or gets a group that it was not trained on; lengths differ; labels
            are not 0/1; the threshold is outside [0, 1], or the method makes its own decisions.

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
        table = {}
        if y is not None:
            table["y_true"] = check_labels(y, n, what="rows", classes=1)
        columns, groups = pd.DataFrame(index=range(n)), None
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

    def predict_proba(self, X: Rows) -> np.ndarray:
        """Return the score as scikit-learn's classifiers do, so that a fitted method can be another one's estimator.

        Parameters
        ----------
        X : DataFrame, sequence of str or array (n, d)
            As in `Method.fit`.

        Returns
        -------
        ndarray of shape (n, 2)
            P(y=0) and P(y=1).

        Raises
        ------
        UserError
            The method needs groups.
        """
        if self.method.needs_groups:
            name = type(self.method).__name__
            raise UserError(f"{name} decides by group, which predict_proba does not know; use predict()")
        score, _ = self.decide(as_rows(X), None)
        return two_columns(np.asarray(score, dtype=float))

    def check_groups(self, groups: np.ndarray) -> None:
        """Reject groups that were not in training, where they matter, and warn of training groups missing here."""
        strange = sorted_groups(set(groups) - set(self.groups))
        if strange and self.method.needs_groups:
            raise UserError(
                f"{type(self.method).__name__} was not trained on group {strange[0]!r}; it knows {list(self.groups)}: "
                "train with people of that group, or merge groups"
            )
        if missing := sorted_groups(set(self.groups) - set(groups)):
            warnings.warn(
                f"nobody in group {missing[0]!r}, which was in training, is among these {len(groups)} people: no gap "
                "can be measured with it",
                UserWarning,
                stacklevel=3,
            )


def group_names(sensitive_features: Groups, n: int) -> np.ndarray:
    """Return the group of each person, shape (n,); values of several columns are joined by commas."""
    frame = sensitive_frame(sensitive_features, n, what="rows")
    if len(frame.columns) == 1:
        return frame.iloc[:, 0].to_numpy(dtype=object)
    return frame.astype(str).agg(", ".join, axis=1).to_numpy(dtype=object)


def lottery(seed: int) -> np.random.Generator:
    """Return a generator for a method's draws, from a stream that data simulated with the same seed do not share.

    With ``default_rng(seed)``, groups simulated as ``default_rng(seed).random(n) < share`` would decide the lottery.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x10B,)))


def check_choice(name: str, value: Any, known: Collection[str]) -> None:
    """Reject a setting that is not one of the known values."""
    if value not in known:
        raise UserError(f"{name} is {value!r}; choose one of {', '.join(map(repr, known))}")


def check_share(name: str, value: Any) -> None:
    """Reject a setting that is not a number in [0, 1]."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:
        raise UserError(f"{name} is {value!r}; give a number from 0 to 1")


def count_cells(y: np.ndarray, groups: np.ndarray, *, need_both_labels: bool = True) -> pd.Series:
    """Count people by (group, label); with ``need_both_labels``, reject groups that lack one of the labels."""
    people = pd.DataFrame({"group": groups, "label": y})
    everything = pd.MultiIndex.from_product([sorted_groups(set(groups)), [0, 1]], names=["group", "label"])
    counts = people.groupby(["group", "label"]).size().reindex(everything, fill_value=0)
    if need_both_labels and (counts == 0).any():
        group, label = counts.index[counts == 0][0]
        raise UserError(
            f"group {group!r} has nobody with label {label} in the training data; no weight and no repetition can make "
            "up for missing people: collect some, or merge groups"
        )
    return counts
