"""People who arrive one after another: real records of COMPAS, drawn with replacement, in an order that is made up.

The table has no dates, so a stream of arrivals can only be simulated: who comes is real, when is not. Mixes are shares
of records (age, prior offenses, degree of the charge), so that "the groups come with the same records" is exact.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.validation import check_columns

BANDS = ("age_band", "priors_band", "c_charge_degree")
AGES = {"under 25": 24, "25 to 34": 34, "35 to 44": 44, "45 and over": np.inf}  # oldest age of a band
PRIORS = {"0": 0, "1": 1, "2 or 3": 3, "4 to 6": 6, "7 or more": np.inf}  # most earlier offenses of a band


def band_records(
    frame: pd.DataFrame, *, groups: Sequence[str] = ("African-American", "Caucasian"), observed: bool = True
) -> pd.DataFrame:
    """Keep two groups of people who were observed for two years, and sort them into coarse records.

    Parameters
    ----------
    frame : DataFrame
        As in `labkit.data.load_compas`.
    groups : sequence of str
        Values of race.
    observed : bool
        False keeps those instead who were scored too late to be observed for two years. All of them were charged again:
        the others were left out of the table.

    Returns
    -------
    DataFrame
        With the columns of ``frame`` and ``age_band``, ``priors_band`` and ``record``, which is both of them with the
        degree of the charge: people with the same record are alike to a model that reads nothing else.

    Raises
    ------
    UserError
        A column is missing, or a group has nobody.
    """
    check_columns(frame.columns, ["race", "age", "priors_count", "c_charge_degree", "two_years_observed"])
    kept = frame[(frame["two_years_observed"] == int(observed)) & frame["race"].isin(groups)].reset_index(drop=True)
    if missing := set(groups) - set(kept["race"]):
        raise UserError(f"nobody is recorded as {sorted(missing)[0]!r}; there are {sorted(frame['race'].unique())}")
    for column, numbers, bands in (("age_band", "age", AGES), ("priors_band", "priors_count", PRIORS)):
        kept[column] = pd.cut(kept[numbers], [-np.inf, *bands.values()], labels=list(bands)).astype(str)
    charge = kept["c_charge_degree"].map({"F": "felony", "M": "misdemeanor"})
    kept["record"] = kept["age_band"] + ", priors: " + kept["priors_band"] + ", " + charge
    return kept


def draw_arrivals(
    people: pd.DataFrame, *phases: tuple[str | None, int], seed: int | Sequence[int], sensitive: str = "race"
) -> pd.DataFrame:
    """Draw people in the order of their arrival: each is of either of two groups by a fair coin.

    Parameters
    ----------
    people : DataFrame
        Who can come.
    *phases : pair of (str or None, int)
        One after another: the column with the weights by which people of a group are drawn, or None for equal weights,
        and how many come.
    seed : int or sequence of int
        Seed of the draw.
    sensitive : str
        Column with two groups.

    Returns
    -------
    DataFrame
        The rows of ``people`` that were drawn, in order, with a new index from 0.

    Raises
    ------
    UserError
        An unknown column, not two groups, or a group whose weights are not above 0 in sum.
    """
    check_columns(people.columns, [sensitive, *(weight for weight, _ in phases if weight is not None)])
    groups = people[sensitive].to_numpy()
    names = sorted(set(groups.tolist()))
    if len(names) != 2:
        raise UserError(f"{sensitive!r} has the groups {names}; arrivals of two groups are drawn")
    rng, drawn = np.random.default_rng(seed), []
    for weight, number in phases:
        weights = np.ones(len(people)) if weight is None else people[weight].to_numpy(float)
        second = rng.random(number) < 1 / 2
        rows = np.empty(number, int)
        for side, name in zip((~second, second), names, strict=True):
            own = np.flatnonzero(groups == name)
            total = weights[own].sum()
            if not total > 0:
                raise UserError(f"the weights {weight!r} of {name!r} add up to {total}; give weights above 0")
            rows[side] = rng.choice(own, side.sum(), p=weights[own] / total)
        drawn.append(rows)
    return people.iloc[np.concatenate(drawn)].reset_index(drop=True)
