"""The audit of a user's own file: tables on the terminal, a figure, a page that needs no network, and JSON.

Imported whenever the command starts, so that figures are imported where they are needed.
"""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.audit._page import draw_png, draw_svg, score_section, write_page
from labkit.audit.command._conditions import ConditionMet
from labkit.audit.command._favorable import BadOption, read_favorable
from labkit.audit.command._gap import gap_section, gap_table, name_gap
from labkit.audit.command._output import table_as_csv
from labkit.audit.command.counting import as_list, check_asked, count_as_asked, find_defaults
from labkit.audit.command.folder import describe_earlier, name_folder, open_output
from labkit.audit.command.for_programs import Asked, audit_as_json
from labkit.audit.command.terminal import print_audit, print_table, printing, taking_any_text, working
from labkit.audit.files.kinds import file_ending
from labkit.audit.inputs._options import in_options
from labkit.audit.results import Audit
from labkit.audit.sections._comparisons import list_comparisons
from labkit.audit.sections._rates import list_rates
from labkit.audit.sections._scores import auc_table, scores_by_bin
from labkit.audit.sections._sentences import describe_figure
from labkit.audit.text import format_name
from labkit.validation import escape_controls

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["BadOption", "ConditionMet", "audit_file", "in_options", "read_favorable"]

WRITTEN = {"audit.html": "page", "audit.png": "figure", "audit.svg": "figure", "audit.json": "for programs"}


def audit_file(
    path: str | Path,
    *,
    label: str | None,
    prediction: str | None = None,
    sensitive: str | Sequence[str],
    score: str | None = None,
    threshold: float | None = None,
    count: str | None = None,
    weight: str | None = None,
    person: str | None = None,
    missing_group: str | None = None,
    decimal: str = ".",
    sheet: str | None = None,
    favorable: int | None = None,
    reference: str | Sequence[str] | None = None,
    explain_gap: tuple[str, str] | None = None,
    fail_if: Sequence[str] = (),
    min_group_size: int = 20,
    confidence: float = 0.95,
    positive_means: str = "",
    n_tables: int = 9_999,
    output: str | Path | None = None,
    raw_csv: bool = False,
    console: "Console | None" = None,
) -> Audit:
    """Audit a CSV or Parquet file or a folder: write a page, a figure, tables and ``audit.json``, and print tables.

    The files are written whole or not at all, even when nobody reads all tables (``labkit audit ... | head``). In the
    output folder only files that an earlier audit listed in its ``audit.json`` are replaced or removed.

    Parameters
    ----------
    path : str or Path
        A file with one row per decision, or a folder of Parquet files, which DuckDB reads. It may be larger than
        memory.
    label : str or None
        Column of 0 and 1, of true and false, or of yes and no; None where labels are not known, and selection rates
        are audited.
    prediction : str, optional
        Column of 0 and 1, of true and false, or of yes and no.
    sensitive : str or sequence of str
        One column or several; then the groups are the combinations that occur.
    score : str, optional
        Column of scores. Scores in [0, 1] add AUC and calibration by group, and ``scores.csv``.
    threshold : float, optional
        In place of ``prediction``: the score from which on the decision is 1. AUC and calibration are then left out
        where they cannot be computed: without labels, with weights, counts or persons, or with a threshold that says
        that scores are not in [0, 1].
    count, weight, person : str, optional
        What a row stands for, see ``labkit.audit.count``.
    missing_group : str, optional
        Audit people whose group is missing as a group of this name, such as "not stated"; by default they are an error.
    decimal : {".", ","}
        The decimal mark of numbers in text.
    sheet : str, optional
        Which sheet of a workbook.
    favorable : int, optional
        The prediction that is good for a person, 0 or 1: adds the four-fifths rule, which cannot be applied without it.
    reference : str or sequence of str, optional
        The group with which each other one is compared, as tables show it; or a value for each sensitive column; or
        "rest", everyone else. By default the largest group, or where ``favorable`` is known the group with the
        highest rate of the favorable decision (see ``Audit.pick_highest``).
    explain_gap : tuple of str, optional
        Two groups: adds what errors and base rates contribute to the gap between their selection rates, see
        ``Counts.decompose``. Needs labels.
    fail_if : sequence of str, optional
        Conditions such as ``"ratio(selection_rate) < 0.8"``, about each group against the reference; where
        ``favorable`` is known, also about ``favorable_rate``, the rate of the favorable decision. One is met where, for
        some group that is large enough, the interval of ``Audit.against`` that is adjusted for the number of groups is
        beyond the number as a whole.
    min_group_size : int
        Groups with fewer people are shown and marked, and not compared.
    confidence : float
        Coverage of every interval, between 0 and 1.
    positive_means : str
        What a decision of 1 means for a person, such as "loan approved": the page then says so.
    n_tables : int
        Random tables behind p-values where counts are small, at least 99.
    output : str or Path, optional
        Folder to write to, made if it is missing; ``NAME-audit-COLUMNS`` in the current folder for a file
        ``NAME.csv`` and its sensitive columns.
    raw_csv : bool, optional
        Write names into the CSV files as they are. By default those that a spreadsheet would run as formulas, such as
        ``=HYPERLINK(...)``, get an apostrophe in front.
    console : rich.console.Console, optional
        Where to print; the terminal by default.

    Returns
    -------
    Audit
        The audit that was printed.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    UserError
        What ``labkit.audit.count_file``, ``labkit.audit.count_folder`` and ``Audit`` reject: another ending, unknown
        columns, values that are not 0/1, missing groups, no rows, a single group. A score without a threshold where AUC
        cannot be computed. An unknown reference. Or the output cannot be written, holds files that no audit listed, or
        belongs to an audit that is running. Nothing is written then.
    BadCondition
        A UserError about ``fail_if``, before anything is read.
    ConditionMet
        A condition of ``fail_if`` is met; everything is written, and the error has the audit as ``audit``.
    """
    settings = {name: value for name, value in locals().items() if name not in ("path", "output", "console")}
    for name in ("sensitive", "reference", "explain_gap", "fail_if"):
        settings[name] = as_list(settings[name])
    from rich.console import Console

    path, console = Path(path), console or Console()
    conditions = check_asked(settings)
    name = Path(os.path.abspath(path)).name  # the folder `.` has a name, too
    stem = name if path.is_dir() else name.removesuffix(file_ending(path))
    with taking_any_text(console), open_output(output or name_folder(stem, settings["sensitive"])) as folder:
        audit, asked = count_as_asked(path, name, settings, conditions, console, defaults=find_defaults(audit_file))
        try:
            contents = _draw(audit, asked, console, title=format_name(name))
            earlier = describe_earlier(folder.folder)
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
        for line in [*said, *(each.describe() for each in asked.verdicts if not each.met)]:
            console.print(escape_controls(line), markup=False, soft_wrap=True)
    if met := [verdict for verdict in asked.verdicts if verdict.met]:
        raise ConditionMet(met, audit)
    return audit


def _draw(audit: Audit, asked: Asked, console: "Console", *, title: str) -> dict[str, bytes]:
    """Return all files by name."""
    from labkit.audit.plots import draw_audit

    settings, raw = asked.settings, asked.settings["raw_csv"]
    said = {name: settings[name] for name in ("favorable", "positive_means")}
    said |= {"reference": asked.reference, "provenance": asked.provenance}
    said["verdicts"] = [verdict.describe() for verdict in asked.verdicts]
    with working(console, "drawing the page"):
        alt = describe_figure(audit, settings["favorable"])
        figure = draw_audit(audit, settings["favorable"])
        png, svg = draw_png(figure, alt=alt), draw_svg(figure, alt=alt)
        more = "" if asked.gap is None else gap_section(asked.gap, audit.counts.groups)
        if asked.scores is not None:
            more += score_section(asked.scores, score=format_name(settings["score"]), confidence=audit.confidence)
        page = write_page(audit, png, alt=alt, title=title, roles=asked.roles, more=more, **said)
    contents = {
        "audit.html": page.encode(),
        "audit.png": base64.b64decode(png),
        "audit.svg": svg,
        "rates.csv": table_as_csv(list_rates(audit), raw=raw),
        "comparisons.csv": table_as_csv(list_comparisons(audit, asked.reference), raw=raw),
        "counts.csv": table_as_csv(audit.counts.table, raw=raw),
    }
    if asked.scores is not None:
        contents["scores.csv"] = table_as_csv(scores_by_bin(asked.scores), raw=raw)
    contents["audit.json"] = audit_as_json(audit, asked, others=dict(contents))
    return contents


def _print_tables(audit: Audit, asked: Asked, console: "Console", *, title: str) -> None:
    """Print all tables."""
    print_audit(audit, console, title=title, favorable=asked.settings["favorable"], reference=asked.reference)
    if asked.gap is not None:
        print_table(gap_table(asked.gap), console, title=f"{title}: {name_gap(asked.gap, audit.counts.groups)}")
    if asked.scores is not None:
        score = format_name(asked.settings["score"])
        found = auc_table(asked.scores, confidence=audit.confidence)
        print_table(found, console, title=f"{title}: AUC of {score} by group, {audit.confidence:.0%} intervals")
