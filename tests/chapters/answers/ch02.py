"""Right answers to the exercises of notebook 02, as students write them."""

import math
import statistics

import numpy as np
import pandas as pd
import torch
from scipy import special, stats

from tests.chapters.answers.forms import chosen, numbers


# ---- 02.2 from logits to P(she) --------------------------------------------------------------------------------------
def she_by_series(logits):
    """Keep two words, and make them sum to 1."""
    two = np.exp(pd.Series(logits)[["he", "she"]])
    return (two / two.sum())["she"]


def she_by_stable_softmax(logits):
    """Subtract the maximum first."""
    two = np.array([logits["he"], logits["she"]])
    powers = np.exp(two - two.max())
    return powers[1] / powers.sum()


# ---- 02.3 Fisher's interval ------------------------------------------------------------------------------------------
def interval_by_logarithms(r, n):
    """Write artanh and tanh out."""
    z = 0.5 * math.log((1 + r) / (1 - r))
    limits = (z - 1.96 / math.sqrt(n - 3), z + 1.96 / math.sqrt(n - 3))
    return [(math.exp(2 * limit) - 1) / (math.exp(2 * limit) + 1) for limit in limits]


def interval_by_norm(r, n):
    """Let scipy make the interval on the z scale."""
    low, high = stats.norm.interval(0.95, loc=np.arctanh(r), scale=1 / np.sqrt(n - 3))
    return np.tanh(low), np.tanh(high)


def interval_by_series(r, n):
    """Return a Series with named limits."""
    z = pd.Series({"low": -1.96, "high": 1.96}) / np.sqrt(n - 3) + np.arctanh(r)
    return z.apply(np.tanh)


def interval_by_torch(r, n):
    """Use the quantile of torch's normal distribution."""
    quantile = torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor([0.025, 0.975]))
    return torch.tanh(torch.atanh(torch.tensor(r)) + quantile / (n - 3) ** 0.5)


# ---- 02.4 swap pronouns ----------------------------------------------------------------------------------------------
def swap_by_ifs(words):
    """Ask word by word."""
    swapped = []
    for word, role in words:
        if word == "she" and role == "subject":
            swapped.append("he")
        elif word == "he" and role == "subject":
            swapped.append("she")
        elif word == "her":
            swapped.append("his" if role == "possessive" else "him")
        elif word in ("him", "his"):
            swapped.append("her")
        else:
            swapped.append(word)
    return swapped


def swap_by_lookup(words):
    """Look up the pair in a dict whose keys are pairs: hint 2."""
    partner = {
        ("she", "subject"): "he",
        ("he", "subject"): "she",
        ("her", "object"): "him",
        ("him", "object"): "her",
        ("her", "possessive"): "his",
        ("his", "possessive"): "her",
    }
    return [partner[pair] if pair in partner else pair[0] for pair in words]


def swap_by_merge(words):
    """Merge two tables."""
    pairs = [("she", "subject", "he"), ("her", "object", "him"), ("her", "possessive", "his")]
    one_way = pd.DataFrame(pairs, columns=["word", "role", "other"])
    way_back = one_way.rename(columns={"word": "other", "other": "word"})
    sentence = pd.DataFrame(words, columns=["word", "role"])
    merged = sentence.merge(pd.concat([one_way, way_back]), on=["word", "role"], how="left")
    return merged["other"].fillna(merged["word"])


def swap_by_select(words):
    """Choose by conditions on arrays."""
    word, role = np.array([pair[0] for pair in words]), np.array([pair[1] for pair in words])
    conditions = [
        (word == "she") & (role == "subject"),
        (word == "he") & (role == "subject"),
        (word == "her") & (role == "object"),
        (word == "her") & (role == "possessive"),
        np.isin(word, ["him", "his"]),
    ]
    return np.select(conditions, ["he", "she", "him", "his", "her"], default=word)


# ---- 02.5 smaller, larger, or cannot tell ----------------------------------------------------------------------------
BEFORE, AFTER = [0.44, 0.30, 0.41, 0.33, 0.38], [0.40, 0.29, 0.35, 0.32, 0.33]


def change_by_statistics():
    """Use the standard library, and the quantile from a table."""
    changes = [after - before for before, after in zip(BEFORE, AFTER, strict=True)]
    half = 2.776 * statistics.stdev(changes) / math.sqrt(5)
    middle = statistics.mean(changes)
    return {"change": middle, "low": middle - half, "high": middle + half, "verdict": "smaller"}


def change_by_scipy():
    """Use the paired test."""
    low, high = stats.ttest_rel(AFTER, BEFORE).confidence_interval()
    return {"change": np.subtract(AFTER, BEFORE).mean(), "low": low, "high": high, "verdict": "smaller"}


def change_by_series():
    """Use the standard error of pandas."""
    changes = pd.Series(AFTER) - pd.Series(BEFORE)
    low, high = stats.t.interval(0.95, 4, loc=changes.mean(), scale=changes.sem())
    return {"change": changes.mean(), "low": low, "high": high, "verdict": "Smaller"}


def change_by_tensors():
    """Use torch's standard deviation, which divides by n - 1."""
    changes = torch.tensor(AFTER) - torch.tensor(BEFORE)
    half = stats.t.ppf(0.975, 4) * changes.std() / 5**0.5
    limits = {"low": changes.mean() - half, "high": changes.mean() + half}
    return {"change": changes.mean(), **limits, "verdict": "smaller"}


RIGHT = {
    "02.1": chosen("open whether the lists differ", "E"),
    "02.2": {
        "plain Python": lambda logits: math.exp(logits["she"]) / (math.exp(logits["he"]) + math.exp(logits["she"])),
        "numpy": she_by_stable_softmax,
        "pandas": she_by_series,
        "torch": lambda logits: torch.softmax(torch.tensor([logits["he"], logits["she"]]), dim=0)[1],
        "idea": lambda logits: special.expit(logits["she"] - logits["he"]),
        "an array of one": lambda logits: special.softmax([[logits["she"], logits["he"]]], axis=1)[:, 0],
    },
    "02.3": {
        "plain Python": interval_by_logarithms,
        "numpy": lambda r, n: np.tanh(np.arctanh(r) + np.array([-1.96, 1.96]) / np.sqrt(n - 3)),
        "scipy": interval_by_norm,
        "pandas": interval_by_series,
        "torch": interval_by_torch,
    },
    "02.4": {
        "plain Python": swap_by_ifs,
        "hint 2": swap_by_lookup,
        "pandas": swap_by_merge,
        "numpy": swap_by_select,
    },
    "02.5": {
        "plain Python": change_by_statistics(),
        "numpy": change_by_scipy(),
        "pandas": change_by_series(),
        "torch": change_by_tensors(),
        "three decimals": {"change": -0.034, "low": -0.062, "high": -0.006, "verdict": "smaller"},
        "by letter": change_by_scipy() | {"verdict": "A"},
        **numbers(change_by_statistics()),
    },
}
