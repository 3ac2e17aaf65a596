"""Group metrics as ratios of counts: their definitions and what is made of them, vectorised over groups and draws.

Every metric here is a share of people, so counts of a confusion matrix are all that any function needs. Arrays of
counts are (..., 4), ordered tn, fp, fn, tp. Nothing here knows of dataframes or of names of groups: see ``counts.py``.
"""

from typing import NamedTuple

import numpy as np

CELLS = ("tn", "fp", "fn", "tp")  # the order of counts everywhere: true negatives, false positives, ...


class Metric(NamedTuple):
    """A share: the cells above the line, the cells below it, and what it says in plain words."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    base: str  # whom the denominator counts
    meaning: str


METRICS: dict[str, Metric] = {
    "selection_rate": Metric(("fp", "tp"), CELLS, "all people", "are predicted positive"),
    "accuracy": Metric(("tn", "tp"), CELLS, "all people", "are predicted as they were labelled"),
    "true_positive_rate": Metric(("tp",), ("fn", "tp"), "people labelled positive", "are predicted positive (found)"),
    "false_positive_rate": Metric(
        ("fp",), ("tn", "fp"), "people labelled negative", "are predicted positive (alarmed)"
    ),
    "true_negative_rate": Metric(("tn",), ("tn", "fp"), "people labelled negative", "are predicted negative (cleared)"),
    "false_negative_rate": Metric(("fn",), ("fn", "tp"), "people labelled positive", "are predicted negative (missed)"),
    "precision": Metric(("tp",), ("fp", "tp"), "people predicted positive", "are labelled positive"),
    "base_rate": Metric(("fn", "tp"), CELLS, "all people", "are labelled positive, whatever is predicted"),
}


PARTS = ("true_positive_rate", "false_positive_rate", "base_rate")  # of a gap, in the order of `decompose_gap`


def _membership(which: str) -> np.ndarray:
    """Return a 0/1 matrix (4, 8): which cell counts in which metric's numerator or denominator."""
    return np.array([[cell in getattr(metric, which) for metric in METRICS.values()] for cell in CELLS], dtype=np.int64)


def tally(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn counts (..., 4) into successes and trials, each (..., 8), in the order of ``METRICS``."""
    return cells @ _membership("numerator"), cells @ _membership("denominator")


def divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide elementwise; where the denominator is 0 the rate is undefined and the result NaN, never 0."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator != 0)


def decompose_gap(cells: np.ndarray) -> np.ndarray:
    """Split the selection-rate gap of two groups, first minus second, into its three parts.

    The identity ``P(R=1|a) = TPR_a pi_a + FPR_a (1 - pi_a)`` gives, with bars for the mean of two groups and D for
    their difference, ``D P(R=1) = bar(pi) D TPR + (1 - bar(pi)) D FPR + (bar(TPR) - bar(FPR)) D pi``: exact.

    Parameters
    ----------
    cells : array of shape (..., 2, 4)
        Counts of the two groups.

    Returns
    -------
    ndarray of shape (..., 3)
        Parts in the order of ``PARTS``, in probability; NaN where a group lacks positives or negatives.
    """
    successes, trials = tally(cells)
    rates = divide(successes, trials)  # (..., 2, 8)
    names = list(METRICS)
    tpr, fpr, base = (rates[..., names.index(name)] for name in PARTS)  # each (..., 2)
    gaps = [rate[..., 0] - rate[..., 1] for rate in (tpr, fpr, base)]
    weights = [base.mean(-1), 1 - base.mean(-1), tpr.mean(-1) - fpr.mean(-1)]
    return np.stack([weight * gap for weight, gap in zip(weights, gaps, strict=True)], axis=-1)


def _extremes(rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = ~np.isnan(rates)
    enough = known.sum(axis=-2) >= 2
    low = np.where(known, rates, np.inf).min(axis=-2, initial=np.inf)
    high = np.where(known, rates, -np.inf).max(axis=-2, initial=-np.inf)
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def spread(rates: np.ndarray) -> np.ndarray:
    """Return max - min over groups, (..., groups, 8) -> (..., 8); NaN where fewer than two groups have a rate."""
    low, high = _extremes(rates)
    return high - low


def proportion(rates: np.ndarray) -> np.ndarray:
    """Return min / max over groups, (..., groups, 8) -> (..., 8); NaN as in ``spread``, and for 0 / 0."""
    return divide(*_extremes(rates))
