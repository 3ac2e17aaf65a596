"""The audit of a user's own file: tables on the terminal, a figure, and a page that needs no network.

Imported whenever the command starts, so that figures are imported where they are needed.
"""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.audit._page import auc_table, draw_png, score_section, scores_by_bin, write_page
from labkit.audit.between._equality import check_tables
from labkit.audit.between._four_fifths import check_favorable
from labkit.audit.command._output import table_as_csv, write_whole
from labkit.audit.command._terminal import print_audit, print_table, printing
from labkit.audit.files._kinds import file_ending
from labkit.audit.files._paths import bins_scores, count_path
from labkit.audit.results import Audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.sections._sentences import describe_figure
from labkit.audit.text import format_name
from labkit.errors import UserError
from labkit.validation import escape_controls

if TYPE_CHECKING:
    from rich.console import Console

BOXES = "The font of the figures lacks some characters, and boxes stand for them; the tables have the names."


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
    n_tables: int = 9_999,
    output: str | Path | None = None,
    raw_csv: bool = False,
    console: "Console | None" = None,
) -> Audit:
    """Audit a CSV or Parquet file or a folder: print tables, write ``audit.html``, ``audit.png`` and ``counts.csv``.

    The files are written whole or not at all, even when nobody reads all tables (``labkit audit ... | head``).

    Parameters
    ----------
    path : str or Path
        A file with one row per decision, or a folder of Parquet files, which DuckDB reads. It may be larger than
        memory.
    label : str or None
        Column of 0 and 1, or of true and false; None where labels are not known, and selection rates are audited.
    prediction : str, optional
        Column of 0 and 1, or of true and false.
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
    n_tables : int
        Random tables behind p-values where counts are small, at least 99.
    output : str or Path, optional
        Folder to write to, made if it is missing; ``NAME-audit`` in the current folder for a file ``NAME.csv``.
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
        cannot be computed. Or the output cannot be written.
    """
    from rich.console import Console
    from rich.text import Text

    from labkit.audit.plots import draw_audit

    path, console = Path(path), console or Console()
    check_tables(n_tables)  # before a long read, not after
    if favorable is not None:
        check_favorable(favorable)
    binned = bins_scores(label=label, score=score, threshold=threshold, rows=(count, weight, person))
    roles = Roles.named(
        label=label,
        prediction=prediction,
        sensitive=sensitive,
        score=None if threshold is None else score,
        threshold=threshold,
        count=count,
        weight=weight,
        person=person,
        missing_group=missing_group,
    )
    name = Path(os.path.abspath(path)).name  # the folder `.` has a name, too
    title, score_title = format_name(name), format_name(score or "")
    stem = name if path.is_dir() else name.removesuffix(file_ending(path))
    folder = Path(output or f"{stem}-audit")

    with console.status(Text(f"counting {title}")) as status:
        counts, scores = count_path(
            path,
            roles,
            score=score if binned else None,
            decimal=decimal,
            sheet=sheet,
            progress=lambda rows: status.update(Text(f"counting {title}: {rows:,} rows")),
        )
        audit = counts.audit(n_tables=n_tables)
        # the audit keeps its tests; with thousands of groups they take minutes, so say how far it is
        for number, metric in enumerate(counts.metrics, start=1):
            status.update(Text(f"comparing {len(counts.groups):,} groups: metric {number} of {len(counts.metrics)}"))
            audit.parity_test(metric)

    with printing(console):
        print_audit(audit, console, title=title, favorable=favorable)
        if scores is not None:
            print_table(auc_table(scores), console, title=f"{title}: AUC of {score_title} by group, 95% intervals")

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to the output folder {folder}: {error.strerror or error}") from error
    with console.status("drawing the page"):
        alt = describe_figure(audit)
        png, has_boxes = draw_png(draw_audit(audit), alt=alt)
        more = "" if scores is None else score_section(scores, score=score_title)
        note = BOXES if has_boxes else ""
        page = write_page(audit, png, alt=alt, title=title, roles=roles, note=note, more=more, favorable=favorable)

    contents = {
        "audit.html": page.encode(),
        "audit.png": base64.b64decode(png),
        "counts.csv": table_as_csv(counts.table, raw=raw_csv),
    }
    written = "audit.html (page), audit.png (figure), counts.csv"
    if scores is not None:
        contents["scores.csv"] = table_as_csv(scores_by_bin(scores), raw=raw_csv)
        written += ", scores.csv"
    replaced = write_whole(folder, contents)
    with printing(console):
        if note:
            console.print(note)
        console.print(escape_controls(f"Written to {folder}: {written}"), markup=False, soft_wrap=True)
        if replaced:
            console.print(f"Files of an earlier audit were replaced there: {', '.join(replaced)}", soft_wrap=True)
    return audit
