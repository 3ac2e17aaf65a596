"""Compare models by their predictions tables: one row per run, means over seeds, and paired changes."""

from typing import Any

import numpy as np
import pandas as pd

from labkit.audit.counts import count
from labkit.errors import UserError


def summarise(
    table: pd.DataFrame, *, sensitive: str = "group", metric: str = "selection_rate", true_labels: Any = None
) -> dict[str, float]:
    """Reduce a predictions table with two groups to the figures by which models are compared.

    Parameters
    ----------
    table : DataFrame
        Columns y_true, y_score, y_pred and the sensitive column (see `labkit.training.predictions`).
    sensitive : str
        A column with two groups.
    metric : str
        One of `labkit.audit.METRICS`, whose gap is reported.
    true_labels : array-like of shape (n,), optional
        True labels, 0 and 1, where ``y_true`` holds recorded labels that may be wrong (the clinic's
        ``y_true_disease``).

    Returns
    -------
    dict
        "auc" (NaN if ``y_true`` has one class); "accuracy"; with ``true_labels`` also "accuracy_true"; and the signed
        gap of the metric, first group minus second in sorted order: "gap" with its Newcombe interval "gap_low",
        "gap_high". The interval covers the sampling of the people in the table, not the randomness of training.

    Raises
    ------
    UserError
        There are not two groups; ``true_labels`` has another length, or values other than 0 and 1.
    """
    from sklearn.metrics import roc_auc_score

    audit = count(table, label="y_true", prediction="y_pred", sensitive=sensitive).audit()
    pairs = audit.pairwise(metric)
    if len(pairs) != 1:
        groups = sorted(table[sensitive].unique())
        raise UserError(f"{sensitive!r} has the groups {groups}; a signed gap needs two: use audit().pairwise()")
    pair = pairs.iloc[0]
    both_labels = table["y_true"].nunique() == 2
    summary = {
        "auc": float(roc_auc_score(table["y_true"], table["y_score"])) if both_labels else float("nan"),
        "accuracy": float(is_right(table).mean()),
    }
    if true_labels is not None:
        summary["accuracy_true"] = float(is_right(table, true_labels).mean())
    limits = {"gap": "difference", "gap_low": "low", "gap_high": "high"}
    return summary | {name: float(pair[column]) for name, column in limits.items()}


def over_seeds(
    runs: pd.DataFrame,
    value: str,
    *,
    by: str | list[str],
    confidence: float = 0.95,
    overlap: float | None = None,
) -> pd.DataFrame:
    """Average a value over training runs, with Student's t interval for the mean.

    The interval answers "what would other seeds have given on average?"; it does not cover the sampling of the data.
    With three runs it extends 2.5 standard deviations on either side: few seeds say little, and the interval shows it.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    value : str
        Column to average.
    by : str or list of str
        What the runs of one average have in common.
    confidence : float
        Level of the interval, in (0, 1).
    overlap : float, optional
        Where runs are repeated splits of one data set: people to measure on per person to train on, such as 0.25 for
        splits of 80/20. The runs then share people and are not independent; the variance of a mean of J runs is taken
        as ``s^2 (1/J + overlap)`` instead of ``s^2 / J`` (Nadeau and Bengio 2003). For halves and 5 splits the interval
        is 2.45 times as wide.

    Returns
    -------
    DataFrame
        Indexed by ``by`` in order of appearance: mean, low, high, n (runs). With one run, low and high are NaN.

    Raises
    ------
    UserError
        A column is missing, or ``overlap`` is not above 0.
    """
    from scipy import stats

    if overlap is not None and not 0 < overlap < np.inf:
        raise UserError(f"overlap={overlap} must be above 0: people to measure on per person to train on, such as 0.25")
    keys = [by] if isinstance(by, str) else list(by)
    if missing := {value, *keys} - set(runs.columns):
        raise UserError(f"no column {sorted(missing)}; there are {list(runs.columns)}")
    grouped = runs.groupby(by, sort=False)[value]
    frame = grouped.agg(mean="mean", sd="std", n="count")
    quantile = stats.t.ppf((1 + confidence) / 2, np.maximum(frame["n"] - 1, 1))
    half = quantile * frame.pop("sd") * np.sqrt(1 / frame["n"] + (overlap or 0))
    return frame.assign(low=frame["mean"] - half, high=frame["mean"] + half)[["mean", "low", "high", "n"]]


def is_right(table: pd.DataFrame, true_labels: Any = None) -> np.ndarray:
    """Say for each row of a predictions table whether the decision is right.

    Parameters
    ----------
    table : DataFrame
        Columns y_true and y_pred, n rows.
    true_labels : array-like of shape (n,), optional
        Labels to judge by instead of ``y_true``.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    UserError
        ``true_labels`` has another length, or values other than 0 and 1.
    """
    labels = np.asarray(table["y_true"] if true_labels is None else true_labels)
    if labels.shape != (len(table),):
        raise UserError(f"true_labels has shape {labels.shape} for {len(table)} rows; give one label per row")
    if strange := set(pd.unique(labels).tolist()) - {0, 1}:
        raise UserError(f"true_labels holds {sorted(strange, key=str)[:5]}; labels are 0 or 1")
    return labels == table["y_pred"].to_numpy()


def accuracy_change(
    before: pd.DataFrame, after: pd.DataFrame, *, true_labels: Any = None, confidence: float = 0.95
) -> dict[str, float]:
    """Compare the accuracy of two models on the same people, paired.

    Most people get the same decision from both models. Only those whose decision became right or wrong matter, which
    makes the interval much narrower than two separate ones would suggest. It covers the sampling of the people, not the
    training seed (see `changes_over_seeds` for that).

    Parameters
    ----------
    before, after : DataFrame
        Predictions tables of n rows, the same people in the same order.
    true_labels : array-like of shape (n,), optional
        Labels to judge by instead of ``y_true``: the true ones, where the recorded labels may be wrong.
    confidence : float
        Level of the interval, in (0, 1).

    Returns
    -------
    dict
        "change" of accuracy, after minus before, with "low" and "high": Wald's interval with half a person added to
        each cell (Agresti and Min, 2005, "Simple improved confidence intervals for comparing matched proportions");
        "gained" and "lost", the numbers of people whose decision became right and wrong; "p_value" of McNemar's exact
        test.

    Raises
    ------
    UserError
        The tables hold different people (lengths or labels differ), or ``true_labels`` do not fit.

    Examples
    --------
    >>> before = pd.DataFrame({"y_true": [1, 1, 0, 0], "y_pred": [0, 1, 0, 1]})
    >>> found = accuracy_change(before, before.assign(y_pred=before["y_true"]))
    >>> found["change"], found["gained"], found["lost"]
    (0.5, 2, 0)
    """
    from scipy import stats

    if len(before) != len(after):
        raise UserError(f"before has {len(before)} rows and after {len(after)}; a paired change needs the same people")
    if not np.array_equal(before["y_true"].to_numpy(), after["y_true"].to_numpy()):
        raise UserError("before and after differ in y_true; a paired change needs the same people in the same order")
    was_right, right = is_right(before, true_labels), is_right(after, true_labels)
    gained, lost = int((right & ~was_right).sum()), int((was_right & ~right).sum())
    n = len(before) + 2  # half a person in each of the four cells
    middle = (gained - lost) / n
    half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt((gained + lost + 1) / n - middle**2) / np.sqrt(n)
    p_value = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    return {
        "change": (gained - lost) / len(before),
        "low": float(middle - half),
        "high": float(middle + half),
        "gained": gained,
        "lost": lost,
        "p_value": float(p_value),
    }


def changes_over_seeds(
    runs: pd.DataFrame,
    value: str,
    *,
    by: str,
    baseline: Any,
    seed: str = "seed",
    confidence: float = 0.95,
    overlap: float | None = None,
) -> pd.DataFrame:
    """Average a value's change from a baseline over pairs of runs with the same seed.

    What a seed does to both runs of a pair cancels.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    value : str
        Column to compare.
    by : str
        Column that names the method.
    baseline : object
        The method to compare with.
    seed : str
        Column with the seed, by which the runs of two methods are paired.
    confidence : float
        Level of Student's t interval, in (0, 1).
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `over_seeds`.

    Returns
    -------
    DataFrame
        As `over_seeds`, of the differences from the baseline's run with the same seed; the baseline has no row. A run
        without a partner is left out, and ``n`` is the number of pairs.

    Raises
    ------
    UserError
        A column is missing, the baseline is unknown, or a method has two runs with the same seed.
    """
    if missing := {value, by, seed} - set(runs.columns):
        raise UserError(f"no column {sorted(missing)}; there are {list(runs.columns)}")
    if baseline not in set(runs[by]):
        raise UserError(f"no run of the baseline {baseline!r}; {by!r} holds {runs[by].unique().tolist()}")
    if (twice := runs.duplicated([by, seed])).any():
        method, again = runs.loc[twice, [by, seed]].iloc[0]
        raise UserError(f"{method!r} has two runs with {seed} {again}; keep one, so that runs can be paired")
    own = runs.loc[runs[by] == baseline].set_index(seed)[value]
    others = runs.loc[runs[by] != baseline]
    change = others[value] - others[seed].map(own)
    paired = others.assign(**{value: change}).dropna(subset=[value])
    return over_seeds(paired, value, by=by, confidence=confidence, overlap=overlap)
