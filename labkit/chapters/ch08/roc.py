"""ROC curves of groups, what lotteries between thresholds add to them, and the region that all groups can reach."""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.chapters.ch08.hull import upper_hull
from labkit.errors import UserError
from labkit.plots import PALETTE, plain_label
from labkit.validation import format_group, sorted_groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes


GRID = np.linspace(0, 1, 501)  # false positive rates at which regions are drawn

LINE_STYLES = ("-", "--", "-.", ":")  # in addition to the color, so that a gray print can be read


def roc_by_group(*, y_true: Any, y_score: Any, sensitive_features: Any) -> dict[Hashable, pd.DataFrame]:
    """Return each group's ROC curve: what every threshold does to its positives and negatives.

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
        From group, in sorted order, to a DataFrame with columns threshold (the first is infinite: nobody is selected),
        fpr and tpr, from (0, 0) to (1, 1).

    Raises
    ------
    UserError
        Lengths differ, or a group has only one of the labels.

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
            "pass one value per row in each"
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

    Every point of the edge is reached by a threshold, or by a lottery between two (Provost and Fawcett, 2001).

    Parameters
    ----------
    curve : DataFrame
        Columns fpr and tpr; other columns are kept.

    Returns
    -------
    DataFrame
        The rows of the curve that are corners, in order of fpr.

    Raises
    ------
    UserError
        The curve does not begin at (0, 0) or does not end at (1, 1).

    Examples
    --------
    >>> curve = pd.DataFrame({"fpr": [0, 0.4, 0.5, 1], "tpr": [0, 0.5, 0.9, 1]})
    >>> roc_hull(curve)["fpr"].tolist()
    [0.0, 0.5, 1.0]
    """
    corners = curve.iloc[upper_hull(curve["fpr"].to_numpy(), curve["tpr"].to_numpy())]
    corners = corners.reset_index(drop=True).astype({"fpr": float, "tpr": float})
    ends = corners[["fpr", "tpr"]].iloc[[0, -1]].to_numpy()
    if (ends != [[0, 0], [1, 1]]).any():
        raise UserError("the curve does not run from fpr 0 and tpr 0 to (1, 1); pass what roc_by_group returns")
    return corners


def selection_gaps(y_score: Any, thresholds: Any, *, sensitive_features: Any) -> np.ndarray:
    """Return the gap in selection rates of two groups at every threshold.

    Parameters
    ----------
    y_score : array-like of shape (n,)
    thresholds : array-like of shape (k,)
        People whose score is at least the threshold are selected.
    sensitive_features : array-like of shape (n,)
        The group of each person.

    Returns
    -------
    ndarray of shape (k,)
        First group minus second in sorted order, from -1 to 1.

    Raises
    ------
    UserError
        There are not two groups.
    """
    score, groups = np.asarray(y_score, dtype=float), np.asarray(sensitive_features)
    known = sorted_groups(set(groups.tolist()))
    if len(known) != 2:
        raise UserError(f"the groups are {known}; a signed gap needs two")
    first, second = ((score[groups == group, None] >= np.asarray(thresholds)).mean(axis=0) for group in known)
    return first - second


def plot_roc_regions(
    curves: Mapping[Hashable, pd.DataFrame],
    *,
    marks: Mapping[str, Mapping[Hashable, tuple[float, float]]] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot each group's ROC curve with its hull, and shade what every group can reach.

    Parameters
    ----------
    curves : mapping
        From group to its curve, as `roc_by_group` returns; up to four groups.
    marks : mapping, optional
        From the name of a rule to its point (fpr, tpr) for each group: drawn as a marker in the group's color.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        False positive rate across, true positive rate upwards, both shares from 0 to 1.

    Raises
    ------
    UserError
        There are more groups than line styles.
    """
    if len(curves) > len(LINE_STYLES):
        raise UserError(f"{len(curves)} groups cannot be told apart; choose up to {len(LINE_STYLES)} of them")
    if ax is None:
        _, ax = plt.subplots(figsize=(5.4, 4.6), layout="constrained")
    hulls = {group: roc_hull(curve) for group, curve in curves.items()}
    shared = np.min([np.interp(GRID, hull["fpr"], hull["tpr"]) for hull in hulls.values()], axis=0)
    ax.fill_between(GRID, GRID, shared, color="#767676", alpha=0.2, linewidth=0, label="every group can be here")
    for (group, curve), color, style in zip(curves.items(), PALETTE, LINE_STYLES, strict=False):
        ax.plot(curve["fpr"], curve["tpr"], color=color, linewidth=0.9, alpha=0.6, drawstyle="steps-post")
        name = plain_label(f"{format_group(group)}: thresholds (thin) and lotteries")
        ax.plot(hulls[group]["fpr"], hulls[group]["tpr"], style, color=color, linewidth=1.8, label=name)
    for (name, points), marker in zip((marks or {}).items(), "osD^vPX*", strict=False):
        for (group, (fpr, tpr)), color in zip(points.items(), PALETTE, strict=False):
            first = group == next(iter(points))
            ax.plot(fpr, tpr, marker, color=color, markeredgecolor="black", label=name if first else None)
    ax.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="false positive rate\n(share of people labeled negative)")
    ax.set_ylabel("true positive rate\n(share of people labeled positive)")
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax
