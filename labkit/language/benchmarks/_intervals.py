"""Intervals for the measures of a benchmark: over clusters by `labkit.comparison`, or by resampling them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labkit.comparison import correlation_over_clusters, mean_over_clusters

UNBOUNDED = (-np.inf, np.inf)
FEWEST_CLUSTERS = 10  # with fewer, redrawing them does not show how much they vary


class Estimate(NamedTuple):
    """A value and the limits of its interval; missing limits where there are too few clusters for one, or all agree.

    `items` and `clusters`: how many have the measure, if these are not all.
    """

    value: float
    low: float
    high: float
    items: int | None = None
    clusters: int | None = None


class MeasureIntervals:
    """The items of one part of a benchmark, and in which clusters they are.

    Parameters
    ----------
    part : pandas.DataFrame of n rows
        Scores.
    factors : sequence of str
        The columns of clusters: one, or several that are crossed. The first is the one that is redrawn.
    draws : int
        How many times clusters are redrawn, where that is needed.
    seed : int
        For the draws.
    confidence : float
        Of intervals, 0 to 1.
    """

    def __init__(self, part: pd.DataFrame, factors: Sequence[str], *, draws: int, seed: int, confidence: float):
        self._part, self._factors, self._confidence = part, list(factors), confidence
        self._codes, names = pd.factorize(part[self._factors[0]])
        self.n_clusters = len(names)
        rng = np.random.default_rng(seed)
        times = rng.multinomial(self.n_clusters, np.full(self.n_clusters, 1 / self.n_clusters), size=draws)
        self._times = np.vstack([np.ones((1, self.n_clusters)), times])  # (1 + draws, clusters)

    def mean(self, values: ArrayLike, *, bounds: tuple[float, float] = UNBOUNDED) -> Estimate:
        """Average over items, with an interval over all factors, within bounds; missing values are left out."""
        frame = self._part[self._factors].assign(value=np.asarray(values, dtype=float)).dropna(subset="value")
        counts = len(frame), frame[self._factors[0]].nunique()
        if (frame[self._factors].nunique() < 2).any():
            return Estimate(frame["value"].mean(), np.nan, np.nan, *counts)
        found = mean_over_clusters(frame, "value", clusters=self._factors, bounds=bounds, confidence=self._confidence)
        return Estimate(found.value, found.low, found.high, *counts)

    def correlation(self, x: str, y: str) -> Estimate:
        """Correlate the means of two columns over the clusters of the first factor."""
        unit = self._factors[0]
        means = self._part.groupby(unit)[[x, y]].mean()
        if len(means) < 4 or (np.ptp(means.to_numpy(), axis=0) < 1e-12).any():
            return Estimate(np.nan, np.nan, np.nan)
        found = correlation_over_clusters(self._part, x, y, unit=unit, confidence=self._confidence)
        return Estimate(found.value, found.low, found.high)

    def redraw(self, values: ArrayLike, weights: ArrayLike = 1.0) -> np.ndarray:
        """Return the mean over items, then that of each draw of clusters; missing values are left out: (1 + draws,).

        Draws are the same on each call, so that what is computed from several means is computed draw by draw.
        """
        values = np.asarray(values, dtype=float)
        present = ~np.isnan(values)
        weights = np.broadcast_to(np.asarray(weights, dtype=float), values.shape)[present]
        codes, k = self._codes[present], self.n_clusters
        sums = self._times @ np.bincount(codes, weights * values[present], minlength=k)
        sizes = self._times @ np.bincount(codes, weights, minlength=k)
        return np.divide(sums, sizes, out=np.full(len(sums), np.nan), where=sizes > 0)

    def percentiles(self, measure: np.ndarray) -> Estimate:
        """Return the percentile interval of something computed from `redraw`, of shape (1 + draws,).

        Where all draws agree there is none: draws of clusters that agree cannot show how far others would differ.
        """
        drawn = measure[1:][~np.isnan(measure[1:])]
        if self.n_clusters < FEWEST_CLUSTERS or not len(drawn) or np.ptp(drawn) < 1e-12:
            return Estimate(float(measure[0]), np.nan, np.nan)
        tails = (1 - self._confidence) / 2, (1 + self._confidence) / 2
        return Estimate(float(measure[0]), *map(float, np.quantile(drawn, tails)))
