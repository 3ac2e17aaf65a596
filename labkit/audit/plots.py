"""Figures of an audit: rates by group with their intervals, and calibration by group."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.audit.drawing._figures import PANELS, draw_curves, draw_dots, draw_rates, mark_everyone
from labkit.audit.drawing._planning import plan_calibration, plan_rates
from labkit.audit.inputs._names import label_groups
from labkit.audit.results import Audit
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.text import format_groups, format_metric
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_group_rates(
    audit: Audit,
    metrics: str | Sequence[str] = "selection_rate",
    *,
    groups: Sequence[Hashable] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot rates by group as dots with Wilson intervals; small groups are hollow, undefined rates are left out.

    Parameters
    ----------
    audit : Audit
        What to plot.
    metrics : str or sequence of str
        One or several of ``METRICS``; several share the axes and differ by color and marker.
    groups : sequence, optional
        Groups to plot, from top to bottom; all of them by default.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Groups from top to bottom, rates from 0 to 1. With one metric a dashed line marks the rate over all people.

    Raises
    ------
    UserError
        An unknown metric or group, or none at all.
    """
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    metrics = audit.counts.metrics
    unknown = [name for name in names if name not in metrics]
    if unknown or not names:
        raise UserError(f"unknown metric {unknown or names}; choose from {', '.join(metrics)}")
    known = audit.counts.groups.tolist()
    groups = known if groups is None else list(groups)
    strangers = [group for group in groups if group not in known]
    if strangers or not groups:
        raise UserError(f"unknown groups {strangers or groups}; choose from {known}")
    order = [known.index(group) for group in groups]
    rates, intervals = audit.by_group.iloc[order], audit.intervals.iloc[order]
    small = rates.index.isin(audit.small_groups)
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 1.3 + 0.28 * len(groups) * len(names) ** 0.5), layout="constrained")
    offsets = (np.arange(len(names)) - (len(names) - 1) / 2) * (0.7 / len(names))  # side by side in a group's row
    for name, color, marker, offset in zip(names, PALETTE, MARKERS, offsets, strict=False):
        place = np.arange(len(groups)) + offset  # (groups,)
        rate, limits = rates[name].to_numpy(), intervals[name].to_numpy()  # (groups,), (groups, 2)
        draw_dots(ax, place, rate, limits, small, color=color, marker=marker, label=format_metric(name))
    labels = format_groups(rates.index, audit.small_groups)
    ax.set_yticks(range(len(groups)), [plain_label(label) for label in labels])
    ax.set(ylim=(len(groups) - 0.4, -0.6), xlim=(-0.02, 1.02), ylabel=plain_label(labels.name))
    if len(names) == 1:
        mark_everyone(ax, audit.overall[names[0]])
        ax.set_xlabel(f"{format_metric(names[0])}\n(share of {metrics[names[0]].base})")
    else:
        ax.set_xlabel("rate (share of people)")
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def plot_calibration(table: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Plot the share labeled positive over the score, one line per group, with intervals.

    Parameters
    ----------
    table : DataFrame
        What `calibration_by_group` or ``ScoreHistogram.calibration`` gives.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Shares from 0 to 1; the label of the score is for the caller to refine.

    Raises
    ------
    UserError
        More groups than there are colors.
    """
    positions, groups = pd.factorize(table.index.get_level_values("group"))  # positions, since 1 and "1" are alike
    if len(groups) > len(PALETTE):
        raise UserError(f"{len(groups)} groups need as many colors; choose up to {len(PALETTE)} of them")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    step = np.ptp(table["score"]) / 100  # groups are side by side, so that no interval hides another
    for position, (name, color, marker) in enumerate(zip(label_groups(groups), PALETTE, MARKERS, strict=False)):
        rows = table[positions == position]
        place = rows["score"] + (position - (len(groups) - 1) / 2) * step
        ax.vlines(place, rows["low"], rows["high"], color=color, linewidth=1.6)
        ax.plot(place, rows["share"], marker + "-", color=color, linewidth=0.8, label=plain_label(name))
    ax.set(ylim=(-0.02, 1.02), xlabel="score", ylabel="labeled positive\n(share of people with this score)")
    ax.legend(frameon=False)
    return ax


def draw_audit(audit: Audit, favorable: int | None = None) -> "Figure":
    """Draw the four rates of the main table by group, see ``drawing._planning.plan_rates``."""
    return draw_rates(plan_rates(audit, favorable))


def draw_calibration(scores: ScoreHistogram, *, confidence: float = 0.95, columns: int = PANELS) -> "Figure":
    """Draw calibration by group, so many panels side by side at most, see ``drawing._planning.plan_calibration``."""
    return draw_curves(plan_calibration(scores, confidence=confidence), columns=columns)
