"""A file or a folder counted as its user asked: the audit, and where its numbers come from.

`labkit audit` and `labkit card` read with it.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.audit.between._equality import check_tables
from labkit.audit.between.four_fifths import check_favorable
from labkit.audit.command._conditions import Condition, caution, judge_conditions, parse_conditions
from labkit.audit.command._groups import find_group, find_reference_group
from labkit.audit.command.for_programs import Asked
from labkit.audit.command.provenance import Fingerprint, make_provenance
from labkit.audit.command.terminal import working
from labkit.audit.files._paths import bins_scores, count_path
from labkit.audit.intervals import check_confidence
from labkit.audit.results import Audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.text import format_name
from labkit.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console


def as_list(value: str | Sequence[str] | None) -> list[str] | None:
    """Return one name or several as a list."""
    return None if value is None else [value] if isinstance(value, str) else list(value)


def find_defaults(function: Callable) -> dict[str, Any]:
    """Return the parameters of a command that nobody need set, with what they are then."""
    parameters = inspect.signature(function).parameters.values()
    found = {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}
    return found | {"fail_if": []}


def check_asked(settings: Mapping[str, Any]) -> list[Condition]:
    """Reject settings that cannot be right before a long read, not after; return the conditions."""
    check_tables(settings["n_tables"])
    check_confidence(settings["confidence"])
    if settings["min_group_size"] < 0:
        raise UserError(f"min_group_size={settings['min_group_size']} is negative; use 0 to keep every group")
    if settings["favorable"] is not None:
        check_favorable(settings["favorable"])
    if settings["explain_gap"] is not None and settings["label"] is None:
        raise UserError("explain_gap= splits a gap into error rates and base rates, which need labels: name a label=")
    labeled, favorable = settings["label"] is not None, settings["favorable"]
    return parse_conditions(settings["fail_if"], labeled=labeled, favorable=favorable)


def count_as_asked(
    path: Path,
    name: str,
    settings: Mapping[str, Any],
    conditions: Sequence[Condition],
    console: "Console",
    *,
    defaults: Mapping[str, Any],
    command: str = "audit",
) -> tuple[Audit, Asked]:
    """Count a file or a folder, and compute all that takes long.

    Parameters
    ----------
    path : pathlib.Path
        A file or a folder.
    name : str
        Its name, without the folders above it.
    settings : mapping of str to object
        The parameters of ``audit_file``, lists for those that take several names.
    conditions : sequence of Condition
        From `check_asked`.
    console : rich.console.Console
        Where to show what is going on.
    defaults : mapping of str to object
        The settings that nobody need set, with what they are then.
    command : {"audit", "card"}
        The command of ``labkit`` that is to repeat it.

    Returns
    -------
    audit : Audit
        With its tests.
    asked : Asked
        Everything else: where the numbers come from, the reference, the AUC.

    Raises
    ------
    UserError
        As ``audit_file``.
    """
    label, score, threshold = (settings[each] for each in ("label", "score", "threshold"))
    rows_are = {each: settings[each] for each in ("count", "weight", "person")}
    binned = bins_scores(label=label, score=score, threshold=threshold, rows=tuple(rows_are.values()))
    roles = Roles.named(
        label=label,
        prediction=settings["prediction"],
        sensitive=settings["sensitive"],
        score=None if threshold is None else score,
        threshold=threshold,
        **rows_are,
        missing_group=settings["missing_group"],
    )
    title, seen = format_name(name), [0]
    with working(console, f"counting {title}") as show, Fingerprint(path) as fingerprint:

        def progress(rows: int) -> None:
            seen.append(rows)
            show(f"counting {title}: {rows:,} rows")

        ways = {each: settings[each] for each in ("decimal", "sheet")}
        counts, scores, twice = count_path(path, roles, score=score if binned else None, **ways, progress=progress)
        audit = counts.audit(**{each: settings[each] for each in ("n_tables", "confidence", "min_group_size")})
        audit = replace(audit, remarks=tuple(caution(conditions, settings["favorable"])))
        # the audit keeps its tests; with thousands of groups they take minutes, so say how far it is
        for number, metric in enumerate(counts.metrics, start=1):
            show(f"comparing {len(counts.groups):,} groups: metric {number} of {len(counts.metrics)}")
            audit.parity_test(metric)
        reference, gap = find_reference_group(counts.groups, settings["reference"]), None
        if reference is None and settings["favorable"] is not None:
            reference = audit.pick_highest(favorable=settings["favorable"])
        if settings["explain_gap"] is not None:
            pair = [find_group(counts.groups, each, option="explain_gap") for each in settings["explain_gap"]]
            gap = counts.decompose(*pair, confidence=audit.confidence)
        verdicts = judge_conditions(audit, conditions, reference, settings["favorable"])
        show(f"computing the checksum of {title}")
        found = fingerprint.finish()
    provenance = make_provenance(
        name,
        found,
        rows=seen[-1],
        twice=twice,
        seed=audit.seed,
        settings=settings,
        defaults=defaults,
        command=command,
    )
    return audit, Asked(settings, roles, provenance, reference, verdicts, gap, scores)
