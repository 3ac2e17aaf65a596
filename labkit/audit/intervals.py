"""How sure a rate or a difference of rates is: intervals, draws of the counts and the test of parity."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError

BLOCK = 4_000_000  # the most numbers held at once by simulation: 32 MB


def check_draws(n_boot: int, confidence: float) -> None:
    """Refuse options under which a percentile interval means nothing."""
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


def newcombe_interval(first: tuple, second: tuple, *, confidence: float) -> tuple[np.ndarray, np.ndarray]:
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
    sides = [np.asarray(side, float) for (successes, trials) in (first, second) for side in (successes, trials)]
    sides[1], sides[3] = np.where(known, sides[1], 1.0), np.where(known, sides[3], 1.0)
    sides[0], sides[2] = np.where(known, sides[0], 0.0), np.where(known, sides[2], 0.0)
    low, high = confint_proportions_2indep(*sides, method="newcomb", compare="diff", alpha=1 - confidence)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def auc_interval(
    lowest: np.ndarray, highest: np.ndarray, positives: np.ndarray, negatives: np.ndarray, *, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give the score interval of an area under a ROC curve that is known to lie between two values.

    Newcombe's method 5 (2006, part 2): the limits are where the AUC is ``z`` standard errors away, the standard error
    taken at the limit (Hanley and McNeil 1982, with ``(positives + negatives) / 2 - 1`` for either number of others).
    Like Wilson's it does not collapse where the observed AUC is 1.

    Parameters
    ----------
    lowest, highest : array of shape (...)
        Between them lies the observed AUC; equal where it is known exactly.
    positives, negatives : array of shape (...)
        Numbers of people. Where either is 0 both limits are NaN.
    confidence : float
        Coverage between 0 and 1.

    Returns
    -------
    low, high : ndarray of shape (...)
        The lower limit of ``lowest`` and the upper limit of ``highest``, in [0, 1].
    """
    from scipy.stats import norm

    z, m, n = norm.ppf((1 + confidence) / 2), np.asarray(positives, float), np.asarray(negatives, float)
    known = (m > 0) & (n > 0)
    pairs, others = np.where(known, m * n, 1.0), np.maximum((m + n) / 2 - 1, 0)

    def lower(observed):
        below, above = np.zeros_like(observed), observed  # the limit lies between them; halved until that is exact
        for _ in range(60):
            middle = (below + above) / 2
            spread = 1 + others * ((1 - middle) / (2 - middle) + middle / (1 + middle))
            outside = observed - middle > z * np.sqrt(middle * (1 - middle) * spread / pairs)
            below, above = np.where(outside, middle, below), np.where(outside, above, middle)
        return below

    low, high = lower(np.asarray(lowest, float)), 1 - lower(1 - np.asarray(highest, float))  # symmetric about one half
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def draw_cells(cells: np.ndarray, *, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Redraw counts as if the same number of people had been drawn again from the population they describe.

    One multinomial over all cells is the bootstrap over people (rows), at a cost that does not grow with their number;
    group sizes vary as they do there (Efron and Tibshirani 1993, ch. 6).

    Parameters
    ----------
    cells : int array of shape (groups, 4)
        Observed counts.
    n_boot : int
        Replicates in all.
    seed : int
        Seed of the draws.

    Yields
    ------
    int array of shape (block, groups, 4)
        Replicates, in blocks that bound the memory; the sequence of replicates does not depend on the blocks.
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
    tables with the observed margins ranked by chi-square, p = (1 + as extreme) / (1 + drawn) (Davison and Hinkley 1997,
    eq. 4.11).

    Parameters
    ----------
    successes, trials : int array of shape (groups,)
        Counts; groups without trials say nothing and are left out.
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
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    if expected.min() >= 5:
        return float(stats.chi2_contingency(table, correction=False).pvalue)
    if len(table) == 2:
        return float(stats.fisher_exact(table).pvalue)
    observed = ((table - expected) ** 2 / expected).sum()
    generator = np.random.default_rng(seed)
    margins = stats.random_table(table.sum(1), table.sum(0), seed=generator)
    block, extreme = max(1, BLOCK // table.size), 0
    for start in range(0, n_draws, block):
        tables = margins.rvs(size=min(block, n_draws - start))  # (block, k, 2)
        statistics = ((tables - expected) ** 2 / expected).sum((-1, -2))
        extreme += int((statistics >= observed * (1 - 1e-9)).sum())  # ties count, whatever the rounding
    return (1 + extreme) / (1 + n_draws)


def percentile_limits(
    drawn: np.ndarray, observed: np.ndarray, *, confidence: float, index: Sequence[str]
) -> pd.DataFrame:
    """Read percentile limits from draws, for statistics that are NaN in some of them.

    Parameters
    ----------
    drawn : array of shape (n_boot, statistics)
        Draws; those in which a statistic is undefined (a small group drawn without positives) are left out of it.
    observed : array of shape (statistics,)
        The statistics of the data; where one is NaN, so are its limits.
    confidence : float
        Coverage between 0 and 1, equal tails.
    index : sequence of str
        Names of the statistics.

    Returns
    -------
    pandas.DataFrame
        Statistics as rows, columns low and high.
    """
    limits = np.full((len(observed), 2), np.nan)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    for position in np.flatnonzero(~np.isnan(observed)):
        limits[position] = np.nanquantile(drawn[:, position], tails)
    return pd.DataFrame(limits, index=list(index), columns=["low", "high"])
