"""The test of "all groups have the same rate", with the name of the test that was used."""

from typing import NamedTuple

import numpy as np

from labkit.audit.intervals import BLOCK
from labkit.errors import UserError

CHI_SQUARE, FISHER = "chi-square test of homogeneity", "Fisher's exact test"
NO_TEST, ALIKE = "untested: fewer than two groups", "untested: nobody differs"
SMALLEST = float(np.finfo(float).tiny)  # a p-value is never 0


class RateTest(NamedTuple):
    """A p-value, the test that it comes from, and the lowest p-value that this test could have given."""

    p_value: float
    name: str
    floor: float = 0.0


def check_tables(n_tables: int) -> None:
    """Reject a number of random tables from which no small p-value can come."""
    if n_tables < 99:
        raise UserError(
            f"n_tables={n_tables} is too few for a p-value, which cannot be below 1 / (n_tables + 1); use at least 99"
        )


def compare_rates(successes: np.ndarray, trials: np.ndarray, *, n_tables: int, seed: int) -> RateTest:
    """Test "all groups have the same rate".

    Pearson's chi-square of homogeneity on the k x 2 table where every expected count is at least 5 (Cochran 1954).
    Otherwise a test that is exact given the table's margins: Fisher's for two groups; for more, ``n_tables`` random
    tables with the observed margins, ranked by chi-square: p = (1 + as extreme) / (1 + drawn) (Davison and Hinkley
    1997, eq. 4.11).

    Parameters
    ----------
    successes, trials : array of shape (groups,)
        Counts; groups without trials say nothing and are left out. Effective counts need not be whole; where an exact
        test is used they are rounded.
    n_tables : int
        Random tables, where they are needed.
    seed : int
        Seed of those tables.

    Returns
    -------
    RateTest
        p-value in (0, 1]: NaN with fewer than two groups, 1.0 where all people or none are successes.
    """
    from scipy.special import chdtrc

    known = trials > 0
    table = np.stack([successes[known], trials[known] - successes[known]], axis=-1).astype(float)  # (k, 2)
    if len(table) < 2:
        return RateTest(float("nan"), NO_TEST)
    if (table.sum(axis=0) == 0).any():
        return RateTest(1.0, ALIKE)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    if expected.min() >= 5:
        statistic = ((table - expected) ** 2 / expected).sum()
        return RateTest(max(float(chdtrc(len(table) - 1, statistic)), SMALLEST), CHI_SQUARE)
    from scipy import stats  # takes two seconds to import, and audits of large groups do without it

    table = np.rint(table).astype(np.int64)
    table = table[table.sum(axis=1) > 0]
    if len(table) < 2 or (table.sum(axis=0) == 0).any():
        return RateTest(1.0, ALIKE)
    if len(table) == 2:
        return RateTest(max(float(stats.fisher_exact(table).pvalue), SMALLEST), FISHER)
    block = max(1, BLOCK // table.size)  # tables held at once
    draws = stats.MonteCarloMethod(n_resamples=n_tables, batch=block, rng=np.random.default_rng(seed))
    p_value = float(stats.chi2_contingency(table, correction=False, method=draws).pvalue)
    return RateTest(p_value, f"exact test by {n_tables:,} simulated tables", 1 / (n_tables + 1))


def compare_pairs(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Test "both sides have the same rate" row by row, as `compare_rates` does for two groups, for all rows at once.

    Parameters
    ----------
    first, second : pair of arrays of shape (rows,)
        Successes and trials of each side.

    Returns
    -------
    array of shape (rows,)
        p-values; NaN where a side has no trials.
    """
    from scipy.special import chdtrc

    successes = np.stack([first[0], second[0]], axis=-1).astype(float)  # (rows, 2)
    trials = np.stack([first[1], second[1]], axis=-1).astype(float)
    table = np.stack([successes, trials - successes], axis=-1)  # (rows, 2: sides, 2: successes and failures)
    margins = table.sum(axis=1)  # (rows, 2)
    known, vary = (trials > 0).all(axis=-1), (margins > 0).all(axis=-1)
    p_value = np.where(known, 1.0, np.nan)
    total = np.where(known, trials.sum(axis=-1), 1.0)
    expected = trials[:, :, None] * margins[:, None, :] / total[:, None, None]
    many = known & vary & (expected.min(axis=(1, 2)) >= 5)
    if many.any():
        off = (table[many] - expected[many]) ** 2 / expected[many]
        p_value[many] = np.maximum(chdtrc(1, off.sum(axis=(1, 2))), SMALLEST)
    few = np.flatnonzero(known & vary & ~many)
    counted = np.rint(table[few]).astype(np.int64)
    sides, outcomes = counted.sum(axis=2), counted.sum(axis=1)
    tested = (sides > 0).all(axis=-1) & (outcomes > 0).all(axis=-1)
    if tested.any():
        p_value[few[tested]] = np.maximum(_fisher(counted[tested]), SMALLEST)
    return p_value


def _fisher(tables: np.ndarray) -> np.ndarray:
    """Give Fisher's exact two-sided p-value of each table, (rows, 2, 2): all tables that are no more likely."""
    from scipy import stats

    found, size = tables[:, 0, 0], tables[:, 0].sum(axis=1)  # successes of the first side, and its people
    successes, total = tables[:, :, 0].sum(axis=1), tables.sum(axis=(1, 2))
    lowest = np.maximum(0, size + successes - total)
    number = np.minimum(size, successes) - lowest + 1  # of tables with these margins
    starts = np.cumsum(number) - number
    row = np.repeat(np.arange(len(tables)), number)
    possible = lowest[row] + np.arange(len(row)) - starts[row]
    chance = stats.hypergeom.pmf(possible, total[row], successes[row], size[row])
    observed = chance[starts + found - lowest]
    extreme = chance <= observed[row] * (1 + 1e-7)  # equally likely tables differ by rounding
    return np.minimum(np.add.reduceat(np.where(extreme, chance, 0.0), starts), 1.0)
