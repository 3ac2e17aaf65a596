"""Where Wilson's and Newcombe's intervals come from, as pictures."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from labkit.audit.intervals import wilson_interval
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CONFIDENCE = 0.95


def plot_wilson(successes: int, trials: int, *, ax: "Axes | None" = None) -> "Axes":
    """Plot which true rates an observed share is compatible with: Wilson's interval, read off a figure.

    For each true rate the band shows the middle 95% of the shares that a sample of this size would give (normal
    approximation). The interval holds the true rates whose band contains the observed share (Wilson 1927).

    Parameters
    ----------
    successes, trials : int
        People with the outcome, and people in all; at least 1.
    ax : matplotlib.axes.Axes, optional
        Where to plot. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        True rate across, share in a sample upward.

    Raises
    ------
    UserError
        Not 0 <= successes <= trials, or no trials.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise UserError(f"{successes} of {trials} people is not a share; give 0 <= successes <= trials, trials >= 1")
    from scipy.stats import norm  # slow to import

    if ax is None:
        _, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    rate = np.linspace(0, 1, 401)
    spread = norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt(rate * (1 - rate) / trials)
    low, high = (float(limit) for limit in wilson_interval(successes, trials, confidence=CONFIDENCE))
    share = successes / trials
    ax.fill_between(rate, rate - spread, rate + spread, color=PALETTE[0], alpha=0.2, linewidth=0)
    ax.plot(rate, rate - spread, color=PALETTE[0], linewidth=1, label="middle 95% of samples")
    ax.plot(rate, rate + spread, color=PALETTE[0], linewidth=1)
    ax.axhline(share, color=PALETTE[1], linestyle="--", label=f"observed: {successes} of {trials}")
    ax.plot([low, high], [share, share], "|-", color="black", linewidth=2.5, markersize=12, label="Wilson's interval")
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="true rate (share of people)", ylabel="share in a sample")
    ax.legend(frameon=False, loc="upper left")
    return ax


def plot_newcombe(one: tuple[int, int], other: tuple[int, int], *, names: tuple[str, str]) -> "Figure":
    """Plot how two Wilson intervals combine into the interval of a difference (Newcombe 1998, method 10).

    The lower limit of the difference uses the distance from the first rate down to its limit, and from the second rate
    up to its own. They are the sides of a right angle, whose diagonal is the distance to subtract.

    Parameters
    ----------
    one, other : (int, int)
        Successes and trials of the two groups.
    names : (str, str)
        Names of the groups.

    Returns
    -------
    matplotlib.figure.Figure
        Left: each group's rate with its interval; the two distances are thick. Right: the same two distances, with
        their diagonal.

    Raises
    ------
    UserError
        Counts that are not a share.
    """
    rows = []
    for successes, trials in (one, other):
        low, high = (float(limit) for limit in wilson_interval(successes, trials, confidence=CONFIDENCE))
        rows.append((low, successes / trials, high))
    down, up = rows[0][1] - rows[0][0], rows[1][2] - rows[1][1]
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.7), layout="constrained", width_ratios=[3, 2])
    for place, (low, middle, high) in enumerate(rows):
        left.plot([low, high], [place, place], color=PALETTE[place], linewidth=1.6)
        left.plot(middle, place, MARKERS[place], color=PALETTE[place])
    left.plot(rows[0][:2], [0, 0], color=PALETTE[0], linewidth=5, solid_capstyle="butt", label="first, downward")
    left.plot(rows[1][1:], [1, 1], color=PALETTE[1], linewidth=5, solid_capstyle="butt", label="second, upward")
    left.set_yticks(range(2), [plain_label(name) for name in names])
    left.set(ylim=(1.5, -0.5), xlabel="rate (share of people)")
    right.plot([0, down], [0, 0], color=PALETTE[0], linewidth=5, solid_capstyle="butt", label="first, downward")
    right.plot([down, down], [0, up], color=PALETTE[1], linewidth=5, solid_capstyle="butt", label="second, upward")
    right.plot([0, down], [0, up], color="black", linewidth=2, label="diagonal: subtract it")
    right.set(aspect="equal", xlabel="distance (share of people)", ylabel="distance")
    right.margins(0.15)
    fig.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return fig
