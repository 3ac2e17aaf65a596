"""Group metrics as ratios of counts: their definitions, and what follows from them for arrays of any number of groups.

Every metric here is a share of people, so the counts of a confusion matrix are all that any function needs. Arrays of
counts are (..., 4), ordered tn, fp, fn, tp; the leading axes are groups, or draws and groups. Nothing here knows about
dataframes or the names of groups: see ``counts.py``.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from labkit.errors import UserError

CELLS = ("tn", "fp", "fn", "tp")  # the order of counts everywhere: true negatives, false positives, ...
UNLABELED_CELLS = ("not_selected", "selected")  # their order where nobody's label is known


class Metric(NamedTuple):
    """A share of people: which cells are above the line and below it, and the metric in plain words.

    ``base`` says whom the denominator counts, ``meaning`` what the numerator's people have in common: "of ``base``, 40%
    ``meaning``".
    """

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    base: str
    meaning: str


METRICS: dict[str, Metric] = {
    "selection_rate": Metric(("fp", "tp"), CELLS, "all people", "are predicted positive"),
    "accuracy": Metric(("tn", "tp"), CELLS, "all people", "are predicted as they were labeled"),
    "true_positive_rate": Metric(("tp",), ("fn", "tp"), "people labeled positive", "are predicted positive"),
    "false_positive_rate": Metric(("fp",), ("tn", "fp"), "people labeled negative", "are predicted positive"),
    "true_negative_rate": Metric(("tn",), ("tn", "fp"), "people labeled negative", "are predicted negative"),
    "false_negative_rate": Metric(("fn",), ("fn", "tp"), "people labeled positive", "are predicted negative"),
    "precision": Metric(("tp",), ("fp", "tp"), "people predicted positive", "are labeled positive"),
    "base_rate": Metric(("fn", "tp"), CELLS, "all people", "are labeled positive, whatever is predicted"),
}

# What is known of decisions without labels.
UNLABELED_METRICS: dict[str, Metric] = {
    "selection_rate": Metric(("selected",), UNLABELED_CELLS, "all people", "are predicted positive"),
}

PARTS = ("true_positive_rate", "false_positive_rate", "base_rate")  # of a gap, in the order of `decompose_gap`
HELD_FIXED = {"mean": 0.5, "a": 1.0, "b": 0.0}  # weight of the first group's base rate, where it is held fixed


def _sums(cells: tuple[str, ...], metrics: dict[str, Metric]) -> tuple[np.ndarray, np.ndarray]:
    """Return 0/1 matrices (cells, metrics): which cells each metric's numerator and denominator add up."""
    sides = [(metric.numerator, metric.denominator) for metric in metrics.values()]
    return tuple(np.array([[cell in side[i] for side in sides] for cell in cells], dtype=np.int64) for i in (0, 1))


SUMS = {len(cells): _sums(cells, of) for cells, of in ((CELLS, METRICS), (UNLABELED_CELLS, UNLABELED_METRICS))}


def parts_of_metrics(cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices (cells, metrics) by which cells give numerators and denominators: 4 cells, or 2 unlabeled."""
    return SUMS[cells]


def find_metric(metrics: Mapping[str, Metric], name: str) -> int:
    """Return the position of a metric; a UserError says that there is none of that name, or that it needs labels."""
    if name in metrics:
        return list(metrics).index(name)
    if name in METRICS:
        raise UserError(f"{name} needs labels, and these decisions were counted without: choose {', '.join(metrics)}")
    raise UserError(f"unknown metric {name!r}; choose one of {', '.join(metrics)}")


def find_same_question(metrics: Mapping[str, Metric], name: str) -> str:
    """Return the first metric whose equality between groups is that of ``name``: itself, or what it is 1 minus.

    Examples
    --------
    >>> find_same_question(METRICS, "false_negative_rate")
    'true_positive_rate'
    """
    find_metric(metrics, name)
    numerator, denominator = map(set, metrics[name][:2])
    same = (numerator, denominator - numerator)
    return next(
        other
        for other, metric in metrics.items()
        if set(metric.denominator) == denominator and set(metric.numerator) in same
    )


def tally(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn counts of a confusion matrix into the successes and trials of every metric.

    Parameters
    ----------
    cells : array of shape (..., 4) or (..., 2)
        Counts of people, ordered as ``CELLS``, or as ``UNLABELED_CELLS``.

    Returns
    -------
    successes, trials : array of shape (..., 8) or (..., 1)
        Numerators and denominators, in the order of ``METRICS``, or of ``UNLABELED_METRICS``.
    """
    numerator, denominator = SUMS[cells.shape[-1]]
    return cells @ numerator, cells @ denominator


def divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide elementwise; where the denominator is 0, the rate is undefined and the result NaN, never 0.

    Parameters
    ----------
    numerator, denominator : array-like
        Of shapes that broadcast together.

    Returns
    -------
    float ndarray
        Of the common shape.
    """
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator != 0)


def decompose_gap(cells: np.ndarray, *, held_fixed: str = "mean") -> np.ndarray:
    """Split the selection-rate gap of two groups, a minus b, into its three parts.

    The identity ``P(R=1|g) = TPR_g pi_g + FPR_g (1 - pi_g)``, with ``pi`` the base rate, holds in each group. With D
    for a difference, a minus b, it gives

        D P(R=1) = v D TPR + (1 - v) D FPR + (u_TPR - u_FPR) D pi

    where ``v`` is the base rate at which the first two parts are taken, and ``u`` are the rates at which the third is.
    Three choices are exact: both are means of the two groups (Kitagawa 1955); ``v`` is that of a, and then ``u`` those
    of b; or ``v`` is that of b, and then ``u`` those of a (Oaxaca 1973; Blinder 1973). None is the right one: they
    answer different questions, so a report says which it uses.

    Parameters
    ----------
    cells : int array of shape (..., 2, 4)
        Counts of the two groups.
    held_fixed : {"mean", "a", "b"}
        Whose base rate is held fixed while TPR and FPR change from those of b to those of a: ``v``.

    Returns
    -------
    ndarray of shape (..., 3)
        Parts in the order of ``PARTS``, in probability; NaN where a group lacks positives or negatives.

    Raises
    ------
    UserError
        Another ``held_fixed``.
    """
    if not isinstance(held_fixed, str) or held_fixed not in HELD_FIXED:
        raise UserError(
            f"held_fixed={held_fixed!r}; give 'mean', 'a' or 'b': whose base rate is held fixed while rates change"
        )
    successes, trials = tally(cells)
    rates = divide(successes, trials)  # (..., 2, 8)
    names = list(METRICS)
    tpr, fpr, base = (rates[..., names.index(name)] for name in PARTS)  # each (..., 2)
    gaps = [rate[..., 0] - rate[..., 1] for rate in (tpr, fpr, base)]  # each (...)
    of_a = HELD_FIXED[held_fixed]
    held, others = np.array([of_a, 1 - of_a]), np.array([1 - of_a, of_a])  # weights of a and b, for v and for u
    weights = [base @ held, 1 - base @ held, (tpr - fpr) @ others]
    return np.stack([weight * gap for weight, gap in zip(weights, gaps, strict=True)], axis=-1)


def spread(rates: np.ndarray) -> np.ndarray:
    """Return max - min over groups, (..., groups, 8) -> (..., 8); NaN where fewer than two groups have a rate."""
    low, high = _extremes(rates)
    return high - low


def proportion(rates: np.ndarray) -> np.ndarray:
    """Return min / max over groups, (..., groups, 8) -> (..., 8); NaN as in ``spread``, and for 0 / 0."""
    return divide(*_extremes(rates))


def _extremes(rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest rate over groups, each (..., 8)."""
    known = ~np.isnan(rates)
    enough = known.sum(axis=-2) >= 2
    low = np.where(known, rates, np.inf).min(axis=-2, initial=np.inf)
    high = np.where(known, rates, -np.inf).max(axis=-2, initial=-np.inf)
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)
