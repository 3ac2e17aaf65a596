"""Natural-frequency trees: what four counts say about 1,000 people (Gigerenzer and Hoffrage, 1995)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.plots import PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PEOPLE = 1000
LEAVES = (0.0, 1.0, 2.15, 3.15)  # where tn, fp, fn, tp are, from left to right
ERRORS = {1: PALETTE[1], 2: PALETTE[3]}  # the leaves that are mistakes, fp and fn, with their colors


def count_per_thousand(cells: Sequence[int]) -> np.ndarray:
    """Scale counts to 1,000 people, in whole numbers that still add up.

    Parameters
    ----------
    cells : sequence of int
        Counts of people, at least one of them above 0.

    Returns
    -------
    ndarray of int
        Rounded down, and the people left over given to the largest remainders.

    Raises
    ------
    UserError
        A negative count, or nobody at all.

    Examples
    --------
    >>> count_per_thousand([1, 1, 1])
    array([334, 333, 333])
    """
    counts = np.asarray(cells, float)
    if (counts < 0).any() or not counts.sum() > 0:
        raise UserError(f"the counts {list(cells)} are not people; give numbers of at least 0, not all of them 0")
    exact = PEOPLE * counts / counts.sum()
    whole = np.floor(exact + 1e-9).astype(int)
    short = PEOPLE - whole.sum()
    whole[np.argsort(whole - exact, kind="stable")[:short]] += 1
    return whole


def plot_frequency_trees(
    cells: pd.DataFrame,
    *,
    labels: tuple[str, str] = ("labeled negative", "labeled positive"),
    decisions: tuple[str, str] = ("decided negative", "decided positive"),
) -> "Figure":
    """Plot a tree for each group: of 1,000 people, how many have each label, and how they were decided.

    Parameters
    ----------
    cells : DataFrame
        One row per group; columns tn, fp, fn, tp, counts of people.
    labels, decisions : pair of str
        Names of the branches, negative first.

    Returns
    -------
    matplotlib.figure.Figure
        One tree per group, side by side; the two leaves that are mistakes are in color.

    Raises
    ------
    UserError
        A column is missing, or a group has no people.
    """
    if missing := {"tn", "fp", "fn", "tp"} - set(cells):
        raise UserError(f"no column {', '.join(sorted(missing))}; the counts are called tn, fp, fn and tp")
    fig, axes = plt.subplots(1, len(cells), figsize=(4.6 * len(cells), 3.1), layout="constrained", squeeze=False)
    for ax, (group, row) in zip(axes[0], cells[["tn", "fp", "fn", "tp"]].iterrows(), strict=True):
        leaves = count_per_thousand(row.tolist())
        ax.set_title(f"{plain_label(str(group))} (n = {row.sum():,})", fontsize=11)
        _draw_tree(ax, leaves, labels, decisions)
    return fig


def _draw_tree(ax, leaves: np.ndarray, labels: tuple[str, str], decisions: tuple[str, str]) -> None:
    """Draw one tree: the root, a branch for each label, and a leaf for each decision under it."""
    middles = (LEAVES[0] + LEAVES[1]) / 2, (LEAVES[2] + LEAVES[3]) / 2
    root = sum(middles) / 2
    _write(ax, root, 2, f"{PEOPLE:,}\npeople")
    for branch, middle in enumerate(middles):
        ax.plot([root, middle], [2, 1], color="#767676", linewidth=1, zorder=0)
        _write(ax, middle, 1, f"{leaves[2 * branch : 2 * branch + 2].sum()}\n{labels[branch]}")
        for decision in (0, 1):
            leaf = 2 * branch + decision
            ax.plot([middle, LEAVES[leaf]], [1, 0], color="#767676", linewidth=1, zorder=0)
            _write(ax, LEAVES[leaf], 0, f"{leaves[leaf]}\n{decisions[decision]}", color=ERRORS.get(leaf, "black"))
    ax.set(xlim=(-0.6, 3.75), ylim=(-0.45, 2.4))
    ax.axis("off")


def _write(ax, x: float, y: float, text: str, *, color: str = "black") -> None:
    """Write a node on a white box, so that branches end at it."""
    box = {"facecolor": "white", "edgecolor": color, "boxstyle": "round,pad=0.35", "linewidth": 1.2}
    ax.text(x, y, plain_label(text), ha="center", va="center", fontsize=9.5, color=color, bbox=box)
