"""Decide about everybody in a small data set without having learned from them: cross-fitting of a mitigation method."""

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.mitigation.base import Method, group_names
from labkit.mitigation.estimators import as_rows, default_estimator, take
from labkit.validation import check_labels


def predict_out_of_fold(
    method: Method, X, y, *, sensitive_features, folds: int = 5, seed: int = 0, name: str = "group"
) -> pd.DataFrame:
    """Fit a method on all folds but one, decide about that one, and so on: a predictions table of everybody.

    Each person is judged once, by a rule that was chosen on other people. Intervals over people apply to the table as
    to any test set, approximately: the rules share most of their training data (Bengio and Grandvalet, 2004).

    Parameters
    ----------
    method : Method
        From `labkit.mitigation`.
    X : DataFrame, sequence of str or array (n, d)
        As in `Method.fit`.
    y : sequence of {0, 1}, length n
    sensitive_features : array-like of shape (n,)
        Which group each person belongs to.
    folds : int
        At least 2; every group and label is spread over all of them.
    seed : int
        Of the division into folds.
    name : str
        What the group's column is called in the table.

    Returns
    -------
    DataFrame
        y_true, y_score, y_pred and the group; rows in the order given.

    Raises
    ------
    UserError
        Fewer than 2 folds, or fewer people of a group and label than folds.
    """
    from sklearn.model_selection import StratifiedKFold

    X = as_rows(X)
    y = check_labels(y, X.shape[0], what="rows")
    groups = group_names(sensitive_features, len(y))
    cells = pd.Series(groups).astype(str) + ", label " + pd.Series(y).astype(str)
    smallest = cells.value_counts().min()
    if folds < 2 or smallest < folds:
        raise UserError(
            f"folds is {folds}, and the smallest cell ({cells.value_counts().idxmin()}) has {smallest} people; give 2 "
            "folds or more, and at most as many as that cell has people"
        )
    parts = []
    for learn, judge in StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), cells):
        fitted = method.fit(take(X, learn), y[learn], sensitive_features=groups[learn])
        table = fitted.predict(take(X, judge), y[judge], sensitive_features={name: groups[judge]})
        parts.append(table.set_index(judge))
    return pd.concat(parts).sort_index()


def score_out_of_fold(X, y, *, folds: int = 5) -> np.ndarray:
    """Give each person the score of a logistic regression that was fitted without them, shape (n,), in [0, 1].

    Parameters
    ----------
    X : DataFrame, sequence of str or array (n, d)
        See `labkit.mitigation.default_estimator`.
    y : sequence of {0, 1}, length n
    folds : int
        At least 2.
    """
    from sklearn.model_selection import cross_val_predict

    X = as_rows(X)
    y = check_labels(y, X.shape[0], what="rows")
    return cross_val_predict(default_estimator(X), X, y, cv=folds, method="predict_proba")[:, 1]
