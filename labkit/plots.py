"""Figures of the course: one palette, axes in and axes out, and a text for readers who cannot see them."""

import base64
import html
import io
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from labkit.metrics import METRICS, PARTS
from labkit.tables import SMALL, format_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from labkit.counts import Decomposition
    from labkit.disparities import Audit

# Okabe and Ito (2008): told apart with every common form of colour blindness; yellow last, faint on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")  # beside the colour, so that a print in grey can be read
DPI = 110
PART_LABELS = {
    "true_positive_rate": "positives treated\ndifferently (TPR)",
    "false_positive_rate": "negatives treated\ndifferently (FPR)",
    "base_rate": "base rates\ndiffer",
}


def show(figure: "Figure", *, alt: str) -> None:
    """Display a figure with a text for readers who cannot see it, and close it.

    The output carries the text wherever it is read: as an HTML image (nbconvert's page drops the metadata of a bare
    PNG), in the metadata of the PNG, and as plain text in a terminal.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    alt : str
        What a reader would see: the kind of figure, and its finding.

    Raises
    ------
    ValueError
        ``alt`` is empty.
    """
    from IPython.display import display

    png = to_png(figure, alt=alt)
    width, height = (round(inches * DPI) for inches in figure.get_size_inches())
    plt.close(figure)
    bundle = {"image/png": png, "text/html": image_tag(png, alt=alt), "text/plain": f"[figure: {alt}]"}
    display(bundle, metadata={"image/png": {"alt": alt, "width": width, "height": height}}, raw=True)


def to_png(figure: "Figure", *, alt: str) -> str:
    """Draw a figure as a base64 PNG that holds ``alt`` as its description."""
    if not alt.strip():
        raise ValueError("alt is empty: say what the figure shows, for readers who cannot see it")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI, metadata={"Description": alt})
    return base64.b64encode(drawn.getvalue()).decode("ascii")


def image_tag(png: str, *, alt: str) -> str:
    """Write an HTML image that needs no file and no network; ``png`` is base64."""
    return f'<img src="data:image/png;base64,{png}" alt="{html.escape(alt)}" style="max-width: 100%; height: auto">'


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
    ValueError
        An unknown metric or group, or none.
    """
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        raise ValueError(f"unknown metric {unknown or names}; choose from {', '.join(METRICS)}")
    known = audit.counts.groups.tolist()
    groups = known if groups is None else list(groups)
    strangers = [group for group in groups if group not in known]
    if strangers or not groups:
        raise ValueError(f"unknown groups {strangers or groups}; choose from {known}")
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


def plot_decomposition(
    decompositions: "Decomposition | Mapping[str, Decomposition]", *, ax: "Axes | None" = None
) -> "Axes":
    """Plot what selection-rate gaps are made of: a bar with its interval for each part, side by side for each gap.

    Parameters
    ----------
    decompositions : Decomposition or mapping of str to Decomposition
        One gap, or several by name.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        Parts from left to right, in probability; parts may have opposite signs.

    Raises
    ------
    ValueError
        No decomposition, or more than there are colours.
    """
    several = isinstance(decompositions, Mapping)
    named = dict(decompositions) if several else {"": decompositions}
    if not 0 < len(named) <= len(PALETTE):
        raise ValueError(f"{len(named)} decompositions cannot be told apart; pass 1 to {len(PALETTE)}")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    width = 0.8 / len(named)
    for position, ((name, found), color) in enumerate(zip(named.items(), PALETTE, strict=False)):
        parts, limits = found.parts[list(PARTS)].to_numpy(), found.intervals.loc[list(PARTS)].to_numpy()
        between = f"{format_group(found.groups[0])} − {format_group(found.groups[1])}" if found.groups else "a − b"
        place = np.arange(len(PARTS)) + (position - (len(named) - 1) / 2) * width
        ax.bar(place, parts, width * 0.9, color=color, label=f"{name}: {between}, gap {found.gap:+.2f}")
        ax.vlines(place, limits[:, 0], limits[:, 1], color="black", linewidth=1.2)
        if not several:
            ax.set_title(f"{between}: gap {found.gap:+.2f}")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(PARTS)), [PART_LABELS[part] for part in PARTS])
    ax.set_ylabel("part of the gap (probability)")
    if several:
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))  # bars may be anywhere inside
    return ax
