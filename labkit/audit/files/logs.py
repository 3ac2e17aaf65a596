"""A user's own decisions, in a file or in a folder of Parquet files: DuckDB counts them, and only counts come back."""

import re
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from labkit.audit._grouped_counts import GroupedCounts
from labkit.audit.counts import Counts, count_decisions, reject_weightless
from labkit.audit.files._columns import Table, Wanted, run_steps, working_folder
from labkit.audit.files._conversion import open_arrow, open_json, write_sheet
from labkit.audit.files._decoding import decode_marked, unpack
from labkit.audit.files._delimited import DELIMITERS, Text, count_text
from labkit.audit.files._parquet import open_folder, open_parquet
from labkit.audit.files.kinds import check_path
from labkit.audit.files.oddities._duplicates import Duplicates, find_duplicates
from labkit.audit.inputs._groups import NumbersAsGroups, are_amounts
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram, count_scores
from labkit.errors import DataWarning, UserError

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")  # "02139" is a postal code, and no number
AMOUNTS_IN_FILES = (
    "add a column of ranges to the file, such as 18-24, 25-44 and 45-64, and name that one instead (codes that are no "
    "amounts: put a letter before each of them, such as S12)"
)


def count_file(
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
    progress: Callable[[int], None] | None = None,
) -> Counts:
    """Count the decisions in a file, or in a folder of Parquet files, by group; it may be larger than memory.

    What a file is, its first bytes say, not its name: CSV, also packed with gzip, bzip2, xz or zip; Parquet; a workbook
    of Excel; JSON, one object per line; Feather.

    A CSV may be separated by commas, semicolons, tabs or bars, in UTF-8, UTF-16, UTF-32 or, with a note, Windows-1252.
    ``sep=;`` and blank lines above the names of columns are skipped, titles there are skipped with a note, and so are
    rows without any value. In text, labels may be written as numbers, as true and false or as yes and no, and a
    sensitive column of whole numbers has numbers as groups. Empty fields, NA, N/A, null and the like are missing values
    in a CSV unless they are in quotation marks; in other formats such names are groups. An empty name is a missing
    value everywhere.

    Rows that are the same as an earlier one in all columns of the file are counted all the same, with a note where that
    is suspicious. Nobody looks for them in more than 1,000,000 rows, and with ``person``.

    Parameters
    ----------
    path : str or Path
        A file, or a folder of Parquet files, of which those are left out whose names begin with a dot or an underscore.
    label : str or None
        Column of 0 and 1, of true and false, or of yes and no; None where labels are not known.
    prediction : str, optional
        Column of 0 and 1, of true and false, or of yes and no.
    sensitive : str or sequence of str
        One column or several.
    score, threshold, count, weight, person : optional
        As in ``labkit.audit.count``. Only the columns that are named are read, so that nothing warns about
        identifiers that are not.
    missing_group : str, optional
        Count people whose group is missing as a group of this name, such as "not stated"; by default they are an error.
    decimal : {".", ","}
        The decimal mark of numbers in text.
    sheet : str, optional
        Which sheet of a workbook; needed where it has several.
    progress : callable, optional
        Called with the number of rows when all are counted.

    Returns
    -------
    Counts
        As ``labkit.audit.count`` gives them for the whole table.

    Raises
    ------
    FileNotFoundError
        There is no such file; the message names files with similar names.
    UserError
        A file that cannot be read, or holds no table; files in a folder that differ in a column that is named; and what
        ``count`` rejects, with the first line of a CSV that gives reason to.
    """
    roles = Roles.named(
        label=label,
        prediction=prediction,
        sensitive=sensitive,
        score=score,
        threshold=threshold,
        count=count,
        weight=weight,
        person=person,
        missing_group=missing_group,
    )
    (counts,) = count_in(path, Wanted(roles, decimal=decimal, sheet=sheet), progress)
    counts.warn()
    return counts


count_folder = count_file  # the name under which a folder is counted


def count_file_scores(
    path: str | Path,
    *,
    label: str,
    score: str,
    sensitive: str | Sequence[str],
    missing_group: str | None = None,
    decimal: str = ".",
    sheet: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ScoreHistogram:
    """Count the scores in a file or folder by group, label and bin: `count_scores` for what `count_file` reads."""
    groups = (sensitive,) if isinstance(sensitive, str) else tuple(sensitive)
    roles = Roles(label, None, groups, missing_group=missing_group)
    (counts,) = count_in(path, Wanted(roles, score, decimal, sheet), progress)
    counts.warn()
    return counts


count_folder_scores = count_file_scores


def count_in(path: str | Path, wanted: Wanted, progress: Callable[[int], None] | None = None) -> list[GroupedCounts]:
    """Count what a path holds: decisions, scores, or both, by what ``wanted`` names, without warnings."""
    return read_in(path, wanted, progress)[0]


def read_in(
    path: str | Path, wanted: Wanted, progress: Callable[[int], None] | None = None
) -> tuple[list[GroupedCounts], Duplicates]:
    """Count as `count_in` does, and say which rows are the same as an earlier one."""
    import duckdb

    path, roles, steps = Path(path), wanted.roles, []
    check_path(path)
    if roles.prediction is not None or roles.threshold is not None:
        steps.append(lambda rows: _reject_none(count_decisions(rows, roles, min_groups=0), path))
    if wanted.score is not None:
        columns = {"label": roles.label, "sensitive": roles.sensitive, "missing_group": roles.missing_group}
        steps.append(lambda rows: _reject_none(count_scores(rows, score=wanted.score, **columns, min_groups=0), path))
    with working_folder() as (connection, folder), in_words_for_files():
        try:
            found, table = _count_steps(path, wanted, steps, connection, folder)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"DuckDB cannot read {_in_words(path)}: {reason}; write its files again") from error
        rows = int(found[0].cells.sum())  # unless each of them stands for several people
        if table.number is not None and roles.count is None and rows != table.number:
            raise UserError(
                f"DuckDB counted {rows:,} rows in {_in_words(path)}, whose files hold {table.number:,}; count again "
                "when nothing writes to it, and give its files plain names"
            )
        known = table.number if table.number is not None else rows if roles.count is None else None
        twice = find_duplicates(table, rows=known, person=roles.person)
    if progress:
        progress(rows)
    table = replace(table, notes=[*table.notes, *([twice.note] if twice.note else [])])
    return [_finish(counts, table, roles) for counts in found], twice


def _in_words(path: Path) -> str:
    """Name a folder or a file."""
    return f"the folder {str(path)!r}" if path.is_dir() else repr(path.name)


def _count_steps(
    path: Path, wanted: Wanted, steps: Sequence[Callable], connection: Any, folder: Path
) -> tuple[list[Any], Table]:
    """Open what a path holds, by its kind, and count it."""
    name, kind = path.name, "folder"
    if not path.is_dir():
        path, name, kind = unpack(path, folder)
    if wanted.sheet is not None and kind != "excel":
        raise UserError(f"{name!r} has no sheets: sheet={wanted.sheet!r} (--sheet) is for workbooks; leave it out")
    if kind in ("excel", "text"):
        text = Text(path, name, connection, folder, "\t" if name.lower().endswith((".tsv", ".tab")) else DELIMITERS)
        if kind == "excel":
            written = write_sheet(path, name, wanted.sheet, folder, wanted=wanted.columns)
            text = replace(text, path=written, unit="row", delimiters=",")
        else:
            text = replace(text, path=decode_marked(path, name, folder))
        return count_text(text, wanted, steps)
    if kind == "folder":
        table = open_folder(path, wanted, connection)
    elif kind == "parquet":
        table = open_parquet(path, name, wanted, connection)
    else:
        table = {"arrow": open_arrow, "json": open_json}[kind](path, name, wanted, connection)
    return run_steps(table, steps, wanted), table


def _reject_none(counts: GroupedCounts, path: Path) -> GroupedCounts:
    """Reject a file without rows."""
    if not len(counts.groups):
        raise UserError(f"{path.name!r} is empty: it has no row to count")
    return counts


def _finish(counts: GroupedCounts, table: Table, roles: Roles) -> GroupedCounts:
    """Look at what only the whole file shows: amounts as groups, numbers in text, and what is odd."""
    _check_amounts(counts, roles.missing_group)
    if isinstance(counts, Counts):
        reject_weightless(counts, roles)
    declared = {name: values for name, values in table.declared.items() if name in roles.sensitive}
    counts = numbered(counts, table.texts, missing_group=roles.missing_group, declared=declared)
    return replace(counts, notes=(*counts.notes, *table.notes))


@contextmanager
def in_words_for_files() -> Iterator[None]:
    """Keep warnings for the end, when all parts are known, and give remedies that do not speak of a dataframe."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        try:
            yield
        except NumbersAsGroups as error:
            raise UserError(f"{error.finding}; {AMOUNTS_IN_FILES}") from None


def _check_amounts(counts: GroupedCounts, missing_group: str | None) -> None:
    """Reject a column of amounts, whose values may be spread over parts, and may be text."""
    rows = [group if isinstance(group, tuple) else (group,) for group in counts.groups.tolist()]
    for name, values in zip(counts.groups.names, zip(*rows, strict=True), strict=False):
        present = {value for value in values if value != missing_group}
        if name not in counts.declared and all(isinstance(value, str) and NUMBER.fullmatch(value) for value in present):
            present = set(map(float, present))
        if name not in counts.declared and are_amounts(present):
            raise UserError(f"{NumbersAsGroups.find(name, len(present))}; {AMOUNTS_IN_FILES}")


def numbered(
    counts: GroupedCounts,
    columns: Sequence[str],
    *,
    missing_group: str | None = None,
    declared: Mapping[str, Sequence[Hashable]] | None = None,
) -> GroupedCounts:
    """Turn a text column of group names into numbers where all are whole numbers, as readers of tables do.

    The name of the group of those whose group is missing stays. Groups are sorted again, by declared categories where
    there are some.
    """
    groups = [group if isinstance(group, tuple) else (group,) for group in counts.groups.tolist()]
    values = [
        [value if value == missing_group else int(value) for value in column]
        if name in columns and all(value == missing_group or _is_whole(value) for value in column)
        else column
        for name, column in zip(counts.groups.names, zip(*groups, strict=True), strict=True)
    ]
    return counts.renamed([group if len(group) > 1 else group[0] for group in zip(*values, strict=True)], declared)


def _is_whole(text: str) -> bool:
    """Say whether a text is how a whole number is written; "02139" is not, and stays a postal code."""
    return text.isdecimal() and text.isascii() and str(int(text)) == text
