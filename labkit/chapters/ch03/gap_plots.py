"""Figures of notebook 03 about gaps: the swap test, kinds of luck, designs."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.comparison import plot_estimates
from labkit.errors import UserError
from labkit.plots import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_swap(as_written: pd.DataFrame, as_swapped: pd.DataFrame, *, threshold: float = 0.5) -> "Figure":
    """Draw one line per patient, from the score as written to the score with the other district; one panel per model.

    Parameters
    ----------
    as_written, as_swapped : DataFrame, shape (people, models)
        Scores in [0, 1] of the same people in the same order, and with the same columns.
    threshold : float
        Lines that cross it, where a decision changes, are drawn in another color.

    Returns
    -------
    Figure

    Raises
    ------
    UserError
        The two tables differ in length or in their columns.
    """
    if len(as_written) != len(as_swapped) or list(as_written) != list(as_swapped):
        raise UserError(
            "as_written and as_swapped differ in their columns or their number of rows; give the same people"
        )
    models = list(as_written)
    fig, axes = plt.subplots(1, len(models), figsize=(9, 3.6), sharey=True, layout="constrained", squeeze=False)
    for ax, model in zip(axes[0], models, strict=True):
        order = np.argsort(as_written[model].to_numpy(), kind="stable")
        before, after = (table[model].to_numpy()[order] for table in (as_written, as_swapped))
        place = np.arange(len(order))
        changes = (before >= threshold) != (after >= threshold)
        for chosen, color, label in ((~changes, "0.75", "same decision"), (changes, PALETTE[1], "decision changes")):
            ax.vlines(place[chosen], before[chosen], after[chosen], color=color, linewidth=1.2, label=label)
        ax.plot(place, before, ".", color="black", markersize=3, label="as written")
        ax.plot(place, after, ".", color=PALETTE[0], markersize=3, label="with the other district")
        ax.axhline(threshold, color="black", linewidth=0.8, linestyle="--")
        ax.set(title=str(model), xlabel="patients, ordered by their score as written", ylim=(0, 1))
    axes[0][0].set_ylabel("score: probability of 'ill'")
    axes[0][0].legend(frameon=False, fontsize="small", loc="upper left")
    return fig


def plot_luck(runs: pd.DataFrame, luck: pd.DataFrame) -> "Figure":
    """Draw the gap of every run, by world, and the standard deviation due to each kind of luck.

    Parameters
    ----------
    runs : DataFrame
        Columns world and gap; one row per run.
    luck : DataFrame
        Index: kind of luck. Columns "standard deviation", low and high.

    Returns
    -------
    Figure
    """
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), layout="constrained", gridspec_kw={"width_ratios": [3, 2]}
    )
    worlds = sorted(runs["world"].unique())
    for row, world in enumerate(worlds):
        gaps = runs.loc[runs["world"] == world, "gap"]
        left.plot(gaps, np.full(len(gaps), row), "o", color=PALETTE[0], alpha=0.6, markersize=5)
        left.plot(gaps.mean(), row, "|", color="black", markersize=14)
    left.axvline(0, color="black", linewidth=0.8)
    left.set_yticks(range(len(worlds)), [f"world {world}" for world in worlds])
    left.set(
        xlabel="gap, a - b: one dot per seed", ylim=(len(worlds) - 0.5, -0.5), xlim=(min(0, left.get_xlim()[0]), None)
    )
    plot_estimates(luck, "standard deviation", ax=right)
    right.set(xlabel="standard deviation of the gap", xlim=(0, None))
    return fig


def plot_designs(gap: pd.DataFrame, auc: pd.DataFrame, *, margin: float) -> "Figure":
    """Draw what each design changes against the plain head: the gap (left, with the margin as a band), and the AUC.

    Parameters
    ----------
    gap, auc : DataFrame
        Index: designs, the same in both. Columns change, low and high.
    margin : float
        The smallest change of the gap that matters, above 0.

    Returns
    -------
    Figure
    """
    height = 1.3 + 0.32 * len(gap)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, height), layout="constrained", sharey=True)
    left.axvspan(-margin, margin, color="0.9", zorder=0, label="margin")
    plot_estimates(gap, "change", ax=left)
    plot_estimates(auc, "change", ax=right)
    left.set_xlabel("change of the gap against the plain head")
    right.set_xlabel("change of the AUC")
    left.legend(frameon=False, fontsize="small", loc="lower left")
    return fig
