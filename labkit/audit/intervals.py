"""How certain a rate or a difference of rates is: intervals, draws of the counts and the test of parity."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError

BLOCK = 4_000_000  # the most numbers that a simulation holds at once: 32 MB


def check_draws(n_boot: int, confidence: float) -> None:
    """Reject options that leave a percentile interval without meaning."""
    if n_boot < 100:
        raise UserError(f"n_boot={n_boot} is too few to read percentiles from; use at least 100")
    if not 0 < confidence < 1:
        raise UserError(f"confidence={confidence} is not between 0 and 1; use 0.95 for a 95% interval")


def wilson_interval(successes: np.ndarray, trials: np.ndarray, *, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Give Wilson's score interval of each share (Wilson 1927), which stays honest in small cells.

    Parameters
    ----------
    successes, trials : array of shape (...)
        Counts. Where ``trials`` is 0 both limits are NaN.
    confidence : float
        Coverage between 0 and 1.

    Returns
    -------
    low, high : ndarray of shape (...)
        Limits in [0, 1].
    """
    from statsmodels.stats.proportion import proportion_confint

    known = np.asarray(trials) > 0
    # floats: statsmodels squares the number of trials, and integers overflow from 3e9 on
    low, high = proportion_confint(
        np.asarray(successes, float), np.where(known, trials, 1.0), alpha=1 - confidence, method="wilson"
    )
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def newcombe_interval(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], *, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give Newcombe's hybrid score interval of the difference of two shares (Newcombe 1998, method 10).

    Parameters
    ----------
    first, second : pair of arrays of shape (...)
        Successes and trials of each side; the difference is first minus second.
    confidence : float
        Coverage between 0 and 1.

    Returns
    -------
    low, high : ndarray of shape (...)
        Limits in [-1, 1]; NaN where either side has no trials.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    known = (np.asarray(first[1]) > 0) & (np.asarray(second[1]) > 0)
    # statsmodels gets 0 of 1 in place of 0 of 0, and floats: it squares the number of trials
    successes = [np.where(known, np.asarray(side[0], float), 0.0) for side in (first, second)]
    trials = [np.where(known, np.asarray(side[1], float), 1.0) for side in (first, second)]
    low, high = confint_proportions_2indep(
        successes[0], trials[0], successes[1], trials[1], method="newcomb", compare="diff", alpha=1 - confidence
    )
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def auc_interval(
    lowest: np.ndarray, highest: np.ndarray, positives: np.ndarray, negatives: np.ndarray, *, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give the score interval of an AUC, of which it is known only that it lies between ``lowest`` and ``highest``.

    Newcombe's method 5 (2006, part 2): a limit is where the AUC is ``z`` standard errors away from the observed one,
    with the standard error taken at the limit (Hanley and McNeil 1982, with ``(positives + negatives) / 2 - 1`` in the
    place of ``positives - 1`` and of ``negatives - 1``). Like Wilson's interval it does not collapse where the observed
    AUC is 1. Limits are those below ``lowest`` and above ``highest``; NaN where nobody is positive, or nobody negative.
    """
    from scipy.stats import norm

    z = norm.ppf((1 + confidence) / 2)
    m, n = np.asarray(positives, float), np.asarray(negatives, float)  # every array here is (groups,)
    known = (m > 0) & (n > 0)
    pairs = np.where(known, m * n, 1.0)
    others = np.maximum((m + n) / 2 - 1, 0)

    def lower_limit(observed: np.ndarray) -> np.ndarray:
        below, above = np.zeros_like(observed), observed  # the limit lies between them
        for _ in range(60):  # bisection, until it is exact
            middle = (below + above) / 2
            spread = 1 + others * ((1 - middle) / (2 - middle) + middle / (1 + middle))
            outside = observed - middle > z * np.sqrt(middle * (1 - middle) * spread / pairs)
            below, above = np.where(outside, middle, below), np.where(outside, above, middle)
        return below

    low = lower_limit(np.asarray(lowest, float))
    high = 1 - lower_limit(1 - np.asarray(highest, float))  # symmetric about one half
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def draw_cells(cells: np.ndarray, *, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Resample the counts of all groups together, in blocks (block, groups, 4) that bound the memory.

    One multinomial over all cells is the bootstrap over people (rows), at a cost that does not grow with their number;
    group sizes vary as they do there (Efron and Tibshirani 1993, ch. 6). Replicates do not depend on the blocks.
    """
    generator = np.random.default_rng(seed)
    total = int(cells.sum())
    shares = cells.ravel() / max(total, 1)
    block = max(1, BLOCK // max(cells.size, 1))
    for start in range(0, n_boot, block):
        size = min(block, n_boot - start)
        yield generator.multinomial(total, shares, size=size).reshape(size, *cells.shape)


def parity_p_value(successes: np.ndarray, trials: np.ndarray, *, n_draws: int, seed: int) -> float:
    """Test "all groups have the same rate" and return the p-value.

    Pearson's chi-square of homogeneity on the k x 2 table where every expected count is at least 5 (Cochran 1954).
    Otherwise a test that is exact given the table's margins: Fisher's for two groups; for more, ``n_draws`` random
    tables with the observed margins, ranked by chi-square: p = (1 + as extreme) / (1 + drawn) (Davison and Hinkley
    1997, eq. 4.11).

    Parameters
    ----------
    successes, trials : array of shape (groups,)
        Counts; groups without trials say nothing and are left out. Effective counts of weighted or clustered rows need
        not be whole: the chi-square takes them as they are (the first-order correction of Rao and Scott 1981, group by
        group), and where expected counts are small the exact test takes the nearest whole numbers.
    n_draws : int
        Random tables, where they are needed.
    seed : int
        Seed of those tables.

    Returns
    -------
    float
        In (0, 1]; NaN with fewer than two groups, 1.0 where all people or none are successes.
    """
    from scipy import stats

    known = trials > 0
    table = np.stack([successes[known], trials[known] - successes[known]], axis=-1)  # (k, 2)
    if len(table) < 2:
        return float("nan")
    if (table.sum(axis=0) == 0).any():
        return 1.0
    if stats.contingency.expected_freq(table).min() >= 5:
        return float(stats.chi2_contingency(table, correction=False).pvalue)
    if table.dtype == float:  # once: the whole numbers below are integers
        whole = np.rint(table).astype(np.int64)
        return parity_p_value(whole[:, 0], whole.sum(axis=1), n_draws=n_draws, seed=seed)
    if len(table) == 2:
        return float(stats.fisher_exact(table).pvalue)
    block = max(1, BLOCK // table.size)  # tables held at once
    draws = stats.MonteCarloMethod(n_resamples=n_draws, batch=block, rng=np.random.default_rng(seed))
    return float(stats.chi2_contingency(table, correction=False, method=draws).pvalue)


def percentile_limits(
    drawn: np.ndarray, observed: np.ndarray, *, confidence: float, index: Sequence[str]
) -> pd.DataFrame:
    """Read percentile limits, one row per statistic, from draws (n_boot, statistics).

    Draws in which a statistic is undefined (a small group drawn without positives) are left out of its limits; where
    the ``observed`` statistic (statistics,) is undefined, so are they.
    """
    limits = np.full((len(observed), 2), np.nan)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    for position in np.flatnonzero(~np.isnan(observed)):
        limits[position] = np.nanquantile(drawn[:, position], tails)
    return pd.DataFrame(limits, index=list(index), columns=["low", "high"])
