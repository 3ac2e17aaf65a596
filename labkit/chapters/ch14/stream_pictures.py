"""Wealth of monitors over several streams, with the moment at which something changed."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label
from labkit.validation import check_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRAY = "#767676"


def plot_streams(wealth: Mapping[str, Mapping[str, pd.DataFrame]], *, change_at: int, alpha: float = 0.05) -> "Figure":
    """Plot how the wealth of monitors goes, one panel per stream.

    Parameters
    ----------
    wealth : mapping of str to (mapping of str to DataFrame)
        By the stream, which is the title of a panel, and by the monitor: one row per pair, with the columns ``arrival``
        (how many people had come) and ``log_wealth`` (natural logarithm).
    change_at : int
        After how many people something changes.
    alpha : float
        An alarm is raised at a wealth of 1 / alpha.

    Returns
    -------
    matplotlib.figure.Figure
        Up to two panels side by side, on shared axes.

    Raises
    ------
    UserError
        There is no stream, or a column is missing.
    """
    if not wealth:
        raise UserError("there is no stream to plot; give at least one")
    rows = math.ceil(len(wealth) / 2)
    fig, axes = plt.subplots(
        rows, 2, figsize=(9.2, 0.6 + 2.3 * rows), layout="constrained", sharex=True, sharey=True, squeeze=False
    )
    for ax, (stream, monitors) in zip(axes.flat, wealth.items(), strict=False):
        for (monitor, pairs), color in zip(monitors.items(), PALETTE, strict=False):
            check_columns(pairs.columns, ["arrival", "log_wealth"])
            level = pairs["log_wealth"].to_numpy() / math.log(10)
            ax.plot(pairs["arrival"], level, color=color, label=plain_label(monitor))
            reached = np.flatnonzero(level >= -math.log10(alpha))
            if len(reached):
                first = pairs["arrival"].iloc[reached[0]]
                ax.plot(first, level[reached[0]], MARKERS[1], color=color, markersize=8)
        ax.axhline(-math.log10(alpha), color="black", linestyle="--", linewidth=1, label="alarm")
        ax.axvline(change_at, color=GRAY, linestyle=":", linewidth=1.4, label="something changes")
        ax.set(title=plain_label(stream), xlabel="people so far", ylabel="log10 of the wealth")
        ax.label_outer()
    for ax in axes.flat[len(wealth) :]:
        ax.set_axis_off()
    axes[0, 0].set_ylim(-2.5, 6)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    return fig
