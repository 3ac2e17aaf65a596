"""How certain a rate or a difference of rates is: intervals, and draws of the counts."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labkit.errors import UserError

BLOCK = 4_000_000  # the most numbers that a simulation holds at once: 32 MB
FEWEST = 2  # successes, and failures, from which on intervals cover nearly as stated: tests/audit/coverage.csv


def check_draws(n_boot: int, confidence: float) -> None:
    """Reject options that leave a percentile interval without meaning."""
    if n_boot < 100:
        raise UserError(f"n_boot={n_boot} is too few to read percentiles from; use at least 100")
    check_confidence(confidence)


def check_confidence(confidence: float) -> None:
    """Reject what is not a coverage."""
    if not 0 < confidence < 1:
        raise UserError(f"confidence={confidence} is not between 0 and 1; use 0.95 for a 95% interval")


def normal_quantile(confidence: ArrayLike) -> np.ndarray:
    """Give z such that a standard normal variable lies between -z and z with the probability ``confidence`` (...).

    By ``scipy.special``: ``scipy.stats`` takes two seconds to import, and a command waits for them.
    """
    from scipy.special import ndtri

    return ndtri((1 + np.asarray(confidence, float)) / 2)


def is_imprecise(successes: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Say where there are fewer than two successes or fewer than two failures.

    There the coverage of an interval stated as 95% can fall to 84%: at 0.18 expected successes, 84% of samples have
    none, and only those cover (Brown, Cai and DasGupta 2001). Without trials there is no rate, and the answer is no.
    Arrays are (...).
    """
    return (np.asarray(trials) > 0) & (np.minimum(successes, np.subtract(trials, successes)) < FEWEST - 1e-9)


def wilson_interval(
    successes: np.ndarray, trials: np.ndarray, *, confidence: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Give Wilson's score interval of each share (Wilson 1927), which stays honest in small cells.

    Parameters
    ----------
    successes, trials : array of shape (...)
        Counts. Where ``trials`` is 0 both limits are NaN.
    confidence : float or array of shape (...)
        Coverage between 0 and 1.

    Returns
    -------
    low, high : ndarray of shape (...)
        Limits in [0, 1].
    """
    return wilson_limits(successes, trials, normal_quantile(confidence))


def wilson_limits(successes: ArrayLike, trials: ArrayLike, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Give the limits of `wilson_interval` for a quantile ``z`` of any distribution; all arrays are (...)."""
    known = np.asarray(trials) > 0
    x, n = np.asarray(successes, float), np.where(known, trials, 1.0)
    center = (x + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(np.maximum(x * (n - x) / n, 0) + z**2 / 4) / (n + z**2)
    low, high = np.maximum(center - half, 0.0), np.minimum(center + half, 1.0)
    # exactly 0 and 1 at the ends, where rounding leaves 1e-18
    low, high = np.where(x <= 0, 0.0, low), np.where(x >= n, 1.0, high)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def newcombe_interval(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], *, confidence: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Give Newcombe's hybrid score interval of the difference of two shares (Newcombe 1998, method 10).

    Parameters
    ----------
    first, second : pair of arrays of shape (...)
        Successes and trials of each side; the difference is first minus second.
    confidence : float or array of shape (...)
        Coverage between 0 and 1.

    Returns
    -------
    low, high : ndarray of shape (...)
        Limits in [-1, 1]; NaN where either side has no trials.
    """
    rates, lows, highs = [], [], []
    for successes, trials in (first, second):
        n = np.asarray(trials, float)
        rates.append(np.asarray(successes, float) / np.where(n > 0, n, np.nan))
        low, high = wilson_interval(successes, trials, confidence=confidence)
        lows.append(low)
        highs.append(high)
    difference = rates[0] - rates[1]
    below = np.hypot(rates[0] - lows[0], highs[1] - rates[1])
    above = np.hypot(highs[0] - rates[0], rates[1] - lows[1])
    return difference - below, difference + above


def auc_interval(
    lowest: np.ndarray, highest: np.ndarray, positives: np.ndarray, negatives: np.ndarray, *, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give the score interval of an AUC, of which it is known only that it lies between ``lowest`` and ``highest``.

    Newcombe's method 5 (2006, part 2): a limit is where the AUC is ``z`` standard errors away from the observed one,
    with the standard error taken at the limit (Hanley and McNeil 1982, with ``(positives + negatives) / 2 - 1`` in the
    place of ``positives - 1`` and of ``negatives - 1``). Like Wilson's interval it does not collapse where the observed
    AUC is 1. Limits are those below ``lowest`` and above ``highest``; NaN where nobody is positive, or nobody negative.
    """
    z = normal_quantile(confidence)
    m, n = np.asarray(positives, float), np.asarray(negatives, float)  # every array here is (groups,)
    known = (m > 0) & (n > 0)
    pairs = np.where(known, m * n, 1.0)
    others = np.maximum((m + n) / 2 - 1, 0)

    def lower_limit(observed: np.ndarray) -> np.ndarray:
        below, above = np.zeros_like(observed), observed  # the limit lies between them
        for _ in range(60):  # bisection, until it is exact
            middle = (below + above) / 2
            spread = 1 + others * ((1 - middle) / (2 - middle) + middle / (1 + middle))
            outside = observed - middle > z * np.sqrt(middle * (1 - middle) * spread / pairs)
            below, above = np.where(outside, middle, below), np.where(outside, above, middle)
        return below

    low = lower_limit(np.asarray(lowest, float))
    high = 1 - lower_limit(1 - np.asarray(highest, float))  # symmetric about one half
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def draw_cells(cells: np.ndarray, *, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Resample the counts of all groups together, in blocks (block, groups, 4) that bound the memory.

    One multinomial over all cells is the bootstrap over people (rows), at a cost that does not grow with their number;
    group sizes vary as they do there (Efron and Tibshirani 1993, ch. 6). Replicates do not depend on the blocks.
    """
    generator = np.random.default_rng(seed)
    total = int(cells.sum())
    shares = cells.ravel() / max(total, 1)
    block = max(1, BLOCK // max(cells.size, 1))
    for start in range(0, n_boot, block):
        size = min(block, n_boot - start)
        yield generator.multinomial(total, shares, size=size).reshape(size, *cells.shape)


def percentile_limits(
    drawn: np.ndarray, observed: np.ndarray, *, confidence: float, index: Sequence[str]
) -> pd.DataFrame:
    """Read percentile limits, one row per statistic, from draws (n_boot, statistics).

    Draws in which a statistic is undefined (a small group drawn without positives) are left out of its limits; where
    the ``observed`` statistic (statistics,) is undefined, so are they.
    """
    limits = np.full((len(observed), 2), np.nan)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    for position in np.flatnonzero(~np.isnan(observed)):
        limits[position] = np.nanquantile(drawn[:, position], tails)
    return pd.DataFrame(limits, index=list(index), columns=["low", "high"])
