"""Predictive multiplicity: equally good models decide differently about single people. How often, and about whom?"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from labkit.comparison.trials import Trial
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
        One row per group in sorted order: group, n (people) and flipped, the share of the group's people about whom
        two refits disagree, averaged over all pairs of refits. More refits do not change its expectation, whereas the
        share of people about whom *any* two of many refits disagree grows with their number.

    Raises
    ------
    UserError
        There are fewer than two tables, or the tables hold different people.

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
            raise UserError("the tables hold different people; give decisions about the same people in the same order")
    decided = np.stack([table["y_pred"].to_numpy() for table in tables])  # (refits, people)
    flipped = np.mean([decided[i] != decided[j] for i, j in combinations(range(len(decided)), 2)], axis=0)
    by_group = pd.DataFrame({"group": groups, "flipped": flipped}).groupby("group")["flipped"]
    return by_group.agg(n="size", flipped="mean").reset_index()


def flips_over_draws(tables: Sequence[pd.DataFrame], *, sensitive: str = "group") -> pd.DataFrame:
    """Count flips between models of different samples of training people, ready for an interval over the samples.

    All pairs of samples are compared, but pairs share samples, so that they are not independent. Therefore each sample
    is left out once and gets a pseudo-value: the mean of the pseudo-values is the mean over all pairs, and Student's
    interval for it (`labkit.comparison.over_seeds`) is the jackknife's (Arvesen, 1969, "Jackknifing U-statistics").

    Parameters
    ----------
    tables : sequence of DataFrame
        Predictions tables of models of at least three samples, about the same people in the same order.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        One row per sample and group: seed (the position of the sample's table), group, and flipped, which can be
        outside [0, 1].

    Raises
    ------
    UserError
        There are fewer than three tables, or the tables hold different people.
    """
    if len(tables) < 3:
        raise UserError(f"{len(tables)} tables; leaving one out needs at least three")
    everything = count_flips(tables, sensitive=sensitive).set_index("group")["flipped"]
    rows = []
    for seed in range(len(tables)):
        others = [*tables[:seed], *tables[seed + 1 :]]
        rest = count_flips(others, sensitive=sensitive).set_index("group")["flipped"]
        pseudo = len(tables) * everything - (len(tables) - 1) * rest
        rows += [{"seed": seed, "group": group, "flipped": value} for group, value in pseudo.items()]
    return pd.DataFrame(rows)


def compare_refits(trials: Sequence[Trial], refits: Sequence[Trial]) -> pd.DataFrame:
    """Count flips due to another seed and flips due to other training people, for methods that were fitted again.

    Parameters
    ----------
    trials : sequence of labkit.comparison.Trial
        Methods on at least three samples of training people, deciding about the same people; ``seed`` is the sample's
        number.
    refits : sequence of labkit.comparison.Trial
        Some of these methods, fitted again on the same samples with another random seed.

    Returns
    -------
    DataFrame
        Columns by, method, group, seed, flipped. ``by`` "seed": the first fit against the second, for each of the
        independent samples. ``by`` "people": pseudo-values of `flips_over_draws` between the first fits.

    Raises
    ------
    UserError
        As `count_flips` and `flips_over_draws`.
    """
    tables, rows = {(trial.method, trial.seed): trial.table for trial in trials}, []
    for again in refits:
        flips = count_flips([tables[again.method, again.seed], again.table])
        rows.append(flips.assign(by="seed", method=again.method, seed=again.seed))
    for name in dict.fromkeys(trial.method for trial in refits):
        drawn = [table for (method, _), table in tables.items() if method == name]
        rows.append(flips_over_draws(drawn).assign(by="people", method=name))
    return pd.concat(rows, ignore_index=True)[["by", "method", "group", "seed", "flipped"]]
