"""Figures of notebook 05: the parts of a gap, errors at forced rates, multipliers, and the spread due to chance."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.audit.metrics import PARTS
from labkit.comparison.seeds import over_seeds
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label
from labkit.validation import format_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from labkit.audit.counts import Decomposition
    from labkit.audit.results import Audit


GRAY = "#BBBBBB"


def plot_forced_rates(audit: "Audit", *, ax: "Axes | None" = None) -> "Axes":
    """Plot each group's false positive rate over its base rate, and the rate that equal PPV and TPR would force.

    ``FPR = base / (1 - base) * (1 - PPV) / PPV * TPR`` (Chouldechova, 2017), with the PPV and TPR of all people.

    Parameters
    ----------
    audit : Audit
        Its groups have base rates below 1 and somebody selected.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Squares are measured rates; hollow circles on the curve are forced ones.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    overall, rates = audit.overall, audit.by_group
    ppv, tpr = overall["precision"], overall["true_positive_rate"]
    low, high = max(0.0, rates["base_rate"].min() - 0.15), min(0.97, rates["base_rate"].max() + 0.15)
    base = np.linspace(low, high, 200)
    odds = (1 - ppv) / ppv * tpr
    label = f"forced, if PPV = {ppv:.2f} and TPR = {tpr:.2f} in every group"
    ax.plot(base, base / (1 - base) * odds, color="#767676", label=label)
    for (group, row), color in zip(rates.iterrows(), PALETTE, strict=False):
        place = row["base_rate"]
        label = plain_label(f"{format_group(group)}, measured")
        ax.plot(place, row["false_positive_rate"], "s", color=color, label=label)
        ax.plot(place, place / (1 - place) * odds, "o", color=color, markerfacecolor="white")
    ax.set(
        xlabel="base rate (share of the group with Y = 1)", ylabel="false positive rate\n(share of those with Y = 0)"
    )
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    return ax


def plot_errors_by_gap(sweep: pd.DataFrame, *, forbidden: float | None = None, ax: "Axes | None" = None) -> "Axes":
    """Plot the sum of two groups' errors over the gap in selection rates, with intervals over worlds.

    Parameters
    ----------
    sweep : DataFrame
        One row per world, step and kind of labels: columns labels, step, gap and total (error of a plus error of b).
    forbidden : float, optional
        Difference of base rates; what it makes impossible, below ``forbidden - gap``, is gray.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        One line per kind of labels; each point is a mean over worlds, at the mean gap of its step.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for (name, rows), color, marker in zip(sweep.groupby("labels", sort=False), PALETTE, MARKERS, strict=False):
        totals = over_seeds(rows, "total", by="step")
        half = (totals["high"] - totals["mean"]).to_numpy()
        gaps = rows.groupby("step", sort=False)["gap"].mean()
        ax.errorbar(gaps, totals["mean"], yerr=half, color=color, marker=marker, capsize=3, label=name)
    if forbidden is not None:
        edge = np.array([0.0, forbidden])
        ax.fill_between(edge, edge[::-1], color=GRAY, label="impossible by the recorded labels")
    ax.set(xlabel="gap in selection rates, a − b\n(parity is on the left)", ylabel="error of a + error of b")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    return ax


def plot_multipliers(path: pd.DataFrame, *, own: float, ax: "Axes | None" = None) -> "Axes":
    """Plot the multiplier of a bound over the bound.

    Parameters
    ----------
    path : DataFrame
        One row per bound, with columns bound and multiplier, see `labkit.chapters.ch05.minimise_within`.
    own : float
        The model's gap without a bound; the multiplier is 0 to the right of it.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Multipliers in nats per unit of gap, with a dashed line at ``own``.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
    ax.plot(path["bound"], path["multiplier"], "o-", color=PALETTE[0], label="multiplier")
    ax.axvline(own, color="#767676", linestyle="--", linewidth=1, label="softened gap without a bound")
    ax.set(xlabel="bound ε on the softened gap (probability)", ylabel="multiplier λ\n(nats per unit of gap)")
    ax.legend(frameon=False)
    return ax


def plot_spread(drawn: Sequence[float], measured: float, *, ax: "Axes | None" = None) -> "Axes":
    """Plot the distribution of max - min if all groups had the same rate, and the measured value.

    Parameters
    ----------
    drawn : sequence of float
        Draws of max - min under equal rates, see `labkit.chapters.ch05.draw_spread`.
    measured : float
        max - min of the data.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Shares of draws over max - min, from 0 to 1.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    shares = np.full(len(drawn), 1 / len(drawn))
    ax.hist(drawn, bins=np.linspace(0, 1, 41), weights=shares, color=GRAY, label="if all rates were equal")
    ax.axvline(measured, color=PALETTE[1], linewidth=2, label="measured")
    ax.set(xlabel="max − min of the rates (probability)", ylabel="share of draws", xlim=(-0.02, 1.02))
    return ax


PART_LABELS = {
    "true_positive_rate": "positives selected at\ndifferent rates (TPR)",
    "false_positive_rate": "negatives selected at\ndifferent rates (FPR)",
    "base_rate": "base rates\ndiffer",
}


def plot_decomposition(
    decompositions: "Decomposition | Mapping[str, Decomposition]", *, ax: "Axes | None" = None
) -> "Axes":
    """Plot the parts of selection-rate gaps as bars with intervals, the gaps side by side.

    Parameters
    ----------
    decompositions : Decomposition or mapping of str to Decomposition
        Of one gap, or of several by name.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Parts from left to right, in probability; parts may have opposite signs.

    Raises
    ------
    UserError
        There is no decomposition, or there are more than colors.
    """
    several = isinstance(decompositions, Mapping)
    named = dict(decompositions) if several else {"": decompositions}
    if not 0 < len(named) <= len(PALETTE):
        raise UserError(f"{len(named)} decompositions cannot be told apart; pass 1 to {len(PALETTE)}")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    width = 0.8 / len(named)
    for position, ((name, found), color) in enumerate(zip(named.items(), PALETTE, strict=False)):
        parts, limits = found.parts[list(PARTS)].to_numpy(), found.intervals.loc[list(PARTS)].to_numpy()
        between = f"{format_group(found.groups[0])} − {format_group(found.groups[1])}" if found.groups else "a − b"
        place = np.arange(len(PARTS)) + (position - (len(named) - 1) / 2) * width
        ax.bar(place, parts, width * 0.9, color=color, label=plain_label(f"{name}: {between}, gap {found.gap:+.2f}"))
        ax.vlines(place, limits[:, 0], limits[:, 1], color="black", linewidth=1.2)
        if not several:
            ax.set_title(plain_label(f"{between}: gap {found.gap:+.2f}"))
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(PARTS)), [PART_LABELS[part] for part in PARTS])
    ax.set_ylabel("part of the gap (probability)")
    if several:
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))  # bars may be anywhere inside
    return ax
