"""Right answers to the exercises of notebook 04, as students write them."""

import math
import random

import numpy as np
import pandas as pd
import torch

from tests.chapters.answers.forms import chosen, numbers


# ---- 04.1 false positive rates ---------------------------------------------------------------------------------------
def rates_by_loop(counts):
    """Ask before dividing."""
    found = {}
    for group in counts:
        tn, fp, _, _ = counts[group]
        if tn + fp == 0:
            found[group] = float("nan")
        else:
            found[group] = fp / (tn + fp)
    return found


def rates_by_errors(counts):
    """Catch the division by zero."""
    found = {}
    for group, cells in counts.items():
        try:
            found[group] = cells[1] / sum(cells[:2])
        except ZeroDivisionError:
            found[group] = None
    return found


def rates_by_numpy(counts):
    """Let numpy give NaN for 0 / 0."""
    cells = np.array(list(counts.values()), dtype=float)
    with np.errstate(invalid="ignore"):
        rates = cells[:, 1] / cells[:, :2].sum(axis=1)
    return dict(zip(counts, rates, strict=True))


def rates_by_frame(counts):
    """Divide columns of a frame; a Series by group."""
    table = pd.DataFrame(counts, index=["tn", "fp", "fn", "tp"]).T
    return table["fp"] / (table["tn"] + table["fp"])


def rates_by_torch(counts):
    """Divide tensors, 0-d values in a dict."""
    cells = torch.tensor(list(counts.values()), dtype=torch.float64)
    return dict(zip(counts, cells[:, 1] / (cells[:, 0] + cells[:, 1]), strict=True))


# ---- 04.2 three voices -----------------------------------------------------------------------------------------------
VOICES = {
    "patient": ("false_negative_rate", "broad"),
    "neighbour": ("false_positive_rate", "strict"),
    "surgeon": ("precision", "strict"),
}


# ---- 04.4 the gap that nobody made -----------------------------------------------------------------------------------
def gap_by_standard_library(trials, rate):
    """Draw counts from the probabilities of a binomial distribution."""
    generator = random.Random(1)
    drawn = []
    for n in trials:
        chances = [math.comb(n, k) * rate**k * (1 - rate) ** (n - k) if n < 1000 else None for k in range(n + 1)]
        if n < 1000:
            counts = generator.choices(range(n + 1), chances, k=4000)
        else:  # where powers underflow, the normal approximation
            counts = [generator.gauss(n * rate, math.sqrt(n * rate * (1 - rate))) for _ in range(4000)]
        drawn.append([count / n for count in counts])
    return sum(max(rates) - min(rates) for rates in zip(*drawn, strict=True)) / 4000


def gap_by_hints(trials, rate):
    """Write what the hints say."""
    rng = np.random.default_rng(7)
    counts = rng.binomial(trials, rate, size=(4000, len(trials)))
    rates = counts / np.array(trials)
    return np.ptp(rates, axis=1).mean()


def gap_by_frame(trials, rate):
    """Take the extremes of each row of a frame."""
    generator = np.random.default_rng(3)
    rates = pd.DataFrame({place: generator.binomial(n, rate, size=4000) / n for place, n in enumerate(trials)})
    return (rates.max(axis=1) - rates.min(axis=1)).mean()


def gap_by_torch(trials, rate):
    """Draw from torch's binomial distribution."""
    generator = torch.Generator().manual_seed(5)
    sizes = torch.tensor(trials, dtype=torch.float64).expand(4000, -1)
    rates = torch.binomial(sizes, torch.full_like(sizes, rate), generator=generator) / sizes
    return (rates.amax(dim=1) - rates.amin(dim=1)).mean()


# ---- 04.5, 04.6 values -----------------------------------------------------------------------------------------------
READ = {"african_american": 0.79, "caucasian": 0.70, "first_over_half": 6, "overlapping": 10}
DOCTOR = {"counts": [700, 120, 0, 180], "false_positive_rate": 120 / 820, "seems": "too many alarms"}

RIGHT = {
    "04.1": {
        "plain Python": rates_by_loop,
        "numpy": rates_by_numpy,
        "pandas": rates_by_frame,
        "torch": rates_by_torch,
        "None for nobody": rates_by_errors,
    },
    "04.2": {
        "lists": {who: list(pair) for who, pair in VOICES.items()},
        "spaces and capitals": {
            who: (rate.replace("_", " ").capitalize(), rule.upper()) for who, (rate, rule) in VOICES.items()
        },
        "Series": {who: pd.Series(pair, index=["rate", "rule"]) for who, pair in VOICES.items()},
        "short names": {"patient": ("FNR", "broad"), "neighbour": ("fpr", "strict"), "surgeon": ("PPV", "strict")},
        "hyphens": {who: (rate.replace("_", "-"), rule) for who, (rate, rule) in VOICES.items()},
        "letters": {"patient": ("A", "B"), "neighbour": ("B", "A"), "surgeon": ("C", "A")},
    },
    "04.3": chosen("none", "D"),
    "04.4": {
        "plain Python": gap_by_standard_library,
        "numpy": gap_by_hints,
        "pandas": gap_by_frame,
        "torch": gap_by_torch,
    },
    "04.5": {
        "by eye": {"african_american": 0.8, "caucasian": 0.68, "first_over_half": 6, "overlapping": 10},
        "arrays": {name: np.array(value) for name, value in READ.items()},
        **numbers(READ),
    },
    "04.6": {
        "tuple": DOCTOR | {"counts": (700, 120, 0, 180)},
        "array": DOCTOR | {"counts": np.array([700, 120, 0, 180])},
        "Series": DOCTOR | {"counts": pd.Series([700, 120, 0, 180], index=["tn", "fp", "fn", "tp"])},
        "tensor": DOCTOR | {"counts": torch.tensor([700, 120, 0, 180])},
        "three decimals": DOCTOR | {"false_positive_rate": 0.146},
        "by letter": DOCTOR | {"seems": "A"},
        **numbers(DOCTOR),
    },
}
