"""Figures of notebook 03: scalars over optimizer steps."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd

from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_scalars(record: pd.DataFrame, tags, *, smooth: int = 1, ax: "Axes | None" = None) -> "Axes":
    """Plot scalars of a training record over optimizer steps.

    Parameters
    ----------
    record : DataFrame
        Columns tag, step, value, as `labkit.training.read_record` gives.
    tags : str, list of str or dict of str to str
        Which scalars; a dict gives their labels.
    smooth : int
        Steps of a running mean; 1 draws the values. With more, the values stand behind it, faint.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        The caller sets the unit of the vertical axis.

    Raises
    ------
    UserError
        A tag that is not in the record.
    """
    labels = {tags: tags} if isinstance(tags, str) else dict(tags) if isinstance(tags, dict) else {t: t for t in tags}
    if unknown := [tag for tag in labels if tag not in set(record["tag"])]:
        raise UserError(f"no scalar {unknown} in the record; there are {sorted(set(record['tag']))}")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    for (tag, label), color, marker in zip(labels.items(), PALETTE, MARKERS, strict=False):
        rows = record[record["tag"] == tag]
        values = rows["value"].rolling(smooth, min_periods=1).mean()
        if smooth > 1:
            ax.plot(rows["step"], rows["value"], color=color, alpha=0.25, linewidth=1)
        few = len(rows) < 20  # single points are marked, so that an evaluation after one epoch can be seen
        ax.plot(rows["step"], values, color=color, marker=marker if few else None, label=label)
    ax.set_xlabel("optimizer steps")
    if len(labels) > 1:
        ax.legend(frameon=False)
    return ax
