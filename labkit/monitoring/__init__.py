"""Decisions watched as they come: an alarm with a guaranteed rate of false alarms, at whatever moment you look.

`FairnessMonitor` takes one decision at a time, bets that two groups are treated unequally, and raises an alarm when its
wealth reaches 1 / alpha (Chugg et al. 2023). `monitor_stream` does so for a table, with `repeated_z_tests` beside it,
whose false alarms grow with every look; `plot_wealth` draws the result. The command `labkit monitor` does both for a
file. `describe_drift` describes how inputs and scores have changed, and judges nothing.

No alarm never shows that treatment is equal: it may be too early, or the gap too small.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "live": ["FairnessMonitor", "Alarm"],
        "streams": ["monitor_stream", "Monitored"],
        "looks": ["repeated_z_tests"],
        "wealth_plot": ["plot_wealth"],
        "drift": ["describe_drift", "DriftDescription"],
    },
)
