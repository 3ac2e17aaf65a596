"""What fairness costs a lender: the most profitable rule under each criterion, from counts by score and group.

Hardt, Price and Srebro (2016, "Equality of opportunity in supervised learning") compare criteria on the score
aggregates that `labkit.data.load_fico` holds. A rule is a point (FPR, TPR) for each group: what share gets a loan of
those who would default, and of those who would repay? Between two thresholds a lender can draw lots, so that a group's
points are joined by lines.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from labkit.chapters.ch08.hull import upper_hull
from labkit.errors import UserError

CRITERIA = ("maximum profit", "race-blind", "equal opportunity", "equalized odds", "demographic parity")

GAIN, LOSS = 18, 82  # a loan that is repaid earns 18, one that is not costs 82: worth it from 82% repayment on


class Borrowers(NamedTuple):
    """People by score, group and outcome.

    Attributes
    ----------
    groups : tuple of str
    scores : ndarray of shape (scores,)
        From low to high.
    people : ndarray of shape (scores, groups, 2)
        Numbers of those who default and of those who repay.
    """

    groups: tuple[str, ...]
    scores: np.ndarray
    people: np.ndarray


def count_borrowers(frame: pd.DataFrame) -> Borrowers:
    """Turn score aggregates into numbers of people, which need not be whole.

    Parameters
    ----------
    frame : DataFrame
        Columns race, score, cumulative_share, repaid_share (shares, from 0 to 1) and group_size, as in `load_fico`.

    Returns
    -------
    Borrowers
        Groups in sorted order, scores from low to high.

    Raises
    ------
    UserError
        A column is missing, or a group lacks a score.
    """
    columns = ["race", "score", "cumulative_share", "repaid_share", "group_size"]
    if missing := set(columns) - set(frame.columns):
        raise UserError(f"no column {sorted(missing)}; pass a frame such as load_fico().frame")
    tables = [frame.pivot(index="score", columns="race", values=column) for column in columns[2:]]
    if any(table.isna().any(axis=None) for table in tables):
        raise UserError("a group lacks a score; give one row for each score of each group")
    cumulative, repaid, size = (table.to_numpy() for table in tables)
    people = np.diff(cumulative, axis=0, prepend=0) * size  # (scores, groups)
    outcomes = np.stack([people * (1 - repaid), people * repaid], axis=-1)
    return Borrowers(tuple(tables[0].columns), tables[0].index.to_numpy(), outcomes)


def best_rules(borrowers: Borrowers, *, gain: float = GAIN, loss: float = LOSS) -> pd.DataFrame:
    """Find the most profitable rule under each criterion.

    Parameters
    ----------
    borrowers : Borrowers
        From `count_borrowers`, or resampled.
    gain, loss : float
        What a repaid loan earns, and what a defaulted one costs; both above 0.

    Returns
    -------
    DataFrame
        Indexed by criterion (`CRITERIA`) and group. ``false_positive_rate`` and ``true_positive_rate``: the share with
        a loan among those who would default and who would repay; ``selection_rate``; ``repaid``, the share of loans
        that are repaid (NaN without loans); ``profit``, in units of ``gain``. "maximum profit" has a threshold for each
        group and no constraint, "race-blind" one threshold for all, the others as `labkit.mitigation.CONSTRAINTS`.

    Raises
    ------
    UserError
        A gain or a loss is not above 0, or nobody in a group defaults, or nobody repays.
    """
    if gain <= 0 or loss <= 0:
        raise UserError(f"gain={gain} and loss={loss}; both are amounts above 0")
    one_sided = (borrowers.people.sum(axis=0) == 0).any(axis=1)  # (groups,)
    if one_sided.any():
        group = borrowers.groups[int(one_sided.argmax())]
        raise UserError(f"group {group!r} has nobody who defaults, or nobody who repays; merge groups")
    # accepted[i]: people with the i highest scores, (scores + 1, groups, 2)
    accepted = np.concatenate([np.zeros((1, *borrowers.people.shape[1:])), borrowers.people[::-1].cumsum(axis=0)])
    totals = accepted[-1]  # (groups, 2)
    fpr, tpr = np.moveaxis(accepted / totals, -1, 0)
    profit = accepted @ [-loss, gain]  # (scores + 1, groups)
    selected = accepted.sum(-1) / totals.sum(-1)

    def at_common(rate: np.ndarray) -> list[list[float]]:
        """Return the best points with the same value of a rate in all groups; profit is linear between the kinks."""
        kinks, groups = np.unique(rate), range(rate.shape[1])
        earned = sum(np.interp(kinks, rate[:, group], profit[:, group]) for group in groups)
        best = kinks[earned.argmax()]
        return [[np.interp(best, rate[:, group], other[:, group]) for other in (fpr, tpr)] for group in groups]

    own = profit.argmax(axis=0)
    points = {
        "maximum profit": np.stack([fpr[own, range(len(own))], tpr[own, range(len(own))]], axis=-1),
        "race-blind": np.stack([fpr, tpr], axis=-1)[profit.sum(axis=1).argmax()],
        "equal opportunity": at_common(tpr),
        "equalized odds": [shared_point(fpr, tpr, totals, gain, loss)] * len(borrowers.groups),
        "demographic parity": at_common(selected),
    }
    rows = np.stack([np.asarray(points[criterion]) for criterion in CRITERIA])  # (criteria, groups, 2)
    loans = rows * totals
    index = pd.MultiIndex.from_product([CRITERIA, borrowers.groups], names=["criterion", "group"])
    given = loans.sum(-1)
    frame = {
        "false_positive_rate": rows[..., 0],
        "true_positive_rate": rows[..., 1],
        "selection_rate": given / totals.sum(-1),
        "repaid": np.divide(loans[..., 1], given, out=np.full(given.shape, np.nan), where=given > 0),
        "profit": loans @ [-loss, gain],
    }
    return pd.DataFrame({name: values.ravel() for name, values in frame.items()}, index=index)


def shared_point(fpr: np.ndarray, tpr: np.ndarray, totals: np.ndarray, gain: float, loss: float) -> np.ndarray:
    """Return the most profitable (FPR, TPR) that lotteries can reach in every group, by a linear program.

    Profit falls with FPR and grows with TPR, so that only the upper edges of the curves' hulls can bind.
    """
    from scipy.optimize import linprog

    normals, limits = [], []  # a point is on or below an edge where normal . point <= limit
    for across, up in zip(fpr.T, tpr.T, strict=True):
        corners = upper_hull(across, up)
        x, y = across[corners], up[corners]
        length = np.hypot(np.diff(x), np.diff(y))
        normal = np.stack([-np.diff(y), np.diff(x)], axis=-1) / length[:, None]  # (edges, 2)
        normals.append(normal)
        limits.append(normal[:, 0] * x[:-1] + normal[:, 1] * y[:-1])
    defaulters, payers = totals.sum(axis=0)
    costs = np.array([loss * defaulters, -gain * payers]) / (defaulters + payers)
    return linprog(costs, A_ub=np.vstack(normals), b_ub=np.concatenate(limits), bounds=(0, 1)).x


def profit_shares(rules: pd.DataFrame) -> pd.Series:
    """Return each criterion's profit in percent of the maximum.

    Parameters
    ----------
    rules : DataFrame
        From `best_rules`.

    Returns
    -------
    Series
        Indexed by criterion; at most 100.
    """
    profit = rules.groupby(level="criterion", sort=False)["profit"].sum()
    return 100 * profit / profit["maximum profit"]


def redraw_shares(borrowers: Borrowers, *, n_boot: int = 200, seed: int = 0, **amounts: float) -> pd.DataFrame:
    """Repeat `profit_shares` on resampled people, so that a percentile interval can be read off.

    All people are resampled jointly, as a bootstrap over people would do (one multinomial over scores, groups and
    outcomes). The interval ignores that the aggregates are themselves smoothed and read off printed curves.

    Parameters
    ----------
    borrowers : Borrowers
        From `count_borrowers`.
    n_boot : int
        Resamples, at least 1.
    seed : int
        Seed of the resamples.
    **amounts : float
        ``gain`` and ``loss`` of `best_rules`.

    Returns
    -------
    DataFrame of n_boot rows
        One column per criterion, in percent of the maximum of that resample.

    Raises
    ------
    UserError
        ``n_boot`` is below 1; otherwise as `best_rules`.
    """
    if n_boot < 1:
        raise UserError(f"n_boot is {n_boot}; give at least 1")
    people = borrowers.people
    drawn = np.random.default_rng(seed).multinomial(
        round(people.sum()), people.ravel() / people.sum(), size=n_boot
    )  # (n_boot, scores * groups * 2)
    samples = (borrowers._replace(people=sample.reshape(people.shape).astype(float)) for sample in drawn)
    return pd.DataFrame([profit_shares(best_rules(sample, **amounts)) for sample in samples])
