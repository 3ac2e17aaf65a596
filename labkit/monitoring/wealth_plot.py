"""The wealth of a monitor over a stream."""

import math
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from labkit.plots import MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from labkit.monitoring.streams import Monitored


def plot_wealth(monitored: "Monitored", *, ax: "Axes | None" = None) -> "Axes":
    """Draw the wealth after each pair, and the wealth from which on there is an alarm.

    Parameters
    ----------
    monitored : Monitored
        What `monitor_stream` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        Decisions from left to right, the base-10 logarithm of the wealth upward: 0 is the wealth at the beginning.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3.5))
    pairs, alpha = monitored.pairs, monitored.monitor.alpha
    threshold = -math.log10(alpha)
    ax.plot(pairs["decision"], pairs["log_wealth"] / math.log(10), color=PALETTE[0], label="wealth")
    ax.axhline(threshold, color=PALETTE[1], linestyle="--", label=f"alarm: wealth of {1 / alpha:,.4g}")
    alarm = monitored.monitor.alarm
    if alarm is not None:
        place = ([alarm.decision], [alarm.log_wealth / math.log(10)])
        label = f"first alarm, at decision {alarm.decision:,}"
        ax.plot(*place, color=PALETTE[1], marker=MARKERS[0], linestyle="none", label=label)
    ax.set(xlabel="decisions about the two groups", ylabel="log10 of the wealth")
    ax.legend()
    return ax
