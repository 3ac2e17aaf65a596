"""ROC curves of groups, what lotteries between thresholds add to them, and the region that all groups can reach."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.plots import PALETTE
from labkit.validation import format_group, sorted_groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes


GRID = np.linspace(0, 1, 501)  # false positive rates at which regions are drawn


STYLES = ("-", "--", "-.", ":")  # beside the colour, so that a print in grey can be read


def roc_by_group(*, y_true, y_score, sensitive_features) -> dict:
    """Give each group's ROC curve: what every threshold does to its positives and negatives.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels, 0 or 1.
    y_score : array-like of shape (n,)
        Scores; a decision is 1 where the score is at least the threshold.
    sensitive_features : array-like of shape (n,)
        The group of each row.

    Returns
    -------
    dict
        Group to a DataFrame with columns threshold (the first is infinite: nobody is selected), fpr and tpr, from
        (0, 0) to (1, 1); groups in sorted order.

    Raises
    ------
    UserError
        Lengths that differ, or a group with only one of the labels.

    Examples
    --------
    >>> curves = roc_by_group(y_true=[0, 1, 0, 1], y_score=[0.2, 0.8, 0.6, 0.4], sensitive_features=list("aabb"))
    >>> curves["a"][["fpr", "tpr"]].to_numpy().tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    from sklearn.metrics import roc_curve

    y_true, y_score, groups = (np.asarray(column) for column in (y_true, y_score, sensitive_features))
    if len({column.shape for column in (y_true, y_score, groups)}) > 1 or y_true.ndim != 1:
        raise UserError(
            f"lengths differ: y_true {y_true.shape}, y_score {y_score.shape}, sensitive_features {groups.shape}; "
            "pass one value a row in each"
        )
    curves = {}
    for group in sorted_groups(set(groups.tolist())):
        labels, scores = y_true[groups == group], y_score[groups == group]
        if len(set(labels.tolist())) < 2:
            raise UserError(f"group {group!r} has only label {labels[0]}; a ROC curve needs both, so merge groups")
        fpr, tpr, threshold = roc_curve(labels, scores, drop_intermediate=False)
        curves[group] = pd.DataFrame({"threshold": threshold, "fpr": fpr, "tpr": tpr})
    return curves


def roc_hull(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the corners of the upper edge of a ROC curve's convex hull, from (0, 0) to (1, 1).

    Every point on it is reached by a threshold, or by a lottery between two (Provost and Fawcett, 2001).

    Parameters
    ----------
    curve : DataFrame
        Columns fpr and tpr; other columns are kept.

    Returns
    -------
    DataFrame
        The rows of the curve that are corners, in order of fpr.

    Examples
    --------
    >>> curve = pd.DataFrame({"fpr": [0, 0.4, 0.5, 1], "tpr": [0, 0.5, 0.9, 1]})
    >>> roc_hull(curve)["fpr"].tolist()
    [0.0, 0.5, 1.0]
    """
    points = curve.sort_values(["fpr", "tpr"], kind="stable").reset_index(drop=True)
    points = points.groupby("fpr", as_index=False).tail(1)  # at one FPR, the highest TPR
    x, y = points["fpr"].to_numpy(float), points["tpr"].to_numpy(float)
    if x[0] > 0 or y[-1] < 1:
        raise UserError("the curve does not run from fpr 0 to (1, 1); pass what roc_by_group gives")
    kept: list[int] = []
    for i in range(len(x)):  # Andrew's monotone chain, upper half
        while len(kept) > 1:
            j, k = kept[-2:]
            if (x[k] - x[j]) * (y[i] - y[j]) - (y[k] - y[j]) * (x[i] - x[j]) < 0:  # turns right: k is a corner
                break
            kept.pop()
        kept.append(i)
    corners = points.iloc[kept].reset_index(drop=True)
    if y[0] > 0:  # whom a threshold finds before the first false alarm: the edge begins at (0, 0) all the same
        start = curve.sort_values(["fpr", "tpr"]).head(1)
        corners = pd.concat([start, corners], ignore_index=True)
    return corners.astype({"fpr": float, "tpr": float})


def selection_gaps(y_score, thresholds, *, sensitive_features) -> np.ndarray:
    """Give the gap in selection rates of two groups, first less second in sorted order, at every threshold.

    Parameters
    ----------
    y_score, sensitive_features : array-like of shape (n,)
    thresholds : array-like of shape (k,)
        Scores of at least a threshold are selected.

    Returns
    -------
    ndarray of shape (k,)

    Raises
    ------
    UserError
        There are not two groups.
    """
    score, groups = np.asarray(y_score, dtype=float), np.asarray(sensitive_features)
    if len(known := sorted_groups(set(groups.tolist()))) != 2:
        raise UserError(f"the groups are {known}; a signed gap needs two")
    first, second = ((score[groups == group, None] >= np.asarray(thresholds)).mean(axis=0) for group in known)
    return first - second


def plot_roc_regions(
    curves: Mapping, *, marks: Mapping[str, Mapping] | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Plot each group's ROC curve with its hull, and shade what every group can reach.

    Parameters
    ----------
    curves : mapping
        Group to its curve, from `roc_by_group`; up to four groups.
    marks : mapping, optional
        Name of a rule to its point (fpr, tpr) for each group: drawn as a marker in the group's colour.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        False positive rate across, true positive rate upwards, both shares from 0 to 1.

    Raises
    ------
    UserError
        More groups than line styles.
    """
    if len(curves) > len(STYLES):
        raise UserError(f"{len(curves)} groups cannot be told apart; choose up to {len(STYLES)} of them")
    if ax is None:
        _, ax = plt.subplots(figsize=(5.4, 4.6), layout="constrained")
    hulls = {group: roc_hull(curve) for group, curve in curves.items()}
    shared = np.min([np.interp(GRID, hull["fpr"], hull["tpr"]) for hull in hulls.values()], axis=0)
    ax.fill_between(GRID, GRID, shared, color="#767676", alpha=0.2, linewidth=0, label="every group can be here")
    for (group, curve), color, style in zip(curves.items(), PALETTE, STYLES, strict=False):
        ax.plot(curve["fpr"], curve["tpr"], color=color, linewidth=0.9, alpha=0.6, drawstyle="steps-post")
        name = f"{format_group(group)}: thresholds (thin) and lotteries"
        ax.plot(hulls[group]["fpr"], hulls[group]["tpr"], style, color=color, linewidth=1.8, label=name)
    for (name, points), marker in zip((marks or {}).items(), "osD^vPX*", strict=False):
        for (group, (fpr, tpr)), color in zip(points.items(), PALETTE, strict=False):
            first = group == next(iter(points))
            ax.plot(fpr, tpr, marker, color=color, markeredgecolor="black", label=name if first else None)
    ax.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="false positive rate\n(share of people labelled negative)")
    ax.set_ylabel("true positive rate\n(share of people labelled positive)")
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax
