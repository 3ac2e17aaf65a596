"""What a reader must know before the numbers of an audit: odd rows, small groups, rates undefined or uncertain.

A notice is written twice: for those who hold an `Audit` in Python, and for the page and the command `labkit audit`,
whose readers know options and no methods.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from labkit.audit.inputs._names import label_groups
from labkit.audit.inputs._options import in_options
from labkit.audit.metrics import METRICS, tally
from labkit.audit.sampling._sampled_counts import SampledCounts
from labkit.validation import list_some

NO_LABELS = "no labels: error rates, precision and base rates cannot be known"
SHOWN = 5  # groups named in a line about many
IN_PANDAS = re.compile(r" \(in pandas: .*\)$", re.DOTALL)  # ends remarks on names; a file has other remedies

ROWS, UNLABELED, SMALL_GROUP, NOTHING_COMPARED = "rows", "no labels", "small group", "nothing compared"
ASKED, PREDICTIONS, UNDEFINED, FEW_PEOPLE = "asked", "predictions", "undefined", "few people"


@dataclass(frozen=True)
class Notice:
    """One thing that a reader must know first.

    Parameters
    ----------
    kind : str
        "asked" (what was asked for is hardly meant), "rows" (what was odd about them, or about the names of groups),
        "no labels", "small group", "nothing compared", "predictions" (all alike, or equal to the labels), "undefined"
        or "few people".
    text : str
        What it is, with remedies for Python: a line of ``Audit.warnings``.
    said : str
        The same in the words of the page and of the command line.
    group : str, optional
        The group that it is about, as tables show it.
    metrics : tuple of str
        The metrics that it is about; ``()`` for all.
    several : str
        How a sentence about several groups goes on: "3 groups" + this. Notices that share it are summed up.
    """

    kind: str
    text: str
    said: str
    group: str | None = None
    metrics: tuple[str, ...] = ()
    several: str = ""


def list_notices(counts: SampledCounts, *, min_group_size: int, asked: Sequence[str] = ()) -> list[Notice]:
    """List what a reader must know before the numbers.

    Parameters
    ----------
    counts : SampledCounts
        What was counted.
    min_group_size : int
        Groups with fewer people are small; rates that rest on fewer people are uncertain.
    asked : sequence of str
        What is odd about what was asked for.

    Returns
    -------
    list of Notice
        What was asked for first, then odd rows, then what concerns all groups, then groups one by one.
    """
    found = [Notice(ASKED, remark, in_options(remark)) for remark in asked]
    found += [Notice(ROWS, remark, in_options(IN_PANDAS.sub("", remark))) for remark in counts.remarks]
    if counts.metrics is not METRICS:
        found.append(Notice(UNLABELED, NO_LABELS, NO_LABELS))
    found += _list_small_groups(counts, min_group_size)
    found += [Notice(PREDICTIONS, line, line) for line in _describe_predictions(counts)]
    return found + _list_uncertain_rates(counts, min_group_size)


def summarize_notices(notices: Sequence[Notice]) -> list[str]:
    """Write notices in one line per kind, with how many groups it concerns and the first of them.

    Parameters
    ----------
    notices : sequence of Notice
        Such as ``Audit.notices``.

    Returns
    -------
    list of str
        In the order in which the kinds occur; what is about rows, or all groups, has a line each.
    """
    kinds: dict[tuple[str, str], list[Notice]] = {}
    for notice in notices:
        kinds.setdefault((notice.kind, notice.several or notice.said), []).append(notice)
    lines = []
    for (_, several), same in kinds.items():
        if len(same) == 1:
            lines.append(same[0].said)
        else:
            lines.append(f"{len(same):,} groups {several}: {list_some([repr(each.group) for each in same], SHOWN)}")
    return lines


def _list_small_groups(counts: SampledCounts, min_group_size: int) -> list[Notice]:
    """Name groups that are too small to be compared, and say where fewer than two are left."""
    found, sizes, worth = [], counts.sizes, counts.effective_sizes
    for group, size, number in zip(label_groups(counts.groups), sizes, worth, strict=True):
        if number < min_group_size:
            more = "" if counts.moments is None else f", which are worth {number:.1f}"
            text = (
                f"group {group!r} has {size} people{more}; under {min_group_size} "
                "(min_group_size=) it is shown, and left out of difference(), ratio() and parity_test()"
            )
            rule = "(--min-group-size): shown, and left out of the extremes and of the test of all groups"
            people = "person" if size == 1 else "people"
            said = f"group {group!r} has {size:,} {people}{more}, fewer than {min_group_size} {rule}"
            effectively = "" if counts.moments is None else "effectively "
            several = f"have {effectively}fewer than {min_group_size} people {rule}"
            found.append(Notice(SMALL_GROUP, text, said, group, several=several))
    if (worth >= min_group_size).sum() < 2:
        few = f"fewer than two groups have {min_group_size} people: "
        text = (
            f"{few}difference(), ratio() and parity_test() are undefined; count more data, merge groups or pass "
            "include_small=True"
        )
        said = f"{few}nothing can be compared; count more data, merge groups, or lower --min-group-size"
        found.append(Notice(NOTHING_COMPARED, text, said))
    return found


def _list_uncertain_rates(counts: SampledCounts, min_group_size: int) -> list[Notice]:
    """Name rates of groups that are undefined, or that rest on few people."""
    found = []
    effectively = "" if counts.moments is None else "effectively "  # by weights and persons, see Counts.effective_sizes
    large = counts.effective_sizes >= min_group_size
    metrics_by_base: dict[str, list[str]] = {}  # whom a metric counts: the metrics
    for name, metric in counts.metrics.items():
        metrics_by_base.setdefault(metric.base, []).append(name)
    _, trials = counts.tally()  # (groups, metrics)
    for group, people, is_large in zip(label_groups(counts.groups), trials, large, strict=True):
        for base, names in metrics_by_base.items():
            # with persons, metrics of the same people may be worth different numbers of them
            number = min(people[list(counts.metrics).index(name)] for name in names)
            listed, words = ", ".join(names), ", ".join(names).replace("_", " ")
            about = {"group": group, "metrics": tuple(names)}
            if number == 0:
                text = f"{listed} of group {group!r} undefined (NaN): there are no {base}"
                said = f"group {group!r} has no {base}: undefined there: {words}"
                several = f"have no {base} (undefined there: {words})"
                found.append(Notice(UNDEFINED, text, said, **about, several=several))
            elif number < min_group_size and is_large:
                few = f"{effectively}only {number:.3g}" if effectively else f"only {number}"
                text = f"{listed} of group {group!r}: {few} {base}; wide intervals"
                said = f"group {group!r} has {few} {base}: wide intervals of {words}"
                several = f"have {effectively}fewer than {min_group_size} {base} (wide intervals of {words})"
                found.append(Notice(FEW_PEOPLE, text, said, **about, several=several))
    return found


def _describe_predictions(counts: SampledCounts) -> list[str]:
    """Say where predictions are all alike or equal to the labels: then hardly anything is left to compare."""
    counted = dict(zip(counts.metrics, zip(*tally(counts.cells.sum(axis=0)), strict=True), strict=True))
    selected, people = counted["selection_rate"]
    if selected == 0:
        return ["nobody is predicted positive: every selection rate is 0, and ratios of 0 to 0 are undefined"]
    if selected == people:
        return ["everybody is predicted positive: every selection rate is 1"]
    if "accuracy" in counted and counted["accuracy"][0] == people:
        return ["every prediction equals the label: was the same column named twice, or the model tested on itself?"]
    return []
