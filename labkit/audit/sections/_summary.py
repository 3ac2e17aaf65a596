"""The three sentences on top of a page: what was decided, who gets it least and most, and the four-fifths rule."""

import html
from collections.abc import Sequence

import numpy as np

from labkit.audit.between.four_fifths import ABOVE, ABOVE_WITH_GAP, CLEARLY_BELOW, HIGHEST, PERHAPS_BELOW
from labkit.audit.results import Audit
from labkit.audit.sections._attributes import split_attributes
from labkit.audit.sections._between_groups import format_test
from labkit.audit.sections._sentences import DecisionWords, find_extremes, short_names
from labkit.audit.sections._tables import mark_options
from labkit.audit.text import format_name, format_rate
from labkit.validation import list_some

NAMED = 3  # groups that a sentence names
RULE = (
    (CLEARLY_BELOW, "below 0.8, and more than chance"),
    (PERHAPS_BELOW, "below 0.8, but chance may explain it"),
    (ABOVE_WITH_GAP, "not below, but the gap is more than chance"),
    (ABOVE, "not below"),
)
UNDEFINED_RATIO = "their ratio is undefined, since every rate is 0"


def summary_section(audit: Audit, words: DecisionWords, favorable: int | None, verdicts: Sequence[str] = ()) -> str:
    """Write the sentences as HTML, and what became of the conditions of ``--fail-if``."""
    lines = summarize(audit, words, favorable)
    lines += [f"--fail-if: {verdict}." for verdict in verdicts]
    said = "\n".join(f"<p>{mark_options(html.escape(line))}</p>" for line in lines)
    return f'<div class="summary"><h2 id="summary">In short</h2>\n{said}</div>\n'


def summarize(audit: Audit, words: DecisionWords, favorable: int | None) -> list[str]:
    """Say what a decision of 1 is, which groups get it least and most, whether chance explains it, and the rule."""
    return [_say_decision(audit, words), _say_extremes(audit, words), _say_four_fifths(audit, favorable)]


def _say_decision(audit: Audit, words: DecisionWords) -> str:
    """Say what is counted as a decision of 1, and how many people have it."""
    rate, people = audit.overall["selection_rate"], audit.counts.sizes.sum()
    kind = {None: "", 1: ", the favorable decision", 0: ", the unfavorable decision"}[words.favorable]
    if words.means:
        return f"A decision of 1 ({words.code}) means “{words.means}”{kind}: {rate:.1%} of {people:,} people got it."
    return (
        f"A decision of 1 is {words.code}{kind}: {rate:.1%} of {people:,} people have it. What it means was not stated "
        f'(--positive-means "loan {"denied" if words.favorable == 0 else "approved"}" does).'
    )


def _say_extremes(audit: Audit, words: DecisionWords) -> str:
    """Say which groups have the lowest and the highest selection rate, and whether chance explains the gap."""
    found = find_extremes(audit, "selection_rate")
    if found is None:
        return f"Fewer than two groups have {audit.min_group_size} people: nothing can be compared."
    groups, sizes = short_names(audit), audit.counts.sizes
    rates = audit.by_group["selection_rate"].to_numpy()
    if rates[found[0]] == rates[found[1]]:
        return f"The share of people who {words.got} is the same in every group, {rates[found[0]]:.1%}."
    lowest, highest = (f"{groups[place]} ({rates[place]:.1%} of {sizes[place]:,})" for place in found)
    ratio, limits = audit.ratio()["selection_rate"], audit.ratio_interval().loc["selection_rate"]
    said = f"the lowest is {format_rate(ratio, *limits)} times as large as the highest"
    if np.isnan(ratio):
        said = UNDEFINED_RATIO
    elif words.favorable == 0 and limits["low"] > 0:  # how much more often people get the bad decision
        turned = format_rate(1 / ratio, 1 / limits["high"], 1 / limits["low"])
        said = f"the highest is {turned} times as large as the lowest"
    term = "" if words.favorable == 0 else " (the selection rate)"
    return (
        f"The share of people who {words.got}{term} is lowest in {lowest} and highest in {highest}: "
        f"{said}{_explain_interval(audit, ratio)}. {_judge_chance(audit)}"
    )


def _explain_interval(audit: Audit, ratio: float) -> str:
    """Say why the interval is wider than that of two groups which were chosen before; nothing for two groups."""
    number = int((audit.counts.effective_sizes >= audit.min_group_size).sum())
    if np.isnan(ratio) or number < 3:
        return ""
    pairs = number * (number - 1) // 2
    return f" (the interval in brackets allows for the choice of these two out of {pairs:,} pairs of groups)"


def _judge_chance(audit: Audit) -> str:
    """Say whether chance explains that selection rates differ: by the test of equal rates in all groups compared."""
    p_value, written = audit.parity_test("selection_rate"), format_test(audit, "selection_rate")
    p = f"p {written}" if written[0] in "<≤" else f"p = {written}"
    if p_value < 1 - audit.confidence:
        return f"Chance alone does not explain such a gap between groups of these sizes ({p})."
    return (
        f"Chance alone can explain such a gap between groups of these sizes ({p}), which does not show that people are "
        "treated alike."
    )


def _say_four_fifths(audit: Audit, favorable: int | None) -> str:
    """Say what the four-fifths rule finds, or why it is not applied."""
    if favorable is None:
        return (
            "The four-fifths rule is not applied: nothing says which decision is favorable (--favorable 1 where a "
            "decision of 1 is good for the person, --favorable 0 where it is bad)."
        )
    rated = f"Four-fifths rule, with a decision of {favorable} as the favorable one:"
    found = _find_below(audit, favorable)
    if found is None:
        return f"{rated} fewer than two groups can be compared."
    return (
        f"{rated} compared with {found[0]}, whose favorable rate is the highest, {found[1]}."
        f"{_count_below_alone(audit, favorable)}"
    )


def _count_below_alone(audit: Audit, favorable: int) -> str:
    """Say how many groups of each column alone are below four fifths; nothing where there is one column."""
    said = []
    for name, alone in split_attributes(audit).items():
        finding = [] if alone is None else alone.four_fifths(favorable=favorable)["finding"].tolist()
        if len(finding) > 1:
            below, others = sum(each in (CLEARLY_BELOW, PERHAPS_BELOW) for each in finding), len(finding) - 1
            said.append(f"by {format_name(name)}, {below or 'none'} of {others}")
    return f" Groups below 0.8 in each column alone: {'; '.join(said)}." if said else ""


def _find_below(audit: Audit, favorable: int) -> tuple[str, str] | None:
    """Name the group with the highest favorable rate, and say what the rule finds for the others; None without any."""
    table = audit.four_fifths(favorable=favorable)
    name_of = dict(zip(audit.counts.groups.tolist(), short_names(audit), strict=True))
    findings, names = table["finding"].to_numpy(), [name_of[group] for group in table.index.tolist()]
    if (findings == HIGHEST).sum() == 0 or len(names) < 2:
        return None
    top = names[int(np.argmax(findings == HIGHEST))]
    if any(", " in name for name in names):  # in a list of names, its commas would be read as ends of names
        names = [f"“{name}”" for name in names]
    parts = []
    for finding, said in RULE:
        listed = [name for name, found in zip(names, findings, strict=True) if found == finding]
        if listed:
            are = "group is" if len(listed) == 1 else "groups are"
            parts.append(f"{len(listed)} {are} {said} ({list_some(listed, NAMED)})")
    return top, "; ".join(parts)
