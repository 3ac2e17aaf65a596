"""Intervals of max - min and of min / max over groups: no resampling, and never without their point.

max - min is above 0 in every sample, even where groups are treated alike, and a bootstrap of it only adds to that.
Here all pairs of groups get a score interval that is wide enough for all of them to hold at once (Bonferroni), and
what they say together about the largest difference and the smallest ratio is read off.
"""

import numpy as np

from labkit.audit.between.ratios import ratio_interval
from labkit.audit.intervals import newcombe_interval, wilson_interval

PAIRED = 50  # the most groups that are compared pair by pair: 1,225 pairs of each metric


def limit_spread(successes: np.ndarray, trials: np.ndarray, *, confidence: float) -> np.ndarray:
    """Give limits of max - min over groups that hold the true value with at least this confidence.

    The true max - min is at least the lower limit of each pair's difference and at most the highest upper limit. For
    two groups this is Newcombe's interval of their absolute difference. With more than ``PAIRED`` groups, Wilson
    intervals that hold for all groups at once take the place of pairs, at a little more width (10% at 100 groups).

    Parameters
    ----------
    successes, trials : array of shape (groups, metrics)
        Counts, whole or effective; groups without trials are left out.
    confidence : float
        Coverage between 0 and 1. It is reached or exceeded: the more groups, the wider the interval.

    Returns
    -------
    ndarray of shape (metrics, 2)
        Limits in [0, 1], around the observed max - min; NaN with fewer than two groups that have trials.
    """
    number = (trials > 0).sum(axis=0)  # groups, by metric
    if len(trials) > PAIRED:
        low, high = wilson_interval(successes, trials, confidence=_shared(confidence, number))
        lower, upper = _highest(low) - _lowest(high), _highest(high) - _lowest(low)
    else:
        first, second = _pairs(len(trials))
        low, high = newcombe_interval(
            (successes[first], trials[first]),
            (successes[second], trials[second]),
            confidence=_shared(confidence, number * (number - 1) / 2),
        )  # a - b of each pair; b - a is between -high and -low
        lower, upper = np.maximum(_highest(low), -_lowest(high)), np.maximum(_highest(high), -_lowest(low))
    return _limits(np.maximum(lower, 0), np.minimum(upper, 1), number)


def limit_proportion(successes: np.ndarray, trials: np.ndarray, *, confidence: float) -> np.ndarray:
    """Give limits of min / max over groups, from ratios as ``limit_spread`` does from differences.

    Parameters
    ----------
    successes, trials : array of shape (groups, metrics)
        Counts, whole or effective; groups without trials are left out.
    confidence : float
        Coverage between 0 and 1, reached or exceeded.

    Returns
    -------
    ndarray of shape (metrics, 2)
        Limits in [0, 1], around the observed min / max; NaN with fewer than two groups that have trials.
    """
    number = (trials > 0).sum(axis=0)
    if len(trials) > PAIRED:
        low, high = wilson_interval(successes, trials, confidence=_shared(confidence, number))
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, upper = _lowest(low) / _highest(high), _lowest(high) / _highest(low)
    else:
        first, second = _pairs(len(trials))
        low, high = ratio_interval(
            (successes[first], trials[first]),
            (successes[second], trials[second]),
            confidence=_shared(confidence, number * (number - 1) / 2),
        )  # a / b of each pair; b / a is between 1 / high and 1 / low
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, upper = np.minimum(_lowest(low), 1 / _highest(high)), np.minimum(_lowest(high), 1 / _highest(low))
    return _limits(lower, np.minimum(upper, 1), number)


def limit_to_highest(successes: np.ndarray, trials: np.ndarray, *, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Give limits of each group's rate over the highest rate, all of which hold at once with this confidence.

    Which group truly has the highest rate is not known: the highest measured one was picked by looking at noisy rates.
    A ratio to the highest rate is the smallest of the ratios to all groups, and is bounded by those of all pairs.

    Parameters
    ----------
    successes, trials : array of shape (groups,)
        Counts, whole or effective.
    confidence : float
        Coverage between 0 and 1, reached or exceeded.

    Returns
    -------
    low, high : ndarray of shape (groups,)
        Limits in [0, 1], around the measured ratio; NaN for groups without trials, and where fewer than two have some.
    """
    number = int((trials > 0).sum())
    if number < 2:
        return np.full(len(trials), np.nan), np.full(len(trials), np.nan)
    if len(trials) > PAIRED:
        below, above = wilson_interval(successes, trials, confidence=1 - (1 - confidence) / number)
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = below / np.nanmax(above), above / np.nanmax(below)
    else:
        first, second = _pairs(len(trials))
        below, above = ratio_interval(
            (successes[first], trials[first]),
            (successes[second], trials[second]),
            confidence=_shared(confidence, np.array(number * (number - 1) / 2)),
        )
        lowest, highest = (np.full((len(trials), len(trials)), np.inf) for _ in range(2))  # of row over column
        lowest[first, second], highest[first, second] = below, above
        with np.errstate(divide="ignore"):
            lowest[second, first], highest[second, first] = 1 / above, 1 / below
        low, high = (_lowest(limits.T) for limits in (lowest, highest))
    known = trials > 0
    return np.where(known, np.minimum(low, 1), np.nan), np.where(known, np.minimum(high, 1), np.nan)


def _shared(confidence: float, number: np.ndarray) -> np.ndarray:
    """Give each of ``number`` intervals the confidence at which all hold at once (Bonferroni)."""
    return 1 - (1 - confidence) / np.maximum(number, 1)


def _pairs(groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of both sides of each pair of groups, each (pairs,)."""
    return np.triu_indices(groups, k=1)


def _highest(values: np.ndarray) -> np.ndarray:
    """Return the highest known value of each column."""
    return np.where(np.isnan(values), -np.inf, values).max(axis=0, initial=-np.inf)


def _lowest(values: np.ndarray) -> np.ndarray:
    """Return the lowest known value of each column."""
    return -_highest(-values)


def _limits(lower: np.ndarray, upper: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Put limits side by side, (metrics, 2); NaN where fewer than two groups have a rate."""
    return np.where((number >= 2)[:, None], np.stack([lower, upper], axis=-1), np.nan)
