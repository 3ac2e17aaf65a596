"""Figures of an audit: rates by group with their intervals, and calibration by group."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.audit.calibration import tabulate_calibration
from labkit.audit.inputs._names import label_groups
from labkit.audit.narrow._rates import say_base
from labkit.audit.results import Audit
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._lettering import Lettering, letter
from labkit.audit.sections._sentences import choose_rates
from labkit.audit.text import CURVES, GROUPS_DRAWN, format_groups, format_metric
from labkit.errors import UserError
from labkit.plots import INVISIBLE, MARKERS, PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#767676"  # lines of reference
CURVE_BINS, FEWEST_IN_BIN = 10, 20  # dots in a panel of calibration, and people behind a dot
TICKS = (0, 0.5, 1)
BARS = 32  # of the histogram under a panel of calibration
FEW_ROWS = 10  # groups with which two rows of panels fit a screen, and a phone


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
        ax.hlines(place, limits[:, 0], limits[:, 1], color=color, linewidth=1.6)
        ax.plot(rate[~small], place[~small], marker, color=color, label=format_metric(name))
        ax.plot(rate[small], place[small], marker, color=color, markerfacecolor="white")
    labels = format_groups(rates.index, audit.small_groups)
    ax.set_yticks(range(len(groups)), [plain_label(label) for label in labels])
    ax.set(ylim=(len(groups) - 0.4, -0.6), xlim=(-0.02, 1.02), ylabel=plain_label(labels.name))
    if len(names) == 1:
        ax.axvline(audit.overall[names[0]], color=GREY, linestyle="--", linewidth=1)
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


def letter_groups(audit: Audit) -> Lettering:
    """Choose how all groups of an audit are written in its figure: fonts, labels, and keys where names do not fit."""
    return letter(list(format_groups(audit.counts.groups, audit.small_groups)))


def draw_audit(audit: Audit, favorable: int | None = None) -> "Figure":
    """Draw the four rates of the main table by group; of many groups, ``GROUPS_DRAWN``.

    ``favorable`` is the decision that is good for a person, where it is known.
    """
    from matplotlib.figure import Figure  # not pyplot's: no window, nothing to close

    places, lettering = choose_groups(audit), letter_groups(audit)
    groups = audit.counts.groups[places].tolist()
    metrics = [metric for metric in choose_rates(favorable) if metric in audit.counts.metrics]
    few = len(groups) <= FEW_ROWS
    rows, columns = {1: (1, 1)}.get(len(metrics), (2, 2) if few else (1, 4))
    size = (4.2 + 2.2 * columns, rows * (1.2 + 0.3 * len(groups)))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flat
    for position, (metric, ax) in enumerate(zip(metrics, panels, strict=True)):
        plot_group_rates(audit, metric, groups=groups, ax=ax)
        ax.set_xlabel(f"{format_metric(metric)}\n(share of {say_base(audit.counts.metrics[metric])})")
        ax.set_xticks(TICKS)
        ax.set_yticks(range(len(groups)), [lettering.labels[place] for place in places])
        name = letter([str(ax.get_ylabel()).replace(r"\$", "$").lstrip(INVISIBLE)])
        ax.set_ylabel("" if position % columns or any(name.keys) else name.labels[0])
        for text in (*ax.get_yticklabels(), ax.yaxis.label):
            text.set_fontfamily([*lettering.fonts, *name.fonts])
    return figure


def choose_groups(audit: Audit) -> np.ndarray:
    """Return the positions of the groups in the figure: all in their order, or the extreme ones and the largest.

    Of more than ``GROUPS_DRAWN`` groups a third has the lowest and a third the highest selection rates among groups
    that are large enough; the largest of the others fill up. They are sorted by their selection rates.
    """
    sizes, rates = audit.counts.sizes, audit.by_group["selection_rate"].to_numpy()  # each (groups,)
    if len(sizes) <= GROUPS_DRAWN:
        return np.arange(len(sizes))
    large = np.flatnonzero((audit.counts.effective_sizes >= audit.min_group_size) & ~np.isnan(rates))
    ordered, third = large[np.argsort(rates[large], kind="stable")], GROUPS_DRAWN // 3
    extreme = set(ordered[:third].tolist()) | set(ordered[-third:].tolist())
    others = [place for place in np.argsort(-sizes, kind="stable").tolist() if place not in extreme]
    chosen = np.array(sorted([*extreme, *others[: GROUPS_DRAWN - len(extreme)]]))
    return chosen[np.argsort(rates[chosen], kind="stable")]


def draw_calibration(scores: ScoreHistogram, *, confidence: float = 0.95, columns: int = 3) -> "Figure":
    """Draw the share of people labeled positive at each score, a panel for each of the ``CURVES`` largest groups.

    ``columns`` are the most panels side by side; one for a phone.
    """
    from matplotlib.figure import Figure

    largest, lettering = _largest(scores.sizes, CURVES), letter(list(format_groups(scores.groups)))
    columns = min(columns, len(largest))
    rows = -(-len(largest) // columns)
    width, height = 0.9 + 2.6 * columns, 0.6 + 2.5 * rows  # inches
    # panels in places of their own, since a layout that looks at every label takes longer than the drawing
    figure = Figure(figsize=(width, height))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    figure.subplots_adjust(
        left=0.75 / width, right=1 - 0.15 / width, bottom=0.55 / height, top=1 - 0.5 / height, wspace=0.1, hspace=0.32
    )
    for place, ax in zip(largest, panels.flat, strict=False):
        dots = _draw_panel(ax, scores.cells[place], confidence)
        size = scores.sizes[place]
        ax.set_title(f"{lettering.labels[place]}\nn = {size:,}, {size / dots:,.0f} a dot", fontsize=10)
        ax.title.set_fontfamily(lettering.fonts)
    for ax in panels.flat[len(largest) :]:
        ax.set_visible(False)
    for place in range(len(largest)):  # the lowest panel of each column says what x is
        below = place + columns >= len(largest)
        panels.flat[place].tick_params(labelbottom=below)
        panels.flat[place].set_xlabel("score (mean of the bin)" if below else "")
    figure.supylabel("share with a label of 1", fontsize=10, x=0.15 / width)
    return figure


def _draw_panel(ax: "Axes", cells: np.ndarray, confidence: float) -> int:
    """Draw the calibration of one group, (2, bins), and where its people are; return the number of dots."""
    table = bin_equally(cells, confidence=confidence)
    people = cells.sum(axis=0).reshape(min(BARS, cells.shape[1]), -1).sum(axis=1)
    ax.stairs(0.25 * people / max(people.max(), 1), np.linspace(0, 1, len(people) + 1), fill=True, color="0.85")
    ax.axline((0, 0), slope=1, color=GREY, linewidth=0.8, linestyle="--")
    ax.vlines(table["score"], table["low"], table["high"], color=PALETTE[0], linewidth=1.4)
    ax.plot(table["score"], table["share"], "o-", color=PALETTE[0], markersize=4, linewidth=0.7)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=TICKS, yticks=TICKS)
    return len(table)


def bin_equally(
    cells: np.ndarray, *, bins: int = CURVE_BINS, fewest: int = FEWEST_IN_BIN, confidence: float = 0.95
) -> pd.DataFrame:
    """Divide the people of one group, sorted by score, into bins of about as many people each.

    Parameters
    ----------
    cells : int array of shape (2, bins of the histogram)
        People by label and bin.
    bins : int
        The most bins.
    fewest : int
        The fewest people in a bin; a smaller group is one bin.
    confidence : float
        Coverage of the Wilson intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per bin, as `calibration_by_group` gives: score, n, positives, share, low, high.
    """
    place = np.flatnonzero(cells.sum(axis=0))
    n = cells[:, place].sum(axis=0)
    number = int(np.clip(n.sum() // fewest, 1, bins))
    middle = n.cumsum() - n / 2  # where a bin of the histogram lies among the people
    parts = {
        "group": 0,
        "bin": np.minimum((middle * number / max(n.sum(), 1)).astype(int), number - 1),
        "score": (place + 0.5) / cells.shape[1],
        "n": n,
        "positives": cells[1, place],
    }
    return tabulate_calibration(pd.DataFrame(parts), confidence=confidence).droplevel("group")


def _largest(sizes: np.ndarray, number: int) -> np.ndarray:
    """Return the positions of the largest groups, in the order of the groups."""
    return np.sort(np.argsort(-sizes, kind="stable")[:number])
