"""The Pareto front of operating points: those that no other point beats in one value without losing in the other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.comparison.seeds import over_seeds
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def non_dominated(gain: Any, cost: Any) -> np.ndarray:
    """Say which points are on the Pareto front.

    A point is *dominated* if another one has at least its gain and at most its cost, and is strictly better in one of
    the two. Points that tie in both do not dominate each other: both are on the front, or neither is.

    Parameters
    ----------
    gain : array-like of shape (n,)
        What should be large, such as accuracy.
    cost : array-like of shape (n,)
        What should be small, such as the size of a gap.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    UserError
        Shapes differ, there are no points, or values are missing.

    Examples
    --------
    >>> non_dominated([0.8, 0.7, 0.7, 0.6], [0.2, 0.1, 0.1, 0.1]).tolist()
    [True, True, True, False]
    """
    gain, cost = np.asarray(gain, dtype=float), np.asarray(cost, dtype=float)
    if gain.shape != cost.shape or gain.ndim != 1 or not gain.size:
        raise UserError(f"gain has shape {gain.shape} and cost {cost.shape}; give both one value a point")
    if np.isnan(gain).any() or np.isnan(cost).any():
        raise UserError("gain or cost is missing (NaN) at a point; leave such points out")
    no_worse = (gain[:, None] >= gain) & (cost[:, None] <= cost)  # (i, j): i is at least as good as j in both
    better = (gain[:, None] > gain) | (cost[:, None] < cost)
    return ~(no_worse & better).any(axis=0)


def find_front(
    runs: pd.DataFrame,
    *,
    gain: str,
    cost: str,
    by: str = "method",
    seed: str = "seed",
    n_boot: int = 2000,
    draw_seed: int = 0,
) -> pd.DataFrame:
    """Find the front of mean points, and how often each point is on it when the runs are resampled.

    A mean over a few runs can be on the front by luck. So seeds are drawn with replacement, the same ones for every
    point (what a seed does to all of them cancels), means are taken, and the front is found again. With few seeds the
    shares are coarse: they say how much the front depends on single runs, and nothing about measuring on other people.

    Parameters
    ----------
    runs : DataFrame
        One row per point and seed.
    gain, cost : str
        Columns of what should be large, and of what should be near zero, such as a signed gap. The size of the *mean*
        is taken: the mean of sizes has a floor, since chance alone gives every run some gap.
    by, seed : str
        Columns that name the point and the seed.
    n_boot : int
        Number of resamples, at least 1.
    draw_seed : int
        Seed of the resamples.

    Returns
    -------
    DataFrame
        Indexed by point, in order of appearance: the means of ``gain`` and ``cost`` (signed), on_front and share
        (of the resamples in which the point is on the front).

    Raises
    ------
    UserError
        A column is missing, or a point does not have exactly one run per seed.
    """
    if missing := {gain, cost, by, seed} - set(runs.columns):
        raise UserError(f"no column {sorted(missing)}; there are {list(runs.columns)}")
    if n_boot < 1:
        raise UserError(f"n_boot is {n_boot}; give at least 1 draw")
    names = runs[by].unique()
    sizes = runs.groupby([by, seed]).size().unstack().reindex(names)
    if not (sizes == 1).all(axis=None):
        odd = sizes.index[(sizes != 1).any(axis=1)][0]
        raise UserError(f"{odd!r} does not have exactly one run for each {seed}; the same seeds are resampled for all")
    values = np.stack([runs.pivot(index=by, columns=seed, values=name).loc[names] for name in (gain, cost)])
    n_seeds = values.shape[2]  # (2, points, seeds)
    drawn = np.random.default_rng(draw_seed).integers(n_seeds, size=(n_boot, n_seeds))
    means = values[:, :, drawn].mean(axis=3)  # (2, points, n_boot)
    share = np.mean([non_dominated(means[0, :, draw], np.abs(means[1, :, draw])) for draw in range(n_boot)], axis=0)
    middle = values.mean(axis=2)
    table = {gain: middle[0], cost: middle[1], "on_front": non_dominated(middle[0], np.abs(middle[1])), "share": share}
    return pd.DataFrame(table, index=pd.Index(names, name=by))


def plot_front(
    runs: pd.DataFrame,
    *,
    gain: str,
    cost: str,
    families: Mapping[str, str],
    by: str = "method",
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot operating points, mean and 95% interval over seeds in both directions, with rings and names on the front.

    The horizontal axis keeps the sign of the cost; the front is that of its size, and a line marks zero.

    Parameters
    ----------
    runs : DataFrame
        One row per point and seed.
    gain, cost : str
        Columns on the vertical and on the horizontal axis.
    families : mapping of str to str
        From a point to its family; families get different colors and markers, in order of appearance.
    by : str
        Column that names the point.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The caller sets the labels with their units.

    Raises
    ------
    UserError
        A point has no family, or there are more families than colors.
    """
    across, up = (over_seeds(runs, value, by=by) for value in (cost, gain))
    if strangers := [name for name in up.index if name not in families]:
        raise UserError(f"no family for {strangers[0]!r}; name one in families=")
    kinds = list(dict.fromkeys(families[name] for name in up.index))
    if len(kinds) > len(PALETTE):
        raise UserError(f"{len(kinds)} families; {len(PALETTE)} can be told apart")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
    on_front = non_dominated(up["mean"], across["mean"].abs())
    edge = pd.DataFrame({"cost": across["mean"], "gain": up["mean"]})[on_front].sort_values(["cost", "gain"])
    ax.axvline(0, color="#767676", linestyle="--", linewidth=1.2, zorder=1)
    for kind, color, marker in zip(kinds, PALETTE, MARKERS, strict=False):
        own = np.array([families[name] == kind for name in up.index])
        x, y = across[own], up[own]
        ax.hlines(y["mean"], x["low"], x["high"], color=color, linewidth=1.0, alpha=0.6)
        ax.vlines(x["mean"], y["low"], y["high"], color=color, linewidth=1.0, alpha=0.6)
        ax.plot(x["mean"], y["mean"], marker, color=color, label=kind, zorder=3)
    ax.plot(edge["cost"], edge["gain"], "o", color="black", markerfacecolor="none", markersize=12, label="on the front")
    for name, place in edge.iterrows():
        ax.annotate(str(name), place, xytext=(7, 5), textcoords="offset points", fontsize="small")
    return ax


def plot_fronts(
    runs: pd.DataFrame, panels: Mapping[str, str], *, cost: str, families: Mapping[str, str], by: str = "method"
) -> "list[Axes]":
    """Plot the same points side by side by several kinds of gain, such as accuracy by two kinds of labels.

    Parameters
    ----------
    runs : DataFrame
        One row per point and seed.
    panels : mapping of str to str
        Column with the gain to the title of its panel.
    cost : str
        Column on the horizontal axes.
    families : mapping of str to str
        From a point to its family; families get different colors and markers, in order of appearance.
    by : str
        Column that names the point.

    Returns
    -------
    list of matplotlib.axes.Axes
        In one figure with one legend and one vertical scale; the caller sets the labels with their units.

    Raises
    ------
    UserError
        A point has no family, or there are more families than colors.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9.8, 4.8), layout="constrained", sharey=True, squeeze=False)
    for ax, (gain, title) in zip(axes[0], panels.items(), strict=True):
        plot_front(runs, gain=gain, cost=cost, families=families, by=by, ax=ax).set_title(title)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", frameon=False, ncols=4)
    return list(axes[0])


def describe_fronts(runs: pd.DataFrame, panels: Mapping[str, str], *, cost: str, by: str = "method") -> str:
    """Name the points on the front of each panel: the text of a figure for readers who cannot see it.

    Parameters
    ----------
    runs : DataFrame
        One row per point and seed.
    panels : mapping of str to str
        Column with the gain to the title of its panel.
    cost : str
        Column of what should be near zero; its sign is kept.
    by : str
        Column that names the point.

    Returns
    -------
    str
        Points with their mean cost and gain, from the smallest cost on.

    Raises
    ------
    UserError
        As `find_front`.
    """
    named = {}
    for gain, title in panels.items():
        front = find_front(runs, gain=gain, cost=cost, by=by, n_boot=1).query("on_front")
        front = front.sort_values(cost, key=np.abs)
        named[title] = ", ".join(f"{name} ({row[cost]:.2f}, {row[gain]:.2f})" for name, row in front.iterrows())
    fronts = "; ".join(f"{title}: {names}" for title, names in named.items())
    return f"Points with intervals. On the front, from the smallest cost on, with cost and gain: {fronts}."
