"""Intervals and tests hold the levels they state, in simulation."""

import numpy as np
import pytest
from scipy.stats import random_table
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from labkit.audit.counts import Counts
from labkit.audit.intervals import (
    BLOCK,
    draw_cells,
    newcombe_interval,
    parity_p_value,
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


@pytest.mark.parametrize(
    ("sizes", "rate", "runs", "least"),
    [
        ([500, 500, 500, 500], 0.3, 1000, 0.04),  # chi-square
        ([2000, 300, 30], 0.4, 1000, 0.04),  # chi-square, unequal sizes
        ([12, 15], 0.3, 1500, 0.005),  # Fisher: exact, hence below its level
        ([9, 9, 9, 12], 0.3, 1000, 0.02),  # random tables
        ([400, 4, 3], 0.02, 1000, 0.0),  # random tables with hardly any success
    ],
)
def test_parity_test_holds_its_level(sizes, rate, runs, least):
    """Under equal rates the test rejects in no more than 5% of samples, and in some where it could reject."""
    sizes = np.array(sizes)
    successes = np.random.default_rng(0).binomial(sizes, rate, size=(runs, len(sizes)))
    tables, number = np.unique(successes, axis=0, return_counts=True)  # small samples repeat
    p_values = [parity_p_value(table, sizes, n_draws=400, seed=seed) for seed, table in enumerate(tables)]
    rejected = np.average(np.array(p_values) <= LEVEL, weights=number)
    assert least - slack(runs, max(least, 1e-9)) <= rejected <= LEVEL + slack(runs)


@pytest.mark.parametrize("sizes", [[300, 300], [20, 20], [15, 15, 15]])
def test_parity_test_finds_a_gap(sizes):
    """Each form of the test rejects where one group is selected far more often."""
    sizes = np.array(sizes)
    successes = np.where(np.arange(len(sizes)) == 0, sizes, sizes // 10)
    assert parity_p_value(successes, sizes, n_draws=2000, seed=0) < 0.001


def test_parity_test_of_random_tables_agrees_with_fishers_exact_test_for_k_groups():
    """For a table of three groups the p-value is near the share of all tables that are as extreme, counted in full."""
    from itertools import product
    from math import comb

    sizes, successes = [6, 7, 8], [0, 2, 6]
    total, people = sum(successes), sum(sizes)
    expected = np.array(sizes) * total / people
    exact, observed = 0.0, ((np.array(successes) - expected) ** 2 / np.array(sizes)).sum()
    for table in product(*(range(size + 1) for size in sizes)):
        if sum(table) == total and ((np.array(table) - expected) ** 2 / np.array(sizes)).sum() >= observed - 1e-9:
            exact += np.prod([comb(size, k) for size, k in zip(sizes, table, strict=True)]) / comb(people, total)
    drawn = parity_p_value(np.array(successes), np.array(sizes), n_draws=20_000, seed=0)
    assert drawn == pytest.approx(exact, abs=slack(20_000, exact))


def test_random_tables_repeat_with_the_seed_and_do_not_depend_on_blocks(monkeypatch):
    """The p-value repeats with its seed, changes with it, and is the same when few tables are held at once."""
    successes, sizes = np.array([1, 4, 6]), np.array([6, 7, 8])
    first, again, other = (parity_p_value(successes, sizes, n_draws=500, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    held = []
    sampler = type(random_table([1, 1], [1, 1]))
    draw_tables = sampler.rvs

    def recorded(self, size):
        held.append(size)
        return draw_tables(self, size=size)

    monkeypatch.setattr(sampler, "rvs", recorded)
    monkeypatch.setattr("labkit.audit.intervals.BLOCK", 7 * 6)  # numbers in seven tables
    assert parity_p_value(successes, sizes, n_draws=500, seed=0) == first
    assert max(held) == 7 and sum(held) == 500


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [([0, 0], [5, 9], 1.0), ([5, 9], [5, 9], 1.0), ([3, 0], [5, 0], np.nan), ([0, 0], [0, 0], np.nan)],
)
def test_parity_test_without_evidence(successes, trials, expected):
    """All alike is no evidence against parity; fewer than two groups with a rate is no test."""
    assert parity_p_value(np.array(successes), np.array(trials), n_draws=100, seed=0) == pytest.approx(
        expected, nan_ok=True
    )


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
