"""Calibration by group: of the people with the same score, how many are labelled positive?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.audit.intervals import wilson_interval
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE
from labkit.validation import format_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def calibration_by_group(
    *,
    y_true: Sequence[int],
    y_score: Sequence[float],
    sensitive_features: Sequence,
    bins: int | Sequence[float] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count, for people of each group with about the same score, how many are labelled positive.

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
        The group of each row.
    bins : int, sequence of float, or None
        None: each distinct score for itself, as for deciles. A whole number: about so many bins with as many people
        each, over all groups. A sequence: edges, low to high; the lowest score belongs to the first bin.
    confidence : float
        Coverage of the Wilson intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        Indexed by group and bin, in order; bins in which a group has nobody are left out. Columns: ``score`` (mean in
        the bin), ``n``, ``positives``, ``share`` (of people labelled positive), ``low``, ``high``.

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
    columns = {"y_true": y_true, "score": y_score, "group": sensitive_features}
    columns = {name: np.asarray(values) for name, values in columns.items()}
    if len({values.shape for values in columns.values()}) > 1 or columns["score"].ndim != 1:
        shapes = ", ".join(f"{name} has shape {values.shape}" for name, values in columns.items())
        raise UserError(f"lengths differ: {shapes}; pass one value a row in each")
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
    rows["bin"] = _place(rows["score"], bins)
    table = rows.groupby(["group", "bin"], observed=True).agg(
        score=("score", "mean"), n=("y_true", "size"), positives=("y_true", "sum"), share=("y_true", "mean")
    )
    low, high = wilson_interval(table["positives"].to_numpy(), table["n"].to_numpy(), confidence=confidence)
    return table.assign(low=low, high=high)


def _place(score: pd.Series, bins: int | Sequence[float] | None) -> pd.Series:
    """Say for each score in which bin it lies."""
    if bins is None:
        return score
    if np.ndim(bins) == 0:
        if bins < 1:
            raise UserError(f"bins={bins!r}; give at least one bin, or None for each score by itself")
        return pd.qcut(score, int(bins), labels=False, duplicates="drop")
    edges = np.asarray(bins, float)
    if score.min() < edges[0] or score.max() > edges[-1]:
        raise UserError(
            f"scores reach from {score.min():g} to {score.max():g}, the edges from {edges[0]:g} to {edges[-1]:g}; "
            "widen the edges, so that nobody is left out"
        )
    return pd.cut(score, edges, labels=False, include_lowest=True)


def plot_calibration(table: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Plot the share labelled positive over the score, a line a group, with intervals.

    Parameters
    ----------
    table : DataFrame
        What `calibration_by_group` gives.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        Shares from 0 to 1; the caller names the unit of the score.

    Raises
    ------
    UserError
        More groups than there are colours.
    """
    groups = table.index.get_level_values("group").unique()
    if len(groups) > len(PALETTE):
        raise UserError(f"{len(groups)} groups cannot be told apart; choose up to {len(PALETTE)} of them")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    step = np.ptp(table["score"]) / 100  # groups stand side by side, so that intervals do not hide each other
    for position, (group, color, marker) in enumerate(zip(groups, PALETTE, MARKERS, strict=False)):
        rows = table.loc[group]
        place = rows["score"] + (position - (len(groups) - 1) / 2) * step
        ax.vlines(place, rows["low"], rows["high"], color=color, linewidth=1.6)
        ax.plot(place, rows["share"], marker + "-", color=color, linewidth=0.8, label=format_group(group))
    ax.set(ylim=(-0.02, 1.02), xlabel="score", ylabel="labelled positive\n(share of people with this score)")
    ax.legend(frameon=False)
    return ax
