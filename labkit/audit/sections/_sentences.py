"""What an audit says in sentences: one metric in plain language, and the figure for readers who cannot see it."""

from dataclasses import dataclass

import numpy as np

from labkit.audit.inputs._names import label_groups
from labkit.audit.results import Audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.sections._between_groups import format_test
from labkit.audit.text import format_metric, format_name, format_rate, name_rate

# The rates of the main table, in its order, and those of the table below it. The others are their complements.
SHOWN = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision")
BELOW = ("base_rate", "accuracy")
# Where it is known which decision is favorable, both errors are shown, first the one that hurts: people who merit the
# favorable decision, by their labels, and get the other one. By the favorable decision:
ERRORS_SHOWN = {
    1: ("selection_rate", "false_negative_rate", "false_positive_rate", "precision"),
    0: ("selection_rate", "false_positive_rate", "false_negative_rate", "precision"),
}

LONGEST = 60  # characters of a name in a sentence
PARITY = {"selection_rate": "Demographic parity", "precision": "Predictive parity"}  # what equality of a rate is called


def choose_rates(favorable: int | None) -> tuple[str, ...]:
    """Return the four rates of the main table: those that stand for a decision of 1, or for what hurts people."""
    return SHOWN if favorable is None else ERRORS_SHOWN[favorable]


@dataclass(frozen=True)
class DecisionWords:
    """What decisions and labels are called, in words that fit any decision.

    Parameters
    ----------
    got : str
        What people with a decision of 1 have in common: "have a 1 in yhat", "got the decision “loan approved”".
    label : str
        The column of labels; empty where labels are not known.
    right : str
        What people have in common whose decision is their label.
    code : str
        What a decision of 1 is in the file: "a 1 in yhat".
    lacked : str
        What people with a decision of 0 have in common: "have a 0 in yhat".
    means : str
        What it means, as somebody said; empty where nobody did.
    favorable : int, optional
        The decision that is good for a person.
    """

    got: str
    label: str
    right: str
    code: str
    lacked: str
    means: str = ""
    favorable: int | None = None

    @classmethod
    def of(cls, roles: Roles, positive_means: str = "", favorable: int | None = None) -> "DecisionWords":
        """Take the words from the columns that were read; ``positive_means`` says what a decision of 1 means."""
        label, means = format_name(roles.label or ""), format_name(positive_means.strip())
        if roles.prediction is not None:
            decision = format_name(roles.prediction)
            code, right = f"a 1 in {decision}", f"have the same value in {decision} and in {label}"
            lacked = f"have a 0 in {decision}"
        else:
            code = f"a score of at least {roles.threshold:g} in {format_name(roles.score)}"
            right = f"have a decision that equals their {label}"
            lacked = f"have a score below {roles.threshold:g} in {format_name(roles.score)}"
        got = f"got the decision “{means}”" if means else f"have {code}"
        lacked = f"did not get the decision “{means}”" if means else lacked
        return cls(got=got, label=label, right=right, code=code, lacked=lacked, means=means, favorable=favorable)

    @property
    def shown(self) -> tuple[str, ...]:
        """The rates of the main table."""
        return choose_rates(self.favorable)

    def name(self, metric: str) -> str:
        """Write the name of a rate, in words that fit the decision, see ``name_rate``."""
        return name_rate(metric, self.favorable, self.means)

    def criterion(self, metric: str) -> str:
        """Say what equality of a rate of the main table is called.

        Equal opportunity is about people who merit the favorable decision: whose label is that decision.
        """
        if metric in PARITY:
            return PARITY[metric]
        first = self.shown[1]
        return "Equal opportunity" if metric == first else f"Equalized odds, together with the {format_metric(first)}"

    def base(self, metric: str) -> str:
        """Say whom a metric is a share of."""
        bases = {
            "true_positive_rate": f"people with a 1 in {self.label}",
            "false_negative_rate": f"people with a 1 in {self.label}",
            "false_positive_rate": f"people with a 0 in {self.label}",
            "precision": f"people who {self.got}",
        }
        return bases.get(metric, "all people")

    def meaning(self, metric: str) -> str:
        """Say what the people whom a metric counts have in common."""
        others = {
            "false_negative_rate": self.lacked,
            "precision": f"have a 1 in {self.label}",
            "base_rate": f"have a 1 in {self.label}, whatever was decided",
            "accuracy": self.right,
        }
        return others.get(metric, self.got)


def short_names(audit: Audit) -> list[str]:
    """Name each group in a sentence: a name that fills lines is cut, and its key leads to the table of rates."""
    names = [format_name(name) for name in label_groups(audit.counts.groups)]
    return [
        name if len(name) <= LONGEST else f"{name[: LONGEST - 6].rstrip()}… (#{place})"
        for place, name in enumerate(names, start=1)
    ]


def describe_figure(audit: Audit, favorable: int | None = None, means: str = "") -> str:
    """Say in words what the figure shows, for readers who cannot see it."""
    metrics = [metric for metric in choose_rates(favorable) if metric in audit.counts.metrics]
    ranges = "; ".join(f"{name_rate(metric, favorable, means)} {_range(audit, metric)}" for metric in metrics)
    return f"Dots with {audit.confidence:.0%} intervals, a panel for each metric, a row for each group: {ranges}."


def read_metric(audit: Audit, metric: str, words: DecisionWords) -> str:
    """Say in plain language what a metric is, where it is highest and lowest, and what the parity test says."""
    base, rate, p_value = words.base(metric), audit.overall[metric], audit.parity_test(metric)
    if np.isnan(rate):
        return f"There are no {base}: the rate is undefined."
    said = f"Of {base}, {rate:.1%} {words.meaning(metric)}. By group: {_range(audit, metric, intervals=True)}."
    if np.isnan(p_value):
        return f"{said} Fewer than two groups have {base}, so that nothing can be compared."
    which = f"all groups of at least {audit.min_group_size} people" if audit.small_groups else "all groups"
    return (
        f"{said} If {which} had the same rate, chance alone would make samples of these sizes differ at least this "
        f"much with probability {format_test(audit, metric)} ({audit.test_name(metric)})."
    )


def find_extremes(audit: Audit, metric: str) -> tuple[int, int] | None:
    """Return the positions of the groups with the lowest and the highest rate; None where fewer than two have one.

    Groups that are too small take no part, as in ``Audit.difference``.
    """
    rates = audit.by_group[metric].to_numpy()  # (groups,)
    positions = np.flatnonzero((audit.counts.effective_sizes >= audit.min_group_size) & ~np.isnan(rates))
    if len(positions) < 2:
        return None
    return int(positions[rates[positions].argmin()]), int(positions[rates[positions].argmax()])


def _range(audit: Audit, metric: str, *, intervals: bool = False) -> str:
    """Name the groups with the lowest and the highest rate, among groups that are large enough."""
    rates = audit.by_group[metric].to_numpy()  # (groups,)
    groups, limits = short_names(audit), audit.intervals[metric].to_numpy()  # limits are (groups, 2)
    large = audit.counts.effective_sizes >= audit.min_group_size
    known = np.flatnonzero(large & ~np.isnan(rates))
    if len(known) == 0:
        return "undefined in every group that is large enough"
    lowest, highest = find_extremes(audit, metric) or (known[0], known[0])
    if rates[lowest] == rates[highest]:
        return f"{rates[lowest]:.3f} in every group that is large enough"
    said = []
    for place in (lowest, highest):
        rate = format_rate(rates[place], *limits[place]) if intervals else f"{rates[place]:.3f}"
        said.append(f"{rate} in “{groups[place]}”")
    return f"from {said[0]} to {said[1]}"
