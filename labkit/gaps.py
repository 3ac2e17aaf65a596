"""Figures of gaps between groups: a confusion matrix in shares of its rows, and differences with their intervals."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.metrics import divide
from labkit.plots import MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_confusion(
    cells: Sequence[int],
    *,
    labels: tuple[str, str] = ("labelled negative", "labelled positive"),
    decisions: tuple[str, str] = ("decided negative", "decided positive"),
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot the confusion matrix of one group: people, and the share of the row, which is darker the larger it is.

    scikit-learn's ``ConfusionMatrixDisplay`` writes one number a tile; here a count and its share stand together,
    because groups of unequal size can only be compared by shares, and shares only be trusted with their counts.

    Parameters
    ----------
    cells : sequence of four int
        Counts of people, ordered tn, fp, fn, tp.
    labels, decisions : pair of str
        Names of the rows and of the columns, negative first.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        A row without people has no shares.

    Raises
    ------
    ValueError
        Not four counts.
    """
    square = np.asarray(cells)
    if square.shape != (4,):
        raise ValueError(f"cells have shape {square.shape}; give the four counts tn, fp, fn, tp of one group")
    square = square.reshape(2, 2)
    shares = divide(square, square.sum(axis=1, keepdims=True))
    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 3.2), layout="constrained")
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in product(range(2), range(2)):
        share = shares[row, column]
        people = f"{square[row, column]:,} people" + ("" if np.isnan(share) else f"\n{share:.0%} of the row")
        ink = "white" if share > 0.6 else "black"  # read on the blue behind it
        ax.text(column, row, people, ha="center", va="center", color=ink)
    ax.set_xticks([0, 1], decisions)
    ax.set_yticks([0, 1], labels)
    return ax


def plot_differences(table: pd.DataFrame, value: str = "difference", *, ax: "Axes | None" = None) -> "Axes":
    """Plot differences as dots with their intervals, a row each, beside a line at zero.

    Parameters
    ----------
    table : DataFrame
        Columns ``value``, low and high. The index names the rows, from top to bottom; where it has two levels the
        second is told apart by colour and marker.
    value : str
        Column of the dots.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        The caller names the unit of the horizontal axis.

    Raises
    ------
    ValueError
        A column that is not there.
    """
    if missing := {value, "low", "high"} - set(table.columns):
        raise ValueError(f"no column {sorted(missing)}; there are {list(table.columns)}")
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
        ax.plot(rows[value], place, marker, color=color, label=kind)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(names)), [str(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    return ax
