"""The percentile bootstrap of the largest gap between groups, which notebook 04 takes apart."""

import numpy as np

from labkit.audit.counts import Counts
from labkit.audit.intervals import check_draws, draw_cells, percentile_limits
from labkit.audit.metrics import METRICS, divide, spread, tally
from labkit.errors import UserError


def bootstrap_largest_gap(
    counts: Counts, metric: str, *, n_boot: int = 2000, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Give the percentile bootstrap interval of max - min over all groups. Do not use it to ask whether there is a gap.

    No draw of max - min is below 0, so that the interval leaves out 0 even where all groups are alike; and a draw adds
    to the sample's own excess over the true value. ``Audit.difference_interval`` has neither fault.

    Parameters
    ----------
    counts : Counts
        Counts by group; small groups take part.
    metric : str
        One of ``labkit.audit.METRICS``.
    n_boot : int
        Draws of the counts, at least 100: the bootstrap over people, at a cost that does not grow with their number.
    confidence : float
        Stated coverage, between 0 and 1.
    seed : int
        Seed of the draws.

    Returns
    -------
    low, high : float
        Percentiles of the drawn max - min; NaN where fewer than two groups have the rate.

    Raises
    ------
    UserError
        An unknown metric, or an option outside its range.
    """
    if metric not in METRICS:
        raise UserError(f"unknown metric {metric!r}; choose one of {', '.join(METRICS)}")
    check_draws(n_boot, confidence)
    position = list(METRICS).index(metric)

    def measure(cells: np.ndarray) -> np.ndarray:
        """Return max - min of the metric, (..., groups, 4) -> (...)."""
        return spread(divide(*tally(cells)))[..., position]

    drawn = np.concatenate([measure(cells) for cells in draw_cells(counts.cells, n_boot=n_boot, seed=seed)])
    observed = measure(counts.cells)
    limits = percentile_limits(drawn[:, None], observed[None], confidence=confidence, index=[metric])
    return float(limits["low"].iloc[0]), float(limits["high"].iloc[0])
