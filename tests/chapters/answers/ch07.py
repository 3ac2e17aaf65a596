"""Right answers to the exercises of notebook 07, as students write them."""

import math
import statistics

import numpy as np
import pandas as pd
import torch
from scipy.special import expit

from tests.chapters.answers.forms import chosen


# ---- 07.1 a soft gap -------------------------------------------------------------------------------------------------
def gap_by_loop(logits, is_b, temperature):
    """Collect soft decisions in two lists."""
    a, b = [], []
    for logit, in_b in zip(logits, is_b, strict=True):
        (b if in_b else a).append(1 / (1 + math.exp(-logit / temperature)))
    return sum(a) / len(a) - sum(b) / len(b)


def gap_by_idea(logits, is_b, temperature):
    """Write the idea, on arrays."""
    logits, is_b = np.array(logits), np.array(is_b)
    soft = 1 / (1 + np.exp(-logits / temperature))
    return soft[~is_b].mean() - soft[is_b].mean()


def gap_by_groupby(logits, is_b, temperature):
    """Group a Series."""
    means = expit(pd.Series(logits) / temperature).groupby(pd.Series(is_b)).mean()
    return means[False] - means[True]


def gap_by_torch(logits, is_b, temperature):
    """Weigh people by tensors."""
    soft, is_b = torch.sigmoid(torch.tensor(logits) / temperature), torch.tensor(is_b)
    return soft[is_b.logical_not()].mean() - soft[is_b].mean()


def gap_by_tanh(logits, is_b, temperature):
    """A sigmoid is half a hyperbolic tangent; the halves cancel."""
    half, is_b = np.tanh(np.array(logits) / (2 * temperature)) / 2, np.array(is_b)
    return [np.mean(half[~is_b]) - np.mean(half[is_b])]


# ---- 07.2 the squared gap without bias -------------------------------------------------------------------------------
def product_of_gaps(first, second):
    """Multiply both halves' gaps: the idea."""

    def gap(half):
        return sum(half["a"]) / len(half["a"]) - sum(half["b"]) / len(half["b"])

    return gap(first) * gap(second)


def crossed_halves(first, second):
    """Take a from one half and b from the other."""
    one = np.mean(first["a"]) - np.mean(second["b"])
    return one * (np.mean(second["a"]) - np.mean(first["b"]))


def less_the_variances(first, second):
    """Square the gap of the whole batch, less the variance of each mean."""
    a, b = pd.Series(first["a"] + second["a"]), pd.Series(first["b"] + second["b"])
    return (a.mean() - b.mean()) ** 2 - a.var() / len(a) - b.var() / len(b)


def mean_of_both_pairings(first, second):
    """Average the product and the crossed product."""
    a, b = ([torch.tensor(half[name]).double().mean() for half in (first, second)] for name in "ab")
    return ((a[0] - b[0]) * (a[1] - b[1]) + (a[0] - b[1]) * (a[1] - b[0])) / 2


# ---- 07.3 the next multiplier ----------------------------------------------------------------------------------------
def raise_by_ifs(multiplier, strength, gap, tolerance):
    """Ask whether it would fall below zero."""
    multiplier += strength * (gap - tolerance)
    if multiplier < 0:
        multiplier = 0
    return multiplier


RIGHT = {
    "07.1": {
        "plain Python": gap_by_loop,
        "numpy": gap_by_idea,
        "pandas": gap_by_groupby,
        "torch": gap_by_torch,
        "a list of one": gap_by_tanh,
    },
    "07.2": {
        "plain Python": product_of_gaps,
        "numpy": crossed_halves,
        "pandas": less_the_variances,
        "torch": mean_of_both_pairings,
        "statistics": lambda first, second: math.prod(
            statistics.fmean(half["a"]) - statistics.fmean(half["b"]) for half in (first, second)
        ),
    },
    "07.3": {
        "plain Python": raise_by_ifs,
        "numpy": lambda multiplier, strength, gap, tolerance: np.maximum(
            0, multiplier + strength * gap - strength * tolerance
        ),
        "pandas": lambda multiplier, strength, gap, tolerance: pd.Series(
            [multiplier + strength * (gap - tolerance)]
        ).clip(lower=0),
        "torch": lambda multiplier, strength, gap, tolerance: torch.relu(
            torch.tensor(multiplier + strength * (gap - tolerance))
        ),
        "idea": lambda multiplier, strength, gap, tolerance: max(0, multiplier + strength * (gap - tolerance)),
    },
    "07.4": chosen("the violations so far have added up", "A"),
    "07.5": chosen("demographic parity and equal opportunity", "B"),
    "07.6": chosen("A narrows the gap; B may or may not", "C"),
}
