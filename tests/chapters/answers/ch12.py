"""Right answers to the exercises of notebook 12, as students write them."""

import math
import statistics

import numpy as np
import pandas as pd
import torch
from scipy.special import expit
from statsmodels.stats.multitest import multipletests

from tests.chapters.answers.forms import numbers


# ---- 12.1 from logarithms to a share ---------------------------------------------------------------------------------
def share_by_loop(log_probabilities):
    """Go through the sentences."""
    shares = []
    for he, she in zip(log_probabilities["he"], log_probabilities["she"], strict=True):
        shares.append(math.exp(she) / (math.exp(he) + math.exp(she)))
    return sum(shares) / len(shares)


def share_by_log_odds(log_probabilities):
    """Use the logistic function of the difference."""
    return expit(np.subtract(log_probabilities["she"], log_probabilities["he"])).mean()


def share_by_frame(log_probabilities):
    """Divide columns."""
    p = np.exp(pd.DataFrame(log_probabilities))
    return (p["she"] / p[["he", "she"]].sum(axis=1)).mean()


def share_by_torch(log_probabilities):
    """Take a softmax over two pronouns."""
    both = torch.tensor([log_probabilities["he"], log_probabilities["she"]], dtype=torch.float64)
    return both.softmax(0)[1].mean()


# ---- 12.3 as many as there are names ---------------------------------------------------------------------------------
def gap_by_statistics(log_odds, women):
    """Use the standard library."""
    first, second = [], []
    for name, values in log_odds.items():
        (first if name in women else second).append(sum(values) / len(values))
    variance = statistics.variance(first) / len(first) + statistics.variance(second) / len(second)
    return statistics.mean(first) - statistics.mean(second), math.sqrt(variance)


def gap_by_numpy(log_odds, women):
    """Select by a mask."""
    means = np.array([np.mean(values) for values in log_odds.values()])
    mask = np.isin(list(log_odds), women)
    variances = [means[each].var(ddof=1) / each.sum() for each in (mask, ~mask)]
    return np.array([means[mask].mean() - means[~mask].mean(), np.sqrt(sum(variances))])


def gap_by_series(log_odds, women):
    """Group names."""
    means = pd.Series({name: sum(values) / len(values) for name, values in log_odds.items()})
    groups = means.groupby(means.index.isin(women))
    error = (groups.var() / groups.size()).sum() ** 0.5
    return pd.Series({"difference": groups.mean()[True] - groups.mean()[False], "error": error})


def gap_by_torch(log_odds, women):
    """Use tensors."""
    means = {name: torch.tensor(values, dtype=torch.float64).mean() for name, values in log_odds.items()}
    first = torch.stack([each for name, each in means.items() if name in women])
    second = torch.stack([each for name, each in means.items() if name not in women])
    error = (first.var() / len(first) + second.var() / len(second)).sqrt()
    return torch.stack([first.mean() - second.mean(), error])


# ---- 12.5 many tests -------------------------------------------------------------------------------------------------
def holm_by_loop(p_values):
    """Sort pairs of value and place."""
    m, largest, adjusted = len(p_values), 0, {}
    for rank, (p, place) in enumerate(sorted((p, place) for place, p in enumerate(p_values))):
        largest = max(largest, (m - rank) * p)
        adjusted[place] = min(largest, 1)
    return [adjusted[place] for place in range(m)]


def holm_by_numpy(p_values):
    """Accumulate the maximum."""
    p = np.asarray(p_values)
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def holm_by_series(p_values):
    """Sort a Series, and put it back."""
    p = pd.Series(p_values).sort_values()
    return (p * range(len(p), 0, -1)).cummax().clip(upper=1).sort_index()


def holm_by_torch(p_values):
    """Use cummax."""
    values, order = torch.sort(torch.tensor(p_values, dtype=torch.float64))
    found = torch.cummax(values * torch.arange(len(values), 0, -1), 0).values.clamp(max=1)
    return torch.empty_like(found).scatter(0, order, found)


def holm_by_statsmodels(p_values):
    """Use another library."""
    return multipletests(p_values, method="holm")[1]


# ---- 12.6 the gap at a temperature -----------------------------------------------------------------------------------
def gap_at_by_loop(women, men, temperature):
    """Compute two lists of shares."""
    shares = [[1 / (1 + math.exp(-each / temperature)) for each in group] for group in (women, men)]
    return sum(shares[0]) / len(women) - sum(shares[1]) / len(men)


def gap_at_by_scipy(women, men, temperature):
    """Use the logistic function."""
    return expit(np.array(women) / temperature).mean() - expit(np.array(men) / temperature).mean()


def gap_at_by_series(women, men, temperature):
    """Raise odds to a power."""
    first, second = (np.exp(pd.Series(group)) ** (1 / temperature) for group in (women, men))
    return (first / (1 + first)).mean() - (second / (1 + second)).mean()


def gap_at_by_torch(women, men, temperature):
    """Use sigmoid."""
    first, second = (torch.tensor(group, dtype=torch.float64) for group in (women, men))
    return torch.sigmoid(first / temperature).mean() - torch.sigmoid(second / temperature).mean()


FLAW = {"reported": -0.4, "varies": "the question", "within": 0.2}
SAID = {"north": "A", "south": "C", "east": "B", "west": "D"}

RIGHT = {
    "12.1": {
        "plain Python": share_by_loop,
        "numpy": share_by_log_odds,
        "pandas": share_by_frame,
        "torch": share_by_torch,
    },
    "12.2": {
        "letter": FLAW | {"varies": "b"},
        "text": FLAW,
        **numbers(FLAW),
    },
    "12.3": {
        "plain Python": gap_by_statistics,
        "numpy": gap_by_numpy,
        "pandas": gap_by_series,
        "torch": gap_by_torch,
    },
    "12.4": {
        "letters": SAID,
        "small letters": {name: letter.lower() for name, letter in SAID.items()},
        "texts": {
            "north": "It prefers the stereotype by more than the margin.",
            "south": "it cannot do the task",
            "east": "its preference is within the margin",
            "west": "the interval is too wide to decide",
        },
    },
    "12.5": {
        "plain Python": holm_by_loop,
        "numpy": holm_by_numpy,
        "pandas": holm_by_series,
        "torch": holm_by_torch,
        "statsmodels": holm_by_statsmodels,
    },
    "12.6": {
        "plain Python": gap_at_by_loop,
        "numpy": gap_at_by_scipy,
        "pandas": gap_at_by_series,
        "torch": gap_at_by_torch,
    },
}
