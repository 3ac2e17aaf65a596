"""How many runs an experiment needs."""

import numpy as np
import pytest
from scipy import stats

from labkit.comparison.planning import FEWEST, how_many_runs
from labkit.errors import UserError

PILOT = [0.02, -0.01, 0.03, 0.01, 0.0, 0.04]


def test_that_many_runs_show_the_change_four_times_in_five():
    """Simulated: experiments of the stated size reject at 5% in 80% of cases, and one run fewer falls short of that."""
    sd = np.std(PILOT, ddof=1)
    runs, (low, high) = how_many_runs(PILOT, 0.02)
    assert low < runs < high
    draws = np.random.default_rng(0).normal(0.02, sd, size=(20_000, runs))
    assert (stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.03)
    assert (stats.ttest_1samp(draws[:, :-1], 0, axis=1).pvalue < 0.05).mean() < 0.8


def test_a_spread_four_times_as_large_needs_sixteen_times_the_runs():
    """So does a change a quarter the size, in large samples."""
    few, many = how_many_runs(PILOT, 0.002).runs, how_many_runs(np.multiply(PILOT, 4), 0.002).runs
    assert many == pytest.approx(16 * few, rel=0.01) == how_many_runs(PILOT, 0.0005).runs


@pytest.mark.parametrize("pilot", [[0.0, 0.0, 0.0, 0.0], [0.01, 0.01, 0.01, 0.010001]])
def test_at_least_five_runs(pilot):
    """However little a pilot spreads."""
    assert how_many_runs(pilot, 1.0) == (FEWEST, (FEWEST, FEWEST))


@pytest.mark.parametrize(
    ("pilot", "change", "words"),
    [
        ([1, 2, 3], 0.1, "at least 4 paired differences"),
        ([[1, 2], [3, 4]], 0.1, r"shape \(2, 2\)"),
        ([1, 2, 3, np.nan], 0.1, "missing or infinite"),
        (PILOT, 0, "must be above 0"),
        (PILOT, -0.1, "must be above 0"),
        (PILOT, float("nan"), "must be above 0"),
        (PILOT, 1e-9, "needs more than 1,000,000,000 runs"),
    ],
)
def test_rejects_what_cannot_be_planned(pilot, change, words):
    """Too small a pilot, changes that are none, and changes that no experiment shows."""
    with pytest.raises(UserError, match=words):
        how_many_runs(pilot, change)
