"""Compare models by their predictions tables: one row per run, means over seeds, and paired changes."""

from typing import Any

import numpy as np
import pandas as pd

from labkit.audit.counts import count
from labkit.errors import UserError

# Classifiers that give everyone the same answer, or one by lot; `labkit.comparison.constants` measures them.
CONSTANTS = ("select nobody", "select everybody", "predict the majority", "toss a coin")

# Names of rates in `summarise`, of all people and (with "_" and the group's name) by group, and in an audit.
RATES = {
    "selected": "selection_rate",
    "true_positive_rate": "true_positive_rate",
    "false_positive_rate": "false_positive_rate",
}


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
        "auc"; "accuracy"; with ``true_labels`` also "accuracy_true"; "balanced_accuracy", the mean of the true positive
        and the true negative rate. The signed gap of the metric, first group minus second in sorted order: "gap" with
        its Newcombe interval "gap_low", "gap_high", which covers the sampling of the people in the table, not the
        randomness of training. Next to it, since a gap says little without them, the share "selected" (decided 1), the
        "true_positive_rate" and the "false_positive_rate", each of all people and by group: "selected_a",
        "true_positive_rate_b". What is undefined is NaN, such as the AUC of one class.

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
    both_labels = table["y_true"].nunique() == 2
    summary = {
        "auc": float(roc_auc_score(table["y_true"], table["y_score"])) if both_labels else float("nan"),
        "accuracy": float(is_right(table).mean()),
    }
    if true_labels is not None:
        summary["accuracy_true"] = float(is_right(table, true_labels).mean())
    overall, by_group = audit.overall, audit.by_group
    summary["balanced_accuracy"] = float(overall[["true_positive_rate", "true_negative_rate"]].mean(skipna=False))
    for name, column in {"gap": "difference", "gap_low": "low", "gap_high": "high"}.items():
        summary[name] = float(pairs.iloc[0][column])
    for name, rate in RATES.items():
        summary[name] = float(overall[rate])
        summary |= {f"{name}_{group}": float(value) for group, value in by_group[rate].items()}
    return summary


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
    return _average(runs, value, by=by, confidence=confidence, overlap=overlap).drop(columns="error")


def _average(
    runs: pd.DataFrame, value: str, *, by: str | list[str], confidence: float, overlap: float | None
) -> pd.DataFrame:
    """Return mean, low, high, n and the standard error of the mean; with one run, low, high and the error are NaN."""
    from scipy import stats

    if overlap is not None and not 0 < overlap < np.inf:
        raise UserError(f"overlap={overlap} must be above 0: people to measure on per person to train on, such as 0.25")
    keys = [by] if isinstance(by, str) else list(by)
    if missing := {value, *keys} - set(runs.columns):
        raise UserError(f"no column {sorted(missing)}; there are {list(runs.columns)}")
    frame = runs.groupby(by, sort=False)[value].agg(mean="mean", sd="std", n="count")
    frame["error"] = frame.pop("sd") * np.sqrt(1 / frame["n"] + (overlap or 0))
    half = stats.t.ppf((1 + confidence) / 2, np.maximum(frame["n"] - 1, 1)) * frame["error"]
    frame["low"], frame["high"] = frame["mean"] - half, frame["mean"] + half
    return frame[["mean", "low", "high", "n", "error"]]


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

    What a seed does to both runs of a pair cancels. Each interval holds its level for one method; of 20 methods that
    change nothing, one is expected to look clear. ``p_holm`` allows for that.

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
        Column with the seed (or world, or split), by which the runs of two methods are paired.
    confidence : float
        Level of Student's t interval, in (0, 1).
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `over_seeds`.

    Returns
    -------
    DataFrame
        As `over_seeds`, of the differences from the baseline's run with the same seed; the baseline has no row. A run
        without a partner is left out, and ``n`` is the number of pairs. ``p_value`` is that of the paired t-test, whose
        interval this is (two-sided, of a mean change of zero); ``p_holm`` is the same, adjusted for the number of
        methods (Holm 1979), so that the chance of any false finding stays below the level. Constant classifiers
        (`labkit.comparison.summarise_constants`) are marks to compare with, not hypotheses: theirs are NaN.

    Raises
    ------
    UserError
        A column is missing, the baseline is unknown, or a method has two runs with the same seed.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["plain", "fair"] * 3, "seed": [0, 0, 1, 1, 2, 2],
    ...                      "gap": [0.30, 0.10, 0.32, 0.13, 0.34, 0.13]})
    >>> changes_over_seeds(runs, "gap", by="method", baseline="plain").round(3).loc["fair"].to_dict()
    {'mean': -0.2, 'low': -0.225, 'high': -0.175, 'n': 3.0, 'p_value': 0.001, 'p_holm': 0.001}
    """
    paired = pair_with_baseline(runs, value, by=by, baseline=baseline, seed=seed)
    changes = _average(paired, value, by=by, confidence=confidence, overlap=overlap)
    p_value = np.where(changes.index.isin(CONSTANTS), np.nan, _test_against_zero(changes))
    return changes.drop(columns="error").assign(p_value=p_value, p_holm=_adjust(p_value))


def pair_with_baseline(
    runs: pd.DataFrame, value: str, *, by: str, baseline: Any, seed: str | list[str] = "seed"
) -> pd.DataFrame:
    """Subtract from each run the baseline's run with the same seed.

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
    seed : str or list of str
        Column, or columns, that two runs of a pair have in common.

    Returns
    -------
    DataFrame
        Runs of the other methods that have a partner, with the difference in place of the value.

    Raises
    ------
    UserError
        A column is missing, the baseline is unknown, or a method has two runs with the same seed.
    """
    keys = [seed] if isinstance(seed, str) else list(seed)
    if missing := {value, by, *keys} - set(runs.columns):
        raise UserError(f"no column {sorted(missing)}; there are {list(runs.columns)}")
    if baseline not in set(runs[by]):
        raise UserError(f"no run of the baseline {baseline!r}; {by!r} holds {runs[by].unique().tolist()}")
    if (twice := runs.duplicated([by, *keys])).any():
        method, *again = runs.loc[twice, [by, *keys]].iloc[0]
        named = " and ".join(f"{key} {which}" for key, which in zip(keys, again, strict=True))
        raise UserError(f"{method!r} has two runs with {named}; keep one, so that runs can be paired")
    is_baseline = runs[by] == baseline
    own, others = runs[is_baseline], runs[~is_baseline]
    partners = own.set_index(keys)[value].reindex(others.set_index(keys).index)
    return others.assign(**{value: others[value] - partners.to_numpy()}).dropna(subset=[value])


def _test_against_zero(averages: pd.DataFrame) -> np.ndarray:
    """Return two-sided p-values of Student's t-test that a mean is zero; NaN for one run."""
    from scipy import stats

    mean, error, n = averages["mean"].to_numpy(), averages["error"].to_numpy(), averages["n"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):  # runs that change alike have no spread
        t = np.where(mean == 0, np.where(np.isnan(error), np.nan, 0.0), mean / error)
    return 2 * stats.t.sf(np.abs(t), np.maximum(n - 1, 1))


def _adjust(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for their number (Holm 1979); those that are NaN stay so and do not count.

    By hand, since statsmodels' function collects garbage at every call, which takes a notebook a tenth of a second.
    """
    order = np.argsort(p_values)  # NaN last
    order = order[: np.count_nonzero(~np.isnan(p_values))]
    left = np.arange(len(order), 0, -1)  # hypotheses that are not rejected yet
    adjusted = np.full(len(p_values), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * left), 1)
    return adjusted
