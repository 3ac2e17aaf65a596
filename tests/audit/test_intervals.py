"""Intervals and draws hold the levels they state, in simulation."""

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from labkit.audit.counts import Counts
from labkit.audit.intervals import (
    BLOCK,
    draw_cells,
    newcombe_interval,
    percentile_limits,
    wilson_interval,
)
from labkit.chapters.ch01.resampling import draw_people

LEVEL = 0.05


def slack(runs, share=LEVEL):
    """Four standard errors of a simulated share: a true level fails once in 30,000 tests."""
    return 4 * np.sqrt(share * (1 - share) / runs)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("people", [25, 100, 1000])
def test_wilson_intervals_cover_as_stated(rate, people):
    """Through an audit of many groups at once, about 95% of the intervals hold the true rate, also in small cells."""
    groups = 4000
    found = np.random.default_rng(0).binomial(people, rate, size=groups)
    cells = {group: [0, 0, people - tp, tp] for group, tp in enumerate(found)}
    limits = Counts.from_mapping(cells).audit().intervals["true_positive_rate"]
    covered = ((limits["low"] <= rate) & (rate <= limits["high"])).mean()
    assert abs(covered - 0.95) < 0.03 + slack(groups)  # counts are discrete: coverage swings around its level


def test_newcombe_intervals_cover_as_stated():
    """About 95% of the intervals of a difference hold the true difference."""
    rng, runs = np.random.default_rng(0), 20_000
    first, second = rng.binomial(40, 0.7, runs), rng.binomial(60, 0.4, runs)
    low, high = newcombe_interval((first, np.full(runs, 40)), (second, np.full(runs, 60)), confidence=0.95)
    assert abs(((low <= 0.3) & (0.3 <= high)).mean() - 0.95) < 0.01 + slack(runs)


def test_intervals_are_those_of_statsmodels_and_undefined_without_trials():
    """One call for many groups gives what statsmodels gives one by one; without trials there is no interval."""
    successes, trials = np.array([0, 3, 20, 0]), np.array([8, 10, 20, 0])
    low, high = wilson_interval(successes, trials, confidence=0.9)
    one_by_one = [
        proportion_confint(k, n, alpha=0.1, method="wilson") for k, n in zip(successes, trials, strict=True) if n
    ]
    np.testing.assert_allclose(np.stack([low, high], 1)[:3], one_by_one, atol=1e-12)
    assert np.isnan([low[3], high[3]]).all()
    low, high = newcombe_interval((successes, trials), (successes[::-1], trials[::-1]), confidence=0.9)
    assert (low[1], high[1]) == pytest.approx(confint_proportions_2indep(3, 10, 20, 20, method="newcomb", alpha=0.1))
    assert np.isnan([low[0], high[3]]).all()


def test_intervals_of_billions():
    """Counts beyond 32 bits keep their interval: squares of the number of people do not overflow."""
    low, high = wilson_interval(np.array([2 * 10**10]), np.array([5 * 10**10]), confidence=0.95)
    assert low[0] == pytest.approx(0.4, abs=1e-4) and 0 < high[0] - low[0] < 1e-4


def test_draws_do_not_depend_on_blocks(monkeypatch):
    """Drawing in small blocks, to save memory, gives the same replicates as drawing at once."""
    cells = np.array([[5, 3, 2, 8], [9, 1, 4, 4]])
    whole = np.concatenate(list(draw_cells(cells, n_boot=50, seed=3)))
    monkeypatch.setattr("labkit.audit.intervals.BLOCK", 7 * cells.size)
    blocks = list(draw_cells(cells, n_boot=50, seed=3))
    assert len(blocks) > 1 and BLOCK > 7 * cells.size
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_percentiles_leave_out_draws_without_a_value():
    """A draw in which a statistic is undefined does not make its limits undefined."""
    drawn = np.array([[np.nan, 1.0], [0.2, 1.0], [0.4, 1.0]])
    limits = percentile_limits(drawn, np.array([0.3, np.nan]), confidence=0.5, index=["known", "unknown"])
    assert limits.loc["known"].tolist() == pytest.approx([0.25, 0.35])
    assert limits.loc["unknown"].isna().all()


def test_people_are_drawn_with_all_their_rows():
    """Weights of one person's rows agree; a replicate has as many people as the table; the mean weight is one."""
    person = np.array(["z", "b", "b", "c", "z", "b"])
    weights = draw_people(person, n_boot=4000, seed=0)
    assert weights.shape == (4000, 6) and (weights[:, 0] == weights[:, 4]).all()
    assert (weights[:, [1]] == weights[:, [2, 5]]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(6), abs=0.05)


def test_intervals_over_people_are_wider_than_over_rows():
    """Five copies of a person's row tell no more than one: the interval is wider by the root of five."""
    value = np.random.default_rng(1).normal(size=200).repeat(5)
    spread = []
    for person in (np.arange(200).repeat(5), np.arange(1000)):
        weights = draw_people(person, n_boot=2000, seed=0)
        spread.append((weights @ value / weights.sum(axis=1)).std())
    assert spread[0] / spread[1] == pytest.approx(5**0.5, rel=0.1)
