"""Compare models by predictions tables: one row a run, and means over seeds with intervals."""

import numpy as np
import pandas as pd

from labkit.counts import count


def summarise(table: pd.DataFrame, *, sensitive: str = "group", metric: str = "selection_rate") -> dict:
    """Reduce a predictions table with two groups to the figures by which models are compared.

    Parameters
    ----------
    table : DataFrame
        Columns y_true, y_score, y_pred and the sensitive column (see `labkit.training.predictions`).
    sensitive : str
        A column with two groups.
    metric : str
        One of `labkit.metrics.METRICS`, whose gap is reported.

    Returns
    -------
    dict
        "auc" (NaN when ``y_true`` has one class), "accuracy", and the signed gap of the metric, first group less
        second in sorted order: "gap" with its Newcombe interval "gap_low", "gap_high", which covers the draw of the
        people in the table, not the draw of the training run.

    Raises
    ------
    ValueError
        There are not two groups.
    """
    from sklearn.metrics import roc_auc_score

    audit = count(table, label="y_true", prediction="y_pred", sensitive=sensitive).audit()
    pairs = audit.pairwise(metric)
    if len(pairs) != 1:
        groups = sorted(table[sensitive].unique())
        raise ValueError(f"{sensitive!r} has the groups {groups}; a signed gap needs two: use audit().pairwise()")
    pair = pairs.iloc[0]
    both = table["y_true"].nunique() == 2
    return {
        "auc": float(roc_auc_score(table["y_true"], table["y_score"])) if both else float("nan"),
        "accuracy": float((table["y_true"] == table["y_pred"]).mean()),
        "gap": float(pair["difference"]),
        "gap_low": float(pair["low"]),
        "gap_high": float(pair["high"]),
    }


def over_seeds(runs: pd.DataFrame, value: str, *, by: str | list[str], confidence: float = 0.95) -> pd.DataFrame:
    """Average a value over training runs, with Student's t interval for the mean.

    The interval answers "what would other seeds have given on average?"; it does not cover the draw of the data. With
    three runs it is 2.5 standard deviations wide on either side: few seeds say little, and it shows.

    Parameters
    ----------
    runs : DataFrame
        A row per run.
    value : str
        Column to average.
    by : str or list of str
        What the runs of one average have in common.
    confidence : float
        Level of the interval, in (0, 1).

    Returns
    -------
    DataFrame
        Indexed by ``by`` in order of appearance: mean, low, high, n. With one run, low and high are NaN.

    Raises
    ------
    ValueError
        A column that is not there.
    """
    from scipy import stats

    keys = [by] if isinstance(by, str) else list(by)
    if missing := {value, *keys} - set(runs.columns):
        raise ValueError(f"no column {sorted(missing)}; there are {list(runs.columns)}")
    grouped = runs.groupby(by, sort=False)[value]
    frame = grouped.agg(mean="mean", sd="std", n="count")
    quantile = stats.t.ppf((1 + confidence) / 2, np.maximum(frame["n"] - 1, 1))
    half = quantile * frame.pop("sd") / np.sqrt(frame["n"])
    return frame.assign(low=frame["mean"] - half, high=frame["mean"] + half)[["mean", "low", "high", "n"]]
