"""Right answers to the exercises of notebook 03, as students write them."""

import math

import numpy as np
import pandas as pd
import torch
from sklearn import metrics

from tests.chapters.answers.ch03_repairs import REPAIRS


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


# ---- 03.2 the gap of the model that is kept --------------------------------------------------------------------------
def kept_by_loop(record):
    """Keep the values of each step in a dict."""
    steps = {}
    for row in record.itertuples():
        steps.setdefault(row.step, {})[row.tag] = row.value
    measured = {step: values for step, values in steps.items() if "validation/loss" in values}
    best = min(measured, key=lambda step: measured[step]["validation/loss"])
    return measured[best]["validation/selection_rate/a"] - measured[best]["validation/selection_rate/b"]


def kept_by_pivot(record):
    """Write the idea."""
    table = record.pivot(index="step", columns="tag", values="value")
    row = table.loc[table["validation/loss"].idxmin()]
    return row["validation/selection_rate/a"] - row["validation/selection_rate/b"]


def kept_by_masks(record):
    """Find the step by its mask, and read both rates there."""
    tag, step, value = (record[name].to_numpy() for name in ("tag", "step", "value"))
    losses = tag == "validation/loss"
    best = step[losses][value[losses].argmin()]
    a, b = (value[(tag == f"validation/selection_rate/{group}") & (step == best)] for group in "ab")
    return a - b  # an array of one value


def kept_by_tensors(record):
    """Take tensors of each tag, ordered by step."""
    values = {tag: torch.tensor(rows.sort_values("step")["value"].to_numpy()) for tag, rows in record.groupby("tag")}
    best = values["validation/loss"].argmin()
    return values["validation/selection_rate/a"][best] - values["validation/selection_rate/b"][best]


# ---- 03.3 the standard error of a mean gap ---------------------------------------------------------------------------
def error_by_parts(sample, seed, people_500, worlds, seeds, people):
    """Add the parts one by one."""
    of_sample = sample / worlds
    of_seed = seed / worlds / seeds
    of_people = people_500 / (people / 500)
    return math.sqrt(of_sample + of_seed + of_people)


def error_by_norm(sample, seed, people_500, worlds, seeds, people):
    """Take the length of a vector of standard errors."""
    parts = [(sample / worlds) ** 0.5, (seed / (worlds * seeds)) ** 0.5, (people_500 * 500 / people) ** 0.5]
    return np.linalg.norm(parts)


def error_by_torch(sample, seed, people_500, worlds, seeds, people):
    """Divide tensors."""
    variances = torch.tensor([sample, seed, people_500], dtype=torch.float64)
    draws = torch.tensor([worlds, worlds * seeds, people / 500], dtype=torch.float64)
    return (variances / draws).sum().sqrt()


def error_by_series(sample, seed, people_500, worlds, seeds, people):
    """Divide Series."""
    kinds = ["sample", "seed", "people"]
    variances = pd.Series([sample, seed, people_500], index=kinds)
    return variances.div(pd.Series([worlds, worlds * seeds, people / 500], index=kinds)).sum() ** 0.5


PURCHASE = {
    "patients": "people",
    "seeds": "seed",
    "notes": "training sample and seed",
    "best": "notes",
}


# ---- 03.5 the gap at a given share -----------------------------------------------------------------------------------
def share_by_sorting(scores, in_b, share):
    """Sort pairs."""
    people = sorted(zip(scores, in_b, strict=True), reverse=True)
    called = [b for _, b in people[: round(share * len(people))]]
    b_called, b_all = sum(called), sum(in_b)
    return (len(called) - b_called) / (len(in_b) - b_all) - b_called / b_all


def share_by_ranks(scores, in_b, share):
    """Rank with pandas."""
    called = pd.Series(scores).rank(ascending=False) <= round(share * len(scores))
    rates = called.groupby(pd.Series(in_b)).mean()
    return rates[False] - rates[True]


def share_by_topk(scores, in_b, share):
    """Take the largest with torch."""
    called = torch.zeros(len(scores))
    called[torch.tensor(scores).topk(round(share * len(scores))).indices] = 1
    in_b = torch.tensor(in_b)
    return called[~in_b].mean() - called[in_b].mean()


def share_by_cut(scores, in_b, share):
    """Take the score of the last person called ill for a threshold."""
    cut = np.sort(scores)[::-1][round(share * len(scores)) - 1]
    called = np.asarray(scores) >= cut
    return called[~in_b].mean() - called[in_b].mean()


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
        "plain Python": kept_by_loop,
        "numpy": kept_by_masks,
        "pandas": kept_by_pivot,
        "torch": kept_by_tensors,
    },
    "03.3": {
        "plain Python": error_by_parts,
        "numpy": error_by_norm,
        "pandas": error_by_series,
        "torch": error_by_torch,
    },
    "03.4": {
        "texts": PURCHASE,
        "letters": {"patients": "C", "seeds": "B", "notes": "D", "best": "notes"},
        "small letters": {"patients": "c", "seeds": "b", "notes": "d", "best": "Notes"},
        "letters for all": {"patients": "C", "seeds": "B", "notes": "D", "best": "C"},
        "letters with brackets": {"patients": "(c)", "seeds": "(b)", "notes": "(d)", "best": " NOTES "},
    },
    "03.5": {
        "plain Python": share_by_sorting,
        "numpy": share_by_cut,
        "pandas": share_by_ranks,
        "torch": share_by_topk,
    },
} | REPAIRS
