"""Figures of notebook 04: a confusion matrix in shares of its rows."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from labkit.audit.metrics import divide
from labkit.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_confusion(
    cells: Sequence[int],
    *,
    labels: tuple[str, str] = ("labeled negative", "labeled positive"),
    decisions: tuple[str, str] = ("decided negative", "decided positive"),
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot the confusion matrix of one group: numbers of people and shares of the row; larger shares are darker.

    scikit-learn's ``ConfusionMatrixDisplay`` writes one number per tile; here a count and its share are together,
    because groups of unequal size can only be compared by shares, and shares can only be trusted with their counts.

    Parameters
    ----------
    cells : sequence of four int
        Counts of people, ordered tn, fp, fn, tp.
    labels, decisions : pair of str
        Names of the rows and of the columns, negative first.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A row without people has no shares.

    Raises
    ------
    UserError
        There are not four counts.
    """
    square = np.asarray(cells)
    if square.shape != (4,):
        raise UserError(f"cells have shape {square.shape}; give the four counts tn, fp, fn, tp of one group")
    square = square.reshape(2, 2)
    shares = divide(square, square.sum(axis=1, keepdims=True))
    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 3.2), layout="constrained")
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in product(range(2), range(2)):
        share = shares[row, column]
        people = f"{square[row, column]:,} people" + ("" if np.isnan(share) else f"\n{share:.0%} of the row")
        ink = "white" if share > 0.6 else "black"  # readable on the blue behind it
        ax.text(column, row, people, ha="center", va="center", color=ink)
    ax.set_xticks([0, 1], decisions)
    ax.set_yticks([0, 1], labels)
    return ax
