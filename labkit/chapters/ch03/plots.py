"""Figures of notebook 03: scalars over optimizer steps."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd

from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_scalars(
    record: pd.DataFrame, tags: str | Sequence[str] | Mapping[str, str], *, smooth: int = 1, ax: "Axes | None" = None
) -> "Axes":
    """Plot scalars of a training record over optimizer steps.

    Parameters
    ----------
    record : DataFrame
        Columns tag, step, value, as `labkit.training.read_record` gives.
    tags : str, sequence of str or mapping of str to str
        Which scalars; a mapping gives their labels.
    smooth : int
        Steps of a running mean, at least 1; 1 plots the values. With more, the values are plotted faintly behind it.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The caller sets the unit of the vertical axis.

    Raises
    ------
    UserError
        A tag is not in the record.
    """
    if isinstance(tags, str):
        tags = [tags]
    labels = dict(tags) if isinstance(tags, Mapping) else {tag: tag for tag in tags}
    if unknown := [tag for tag in labels if tag not in set(record["tag"])]:
        raise UserError(f"no scalar {unknown} in the record; there are {sorted(set(record['tag']))}")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    for (tag, label), color, marker in zip(labels.items(), PALETTE, MARKERS, strict=False):
        rows = record[record["tag"] == tag]
        values = rows["value"].rolling(smooth, min_periods=1).mean()
        if smooth > 1:
            ax.plot(rows["step"], rows["value"], color=color, alpha=0.25, linewidth=1)
        few = len(rows) < 20  # points get markers, so that a single evaluation after one epoch can be seen
        ax.plot(rows["step"], values, color=color, marker=marker if few else None, label=label)
    ax.set_xlabel("optimizer steps")
    if len(labels) > 1:
        ax.legend(frameon=False)
    return ax
