"""Predictive multiplicity: equally good models decide differently about single people; how often, and about whom."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from labkit.errors import UserError


def count_flips(tables: Sequence[pd.DataFrame], *, sensitive: str = "group") -> pd.DataFrame:
    """Count how often two refits decide differently about the same person, by group.

    Parameters
    ----------
    tables : sequence of DataFrame
        Predictions tables of at least two refits: the same people in the same order.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        A row a group in sorted order: group, n (people) and flipped, the share of the group's people about whom two
        refits disagree, averaged over all pairs of refits. One refit more leaves its expectation as it is; the share of
        people who are decided differently by *any* two of many refits grows with their number.

    Raises
    ------
    UserError
        Fewer than two tables, or tables of other people.

    Examples
    --------
    >>> one = pd.DataFrame({"y_pred": [1, 0, 1, 0], "group": ["a", "a", "b", "b"]})
    >>> count_flips([one, one.assign(y_pred=[1, 0, 0, 1])])["flipped"].tolist()
    [0.0, 1.0]
    """
    if len(tables) < 2:
        raise UserError(f"{len(tables)} table; give the predictions of at least two refits")
    groups = tables[0][sensitive].to_numpy()
    for table in tables[1:]:
        if len(table) != len(groups) or not np.array_equal(table[sensitive].to_numpy(), groups):
            raise UserError("the tables hold other people; give refits' decisions about the same people, in one order")
    decided = np.stack([table["y_pred"].to_numpy() for table in tables])  # (refits, people)
    flipped = np.mean([decided[i] != decided[j] for i, j in combinations(range(len(decided)), 2)], axis=0)
    by_group = pd.DataFrame({"group": groups, "flipped": flipped}).groupby("group")["flipped"]
    return by_group.agg(n="size", flipped="mean").reset_index()


def flips_over_draws(tables: Sequence[pd.DataFrame], *, sensitive: str = "group") -> pd.DataFrame:
    """Count flips between models of different draws of the training people, ready for an interval over the draws.

    All pairs of draws are compared, but pairs share draws and are no independent runs. So each draw is left out once,
    and gets a pseudo-value: their mean is the mean over all pairs, and Student's interval for it
    (`labkit.comparison.over_seeds`) is the jackknife's (Arvesen, 1969, "Jackknifing U-statistics").

    Parameters
    ----------
    tables : sequence of DataFrame
        Predictions tables of at least three draws: the same people to decide about, in the same order.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        A row for each draw and group: seed (the draw's position), group, flipped; it may lie outside [0, 1].

    Raises
    ------
    UserError
        Fewer than three tables, or tables of other people.
    """
    if len(tables) < 3:
        raise UserError(f"{len(tables)} tables; leaving one out needs at least three draws")
    everything = count_flips(tables, sensitive=sensitive).set_index("group")["flipped"]
    rows = []
    for seed in range(len(tables)):
        others = [table for position, table in enumerate(tables) if position != seed]
        rest = count_flips(others, sensitive=sensitive).set_index("group")["flipped"]
        pseudo = len(tables) * everything - (len(tables) - 1) * rest
        rows += [{"seed": seed, "group": group, "flipped": value} for group, value in pseudo.items()]
    return pd.DataFrame(rows)


def compare_refits(trials: Sequence, refits: Sequence) -> pd.DataFrame:
    """Count flips by another seed, and flips by other training people, for the methods that were fitted again.

    Parameters
    ----------
    trials : sequence of labkit.comparison.Trial
        Methods on at least three draws of the training people (their ``seed``), deciding about the same people.
    refits : sequence of labkit.comparison.Trial
        Some of these methods, fitted again on the same draws with another seed of their own.

    Returns
    -------
    DataFrame
        by, method, group, seed, flipped. ``by`` "seed": the first fit against the second, draw by draw, of independent
        draws. ``by`` "people": pseudo-values of `flips_over_draws` between the first fits.
    """
    tables, rows = {(trial.method, trial.seed): trial.table for trial in trials}, []
    for again in refits:
        flips = count_flips([tables[again.method, again.seed], again.table])
        rows.append(flips.assign(by="seed", method=again.method, seed=again.seed))
    for name in dict.fromkeys(trial.method for trial in refits):
        drawn = [table for (method, _), table in tables.items() if method == name]
        rows.append(flips_over_draws(drawn).assign(by="people", method=name))
    return pd.concat(rows, ignore_index=True)[["by", "method", "group", "seed", "flipped"]]
