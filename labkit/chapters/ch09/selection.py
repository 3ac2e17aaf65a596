"""Choose an operating point by a rule on some people, and judge it on others: is what was promised delivered?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from labkit.comparison.trials import Trial
from labkit.errors import UserError
from labkit.mitigation.base import check_share
from labkit.validation import sorted_groups


def choose_point(figures: pd.DataFrame, *, tolerance: float) -> str:
    """Choose the point with the highest accuracy among those whose gap is within the tolerance.

    If there is none, choose the point with the smallest gap. Of equal points, choose the first.

    Parameters
    ----------
    figures : DataFrame
        Indexed by point, with accuracy and gap_size.
    tolerance : float
        Largest size of the gap, in [0, 1].

    Returns
    -------
    str
        A name from the index.

    Raises
    ------
    UserError
        The tolerance is outside [0, 1], or there are no points.

    Examples
    --------
    >>> figures = pd.DataFrame({"accuracy": [0.8, 0.7, 0.6], "gap_size": [0.3, 0.04, 0.01]}, index=["x", "y", "z"])
    >>> choose_point(figures, tolerance=0.05), choose_point(figures, tolerance=0)
    ('y', 'z')
    """
    check_share("tolerance", tolerance)
    if not len(figures):
        raise UserError("figures has no rows; give at least one point")
    allowed = figures[figures["gap_size"] <= tolerance]
    return allowed["accuracy"].idxmax() if len(allowed) else figures["gap_size"].idxmin()


def measure_points(
    tables: Mapping[str, pd.DataFrame], *, sensitive: str = "group", rows: slice | np.ndarray = slice(None)
) -> pd.DataFrame:
    """Measure accuracy by the records and the size of the gap in selection rates, for many points on the same people.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Predictions tables by point: the same people in the same order, two groups.
    sensitive : str
        Column with the group.
    rows : slice, or array of int or bool
        Positions of the people to measure on.

    Returns
    -------
    DataFrame
        Indexed by point: accuracy, gap_size.

    Raises
    ------
    UserError
        There are not two groups among these people.
    """
    first = next(iter(tables.values()))
    y, group = first["y_true"].to_numpy()[rows], first[sensitive].to_numpy()[rows]
    groups = sorted_groups(set(group))
    if len(groups) != 2:
        raise UserError(f"{sensitive!r} has the groups {groups} among these people; a gap needs two")
    decided = np.stack([table["y_pred"].to_numpy()[rows] for table in tables.values()])  # (points, people)
    rates = [decided[:, group == name].mean(axis=1) for name in groups]
    figures = {"accuracy": (decided == y).mean(axis=1), "gap_size": np.abs(rates[0] - rates[1])}
    return pd.DataFrame(figures, index=list(tables))


def promise_and_deliver(
    tables: Mapping[str, pd.DataFrame],
    *,
    tolerance: float,
    n_choose: int,
    draws: int = 50,
    seed: int = 0,
    sensitive: str = "group",
) -> pd.DataFrame:
    """Choose a point on some people, and measure it on them and on equally many others, for many random splits.

    Splits keep the shares of groups and labels. They are of the same people and overlap: average over them, and compute
    intervals over something independent, such as worlds.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Predictions tables by point, of people that nobody was trained on: the same people in the same order.
    tolerance : float
        As in `choose_point`.
    n_choose : int
        How many people to choose on.
    draws : int
        How many splits.
    seed : int
        Seed of the first split; the next ones count up from it.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        Two rows per split: draw (its number), point, measured ("promised" on the people chosen on, "delivered" on
        equally many others), accuracy, gap_size.

    Raises
    ------
    UserError
        As `choose_point`; or too few are left to judge on.
    """
    from sklearn.model_selection import train_test_split

    first = next(iter(tables.values()))
    if not 0 < 2 * n_choose <= len(first):
        raise UserError(f"n_choose is {n_choose}; there are {len(first)} people, and as many must be left to judge on")
    strata = first[sensitive].astype(str) + " " + first["y_true"].astype(str)
    rows = []
    for draw in range(draws):
        # equally many on both sides: a gap that is measured on fewer people looks larger
        parts = train_test_split(
            np.arange(len(first)),
            train_size=n_choose,
            test_size=n_choose,
            random_state=seed + draw,
            stratify=strata,
        )
        promised, delivered = (measure_points(tables, sensitive=sensitive, rows=part) for part in parts)
        point = choose_point(promised, tolerance=tolerance)
        for measured, figures in (("promised", promised), ("delivered", delivered)):
            rows.append({"draw": draw, "point": point, "measured": measured} | figures.loc[point].to_dict())
    return pd.DataFrame(rows)


def promises_by_world(
    trials: Sequence[Trial], *, tolerance: float, sizes: Sequence[int], draws: int = 50
) -> pd.DataFrame:
    """Let the rule choose in each world, on several numbers of people: `promise_and_deliver` for each.

    Parameters
    ----------
    trials : sequence of labkit.comparison.Trial
        The points of each world, deciding about people that nobody was trained on; ``seed`` is the world's number.
    tolerance : float
        As in `choose_point`.
    sizes : sequence of int
        Numbers of people to choose on.
    draws : int
        Splits for each world and number.

    Returns
    -------
    DataFrame
        Columns seed, people (chosen on), and those of `promise_and_deliver`.

    Raises
    ------
    UserError
        As `promise_and_deliver`.
    """
    parts = []
    for seed in dict.fromkeys(trial.seed for trial in trials):
        tables = {trial.method: trial.table for trial in trials if trial.seed == seed}
        for size in sizes:
            kept = promise_and_deliver(tables, tolerance=tolerance, n_choose=size, draws=draws)
            parts.append(kept.assign(seed=seed, people=size))
    return pd.concat(parts, ignore_index=True)
