"""The audit of a user's own file: tables on the terminal, a figure, a page that needs no network, and JSON.

Light to import: the second process, which draws, starts before pandas and the like are imported. The steps of an audit
are in ``steps.py``.
"""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.audit.command._exits import BadOption, ConditionMet
from labkit.audit.command._favorable import read_favorable
from labkit.audit.drawing._process import open_drawing
from labkit.audit.inputs._options import in_options

if TYPE_CHECKING:
    from rich.console import Console

    from labkit.audit.results import Audit

__all__ = ["BadOption", "ConditionMet", "audit_file", "in_options", "read_favorable"]


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
) -> "Audit":
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
    BadOption
        A UserError about options that cannot be right, whatever the file holds, before anything is read.
    ConditionMet
        A condition of ``fail_if`` is met; everything is written, and the error has the audit as ``audit``.
    """
    settings = {name: value for name, value in locals().items() if name not in ("path", "output", "console")}
    for name in ("sensitive", "reference", "explain_gap", "fail_if"):
        settings[name] = as_list(settings[name])
    with open_drawing() as drawing:
        from labkit.audit.command.steps import run_audit

        return run_audit(Path(path), settings, find_defaults(audit_file), drawing, output=output, console=console)


def find_defaults(function: Callable) -> dict[str, Any]:
    """Return the parameters of a command that nobody need set, with what they are then."""
    parameters = inspect.signature(function).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}
    return defaults | {"fail_if": []}


def as_list(value: str | Sequence[str] | None) -> list[str] | None:
    """Return one name or several as a list."""
    return None if value is None else [value] if isinstance(value, str) else list(value)
