"""Figures of comparisons: runs with their mean, a setting that is varied, estimates with intervals."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.comparison.seeds import over_seeds
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_runs(runs: pd.DataFrame, value: str, *, by: str, confidence: float = 0.95, ax: "Axes | None" = None) -> "Axes":
    """Plot each run as a tick and the mean over seeds with its interval, with one row per value of ``by``.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    value : str
        Column on the horizontal axis.
    by : str
        Column whose values are the rows, from top to bottom in order of appearance.
    confidence : float
        Level of the interval, in (0, 1); see `labkit.comparison.over_seeds`.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The caller sets the unit of the horizontal axis.

    Raises
    ------
    UserError
        A column is missing.
    """
    means = over_seeds(runs, value, by=by, confidence=confidence)
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 1.2 + 0.4 * len(means)), layout="constrained")
    place = np.arange(len(means))
    ax.hlines(place, means["low"], means["high"], color=PALETTE[0], linewidth=1.8)
    ax.plot(means["mean"], place, "o", color=PALETTE[0], label=f"mean and {confidence:.0%} interval over seeds")
    for row, name in enumerate(means.index):
        dots = runs.loc[runs[by] == name, value]
        label = "one run" if row == 0 else None
        ax.plot(dots, np.full(len(dots), row + 0.22), "|", color=PALETTE[1], markersize=9, label=label)
    ax.set_yticks(place, [plain_label(str(name)) for name in means.index])
    ax.set_ylim(len(means) - 0.4, -0.6)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def plot_sweep(
    runs: pd.DataFrame, value: str, *, over: str, by: str, confidence: float = 0.95, ax: "Axes | None" = None
) -> "Axes":
    """Plot a value against a setting: the mean over repetitions, with its interval, for each group.

    Parameters
    ----------
    runs : DataFrame
        One row per repetition, setting and group.
    value : str
        Column on the vertical axis.
    over : str
        Column with the setting, a number, on the horizontal axis.
    by : str
        Column whose values get a line each, with different colors and markers.
    confidence : float
        Level of the interval, in (0, 1); see `labkit.comparison.over_seeds`.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Lines join the means; the caller sets the labels with their units.

    Raises
    ------
    UserError
        A column is missing, or there are more lines than colors.
    """
    means = over_seeds(runs, value, by=[by, over], confidence=confidence).reset_index()
    names = means[by].unique()
    if len(names) > len(PALETTE):
        raise UserError(f"{by!r} has {len(names)} values; {len(PALETTE)} lines can be told apart")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    for name, color, marker in zip(names, PALETTE, MARKERS, strict=False):
        line = means[means[by] == name].sort_values(over)
        ax.fill_between(line[over], line["low"], line["high"], color=color, alpha=0.2, linewidth=0)
        ax.plot(line[over], line["mean"], color=color, marker=marker, label=plain_label(str(name)))
    ax.set_xlabel(over.replace("_", " "))
    ax.legend(frameon=False, title=by.replace("_", " "))
    return ax


def plot_methods(
    runs: pd.DataFrame, columns: Mapping[str, str], *, by: str = "method", baseline: str = "untouched"
) -> "list[Axes]":
    """Plot runs by method, with one panel per column and a dashed line at the baseline's mean.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    columns : mapping of str to str
        Column to the label of its axis, with its unit.
    by : str
        Column that names the method.
    baseline : str
        The method to compare with.

    Returns
    -------
    list of matplotlib.axes.Axes
        One per column, in one figure.

    Raises
    ------
    UserError
        There is no run of the baseline, or a column is missing.
    """
    if baseline not in set(runs[by]):
        raise UserError(f"no run of the baseline {baseline!r}; {by!r} holds {runs[by].unique().tolist()}")
    height = 1.4 + 0.34 * runs[by].nunique()
    fig, axes = plt.subplots(1, len(columns), figsize=(9.6, height), layout="constrained", sharey=True, squeeze=False)
    for ax, (column, label) in zip(axes[0], columns.items(), strict=True):
        plot_runs(runs, column, by=by, ax=ax).set(xlabel=label)
        middle = over_seeds(runs, column, by=by)["mean"][baseline]
        ax.axvline(middle, color="#767676", linestyle="--", linewidth=1, label=baseline)
        ax.get_legend().remove()
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", frameon=False, ncols=3)
    return list(axes[0])


def plot_estimates(
    table: pd.DataFrame, value: str = "difference", *, reference: float = 0.0, ax: "Axes | None" = None
) -> "Axes":
    """Plot estimates, such as differences, as dots with their intervals, one per row, with a line of reference.

    Parameters
    ----------
    table : DataFrame
        Columns ``value``, low and high. The index names the rows, from top to bottom; a second level gets different
        colors and markers.
    value : str
        Column of the dots.
    reference : float
        Where the line is drawn; 0 means no difference.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The caller names the unit of the horizontal axis.

    Raises
    ------
    UserError
        A column is missing.
    """
    if missing := {value, "low", "high"} - set(table.columns):
        raise UserError(f"no column {sorted(missing)}; there are {list(table.columns)}")
    names = table.index.get_level_values(0).unique()
    several = table.index.nlevels > 1
    kinds = table.index.get_level_values(1).unique() if several else [None]
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 1.2 + 0.3 * len(table)), layout="constrained")
    offsets = (np.arange(len(kinds)) - (len(kinds) - 1) / 2) * (0.5 / len(kinds))
    for kind, offset, color, marker in zip(kinds, offsets, PALETTE, MARKERS, strict=False):
        rows = table.xs(kind, level=1) if several else table
        place = names.get_indexer(rows.index) + offset
        ax.hlines(place, rows["low"], rows["high"], color=color, linewidth=1.8)
        ax.plot(rows[value], place, marker, color=color, label=plain_label(str(kind)) if several else None)
    ax.axvline(reference, color="black", linewidth=0.8)
    ax.set_yticks(range(len(names)), [plain_label(str(name)) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    return ax
