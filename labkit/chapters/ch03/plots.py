"""Figures of notebook 03 about training: what changes from epoch to epoch."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd

from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_training(history: pd.DataFrame) -> "Figure":
    """Draw a training record: losses by epoch on the left, the share called ill in each group on the right.

    Parameters
    ----------
    history : DataFrame
        Index: epoch. Columns loss, validation_loss, and a validation_selection_rate_ for each group, as
        `labkit.training.Fit.history` has them. Losses are in nats per note.

    Returns
    -------
    Figure

    Raises
    ------
    UserError
        A column is missing: the run had no validation set, or one without groups.
    """
    rates = [name for name in history if name.startswith("validation_selection_rate_")]
    if not {"loss", "validation_loss"} <= set(history) or not rates:
        raise UserError("the history has no validation columns; give finetune(validation=(texts, labels, groups))")
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    draw_lines(left, history[["loss", "validation_loss"]].set_axis(["training", "validation"], axis="columns"))
    left.plot(
        history["validation_loss"].idxmin(),
        history["validation_loss"].min(),
        "o",
        markersize=12,
        color="black",
        fillstyle="none",
    )
    left.set(ylabel="loss (nats per note)", ylim=(0, None))
    draw_lines(right, history[rates].set_axis([f"group {name[-1]}" for name in rates], axis="columns"))
    right.set(ylabel="share called ill, validation", ylim=(0, 1))
    for ax in (left, right):
        ax.set(xlabel="epoch", xticks=history.index)
        ax.legend(frameon=False)
    return fig


def draw_lines(ax: "Axes", table: pd.DataFrame) -> None:
    """Draw one line per column over the index, each with its own color and marker.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : DataFrame
    """
    for (name, column), color, marker in zip(table.items(), PALETTE, MARKERS, strict=False):
        ax.plot(table.index, column, color=color, marker=marker, label=str(name))
