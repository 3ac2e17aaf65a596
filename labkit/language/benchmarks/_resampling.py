"""Means over items, and over the same items when whole clusters are drawn again: the one place that knows how."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

FEWEST_CLUSTERS = 10  # with fewer, redrawing them does not show how much they vary


class ClusterResampling:
    """Draws clusters with replacement, once for all measures: they can be subtracted from one another draw by draw.

    Parameters
    ----------
    clusters : array-like of shape (n,)
        The cluster of each item.
    draws : int
        How many times all clusters are drawn.
    seed : int
        For the draws.
    """

    def __init__(self, clusters: ArrayLike, *, draws: int, seed: int):
        self._codes, names = pd.factorize(pd.Series(np.asarray(clusters)))
        self.n_clusters = len(names)
        rng = np.random.default_rng(seed)
        times = rng.multinomial(self.n_clusters, np.full(self.n_clusters, 1 / self.n_clusters), size=draws)
        self._times = np.vstack([np.ones((1, self.n_clusters)), times])  # (1 + draws, clusters)

    def mean(self, values: ArrayLike, weights: ArrayLike = 1.0) -> np.ndarray:
        """Return the mean over items, then that of each draw; missing values are left out. Shape (1 + draws,)."""
        values = np.asarray(values, dtype=float)
        present = ~np.isnan(values)
        weights = np.broadcast_to(np.asarray(weights, dtype=float), values.shape)[present]
        codes, k = self._codes[present], self.n_clusters
        sums = self._times @ np.bincount(codes, weights * values[present], minlength=k)
        sizes = self._times @ np.bincount(codes, weights, minlength=k)
        return np.divide(sums, sizes, out=np.full(len(sums), np.nan), where=sizes > 0)

    def interval(self, measure: np.ndarray, *, confidence: float) -> tuple[float, float]:
        """Return the percentile interval of a measure of shape (1 + draws,); missing if there are few clusters."""
        drawn = measure[1:][~np.isnan(measure[1:])]
        if self.n_clusters < FEWEST_CLUSTERS or not len(drawn):
            return np.nan, np.nan
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
        return float(low), float(high)
