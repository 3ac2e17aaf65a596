"""The test of equal rates holds its level, agrees with exact counts, and says which test it was."""

import numpy as np
import pytest
from scipy.stats import fisher_exact, random_table

from labkit.audit.between._equality import ALIKE, CHI_SQUARE, FISHER, NO_TEST, compare_pairs, compare_rates
from labkit.audit.counts import Counts
from labkit.audit.text import format_p_value

LEVEL = 0.05


def slack(runs, share=LEVEL):
    """Four standard errors of a simulated share: a true level fails once in 30,000 tests."""
    return 4 * np.sqrt(share * (1 - share) / runs)


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
    p_values = [compare_rates(table, sizes, n_tables=400, seed=seed).p_value for seed, table in enumerate(tables)]
    rejected = np.average(np.array(p_values) <= LEVEL, weights=number)
    assert least - slack(runs, max(least, 1e-9)) <= rejected <= LEVEL + slack(runs)


@pytest.mark.parametrize("sizes", [[300, 300], [20, 20], [15, 15, 15]])
def test_parity_test_finds_a_gap(sizes):
    """Each form of the test rejects where one group is selected far more often."""
    sizes = np.array(sizes)
    successes = np.where(np.arange(len(sizes)) == 0, sizes, sizes // 10)
    assert compare_rates(successes, sizes, n_tables=2000, seed=0).p_value < 0.001


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
    drawn = compare_rates(np.array(successes), np.array(sizes), n_tables=20_000, seed=0).p_value
    assert drawn == pytest.approx(exact, abs=slack(20_000, exact))


def test_random_tables_repeat_with_the_seed_and_do_not_depend_on_blocks(monkeypatch):
    """The p-value repeats with its seed, changes with it, and is the same when few tables are held at once."""
    successes, sizes = np.array([1, 4, 6]), np.array([6, 7, 8])
    first, again, other = (compare_rates(successes, sizes, n_tables=500, seed=seed).p_value for seed in (0, 0, 1))
    assert first == again != other
    held = []
    sampler = type(random_table([1, 1], [1, 1]))
    draw_tables = sampler.rvs

    def recorded(self, size):
        held.append(size)
        return draw_tables(self, size=size)

    monkeypatch.setattr(sampler, "rvs", recorded)
    monkeypatch.setattr("labkit.audit.between._equality.BLOCK", 7 * 6)  # numbers in seven tables
    assert compare_rates(successes, sizes, n_tables=500, seed=0).p_value == first
    assert max(held) == 7 and sum(held) == 500


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [([0, 0], [5, 9], 1.0), ([5, 9], [5, 9], 1.0), ([3, 0], [5, 0], np.nan), ([0, 0], [0, 0], np.nan)],
)
def test_parity_test_without_evidence(successes, trials, expected):
    """All alike is no evidence against parity; fewer than two groups with a rate is no test."""
    assert compare_rates(np.array(successes), np.array(trials), n_tables=100, seed=0).p_value == pytest.approx(
        expected, nan_ok=True
    )


@pytest.mark.parametrize(
    ("successes", "trials", "name"),
    [
        ([30, 40], [100, 100], CHI_SQUARE),
        ([1, 4], [20, 10], FISHER),
        ([1, 4, 2], [20, 10, 9], "exact test by 500 simulated tables"),
        ([0, 0], [20, 10], ALIKE),
        ([3, 0], [20, 0], NO_TEST),
        ([30.4, 40.2], [99.5, 101.2], CHI_SQUARE),
        ([1.2, 3.9], [20.3, 9.8], FISHER),
    ],
)
def test_the_test_is_named(successes, trials, name):
    """The name says which test the counts called for; effective counts are rounded where a test needs whole ones."""
    found = compare_rates(np.array(successes), np.array(trials), n_tables=500, seed=0)
    assert found.name == name and found.floor == (1 / 501 if "500" in name else 0)
    if name == FISHER:
        assert found.p_value == compare_rates(*np.rint([successes, trials]), n_tables=500, seed=0).p_value


def test_p_values_are_never_zero():
    """Not with billions of people, and not where no random table is as extreme: there the p-value is a bound."""
    found = compare_rates(np.array([10**9, 2 * 10**9]), np.array([5 * 10**9, 5 * 10**9]), n_tables=99, seed=0)
    assert found.p_value > 0 and format_p_value(found.p_value) == "< 0.001"
    drawn = compare_rates(np.array([12, 0, 0]), np.array([12, 12, 12]), n_tables=99, seed=0)
    assert drawn.p_value == drawn.floor == 0.01
    assert format_p_value(drawn.p_value, drawn.floor) == "≤ 0.010" and format_p_value(0.01) == "0.010"


def test_the_number_of_tables_is_an_option_of_its_own():
    """The p-value of a clear gap can fall below 0.001 by default, and a number that hides gaps is rejected."""
    counts = Counts.from_mapping({"a": [8, 12, 0, 0], "b": [20, 0, 0, 0], "c": [20, 0, 0, 0]})
    assert counts.audit().parity_test("selection_rate") < 0.001
    few = counts.audit(n_tables=99)
    assert few.parity_test("selection_rate") == few.test_floor("selection_rate") == 0.01
    with pytest.raises(ValueError, match="n_tables=20 is too few for a p-value"):
        counts.audit(n_tables=20)


def test_pairs_are_tested_as_two_groups_are():
    """Row by row the p-value of `compare_rates`: chi-square or Fisher's, undefined, alike, and effective counts."""
    rng = np.random.default_rng(0)
    trials = np.stack([rng.choice([0, 1, 3, 10, 30, 200, 5000], 400), rng.choice([0, 2, 9, 40, 100, 3000], 400)])
    successes = rng.binomial(trials, rng.choice([0, 0.01, 0.1, 0.5, 0.9, 1], 400))
    for scale in (1, 0.37):
        sides = [(side * scale, of * scale) for side, of in zip(successes, trials, strict=True)]
        expected = [
            compare_rates(np.array(pair), np.array(of), n_tables=99, seed=0).p_value
            for pair, of in zip(successes.T * scale, trials.T * scale, strict=True)
        ]
        np.testing.assert_allclose(compare_pairs(*sides), expected, rtol=1e-9)
    assert np.isnan(expected).any() and (np.array(expected) == 1).any()


def test_fishers_p_value_is_that_of_scipy_and_exactly_1_where_every_table_is_as_likely_or_less():
    """A sum of all chances is 1, and no .9999999 in a file that programs read."""
    rng, ones, tables = np.random.default_rng(1), 0, 0
    for _ in range(300):
        trials = rng.integers(1, 40, 2)
        successes = rng.binomial(trials, rng.choice([0.05, 0.2, 0.5]))
        found = compare_rates(successes, trials, n_tables=99, seed=0)
        if found.name != FISHER:
            continue
        expected = fisher_exact([successes, trials - successes]).pvalue
        assert found.p_value == pytest.approx(expected, rel=1e-9)
        sides = [(successes[[place]], trials[[place]]) for place in (0, 1)]
        assert compare_pairs(*sides).tolist() == [found.p_value]
        tables, ones = tables + 1, ones + (found.p_value == 1)
        assert found.p_value == 1 or expected < 1 - 1e-7
    assert tables > 100 and ones > 10
