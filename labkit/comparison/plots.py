"""Figures of comparisons: runs with their mean, a setting that is varied, estimates with intervals."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.comparison.seeds import CONSTANTS, over_seeds, pair_with_baseline
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRAY = "#767676"
REFERENCE = "constant classifier"


def plot_runs(
    runs: pd.DataFrame,
    value: str,
    *,
    by: str,
    baseline: str | None = None,
    seed: str = "seed",
    confidence: float = 0.95,
    overlap: float | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot each run as a tick and the mean over seeds with its interval, with one row per value of ``by``.

    With a baseline the figure shows what a reader needs to judge a difference: every tick is a pair of runs, the
    interval is that of the mean difference, and a line at zero is the baseline. Without one it shows levels; that two
    intervals of levels overlap, or do not, decides nothing about a difference.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    value : str
        Column on the horizontal axis.
    by : str
        Column whose values are the rows, from top to bottom in order of appearance; constant classifiers
        (`labkit.comparison.summarise_constants`) come last, with open marks. One that is so far from the methods that
        these could not be told apart any more is a number at the edge.
    baseline : str, optional
        Value of ``by`` to subtract, run by run; it has no row.
    seed : str
        Column by which runs are paired with those of the baseline.
    confidence : float
        Level of the interval, in (0, 1); see `labkit.comparison.over_seeds`.
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The caller sets the unit of the horizontal axis.

    Raises
    ------
    UserError
        A column is missing; the baseline has no run, or two runs with one seed.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["plain", "fair"] * 2, "seed": [0, 0, 1, 1], "gap": [0.3, 0.1, 0.4, 0.2]})
    >>> ax = plot_runs(runs, "gap", by="method", baseline="plain").set(xlabel="change of the gap (share of people)")
    >>> plt.close("all")
    """
    shown = runs if baseline is None else pair_with_baseline(runs, value, by=by, baseline=baseline, seed=seed)
    means = over_seeds(shown, value, by=by, confidence=confidence, overlap=overlap)
    # a method without a partner keeps its row, so that panels side by side agree
    names = sorted((name for name in runs[by].unique() if name != baseline), key=lambda name: name in CONSTANTS)
    means = means.reindex(names)
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 1.2 + 0.4 * len(means)), layout="constrained")
    paired = "" if baseline is None else " difference"
    label = f"mean{paired} and {confidence:.0%} interval over {'seeds' if overlap is None else 'overlapping splits'}"
    constant = means.index.isin(CONSTANTS)
    methods = shown[~shown[by].isin(CONSTANTS)][value]
    seen = _find_window(means[~constant], methods, 0.0 if baseline is not None else np.nan)
    far = constant & means["mean"].notna() & ~means["mean"].between(*seen)
    for marks, color, fill, named in ((~constant, PALETTE[0], None, label), (constant, GRAY, "white", REFERENCE)):
        if marks.any():
            rows, place = means[marks].mask(far[marks]), np.flatnonzero(marks)
            ax.hlines(place, rows["low"], rows["high"], color=color, linewidth=1.8)
            ax.plot(rows["mean"], place, "o", color=color, markerfacecolor=fill or color, label=named)
    for row, name in enumerate(names):
        dots = shown.loc[shown[by] == name, value]
        once = ("one run" if baseline is None else "one pair of runs") if row == 0 else None
        if far[name]:
            _point_to(ax, means["mean"][name], row, seen, signed=baseline is not None)
        else:
            ax.plot(dots, np.full(len(dots), row + 0.22), "|", color=PALETTE[1], markersize=9, label=once)
    if far.any():
        ax.set_xlim(*seen)
    if baseline is not None:
        ax.axvline(0, color=GRAY, linestyle="--", linewidth=1, label=plain_label(str(baseline)))
    ax.set_yticks(range(len(names)), [plain_label(str(name)) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def _find_window(means: pd.DataFrame, runs: pd.Series, line: float) -> tuple[float, float]:
    """Return limits that show methods well: their intervals and runs, with half as much room on either side."""
    values = np.concatenate([means[["low", "high", "mean"]].to_numpy().ravel(), runs, [line]])
    values = values[~np.isnan(values)]
    room = np.ptp(values) / 2 if len(values) else 0
    return (values.min() - room, values.max() + room) if room > 0 else (-np.inf, np.inf)


def _point_to(ax: "Axes", mean: float, row: int, seen: tuple[float, float], *, signed: bool) -> None:
    """Write a constant classifier's mean at the edge beyond which it lies: to show it would hide all else."""
    left = mean < seen[0]
    number = f"{mean:{'+' if signed else ''}z.2f}"
    text = f"← {number}" if left else f"{number} →"
    ax.text(0.02 if left else 0.98, row, text, transform=ax.get_yaxis_transform(), color=GRAY, va="center",
            ha="left" if left else "right")  # fmt: skip


def plot_sweep(
    runs: pd.DataFrame,
    value: str,
    *,
    over: str,
    by: str,
    baseline: str | None = None,
    seed: str = "seed",
    confidence: float = 0.95,
    overlap: float | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot a value against a setting: the mean over repetitions, with its interval, for each group.

    Without a baseline the lines are levels, whose course over the setting a reader should see. Where the lines share
    their repetitions (the same worlds or splits) and the question is how far they are apart, name a baseline: each line
    is then the mean difference from it, paired by setting and repetition. Bands of levels cannot tell.

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
    baseline : str, optional
        Value of ``by`` to subtract, setting by setting and repetition by repetition; it is the line at zero.
    seed : str
        Column with the repetition, which is needed for a baseline.
    confidence : float
        Level of the interval, in (0, 1); see `labkit.comparison.over_seeds`.
    overlap : float, optional
        Where repetitions are splits of one data set, as in `labkit.comparison.over_seeds`.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Lines join the means; the caller sets the labels with their units.

    Raises
    ------
    UserError
        A column is missing, there are more lines than colors, or runs cannot be paired.

    Examples
    --------
    >>> runs = pd.DataFrame({"people": [50, 50, 90, 90] * 2, "seed": [0, 1] * 4,
    ...                      "measured": ["promised"] * 4 + ["delivered"] * 4, "accuracy": np.arange(8) / 10})
    >>> ax = plot_sweep(runs, "accuracy", over="people", by="measured", baseline="promised")
    >>> plt.close("all")
    """
    shown = runs
    if baseline is not None:
        shown = pair_with_baseline(runs, value, by=by, baseline=baseline, seed=[over, seed])
    means = over_seeds(shown, value, by=[by, over], confidence=confidence, overlap=overlap).reset_index()
    names = means[by].unique()
    if len(names) > len(PALETTE):
        raise UserError(f"{by!r} has {len(names)} values; {len(PALETTE)} lines can be told apart")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    for name, color, marker in zip(names, PALETTE, MARKERS, strict=False):
        line = means[means[by] == name].sort_values(over)
        ax.fill_between(line[over], line["low"], line["high"], color=color, alpha=0.2, linewidth=0)
        ax.plot(line[over], line["mean"], color=color, marker=marker, label=plain_label(str(name)))
    if baseline is not None:
        ax.axhline(0, color=GRAY, linestyle="--", linewidth=1, label=plain_label(str(baseline)))
    ax.set_xlabel(over.replace("_", " "))
    ax.legend(frameon=False, title=by.replace("_", " "))
    return ax


def plot_methods(
    runs: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    by: str = "method",
    baseline: str = "untouched",
    levels: bool = False,
    overlap: float | None = None,
) -> "list[Axes]":
    """Plot what methods change against a baseline, run by run, with one panel per column.

    The rows are differences, paired by seed, for a reader is to judge whether a method changed something. The axis says
    what is subtracted: the baseline's mean. `labkit.comparison.describe_methods` says the same in words.

    Parameters
    ----------
    runs : DataFrame
        One row per run, with the columns of ``columns``, ``by`` and seed. Rows of constant classifiers
        (``measure_trials(..., constants=True)``) come last, with open marks.
    columns : mapping of str to str
        Column to the label of its axis, with its unit.
    by : str
        Column that names the method.
    baseline : str
        The method to compare with.
    levels : bool
        Show means in place of differences, and the baseline's mean as a dashed line. For what has to be read as a
        level, such as a gap that is to be near zero; whether methods differ cannot be seen then.
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.

    Returns
    -------
    list of matplotlib.axes.Axes
        One per column, in one figure.

    Raises
    ------
    UserError
        There is no run of the baseline, a column is missing, or runs cannot be paired.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["untouched", "fair"] * 2, "seed": [0, 0, 1, 1], "gap": [0.3, 0.1, 0.4, 0.2]})
    >>> [ax] = plot_methods(runs, {"gap": "decision gap, a - b"})
    >>> print(ax.get_xlabel())
    decision gap, a - b,
    minus that of untouched (0.35)
    >>> plt.close("all")
    """
    if baseline not in set(runs[by]):
        raise UserError(f"no run of the baseline {baseline!r}; {by!r} holds {runs[by].unique().tolist()}")
    height = 1.4 + 0.34 * runs[by].nunique()
    fig, axes = plt.subplots(1, len(columns), figsize=(9.6, height), layout="constrained", sharey=True, squeeze=False)
    for ax, (column, label) in zip(axes[0], columns.items(), strict=True):
        middle = over_seeds(runs, column, by=by)["mean"][baseline]
        if levels:
            plot_runs(runs, column, by=by, overlap=overlap, ax=ax).set(xlabel=label)
            ax.axvline(middle, color=GRAY, linestyle="--", linewidth=1, label=plain_label(baseline))
        else:
            wrap = "\n" if len(columns) > 3 else " "  # four panels are too narrow for one line
            minus = f"minus that of{wrap}{plain_label(baseline)} ({middle:z.2f})"
            plot_runs(runs, column, by=by, baseline=baseline, overlap=overlap, ax=ax).set(xlabel=f"{label},\n{minus}")
        ax.get_legend().remove()
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", frameon=False, ncols=4)
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
