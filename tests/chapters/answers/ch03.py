"""Right answers to the exercises of notebook 03, as students write them."""

import math
import statistics

import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn import metrics

from tests.chapters.answers.ch03_repairs import REPAIRS
from tests.chapters.answers.forms import chosen


# ---- 03.1 beyond the majority's answer -------------------------------------------------------------------------------
def lift_by_counts(y_true, y_pred):
    """Count people."""
    right = sum(truth == found for truth, found in zip(y_true, y_pred, strict=True))
    return (right - max(y_true.count(0), y_true.count(1))) / len(y_true)


def lift_by_series(y_true, y_pred):
    """Take the most frequent share of the labels."""
    labels = pd.Series(y_true)
    return (labels == pd.Series(y_pred)).mean() - labels.value_counts(normalize=True).max()


def lift_by_torch(y_true, y_pred):
    """Compare tensors."""
    labels, found = torch.tensor(y_true), torch.tensor(y_pred)
    share = labels.float().mean()
    return (labels == found).float().mean() - torch.maximum(share, 1 - share)


# ---- 03.2 the last gap of a record -----------------------------------------------------------------------------------
def gap_by_loop(record):
    """Keep the latest value of each tag."""
    latest = {}
    for row in record.sort_values("step").itertuples():
        latest[row.tag] = row.value
    return latest["validation/selection_rate/a"] - latest["validation/selection_rate/b"]


def gap_by_pivot(record):
    """Make a column of each tag."""
    table = record.pivot(index="step", columns="tag", values="value")
    a, b = (table[f"validation/selection_rate/{group}"].dropna() for group in "ab")
    return a.iloc[-1] - b.iloc[-1]


def gap_by_masks(record):
    """Choose the largest step of each tag."""
    tag, step, value = (record[name].to_numpy() for name in ("tag", "step", "value"))
    last = {}
    for group in ("a", "b"):
        own = tag == f"validation/selection_rate/{group}"
        last[group] = value[own][step[own].argmax()]
    return last["a"] - last["b"]


def gap_by_tensors(record):
    """Take the last of each group's tensor."""
    values = {tag: torch.tensor(rows["value"].to_numpy()) for tag, rows in record.groupby("tag")}
    return values["validation/selection_rate/a"][-1] - values["validation/selection_rate/b"][-1]


def gap_by_groupby(record):
    """Write the idea."""
    last = record.groupby("tag")["value"].last()
    return last["validation/selection_rate/a"] - last["validation/selection_rate/b"]


# ---- 03.3 Student's interval -----------------------------------------------------------------------------------------
def interval_by_statistics(gaps):
    """Use the standard library, and scipy for the quantile."""
    middle, error = statistics.mean(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps))
    quantile = stats.t.ppf(0.975, len(gaps) - 1)
    return middle - quantile * error, middle + quantile * error


def interval_by_idea(gaps):
    """Write the idea."""
    n = len(gaps)
    half = stats.t.ppf(0.975, n - 1) * np.std(gaps, ddof=1) / np.sqrt(n)
    return np.array([np.mean(gaps) - half, np.mean(gaps) + half])


def interval_by_series(gaps):
    """Use the standard error of pandas."""
    gaps = pd.Series(gaps)
    return stats.t.interval(0.95, len(gaps) - 1, loc=gaps.mean(), scale=gaps.sem())


def interval_by_test(gaps):
    """Take the interval of the one-sample test."""
    limits = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    return pd.Series({"low": limits.low, "high": limits.high})


def interval_by_torch(gaps):
    """Use torch's standard deviation, which divides by n - 1."""
    gaps = torch.tensor(gaps, dtype=torch.float64)
    half = stats.t.ppf(0.975, len(gaps) - 1) * gaps.std() / len(gaps) ** 0.5
    return torch.stack([gaps.mean() - half, gaps.mean() + half])


RIGHT = {
    "03.1": {
        "plain Python": lift_by_counts,
        "numpy": lambda y_true, y_pred: (
            (np.array(y_true) == np.array(y_pred)).mean() - np.bincount(y_true, minlength=2).max() / len(y_true)
        ),
        "pandas": lift_by_series,
        "torch": lift_by_torch,
        "hint 2": lambda y_true, y_pred: (
            metrics.accuracy_score(y_true, y_pred) - max(np.mean(y_true), 1 - np.mean(y_true))
        ),
    },
    "03.2": {
        "plain Python": gap_by_loop,
        "numpy": gap_by_masks,
        "pandas": gap_by_pivot,
        "torch": gap_by_tensors,
        "idea": gap_by_groupby,
    },
    "03.3": {
        "plain Python": interval_by_statistics,
        "numpy": interval_by_idea,
        "pandas": interval_by_series,
        "torch": interval_by_torch,
        "a Series by name": interval_by_test,
    },
    "03.4": chosen("smaller gap and lower AUC", "D"),
} | REPAIRS
