"""Cross-fitting: decide about everybody in a small data set with rules that did not learn from them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.mitigation.base import Method, group_names
from labkit.mitigation.estimators import Groups, Rows, as_rows, default_estimator, take
from labkit.validation import check_labels


def predict_out_of_fold(
    method: Method,
    X: Rows,
    y: Sequence[int],
    *,
    sensitive_features: Groups,
    folds: int = 5,
    seed: int = 0,
    name: str = "group",
) -> pd.DataFrame:
    """Fit a method on all folds but one and decide about that one, for each fold: a predictions table of everybody.

    Each person is judged once, by a rule that was chosen on other people. Intervals over people hold approximately, as
    on any test set: the rules share most of their training data (Bengio and Grandvalet, 2004).

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
        Seed of the division into folds.
    name : str
        Name of the group's column in the table.

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
    sizes = cells.value_counts()
    if folds < 2 or sizes.min() < folds:
        raise UserError(
            f"folds is {folds}, and the smallest cell ({sizes.idxmin()}) has {sizes.min()} people; give at least 2 "
            "folds, and at most as many as that cell has people"
        )
    splitter, parts = StratifiedKFold(folds, shuffle=True, random_state=seed), []
    for learn, judge in splitter.split(np.zeros(len(y)), cells):
        fitted = method.fit(take(X, learn), y[learn], sensitive_features=groups[learn])
        table = fitted.predict(take(X, judge), y[judge], sensitive_features={name: groups[judge]})
        parts.append(table.set_index(judge))
    return pd.concat(parts).sort_index()


def score_out_of_fold(X: Rows, y: Sequence[int], *, folds: int = 5) -> np.ndarray:
    """Score each person with a logistic regression that was fitted without them.

    Rules can then be chosen on the same people, without scores that know their labels.

    Parameters
    ----------
    X : DataFrame, sequence of str or array (n, d)
        What `labkit.mitigation.default_estimator` makes features of.
    y : sequence of {0, 1}, length n
    folds : int
        At least 2.

    Returns
    -------
    ndarray of shape (n,)
        P(y=1), in [0, 1].

    Raises
    ------
    UserError
        Lengths that differ, or labels that are not 0/1.
    """
    from sklearn.model_selection import cross_val_predict

    X = as_rows(X)
    y = check_labels(y, X.shape[0], what="rows")
    return cross_val_predict(default_estimator(X), X, y, cv=folds, method="predict_proba")[:, 1]
