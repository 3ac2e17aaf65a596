"""Calibration by group: of the people with the same score, how many are labeled positive?

There is one table, `tabulate_calibration`. `calibration_by_group` makes it from people and their exact scores,
``ScoreHistogram.calibration`` from counts in narrow bins.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from labkit.audit.inputs._vectors import as_vector, encode_vector, explicit, warn_about_order
from labkit.audit.intervals import wilson_interval
from labkit.errors import UserError


def calibration_by_group(
    *,
    y_true: Sequence[int],
    y_score: Sequence[float],
    sensitive_features: Sequence,
    bins: int | Sequence[float] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count, for people of each group with about the same score, how many are labeled positive.

    A score is calibrated within groups when the shares of all groups agree at every score (Kleinberg, Mullainathan and
    Raghavan 2017, condition A); a score that is meant as a probability should also equal them. Rows are matched by
    position. All groups share the bins, so that like is compared with like; scikit-learn's ``calibration_curve`` gives
    the same shares for one group at a time, without counts and intervals.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels, 0 or 1.
    y_score : array-like of shape (n,)
        Scores; any finite numbers.
    sensitive_features : array-like of shape (n,)
        The group of each row. Categories keep the order in which they are declared.
    bins : int, sequence of float, or None
        None: a bin for each distinct score, as for deciles. A whole number: about that many bins, with equally many
        people in each, over all groups. A sequence: edges, low to high; a score on an edge belongs to the lower bin,
        and the lowest edge to the first bin.
    confidence : float
        Coverage of the Wilson intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        Indexed by group and bin, in order; bins in which a group has nobody are left out. Columns: ``score`` (mean in
        the bin), ``n``, ``positives``, ``share`` (of people labeled positive), ``low``, ``high``.

    Warns
    -----
    DataWarning
        Two arguments have the same pandas index in another order.

    Raises
    ------
    UserError
        Lengths that differ, no rows, labels that are not 0/1, scores that are not finite, a missing group, fewer than
        one bin, or edges that leave scores out.

    Examples
    --------
    >>> table = calibration_by_group(y_true=[0, 1, 1, 1], y_score=[1, 1, 2, 2], sensitive_features=["a", "b", "a", "b"])
    >>> table["share"].unstack().to_dict("index")
    {'a': {1.0: 0.0, 2.0: 1.0}, 'b': {1.0: 1.0, 2.0: 1.0}}
    """
    warn_about_order({"y_true": y_true, "y_score": y_score, "sensitive_features": sensitive_features})
    columns = {"y_true": np.asarray(explicit(y_true)), "score": np.asarray(explicit(y_score))}
    columns["group"] = as_vector(sensitive_features)
    if len({values.shape for values in columns.values()}) > 1 or columns["score"].ndim != 1:
        shapes = ", ".join(f"{name} has shape {values.shape}" for name, values in columns.items())
        raise UserError(f"lengths differ: {shapes}; pass one value per row in each")
    rows = pd.DataFrame(columns)
    if rows.empty:
        raise UserError("there are no rows; pass at least one person")
    if wrong := set(rows["y_true"].tolist()) - {0, 1}:
        raise UserError(f"y_true holds {wrong.pop()!r}; code labels 0 and 1")
    if rows["group"].isna().any():
        raise UserError("sensitive_features holds a missing value; name that group, or drop its rows in all columns")
    rows["score"] = rows["score"].astype(float)
    if not np.isfinite(rows["score"]).all():
        raise UserError(f"y_score holds {rows['score'][~np.isfinite(rows['score'])].iloc[0]}; scores are finite")
    positions, groups = encode_vector(rows["group"])
    people = rows.rename(columns={"y_true": "positives"}).assign(group=positions, bin=_bin_of(rows["score"], bins), n=1)
    table = tabulate_calibration(people, confidence=confidence)
    # by position: every group has people, so that the level holds all positions in order
    table.index = table.index.set_levels(pd.Index(groups, tupleize_cols=False), level="group")
    return table


def tabulate_calibration(cells: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    """Add up cells to a calibration table; a cell is one person, or people of one group who share a narrow bin.

    Cells have columns group, bin, score (their mean), n and positives. The result is what `calibration_by_group` gives.
    """
    cells = cells.assign(score=cells["score"] * cells["n"])  # sums, until they are divided
    table = cells.groupby(["group", "bin"], observed=True)[["score", "n", "positives"]].sum()
    n, positives = table["n"].to_numpy(), table["positives"].to_numpy()
    low, high = wilson_interval(positives, n, confidence=confidence)
    return table.assign(score=table["score"] / n, share=positives / n, low=low, high=high)


def _bin_of(score: pd.Series, bins: int | Sequence[float] | None) -> pd.Series:
    """Say which bin each score lies in."""
    if bins is None:
        return score
    if np.ndim(bins) == 0:
        if bins < 1:
            raise UserError(f"bins={bins!r}; give at least one bin, or None for a bin for each score")
        return pd.qcut(score, int(bins), labels=False, duplicates="drop")
    edges = np.asarray(bins, float)
    if score.min() < edges[0] or score.max() > edges[-1]:
        raise UserError(
            f"scores reach from {score.min():g} to {score.max():g}, the edges from {edges[0]:g} to {edges[-1]:g}; "
            "widen the edges, so that nobody is left out"
        )
    return pd.cut(score, edges, labels=False, include_lowest=True)
