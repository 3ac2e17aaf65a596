"""A folder of Parquet files, such as Spark, Dask and DuckDB write: DuckDB counts it where it is, and nothing is loaded.

DuckDB reads the columns that are named, in parts, on all cores; only the counts come back. Folders may be partitioned
as Hive does: ``race=blue/part-0.parquet`` makes ``race`` a column.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.audit.counts import Counts, count_decisions
from labkit.audit.files._leftovers import note_other_files
from labkit.audit.files.logs import PARQUET_ENDINGS, in_words_for_files, numbered, read_truths
from labkit.audit.inputs._groups import declared_categories
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram, count_scores
from labkit.errors import MissingExtra, UserError
from labkit.validation import check_columns

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet

TEXTS = 1000  # different texts that a column of true and false is read from


class OpenFolder(NamedTuple):
    """A folder whose files were checked, and from which no row has been read yet."""

    rows: "duckdb.DuckDBPyRelation"  # a lazy table of the wanted columns
    keys: list[str]  # those of the wanted columns that come from paths, as text
    number: int  # rows in all files, by their own account
    declared: dict[str, tuple]  # categories of the wanted columns, in the first file that declares some
    notes: list[str]  # what else the folder holds


def count_folder(
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
    progress: Callable[[int], None] | None = None,
) -> Counts:
    """Count the decisions in a folder of Parquet files by group; together they may be larger than memory.

    Parameters
    ----------
    path : str or Path
        The folder. Files and folders in it whose names begin with a dot or an underscore are left out.
    label : str or None
        Column of 0 and 1, or of true and false; None where labels are not known.
    prediction : str, optional
        Column of 0 and 1, or of true and false.
    sensitive : str or sequence of str
        One column or several.
    score, threshold, count, weight, person : optional
        As in ``labkit.audit.count``. Only the columns that are named are read, so that nothing warns about
        identifiers that are not.
    missing_group : str, optional
        Count people whose group is missing as a group of this name, such as "not stated"; by default they are an error.
    progress : callable, optional
        Called with the number of rows when all are counted.

    Returns
    -------
    Counts
        As ``labkit.audit.count`` gives them for the whole table.

    Raises
    ------
    ModuleNotFoundError
        DuckDB is not installed.
    UserError
        No Parquet file, one that cannot be read, a column that only some files have or that has another type in some,
        names that DuckDB cannot keep apart, another number of rows than the files say that they hold, and what
        ``count`` rejects.
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
    return _count_whole(path, roles, lambda rows: count_decisions(rows, roles, min_groups=1), progress)


def count_folder_scores(
    path: str | Path,
    *,
    label: str,
    score: str,
    sensitive: str | Sequence[str],
    missing_group: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ScoreHistogram:
    """Count the scores in a folder by group, label and bin: `count_scores` for what `count_folder` reads."""
    groups = (sensitive,) if isinstance(sensitive, str) else tuple(sensitive)
    roles = Roles(label, None, groups, score=score, missing_group=missing_group)
    columns = {"label": label, "score": score, "sensitive": groups, "missing_group": missing_group}
    return _count_whole(path, roles, lambda rows: count_scores(rows, **columns), progress)


def _count_whole(path: str | Path, roles: Roles, count_rows: Callable, progress: Callable[[int], None] | None) -> Any:
    """Open the columns of a folder that have a role, count its rows at once, and turn names of groups into numbers."""
    with _reading(path):
        folder = open_folder(path, roles.columns, truths=roles.truths)
        with in_words_for_files():
            counts = count_rows(folder.rows)
    counted = int(counts.cells.sum())  # rows, unless each of them stands for several people
    if roles.count is None and counted != folder.number:
        raise UserError(
            f"DuckDB counted {counted:,} rows in the folder {str(path)!r}, whose files hold {folder.number:,}; count "
            "again when nothing writes to it, and give its files plain names"
        )
    if progress:
        progress(folder.number)
    counts = numbered(counts, folder.keys, missing_group=roles.missing_group, declared=folder.declared)
    counts = replace(counts, notes=(*counts.notes, *folder.notes))
    counts.warn()
    return counts


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """Turn errors of DuckDB into one line that names the folder."""
    try:
        import duckdb
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "a folder of Parquet files needs DuckDB: pip install -e '.[engines]' -c constraints.txt"
        ) from error
    try:
        yield
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"DuckDB cannot read the folder {str(path)!r}: {reason}; write its files again") from error


def open_folder(path: str | Path, wanted: Sequence[str], *, truths: Sequence[str] = ()) -> OpenFolder:
    """Open the wanted columns of a folder as a lazy table; text in the columns ``truths`` is read as 0 and 1."""
    import duckdb

    path = Path(os.path.abspath(path))  # the folder `.` has a name, too
    files = _files(path)
    wanted = list(dict.fromkeys(wanted))
    keys, number, declared = _check_files(path, files, wanted)
    # without extensions, which DuckDB would look for on the network
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    listed = ", ".join(_quoted(_literal(file), "'") for file in files)
    columns = ", ".join(_quoted(name, '"') for name in wanted)
    rows = connection.sql(
        f"SELECT {columns} FROM read_parquet([{listed}], union_by_name = true, "
        f"hive_partitioning = {bool(keys)}, hive_types_autocast = false)"
    )
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    for name in truths:
        if kinds[name] == "VARCHAR":
            rows = _with_truths(rows, name)
    return OpenFolder(rows, keys, number, declared, note_other_files(path, files))


def _literal(file: Path) -> str:
    """Write a path as a pattern that only it matches: DuckDB reads every path as a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", file.as_posix())


def _files(path: Path) -> list[Path]:
    """List the Parquet files in a folder, without those that writers hide."""
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in PARQUET_ENDINGS
        and file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    ]
    if not found:
        raise UserError(
            f"the folder {str(path)!r} holds no Parquet file ({' or '.join(PARQUET_ENDINGS)}); name a folder that "
            "does, or a single CSV file"
        )
    return found


def _check_files(path: Path, files: Sequence[Path], wanted: Sequence[str]) -> tuple[list[str], int, dict[str, tuple]]:
    """Reject files that are broken or differ in a wanted column.

    Return the wanted columns that come from paths, the number of rows that the files say they hold, and the categories
    that they declare, which DuckDB reads as plain text.
    """
    import pyarrow as pa
    import pyarrow.parquet

    first: dict[str, tuple[Path, str]] = {}  # column: the first file that has it, and what it holds there
    names, lacking, keys, number, declared = {}, [], set(), 0, {}
    for file in files:
        shown = file.relative_to(path)
        try:
            with pyarrow.parquet.ParquetFile(file) as opened:
                fields, number = list(opened.schema_arrow), number + opened.metadata.num_rows
                declared |= _read_declared(opened, [name for name in wanted if name not in declared])
        except (pa.ArrowInvalid, OSError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"cannot read '{shown}' in {path.name!r} as Parquet: {reason}; write it again") from error
        columns = {field.name: _kind(field.type) for field in fields}
        in_path = {part.partition("=")[0] for part in shown.parts[:-1] if "=" in part}
        columns |= dict.fromkeys(in_path, "text")
        keys |= in_path & set(wanted)
        names |= dict.fromkeys(columns)
        _check_names([field.name for field in fields], wanted, place=f"'{shown}' in {path.name!r}")
        for name in wanted:
            if name not in columns:
                lacking.append((name, shown))
            elif first.setdefault(name, (shown, columns[name]))[1] != columns[name]:
                other, kind = first[name]
                raise UserError(
                    f"files in {path.name!r} differ: column {name!r} holds {kind} in '{other}' and {columns[name]} in "
                    f"'{shown}'; write the same type in all, or audit them one by one"
                )
    check_columns(names, wanted, place=path.name)
    for name, shown in lacking:
        raise UserError(
            f"files in {path.name!r} differ: '{first[name][0]}' has a column {name!r} and '{shown}' has none; add it, "
            "or move that file elsewhere"
        )
    _check_names(names, wanted, place=f"the folder {path.name!r}")
    if keys:
        _check_parents(path, wanted)
    return sorted(keys), number, declared


def _read_declared(file: "pyarrow.parquet.ParquetFile", wanted: Sequence[str]) -> dict[str, tuple]:
    """Read the categories that columns of a file declare; its first row comes with all of them."""
    import pyarrow as pa

    names = [field.name for field in file.schema_arrow if field.name in wanted and pa.types.is_dictionary(field.type)]
    first = next(file.iter_batches(batch_size=1, columns=names), None) if names else None
    return {} if first is None else declared_categories(pa.Table.from_batches([first]), names)


def _check_names(names: Iterable[str], wanted: Sequence[str], *, place: str) -> None:
    """Reject a wanted column that DuckDB would confuse with another one, or with all of them."""
    names = list(names)
    for name in wanted:
        alike = [other for other in names if other.lower() == name.lower()]
        if len(alike) > 1:
            raise UserError(
                f"{place} has the columns {', '.join(map(repr, alike))}, which DuckDB does not keep apart; rename or "
                "drop all but one of them"
            )
        if name == "*" and alike:
            raise UserError(f"{place} has a column called '*', which DuckDB reads as all columns; rename it")


def _check_parents(path: Path, wanted: Sequence[str]) -> None:
    """Reject a folder that lies in a folder named as Hive names partitions: DuckDB would read its name as a value."""
    lowered = {name.lower() for name in wanted}
    for part in path.parts:
        name, equals, _ = part.partition("=")
        if equals and name.lower() in lowered:
            raise UserError(
                f"the folder {path.name!r} has partitions and lies in {part!r}, which DuckDB would read as a value of "
                f"the column {name!r}; audit {part!r} itself, or move the folder elsewhere"
            )


def _kind(dtype: "pa.DataType") -> str:
    """Say what a column holds, in words that are the same for types that are counted alike."""
    import pyarrow as pa

    dtype = dtype.value_type if pa.types.is_dictionary(dtype) else dtype
    for kind, types in {
        "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        "numbers": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
        "truths": (pa.types.is_boolean,),
    }.items():
        if any(is_type(dtype) for is_type in types):
            return kind
    return str(dtype)


def _with_truths(rows: "duckdb.DuckDBPyRelation", name: str) -> "duckdb.DuckDBPyRelation":
    """Turn the text of a column into 0 and 1."""
    column = _quoted(name, '"')
    texts = [text for (text,) in rows.project(f"{column} AS text").distinct().limit(TEXTS).fetchall()]
    choices = [
        f"WHEN {_quoted(text, chr(39))} THEN {value}"
        for text, value in zip(texts, read_truths(texts, name), strict=True)
        if text is not None
    ]
    chosen = f"CASE {column} {' '.join(choices)} END" if choices else "NULL"
    return rows.project(f"* REPLACE ({chosen}::TINYINT AS {column})")


def _quoted(text: str, mark: str) -> str:
    """Quote a name or a text for SQL."""
    return mark + text.replace(mark, 2 * mark) + mark
