"""The sections of a model card about its test: Markdown from what `gather_facts` found."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labkit.audit.metrics import METRICS
from labkit.audit.text import ROWS, explain_marks, format_metric, format_name, format_p_value, format_rate
from labkit.layout.markdown import escape_markdown, markdown_table
from labkit.validation import list_some

# The complements, true negative rate and false negative rate, are in card.json.
SHOWN = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy", "precision")
SMALL, IMPRECISE = "†", "‡"


def name_in_card(name: object) -> str:
    """Write a name that others chose in one line of Markdown."""
    return escape_markdown(format_name(str(name)))


def bullets(lines: Iterable[str]) -> str:
    """Write a list; its lines are Markdown already."""
    return "\n".join(f"- {line}" for line in lines)


def describe_tested(facts: Mapping[str, Any]) -> str:
    """Write on whom it was tested: the file, its checksum, and the size and base rate of each group."""
    data, decision, results = facts["data"], facts["decision"], facts["results"]
    lines = []
    if data is None:
        lines.append("Which file or table it was is not known, and there is no checksum.")
    else:
        rows = f", {data['rows']:,} rows" if data["rows"] is not None else ""
        lines.append(f"Source: {name_in_card(data['source'])} ({data['size']:,} bytes{rows})")
        lines.append(f"SHA-256: `{data['sha256']}`")
        if data["rows"] is not None and data["rows"] != results["overall"]["n"]:
            lines.append(f"Rows and people differ: {data['rows']:,} rows, {results['overall']['n']:,} people counted.")
        if data.get("duplicates"):
            lines.append(
                f"Rows that are the same as an earlier one in every column: {name_in_card(data['duplicates'])}"
            )
    columns = ", ".join(map(name_in_card, results["columns"]))
    lines.append(f"Groups by: {columns}")
    if decision.get("label"):
        lines.append(f"Label, what turned out to be true: {name_in_card(decision['label'])}")
    people = results["overall"]["n"]
    labeled = "base_rate" in results["overall"]["rates"]
    headings = [columns, "people", "share of people", *(["labeled 1"] if labeled else [])]
    rows = [
        [
            _name_group(group),
            f"{group['n']:,}",
            f"{group['n'] / people:.3f}",
            *([_write_rate(group["rates"]["base_rate"])] if labeled else []),
        ]
        for group in results["groups"][:ROWS]
    ]
    everyone = ["everyone", f"{people:,}", "1.000"]
    rows.append(everyone + ([_write_rate(results["overall"]["rates"]["base_rate"])] if labeled else []))
    said = f"{facts['people']} in {len(results['groups']):,} groups:"
    table = markdown_table(headings, rows, right=(1, 2, 3))
    return "\n\n".join(
        [bullets(lines), said, table, *_explain(results["groups"], facts["min_group_size"], ["base_rate"] * labeled)]
    )


def describe_rates(facts: Mapping[str, Any]) -> str:
    """Write the rates of each group and of everyone, with intervals, and what each rate is a share of."""
    results, smallest = facts["results"], facts["min_group_size"]
    columns, groups = ", ".join(map(name_in_card, results["columns"])), results["groups"]
    metrics = [metric for metric in SHOWN if metric in results["overall"]["rates"]]
    parts = [
        f"Intervals: Wilson, {facts['confidence']:.0%}, for each rate alone. They speak of chance: not of labels that "
        "are wrong, nor of people who are missing from the data.",
        _tabulate_rates(columns, groups, metrics, results["overall"]),
        *_explain(groups, smallest, metrics, in_full=True),
        bullets(
            f"{format_metric(each)}: of {METRICS[each].base}, how many {METRICS[each].meaning}" for each in metrics
        ),
    ]
    for alone in results["attributes"]:
        column = name_in_card(alone["column"])
        parts += [f"By {column} alone:", _tabulate_rates(column, alone["groups"], metrics, None)]
        parts += _explain(alone["groups"], smallest, metrics)
    if results["auc"]:
        headings = ["group", "people", "AUC of the score", "mean score − share labeled 1"]
        rows = [
            [
                name_in_card(row["group"]),
                f"{row['n']:,}",
                _write_rate(row),
                _write_rate(row["mean_score_minus_share"]),
            ]
            for row in results["auc"][:ROWS]
        ]
        parts.append(markdown_table(headings, rows, right=(1, 2, 3)))
    return "\n\n".join(parts)


def _tabulate_rates(
    columns: str, groups: Sequence[Mapping[str, Any]], metrics: Sequence[str], overall: Mapping[str, Any] | None
) -> str:
    """Write a row of rates for each group and, where it is given, for everyone."""
    named = [(_name_group(group), group) for group in groups[:ROWS]]
    named += [("everyone", overall)] if overall is not None else []
    rows = [[name, f"{of['n']:,}", *(_write_rate(of["rates"][metric]) for metric in metrics)] for name, of in named]
    headings = [columns, "people", *map(format_metric, metrics)]
    return markdown_table(headings, rows, right=range(1, len(headings)))


def describe_comparisons(facts: Mapping[str, Any]) -> str:
    """Write the difference of each group to the reference, and the four-fifths rule where it can be applied."""
    results, reference = facts["results"], facts["reference"]
    metrics = [metric for metric in SHOWN if metric in results["overall"]["rates"]]
    found: dict[str, dict[str, Any]] = {}
    for row in results["comparisons"]:
        found.setdefault(row["group"], {})[row["metric"]] = row
    name = "everyone else" if reference["name"] == "rest" else name_in_card(reference["name"])
    small = {group["name"] for group in results["groups"] if group["small"]}
    parts = [f"Each group minus {name} ({reference['is']}), in probability."]
    if reference["name"] in small:
        parts.append(
            f"{name} has fewer than {facts['min_group_size']} people, so that nothing is compared with it: name "
            "another reference."
        )
    else:
        headings = [", ".join(map(name_in_card, results["columns"])), *map(format_metric, metrics)]
        rows = [
            [
                name_in_card(group) + (f" {SMALL}" if group in small else ""),
                *("not compared" if group in small else _write_difference(of[metric]) for metric in metrics),
            ]
            for group, of in list(found.items())[:ROWS]
        ]
        compared = [group for group in results["groups"] if not group["small"]]
        parts.append(markdown_table(headings, rows, right=range(1, len(headings))))
        parts += _explain(results["groups"], facts["min_group_size"])[:1] if small else []
        parts += _explain(compared, facts["min_group_size"], metrics)
        parts.append(_explain_intervals(facts, len(found)))
    return "\n\n".join([*parts, _describe_four_fifths(facts)])


def describe_warnings(facts: Mapping[str, Any]) -> str:
    """Write what a reader must know before the numbers."""
    found = [name_in_card(each["text"]) for each in facts["results"]["warnings"]]
    if len(found) > ROWS:
        found = [*found[:ROWS], f"and {len(found) - ROWS:,} more, which card.json has"]
    return bullets(found) if found else "None: no group is small, every rate is defined, and no row is odd."


def describe_left_out(facts: Mapping[str, Any]) -> str:
    """Write for whom the numbers say nothing, as far as a program can know it."""
    results = facts["results"]
    columns = ", ".join(map(name_in_card, results["columns"]))
    small = [f"{name_in_card(group['name'])} ({group['n']:,})" for group in results["groups"] if group["small"]]
    lines = [
        f"Groups with fewer than {facts['min_group_size']} people, for which the numbers say next to nothing: "
        f"{list_some(small) if small else 'none'}."
    ]
    if (missing := facts["decision"].get("missing_group")) is not None:
        number = sum(group["n"] for group in results["groups"] if missing in map(str, group["values"]))
        lines.append(f"People whose group is missing are counted as {name_in_card(missing)}: {number:,}.")
    lines += [
        f"Groups of {columns} that do not occur in the data: the card says nothing about them.",
        f"Only {columns} was looked at: people who share a group can differ in everything else, and the card does not "
        "show it."
        if len(results["columns"]) == 1
        else f"Only combinations of {columns} were looked at: people who share one can differ in everything else, and "
        "the card does not show it.",
    ]
    return bullets(lines)


def _explain_intervals(facts: Mapping[str, Any], comparisons: int) -> str:
    """Say for how many comparisons the intervals of differences hold, and what bold means."""
    held = f"Intervals: Newcombe, {facts['confidence']:.0%}"
    if facts["reference"]["picked"]:
        held += ", which hold for all pairs of groups at once (Bonferroni), since each could have had the highest rate"
    elif comparisons > 1:
        held += f", which hold for all {comparisons:,} comparisons of a column at once (Bonferroni)"
    return (
        f"{held}; **bold** where they exclude 0, so that chance does not explain the difference. That an interval "
        "contains 0 does not show that groups are treated alike."
    )


def _describe_four_fifths(facts: Mapping[str, Any]) -> str:
    """Write the four-fifths rule as a table, or why it is not applied."""
    rows, favorable = facts["results"]["four_fifths"], facts["decision"].get("favorable")
    if rows is None:
        return (
            "The four-fifths rule is not applied: nobody said which decision is good for a person (`favorable=`, "
            "`--favorable`)."
        )
    if not rows:
        return "The four-fifths rule is not applied: no group is large enough."
    table = [
        [
            name_in_card(row["group"]),
            f"{row['favorable_rate']:.3f}",
            *_write_ratio(row),
            row["finding"],
        ]
        for row in rows[:ROWS]
    ]
    headings = ["group", "rate of the favorable decision", "ratio to the highest", "p, adjusted", "four-fifths rule"]
    said = f"A decision of {favorable} is good for a person. The four-fifths rule is a screen, not a proof:"
    return f"{said}\n\n{markdown_table(headings, table, right=(1, 2, 3))}"


def _explain(
    groups: Sequence[Mapping[str, Any]], min_group_size: int, metrics: Sequence[str] = (), *, in_full: bool = False
) -> list[str]:
    """Explain the marks in a table of groups with these metrics, and say how many groups it leaves out."""
    rates = [group["rates"][metric] for group in groups for metric in metrics]
    lines = explain_marks(
        small=any(group["small"] for group in groups),
        imprecise=any(rate["imprecise"] and rate["value"] is not None for rate in rates),
        min_group_size=min_group_size,
    )
    if not in_full:
        lines = [line.partition(": a group has")[0].rstrip(".") + "." for line in lines]
    if any(rate["value"] is None for rate in rates):
        lines.append("undefined: there is nobody to count; the section Warnings says who is lacking.")
    if len(groups) > ROWS:
        lines.append(f"The first {ROWS} of {len(groups):,} groups are shown; card.json has all.")
    return [" ".join(lines)] if lines else []


def _name_group(group: Mapping[str, Any]) -> str:
    """Write the name of a group with a mark where it is small."""
    return name_in_card(group["name"]) + (f" {SMALL}" if group["small"] else "")


def _number(value: float | None) -> float:
    """Turn null into NaN."""
    return math.nan if value is None else value


def _write_interval(*numbers: float | None) -> str:
    """Write a number with its interval, if it has one: rates of everyone have none where rows share persons."""
    value, low, _ = numbers
    if value is not None and low is None:
        return f"{value:.3f} (no interval)"
    return format_rate(*map(_number, numbers))  # [a, b] is no link, as nobody's text can define one


def _write_rate(rate: Mapping[str, Any]) -> str:
    """Write a rate with its interval and, where that is imprecise, a mark."""
    written = _write_interval(rate["value"], rate["low"], rate["high"])
    return f"{written} {IMPRECISE}" if rate.get("imprecise") and rate["value"] is not None else written


def _write_ratio(row: Mapping[str, Any]) -> tuple[str, str]:
    """Write the ratio to the highest rate and its p-value; nothing for the group that has the highest rate."""
    ratio = row["ratio"]
    if ratio["low_adjusted"] is None:
        return "", ""
    written = _write_interval(ratio["value"], ratio["low_adjusted"], ratio["high_adjusted"])
    return written, format_p_value(_number(row["p_adjusted"]))


def _write_difference(row: Mapping[str, Any]) -> str:
    """Write a difference with its adjusted interval, in bold where that excludes 0."""
    difference = row["difference"]
    low, high = difference["low_adjusted"], difference["high_adjusted"]
    written = _write_interval(difference["value"], low, high)
    if low is not None and (low > 0 or high < 0):
        written = f"**{written}**"
    return f"{written} {IMPRECISE}" if row["imprecise"] and difference["value"] is not None else written


def count_small(groups: Sequence[Mapping[str, Any]]) -> int:
    """Count the groups that are too small to be compared."""
    return sum(bool(group["small"]) for group in groups)
