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
    from scipy import stats

    known = trials > 0
    table = np.stack([successes[known], trials[known] - successes[known]], axis=-1)  # (k, 2)
    if len(table) < 2:
        return RateTest(float("nan"), NO_TEST)
    if (table.sum(axis=0) == 0).any():
        return RateTest(1.0, ALIKE)
    if stats.contingency.expected_freq(table).min() >= 5:
        return RateTest(max(float(stats.chi2_contingency(table, correction=False).pvalue), SMALLEST), CHI_SQUARE)
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
