"""Figures of an audit: rates by group with their intervals."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from labkit.audit.metrics import METRICS
from labkit.audit.text import SMALL
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE
from labkit.validation import format_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from labkit.audit.results import Audit


def plot_group_rates(
    audit: "Audit",
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
        One or several of ``METRICS``; several share the axes, told apart by colour and marker.
    groups : sequence, optional
        Groups to plot, from top to bottom; all of them without it.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        Groups from top to bottom, rates from 0 to 1. With one metric a dashed line marks the rate over all people.

    Raises
    ------
    UserError
        An unknown metric or group, or none.
    """
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        raise UserError(f"unknown metric {unknown or names}; choose from {', '.join(METRICS)}")
    known = audit.counts.groups.tolist()
    groups = known if groups is None else list(groups)
    strangers = [group for group in groups if group not in known]
    if strangers or not groups:
        raise UserError(f"unknown groups {strangers or groups}; choose from {known}")
    order = [known.index(group) for group in groups]
    rates, intervals = audit.by_group.iloc[order], audit.intervals.iloc[order]
    hollow = rates["n"].to_numpy() < audit.min_group_size
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 1.3 + 0.28 * len(groups) * len(names) ** 0.5), layout="constrained")
    offsets = (np.arange(len(names)) - (len(names) - 1) / 2) * (0.7 / len(names))  # rows of one group side by side
    for name, color, marker, offset in zip(names, PALETTE, MARKERS, offsets, strict=False):
        place = np.arange(len(groups)) + offset
        rate, limits = rates[name].to_numpy(), intervals[name].to_numpy()
        ax.hlines(place, limits[:, 0], limits[:, 1], color=color, linewidth=1.6)
        for chosen, face, label in ((~hollow, color, name.replace("_", " ")), (hollow, "white", None)):
            ax.plot(rate[chosen], place[chosen], marker, color=color, markerfacecolor=face, label=label)
    labels = [format_group(group) + (f" {SMALL}" if small else "") for group, small in zip(groups, hollow, strict=True)]
    ax.set_yticks(range(len(groups)), labels)
    ax.set(ylim=(len(groups) - 0.4, -0.6), xlim=(-0.02, 1.02), ylabel=", ".join(map(str, rates.index.names)))
    if len(names) == 1:
        ax.axvline(audit.overall[names[0]], color="#767676", linestyle="--", linewidth=1)
        ax.set_xlabel(f"{names[0].replace('_', ' ')}\n(share of {METRICS[names[0]].base})")
    else:
        ax.set_xlabel("rate (share of people)")
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax
