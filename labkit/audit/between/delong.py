"""How certain an AUC is, and the difference of two: DeLong, DeLong and Clarke-Pearson (1988)."""

from dataclasses import dataclass

import numpy as np

from labkit.audit.metrics import divide


@dataclass(frozen=True)
class AucDifference:
    """How much better a score sorts people of one group than people of another: the difference of their AUCs.

    ``ScoreHistogram.auc_difference`` and `auc_difference` make it.

    Parameters
    ----------
    difference : float
        AUC of a minus AUC of b, in [-1, 1].
    low, high : float
        Limits of its interval, in [-1, 1].
    p_value : float
        Of the test that both AUCs are equal, two-sided, in (0, 1].
    error : float
        How far the difference of the exact scores can be from ``difference``, since people in one bin count as tied.
        Where each bin holds one score alone they *are* tied, and the difference is exact.
    groups : tuple
        a and b.
    """

    difference: float
    low: float
    high: float
    p_value: float
    error: float
    groups: tuple = ()


def delong_variance(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return AUCs and their variances by DeLong, DeLong and Clarke-Pearson (1988), from counts at each score.

    A positive's structural component is the share of negatives with a lower score, a negative's the share of positives
    with a higher one, ties counted half (their equation 3). The AUC is the mean of either, and its variance the sum of
    both components' sample variances, each divided by the number of people it is a mean of.

    Parameters
    ----------
    cells : int array of shape (..., 2, k)
        Negatives, then positives, at each of k scores, low to high.

    Returns
    -------
    auc, variance : ndarray of shape (...)
        NaN where there are no positives or no negatives; the variance also where there is only one of either.
    """
    negatives, positives = cells[..., 0, :], cells[..., 1, :]  # each (..., k)
    n, m = negatives.sum(axis=-1, keepdims=True), positives.sum(axis=-1, keepdims=True)  # each (..., 1)
    of_positives = divide(negatives.cumsum(axis=-1) - negatives / 2, n)  # (..., k)
    of_negatives = divide(m - positives.cumsum(axis=-1) + positives / 2, m)  # (..., k)
    auc = divide((positives * of_positives).sum(axis=-1, keepdims=True), m)  # (..., 1)
    variance = 0
    for number, people, component in ((m, positives, of_positives), (n, negatives, of_negatives)):
        squares = (people * (component - auc) ** 2).sum(axis=-1, keepdims=True)
        variance = variance + divide(squares, (number - 1) * number)
    return auc[..., 0], variance[..., 0]
