"""What an audit says in sentences: one metric in plain language, and the figure for readers who cannot see it."""

import numpy as np

from labkit.audit.inputs._names import label_groups
from labkit.audit.results import Audit
from labkit.audit.sections._between_groups import format_test
from labkit.audit.text import format_metric, format_rate


def describe_figure(audit: Audit) -> str:
    """Say in words what the figure shows, for readers who cannot see it."""
    ranges = "; ".join(f"{format_metric(metric)} {_range(audit, metric)}" for metric in audit.counts.metrics)
    return f"Dots with 95% intervals, a panel for each metric, a row for each group: {ranges}."


def read_metric(audit: Audit, metric: str) -> str:
    """Say in plain language what a metric is, where it is highest and lowest, and what the parity test says."""
    _, _, base, meaning = audit.counts.metrics[metric]
    rate, p_value = audit.overall[metric], audit.parity_test(metric)
    if np.isnan(rate):
        return f"There are no {base}: the rate is undefined."
    said = f"Of {base}, {rate:.1%} {meaning}. By group: {_range(audit, metric, intervals=True)}."
    if np.isnan(p_value):
        return f"{said} Fewer than two groups have {base}, so that nothing can be compared."
    which = f"all groups of at least {audit.min_group_size} people" if audit.small_groups else "all groups"
    return (
        f"{said} If {which} had the same rate, chance alone would make samples of these sizes differ at least this "
        f"much with probability {format_test(audit, metric)} ({audit.test_name(metric)})."
    )


def _range(audit: Audit, metric: str, *, intervals: bool = False) -> str:
    """Name the groups with the lowest and the highest rate, among groups that are large enough."""
    rates = audit.by_group[metric].to_numpy()  # (groups,)
    large = audit.counts.effective_sizes >= audit.min_group_size
    positions = np.flatnonzero(large & ~np.isnan(rates))
    if len(positions) == 0:
        return "undefined in every group that is large enough"
    lowest, highest = positions[rates[positions].argmin()], positions[rates[positions].argmax()]
    if rates[lowest] == rates[highest]:
        return f"{rates[lowest]:.3f} in every group that is large enough"
    groups, limits = label_groups(audit.counts.groups), audit.intervals[metric].to_numpy()  # limits are (groups, 2)
    said = []
    for place in (lowest, highest):
        rate = format_rate(rates[place], *limits[place]) if intervals else f"{rates[place]:.3f}"
        said.append(f"{rate} in {groups[place]!r}")
    return f"from {said[0]} to {said[1]}"
