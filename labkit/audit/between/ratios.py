"""The score interval of a ratio of two rates, which neither collapses at 0 nor leaves out its point."""

import numpy as np
from numpy.typing import ArrayLike

from labkit.audit.intervals import normal_quantile

HALVINGS = 45  # of the bracket around the logarithm of a limit: ten digits or more


def ratio_interval(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], *, confidence: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Give the score interval of the ratio of two shares, first over second (Koopman 1984).

    It holds the ratios that Pearson's chi-square test does not reject, and contains 1 exactly where the test of equal
    rates is not significant. It is the interval of Miettinen and Nurminen (1985, eq. 10 and 11) without their factor
    N / (N - 1).

    Parameters
    ----------
    first, second : pair of arrays of shape (...)
        Successes and trials of each side; they need not be whole (effective counts).
    confidence : float or array of shape (...)
        Coverage between 0 and 1.

    Returns
    -------
    low, high : ndarray of shape (...)
        Limits in [0, inf]: low is 0 where the first side has no successes, high is infinite where the second side has
        none, so that 0 / 0 gives [0, inf]. NaN where either side has no trials.

    Examples
    --------
    >>> low, high = ratio_interval((0, 100), (35, 100), confidence=0.95)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.000 to 0.106
    """
    z = normal_quantile(confidence)
    x1, n1, x2, n2, z = np.broadcast_arrays(*(np.asarray(side, float) for pair in (first, second) for side in pair), z)
    known = (n1 > 0) & (n2 > 0)
    n1, n2 = np.where(known, n1, 1.0), np.where(known, n2, 1.0)
    x1, x2 = np.where(known, x1, 0.0), np.where(known, x2, 0.0)
    # the upper limit of a ratio is one over the lower limit of its inverse: both are found in one go, (2, ...)
    lowest = _lower_limit(np.stack([x1, x2]), np.stack([n1, n2]), np.stack([x2, x1]), np.stack([n2, n1]), z)
    with np.errstate(divide="ignore"):
        low, high = lowest[0], 1 / lowest[1]
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _lower_limit(x1: np.ndarray, n1: np.ndarray, x2: np.ndarray, n2: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Find the ratio below x1/n1 : x2/n2 that is rejected by a hair; 0 where x1 is 0. Arrays are (2, ...)."""
    some = x1 > 0
    x1 = np.where(some, x1, 1.0)
    # The limit lies in this bracket. Pearson's chi-square adds up over the two sides, so that neither rate is outside
    # its own Wilson interval at the limit. Without successes on the second side the observed ratio is no bound, but
    # z is small at large ratios.
    share = x1 / n1
    below = np.log(_wilson_lower(x1, n1, z)) - np.log(1 - _wilson_lower(n2 - x2, n2, z))
    without = 4 * share * n2 / z**2 + (x1 + n2) / n1 + 2
    above = np.log(np.where(x2 > 0, share * n2 / np.where(x2 > 0, x2, 1.0), without))
    below = np.minimum(below, above) - 1e-9
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        rejected = _is_rejected(np.exp(middle), x1, n1, x2, n2, z**2)
        below, above = np.where(rejected, middle, below), np.where(rejected, above, middle)
    return np.where(some, np.exp(below), 0.0)


def _is_rejected(
    ratio: np.ndarray, x1: np.ndarray, n1: np.ndarray, x2: np.ndarray, n2: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Say whether Pearson's chi-square rejects "the first rate is ``ratio`` times the second"."""
    # the most likely rates under this hypothesis: a p2^2 - b p2 + c = 0, of which the smaller root is the rate
    a, b, c = (n1 + n2) * ratio, (n1 + x2) * ratio + (x1 + n2), x1 + x2
    p2 = 2 * c / (b + np.sqrt(np.maximum(b * b - 4 * a * c, 0)))
    p1 = ratio * p2
    # rounding can leave a rate above 1, and a negative variance where it is 0
    variance = p1 * np.maximum(1 - p1, 0) / n1 + ratio * p1 * np.maximum(1 - p2, 0) / n2
    return (x1 / n1 - ratio * x2 / n2) ** 2 > limit * variance


def _wilson_lower(x: np.ndarray, n: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Give the lower limit of Wilson's interval in a form that keeps its digits where the share is tiny."""
    # the smaller root of (n + z^2) p^2 - (2 x + z^2) p + x^2 / n = 0
    b = 2 * x + z**2
    return 2 * x**2 / n / (b + np.sqrt(np.maximum(b**2 - 4 * (n + z**2) * x**2 / n, 0)))
