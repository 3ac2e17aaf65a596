"""Classifiers that know nothing: what a method has to beat, and gaps that are zero without any merit.

Whoever selects nobody, or everybody, or tosses a coin, has no gap in selection rates and no gap in error rates. On a
rare label, selecting nobody is also accurate. So every table and figure of methods should have these rows.
"""

from typing import Any

import pandas as pd

from labkit.comparison.seeds import CONSTANTS, summarise
from labkit.errors import UserError

# Metrics that a rule fixes, whoever the people are: by the probability p of selecting somebody.
FIXED = ("selection_rate", "true_positive_rate", "false_positive_rate", "true_negative_rate", "false_negative_rate")


def summarise_constants(
    table: pd.DataFrame, *, sensitive: str = "group", metric: str = "selection_rate", true_labels: Any = None
) -> pd.DataFrame:
    """Say what constant classifiers would reach on the people of a predictions table.

    Nothing is drawn: the coin's row holds what it reaches on average over tosses, which also is what a random score
    reaches whose upper half is selected.

    Parameters
    ----------
    table : DataFrame
        With the column y_true and the sensitive column, n rows; predictions are not read.
    sensitive : str
        A column with two groups.
    metric : str
        One of `labkit.audit.METRICS`, whose gap is reported.
    true_labels : array-like of shape (n,), optional
        True labels, as in `labkit.comparison.summarise`.

    Returns
    -------
    DataFrame
        Rows "select nobody", "select everybody", "predict the majority" (of ``y_true`` in this table; nobody, if both
        labels are equally frequent) and "toss a coin"; the columns of `labkit.comparison.summarise`. A gap that the
        rule itself fixes at zero, such as that of selection rates, has the interval [0, 0]; the gap in accuracy or
        precision is one of base rates, with Newcombe's interval. Undefined values are NaN: precision where nobody is
        selected, a rate of a group without such people, the AUC of one class.

    Raises
    ------
    UserError
        There are not two groups, or ``true_labels`` do not fit.

    Examples
    --------
    >>> people = pd.DataFrame({"group": ["a", "a", "a", "b", "b"], "y_true": [1, 0, 0, 0, 0]})
    >>> summarise_constants(people)[["accuracy", "balanced_accuracy", "gap", "selected_a", "selected_b"]]
                          accuracy  balanced_accuracy  gap  selected_a  selected_b
    select nobody              0.8                0.5  0.0         0.0         0.0
    select everybody           0.2                0.5  0.0         1.0         1.0
    predict the majority       0.8                0.5  0.0         0.0         0.0
    toss a coin                0.5                0.5  0.0         0.5         0.5
    """
    options = {"sensitive": sensitive, "metric": metric, "true_labels": true_labels}
    nobody, everybody = (summarise(table.assign(y_score=0.5, y_pred=decision), **options) for decision in (0, 1))
    coin = {name: (nobody[name] + everybody[name]) / 2 for name in nobody}
    if metric in FIXED:
        for row in (nobody, everybody, coin):
            row |= {"gap_low": row["gap"], "gap_high": row["gap"]}
    elif metric == "accuracy":  # the coin is right half the time in both groups
        coin |= {"gap": 0.0, "gap_low": 0.0, "gap_high": 0.0}
    else:  # of those whom a coin selects, as many are labeled positive as of everybody
        coin |= {name: everybody[name] for name in ("gap", "gap_low", "gap_high")}
    majority = everybody if table["y_true"].mean() > 0.5 else nobody
    return pd.DataFrame([nobody, everybody, majority, coin], index=list(CONSTANTS))


def add_constants(runs: pd.DataFrame, rows: pd.DataFrame, *, by: str = "method") -> pd.DataFrame:
    """Add constant classifiers to a table of runs, measured on the people of each run of one method.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    rows : DataFrame
        What `summarise_constants` gives for each seed, in one table with a column seed; its index names the classifier.
    by : str
        Column that names the method.

    Returns
    -------
    DataFrame
        The runs, then the constant classifiers; columns that only a training run has, such as seconds, are NaN there.

    Raises
    ------
    UserError
        A method of ``runs`` bears the name of a constant classifier.
    """
    if taken := sorted(set(runs[by]) & set(CONSTANTS)):
        raise UserError(f"{by!r} already holds {taken}; rename that method, or leave the constant classifiers out")
    return pd.concat([runs, rows.rename_axis(by).reset_index()], ignore_index=True)
