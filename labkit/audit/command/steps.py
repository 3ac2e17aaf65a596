"""The steps of an audit of a user's own file: count, compare, draw, write, print."""

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.audit._page import score_section, write_page
from labkit.audit.between._equality import check_tables
from labkit.audit.between.four_fifths import check_favorable
from labkit.audit.command._conditions import Condition, caution, judge_conditions, parse_conditions
from labkit.audit.command._exits import BadOption, ConditionMet
from labkit.audit.command._favorable import doubt_favorable
from labkit.audit.command._gap import gap_section, gap_table, name_gap
from labkit.audit.command._groups import find_group, find_reference_group
from labkit.audit.command._output import table_as_csv
from labkit.audit.command.folder import compare_settings, describe_earlier, name_folder, open_output
from labkit.audit.command.for_programs import Asked, join_parts, make_plain, write_parts
from labkit.audit.command.provenance import Fingerprint, make_provenance
from labkit.audit.command.terminal import print_audit, print_table, printing, taking_any_text, working
from labkit.audit.drawing._planning import plan_figures
from labkit.audit.drawing._process import Drawing
from labkit.audit.files._paths import bins_scores, count_path
from labkit.audit.files.kinds import file_ending
from labkit.audit.intervals import check_confidence
from labkit.audit.results import Audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._comparisons import list_comparisons
from labkit.audit.sections._rates import list_rates
from labkit.audit.sections._scores import auc_table, scores_by_bin
from labkit.audit.text import format_name
from labkit.errors import UserError
from labkit.validation import escape_controls

if TYPE_CHECKING:
    from rich.console import Console

WRITTEN = {"audit.html": "page", "audit.png": "figure", "audit.svg": "figure", "audit.json": "for programs"}


def run_audit(
    path: Path,
    settings: Mapping[str, Any],
    defaults: Mapping[str, Any],
    drawing: Drawing,
    *,
    output: str | Path | None,
    console: "Console | None",
) -> Audit:
    """Audit a file as ``audit_file`` does, which has all options as ``settings``; ``drawing`` makes the figures."""
    from rich.console import Console

    console = console or Console()
    try:
        conditions = check_asked(settings)
        roles, binned = name_roles(settings)
    except BadOption:
        raise
    except UserError as error:  # the call is wrong, whatever the file holds
        raise BadOption(str(error)) from error
    name = Path(os.path.abspath(path)).name  # the folder `.` has a name, too
    stem = name if path.is_dir() else name.removesuffix(file_ending(path))
    with taking_any_text(console), open_output(output or name_folder(stem, settings["sensitive"])) as folder:
        means = format_name(settings["positive_means"].strip())
        said = {"favorable": settings["favorable"], "means": means, "score": settings["score"]}
        audit, asked = count_as_asked(
            path,
            name,
            settings,
            conditions,
            roles,
            binned,
            console,
            defaults=defaults,
            begin=lambda audit, scores: drawing.begin(plan_figures(audit, scores, **said)),
        )
        try:
            contents = _write(audit, asked, drawing, console, title=format_name(name))
            earlier, changed = describe_earlier(folder.folder), compare_settings(folder.folder, make_plain(settings))
            replaced, removed = folder.write(contents)
        except Exception:
            with printing(console):  # the count took long, and its numbers are known
                _print_tables(audit, asked, console, title=format_name(name))
            raise
    with taking_any_text(console), printing(console):
        _print_tables(audit, asked, console, title=format_name(name))
        listed = ", ".join(f"{each} ({WRITTEN[each]})" if each in WRITTEN else each for each in contents)
        said = [f"Written to {folder.folder}: {listed}"]
        of = f" ({earlier})" if earlier else ""
        if replaced:
            said.append(f"Files of an earlier audit{of} were replaced there: {', '.join(replaced)}")
        if removed:
            said.append(f"Files of an earlier audit{of} were removed there: {', '.join(removed)}")
        if changed:
            said.append(f"That audit had other settings: {'; '.join(changed)}")
        for line in [*said, *(each.describe() for each in asked.verdicts if not each.met)]:
            console.print(escape_controls(line), markup=False, soft_wrap=True)
    if met := [verdict.describe() for verdict in asked.verdicts if verdict.met]:
        raise ConditionMet(met, audit)
    return audit


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


def name_roles(settings: Mapping[str, Any]) -> tuple[Roles, bool]:
    """Return which column has which role, and whether scores are counted, too."""
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
    return roles, binned


def count_as_asked(
    path: Path,
    name: str,
    settings: Mapping[str, Any],
    conditions: Sequence[Condition],
    roles: Roles,
    binned: bool,
    console: "Console",
    *,
    defaults: Mapping[str, Any],
    begin: Callable[[Audit, ScoreHistogram | None], None] = lambda audit, scores: None,
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
    roles, binned : Roles, bool
        From `name_roles`.
    console : rich.console.Console
        Where to show what is going on.
    defaults : mapping of str to object
        The settings that nobody need set, with what they are then.
    begin : callable, optional
        Called with the audit and the counted scores before what takes long, so that drawing can begin.
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
    score = settings["score"]
    title, seen = format_name(name), [0]
    with working(console, f"counting {title}") as show, Fingerprint(path) as fingerprint:

        def progress(rows: int) -> None:
            seen.append(rows)
            show(f"counting {title}: {rows:,} rows")

        ways = {each: settings[each] for each in ("decimal", "sheet")}
        counts, scores, twice = count_path(path, roles, score=score if binned else None, **ways, progress=progress)
        audit = counts.audit(**{each: settings[each] for each in ("n_tables", "confidence", "min_group_size")})
        odd = doubt_favorable(settings["positive_means"], settings["favorable"])
        audit = replace(audit, remarks=(*odd, *caution(conditions, settings["favorable"])))
        begin(audit, scores)
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


def _write(audit: Audit, asked: Asked, drawing: Drawing, console: "Console", *, title: str) -> dict[str, bytes]:
    """Return all files by name; what needs the figures comes last, since another process may be drawing them."""
    settings, raw, scores = asked.settings, asked.settings["raw_csv"], asked.scores
    said = {name: settings[name] for name in ("favorable", "positive_means")}
    said |= {"reference": asked.reference, "provenance": asked.provenance}
    said["verdicts"] = [verdict.describe() for verdict in asked.verdicts]
    with working(console, "drawing the page"):
        tables = {
            "rates.csv": list_rates(audit),
            "comparisons.csv": list_comparisons(audit, asked.reference),
            "counts.csv": audit.counts.table,
        }
        if scores is not None:
            tables["scores.csv"] = scores_by_bin(scores)
        written = {name: table_as_csv(table, raw=raw) for name, table in tables.items()}
        parts = write_parts(audit, asked)
        gap = "" if asked.gap is None else gap_section(asked.gap, audit.counts.groups)

        def add_scores() -> str:
            if scores is None:
                return gap
            pictures = drawing.finish().calibration, drawing.finish().calibration_narrow
            name = format_name(settings["score"])
            return gap + score_section(scores, *pictures, score=name, confidence=audit.confidence)

        page = write_page(
            audit,
            lambda: drawing.finish().rates,
            alt=drawing.plan.alt,
            title=title,
            roles=asked.roles,
            more=add_scores,
            **said,
        )
    figures = {"audit.png": base64.b64decode(drawing.finish().rates), "audit.svg": drawing.finish().rates_svg}
    contents = {"audit.html": page.encode(), **figures, **written}
    return contents | {"audit.json": join_parts(parts, contents)}


def _print_tables(audit: Audit, asked: Asked, console: "Console", *, title: str) -> None:
    """Print all tables."""
    print_audit(audit, console, title=title, favorable=asked.settings["favorable"], reference=asked.reference)
    if asked.gap is not None:
        print_table(gap_table(asked.gap), console, title=f"{title}: {name_gap(asked.gap, audit.counts.groups)}")
    if asked.scores is not None:
        score = format_name(asked.settings["score"])
        found = auc_table(asked.scores, confidence=audit.confidence)
        print_table(found, console, title=f"{title}: AUC of {score} by group, {audit.confidence:.0%} intervals")
