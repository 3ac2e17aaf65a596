"""How many runs an experiment needs before it is made."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from labkit.errors import UserError

FEWEST = 5  # runs; below that Student's t interval is wider than most changes
FEWEST_IN_PILOT = 4
MOST = 1_000_000_000


class RunsNeeded(NamedTuple):
    """How many runs show a change, and how uncertain that is.

    Attributes
    ----------
    runs : int
        Pairs of runs, at least 5.
    interval : tuple of int
        The number for the lowest and the highest standard deviation that agree with the pilot, at 95%.
    """

    runs: int
    interval: tuple[int, int]


def how_many_runs(pilot: Sequence[float], smallest_change: float) -> RunsNeeded:
    """Say how many pairs of runs are needed to see a change of a given size four times in five.

    For Student's paired t-test, two-sided at 5%, with power from the noncentral t distribution (Cohen 1988, ch. 2). The
    spread of paired differences comes from the pilot, and is itself uncertain: with few runs in it, the interval is
    wide (chi-square limits of a standard deviation).

    Parameters
    ----------
    pilot : sequence of float
        Paired differences (method minus baseline, same world and seed) of at least 4 runs.
    smallest_change : float
        The smallest change of the mean that matters, in the unit of ``pilot``; stated before the experiment.

    Returns
    -------
    RunsNeeded
        ``runs`` and ``interval``.

    Raises
    ------
    UserError
        A pilot of fewer than 4 runs or with values that are not finite, a change that is not above 0, or more than a
        billion runs.

    Examples
    --------
    >>> how_many_runs([0.02, -0.01, 0.03, 0.01, 0.0, 0.04], 0.02)
    RunsNeeded(runs=9, interval=(5, 44))
    """
    from scipy import stats

    differences = np.asarray(pilot, float)
    if differences.ndim != 1 or len(differences) < FEWEST_IN_PILOT:
        raise UserError(
            f"the pilot has shape {differences.shape}; a spread needs at least {FEWEST_IN_PILOT} paired differences"
        )
    if not np.isfinite(differences).all():
        raise UserError("the pilot has differences that are missing or infinite; repeat or drop those runs")
    if not 0 < smallest_change < np.inf:
        raise UserError(f"smallest_change={smallest_change} must be above 0: the size of a change that matters")
    sd, freedom = differences.std(ddof=1), len(differences) - 1
    limits = np.sqrt(freedom / stats.chi2.ppf([0.975, 0.025], freedom))  # factors of the standard deviation
    low, high = (_smallest(smallest_change, sd * limit) for limit in limits)
    return RunsNeeded(_smallest(smallest_change, sd), (low, high))


def _smallest(change: float, sd: float, *, power: float = 0.8, alpha: float = 0.05) -> int:
    """Find the smallest number of pairs that shows a change often enough, by bisection."""
    from statsmodels.stats.power import TTestPower

    def shows(runs: int) -> bool:
        # a standardized change of 10 is shown by any number of runs; larger ones overflow
        effect = min(change / sd, 10) if sd > 0 else 10
        return TTestPower().power(effect, runs, alpha) >= power

    below, enough = FEWEST - 1, FEWEST
    while not shows(enough):
        below, enough = enough, enough * 2
        if enough > MOST:
            raise UserError(
                f"a change of {change:g} needs more than {MOST:,} runs where single changes spread by {sd:g}; "
                "state a larger change, or reduce the spread"
            )
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if shows(middle) else (middle, enough)
    return enough
