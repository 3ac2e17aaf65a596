"""The whole result of an audit for programs: ``audit.json``, which ``audit.schema.json`` describes."""

import hashlib
import json
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from labkit.audit.between._extremes import PAIRED
from labkit.audit.command._conditions import Verdict
from labkit.audit.command._gap import gap_as_json
from labkit.audit.command.folder import AUDIT
from labkit.audit.inputs._names import label_groups
from labkit.audit.results import Audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._attributes import own_reference, split_attributes
from labkit.audit.sections._comparisons import compare_all
from labkit.audit.sections._provenance import Provenance
from labkit.audit.sections._rates import limit_everyone
from labkit.audit.sections._sentences import find_extremes

if TYPE_CHECKING:
    from labkit.audit.counts import Decomposition

VERSION = 2  # of the schema: the number rises when something is removed, renamed, or changes its meaning


# How numbers of the same name are computed everywhere in the file.
METHODS = {
    "rates": "Wilson 1927",
    "differences_from_reference": "Newcombe 1998",
    "ratios_to_reference": "Koopman 1984",
    "extremes": f"score intervals of all pairs of groups (above {PAIRED} groups, of their rates) that hold at once, "
    "Bonferroni",
    "p_adjusted": "Holm 1979, for the number of groups that are compared with the reference in one metric; for all "
    "pairs of groups in four_fifths, and where the reference was picked by its rate (settings name favorable and no "
    "reference)",
    "low_adjusted": "Bonferroni, for the same number",
    "high_adjusted": "Bonferroni, for the same number",
}


class Asked(NamedTuple):
    """What was asked for besides the rates, and what came of it."""

    settings: Mapping[str, Any]
    roles: Roles
    provenance: Provenance
    reference: Hashable = None
    verdicts: Sequence[Verdict] = ()
    gap: "Decomposition | None" = None
    scores: ScoreHistogram | None = None


def audit_as_json(audit: Audit, asked: Asked, *, others: Mapping[str, bytes], name: str = "audit.json") -> bytes:
    """Write an audit as JSON: numbers that are undefined or infinite are null.

    Parameters
    ----------
    audit : Audit
        Any audit.
    asked : Asked
        What else there is to say.
    others : mapping of str to bytes
        The other files that are written together with it: their names and checksums are noted.
    name : str
        Of this file, which is in the list, too.

    Returns
    -------
    bytes
        In ASCII, so that every program reads it.
    """
    return join_parts(write_parts(audit, asked), others, name=name)


def write_parts(audit: Audit, asked: Asked) -> dict[str, str]:
    """Write all parts of the file but those that need its other files, each as JSON."""
    provenance, favorable = asked.provenance, asked.settings["favorable"]
    known = "source", "files", "size", "rows", "duplicate_rows", "sha256"
    found = {
        "provenance": {name: getattr(provenance, name) for name in known}
        | {"parts": [dict(zip(("name", "size", "sha256"), part, strict=True)) for part in provenance.parts]}
        | {"date": provenance.date, "command": provenance.command, "versions": dict(provenance.versions)},
        "settings": dict(asked.settings) | {"seed": audit.seed},
        **results_for_programs(
            audit, reference=asked.reference, favorable=favorable, gap=asked.gap, scores=asked.scores
        ),
        "fail_if": [
            {
                "condition": str(verdict.condition),
                "met": bool(verdict.met),
                "groups": list(verdict.met),
                "not_judged": list(verdict.unjudged),
            }
            for verdict in asked.verdicts
        ],
    }
    return _write_values(make_plain(found))


def join_parts(parts: Mapping[str, str], others: Mapping[str, bytes], *, name: str = "audit.json") -> bytes:
    """Join the parts of the file, a line for each, after what it says about itself and the other files."""
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in others.items()}
    first = {"format": AUDIT.format, "version": VERSION, "files": [*others, name], "checksums": checksums}
    return _join_lines(_write_values(first) | parts).encode("ascii")


def results_for_programs(
    audit: Audit,
    *,
    reference: Hashable = None,
    favorable: int | None = None,
    gap: "Decomposition | None" = None,
    scores: ScoreHistogram | None = None,
) -> dict[str, Any]:
    """Return everything that an audit found, from the warnings to the AUC, in the words of ``audit.schema.json``.

    Parameters
    ----------
    audit : Audit
        Any audit.
    reference : hashable, optional
        As ``Audit.against`` takes it.
    favorable : int, optional
        The decision that is good for a person, 0 or 1.
    gap : Decomposition, optional
        The gap between two groups, explained.
    scores : ScoreHistogram, optional
        The scores behind the decisions.

    Returns
    -------
    dict
        May hold NaN and numbers of NumPy: see `make_plain`.
    """
    names = dict(zip(audit.counts.groups.tolist(), label_groups(audit.counts.groups), strict=True))
    return {
        "warnings": [
            {"kind": notice.kind, "text": notice.said, "group": notice.group, "metrics": list(notice.metrics)}
            for notice in audit.notices
        ],
        "methods": METHODS,
        "columns": [str(name) for name in audit.counts.groups.names],
        "overall": _list_overall(audit),
        **_list_results(audit, reference),
        "attributes": [
            {"column": name} | _list_results(alone, own_reference(reference, level, alone))
            for level, (name, alone) in enumerate(split_attributes(audit).items())
            if alone is not None
        ],
        "four_fifths": None if favorable is None else _list_four_fifths(audit, favorable, names),
        "explained_gap": None if gap is None else gap_as_json(gap, names),
        "auc": None if scores is None else _list_auc(scores, audit.confidence),
    }


def write_lines(found: Mapping[str, Any]) -> str:
    """Write JSON with a line for each key, and for each entry of a list."""
    return _join_lines(_write_values(found))


def _join_lines(parts: Mapping[str, str]) -> str:
    """Join values that are written as JSON, a line for each."""
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {said}" for key, said in parts.items()) + "\n}\n"


def _write_values(found: Mapping[str, Any]) -> dict[str, str]:
    """Write each value as JSON, a list with a line for each entry: legible, and each line by the fast encoder."""
    written = {}
    for key, value in found.items():
        written[key] = json.dumps(value, allow_nan=False)
        if isinstance(value, list) and value:
            written[key] = "[\n" + ",\n".join(f"  {json.dumps(each, allow_nan=False)}" for each in value) + "\n ]"
    return written


def make_plain(value: Any) -> Any:
    """Turn a value into one that JSON has: NaN, infinity and what is missing become null, other objects their text."""
    if isinstance(value, Mapping):
        return {str(key): make_plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [make_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _interval(value: float, low: float, high: float, **more: Any) -> dict[str, Any]:
    """Return a number with its interval."""
    return {"value": value, "low": low, "high": high} | more


def _list_overall(audit: Audit) -> dict[str, Any]:
    """Return the size and the rates of everyone."""
    overall = audit.overall
    rates = {
        metric: _interval(overall[metric], low, high, base=base, imprecise=few)
        for metric, low, high, base, few in zip(audit.counts.metrics, *limit_everyone(audit), strict=True)
    }
    return {"n": int(overall["n"]), "rates": rates}


def _list_results(audit: Audit, reference: Hashable) -> dict[str, Any]:
    """Return the groups, the extremes of each metric, and each group against the reference."""
    names = dict(zip(audit.counts.groups.tolist(), label_groups(audit.counts.groups), strict=True))
    return {
        "groups": _list_groups(audit, names),
        "metrics": _list_extremes(audit, list(names.values())),
        "comparisons": [
            row for metric in audit.counts.metrics for row in _list_against(audit, metric, reference, names)
        ],
    }


def _list_groups(audit: Audit, names: Mapping[Hashable, str]) -> list[dict[str, Any]]:
    """Return each group with its counts, and its rates with intervals."""
    counts, metrics = audit.counts, list(audit.counts.metrics)
    rates, worth = audit.by_group[metrics].to_numpy(), audit.effective_sizes.to_numpy()  # (groups, metrics)
    limits = audit.intervals.to_numpy().reshape(len(rates), len(metrics), 2)
    too_few, small = audit.too_few.to_numpy(), counts.effective_sizes < audit.min_group_size
    cells, sample = counts.table.to_dict("records"), counts.sample.to_dict("records")
    listed = []
    for place, (group, name) in enumerate(names.items()):
        parts = group if isinstance(group, tuple) else (group,)
        of_metrics = {
            metric: _interval(rate, *both, base=base, imprecise=few)
            for metric, rate, both, base, few in zip(
                metrics, rates[place], limits[place], worth[place], too_few[place], strict=True
            )
        }
        listed.append(
            {
                "name": name,
                "values": list(parts),
                "n": counts.sizes[place],
                "small": small[place],
                "counts": cells[place],
                "sample": sample[place],
                "rates": of_metrics,
            }
        )
    return listed


def _list_extremes(audit: Audit, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what each metric says about all groups that are large enough: max - min, min / max, and the test."""
    rates = audit.by_group
    difference, ratio = audit.difference(), audit.ratio()
    differences, ratios = audit.difference_interval(), audit.ratio_interval()
    found = {}
    for metric in audit.counts.metrics:
        ends = find_extremes(audit, metric) or (None, None)
        lowest, highest = (
            None if place is None else {"group": names[place], "value": rates[metric].iat[place]} for place in ends
        )
        test = {"p_value": audit.parity_test(metric), "name": audit.test_name(metric)}
        found[metric] = {
            "lowest": lowest,
            "highest": highest,
            "difference": _interval(difference[metric], *differences.loc[metric]),
            "ratio": _interval(ratio[metric], *ratios.loc[metric]),
            "test": test | {"floor": audit.test_floor(metric)},
        }
    return found


def _list_against(
    audit: Audit, metric: str, reference: Hashable, names: Mapping[Hashable, str]
) -> list[dict[str, Any]]:
    """Return each group against the reference."""
    rows = []
    for group, row in zip(*_records(compare_all(audit, reference)[metric]), strict=True):
        adjusted = {
            key: (row[f"{part}low_adjusted"], row[f"{part}high_adjusted"])
            for key, part in (("difference", ""), ("ratio", "ratio_"))
        }
        both = {
            key: _interval(*values, low_adjusted=adjusted[key][0], high_adjusted=adjusted[key][1])
            for key, values in (
                ("difference", (row["difference"], row["low"], row["high"])),
                ("ratio", (row["ratio"], row["ratio_low"], row["ratio_high"])),
            )
        }
        p_values = {"p_value": row["p_value"], "p_adjusted": row["p_adjusted"]}
        said = {"metric": metric, "group": names[group], "reference": names.get(row["reference"], row["reference"])}
        rows.append(said | both | p_values | {"small": row["small"], "imprecise": row["too_few"]})
    return rows


def _list_four_fifths(audit: Audit, favorable: int, names: Mapping[Hashable, str]) -> list[dict[str, Any]]:
    """Return the four-fifths rule, group by group."""
    return [
        {
            "group": names[group],
            "favorable_rate": row["favorable_rate"],
            "ratio": _interval(
                row["ratio"],
                row["low"],
                row["high"],
                low_adjusted=row["low_adjusted"],
                high_adjusted=row["high_adjusted"],
            ),
            "verdict": row["verdict"],
            "p_value": row["p_value"],
            "p_adjusted": row["p_adjusted"],
            "finding": row["finding"],
            "imprecise": row["too_few"],
        }
        for group, row in zip(*_records(audit.four_fifths(favorable=favorable)), strict=True)
    ]


def _list_auc(scores: ScoreHistogram, confidence: float) -> list[dict[str, Any]]:
    """Return the AUC of each group."""
    names = label_groups(scores.groups)
    rows = scores.auc(confidence=confidence).to_dict("records")
    means = scores.mean_calibration(confidence=confidence).to_dict("records")
    return [
        {"group": name, "n": row["n"], "positives": row["positives"], "bin_error": row["error"]}
        | _interval(row["auc"], row["low"], row["high"])
        | {
            "mean_score": mean["mean_score"],
            "mean_score_minus_share": _interval(mean["difference"], mean["low"], mean["high"]),
        }
        for name, row, mean in zip(names, rows, means, strict=True)
    ]


def _records(table: pd.DataFrame) -> tuple[list[Hashable], list[dict[str, Any]]]:
    """Return the groups and the rows of a table."""
    return table.index.tolist(), table.to_dict("records")
