"""Parquet, one file or a folder such as Spark, Dask and DuckDB write: DuckDB counts it where it is.

DuckDB reads the columns that are named, in parts, on all cores; only the counts come back. Folders may be partitioned
as Hive does: ``race=blue/part-0.parquet`` makes ``race`` a column.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.audit.files._columns import (
    Table,
    Wanted,
    check_names,
    code_columns,
    escape_pattern,
    quote_sql,
    select_whole,
)
from labkit.audit.files.kinds import PARQUET_ENDINGS
from labkit.audit.files.oddities._leftovers import list_other_files, note_other_files
from labkit.audit.inputs._groups import declared_categories
from labkit.errors import UserError
from labkit.validation import check_columns, escape_controls, list_some

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet


def open_folder(path: Path, wanted: Wanted, connection: "duckdb.DuckDBPyConnection") -> Table:
    """Open the wanted columns of a folder of Parquet files, lazily.

    Parameters
    ----------
    path : pathlib.Path
        The folder. Files and folders in it whose names begin with a dot or an underscore are left out.
    wanted : Wanted
        The columns.
    connection : DuckDBPyConnection
        What reads them.

    Returns
    -------
    Table
        With a note on files in the folder that describe the data.

    Raises
    ------
    UserError
        No Parquet file, tables in another format beside them, one that cannot be read, a column that only some files
        have or that has another type in some, and names that DuckDB cannot keep apart.
    """
    path = Path(os.path.abspath(path))  # the folder `.` has a name, too
    files = _files(path)
    notes = note_other_files(path, files)
    keys, number, declared = _check_files(path, files, wanted.columns)
    raw = connection.sql(_select(files, keys, wanted.columns))
    whole = select_whole(connection, _select(files, keys))
    name = f"the folder {str(path)!r}"
    more = {"texts": keys, "declared": declared, "notes": notes, "whole": whole}
    return Table(code_columns(raw, wanted), raw, name, number, **more)


def open_parquet(path: Path, name: str, wanted: Wanted, connection: "duckdb.DuckDBPyConnection") -> Table:
    """Open the wanted columns of one Parquet file, lazily; ``name`` is what it is called in messages."""
    fields, number, declared = _read_footer(path, wanted.columns, f"{name!r}")
    check_columns([field.name for field in fields], wanted.columns, place=escape_controls(name))
    check_names([field.name for field in fields], wanted.columns, place=repr(name))
    raw = connection.sql(_select([path], [], wanted.columns))
    whole = select_whole(connection, _select([path], []))
    return Table(code_columns(raw, wanted), raw, repr(name), number, declared=declared, whole=whole, unit="row")


def _select(files: Sequence[Path], keys: Sequence[str], columns: Sequence[str] = ()) -> str:
    """Write SQL that selects columns of files, or all of them; ``keys`` are those that come from paths."""
    listed = ", ".join(quote_sql(escape_pattern(file), "'") for file in files)
    selected = ", ".join(quote_sql(name, '"') for name in columns) or "*"
    return (
        f"SELECT {selected} FROM read_parquet([{listed}], union_by_name = true, "
        f"hive_partitioning = {bool(keys)}, hive_types_autocast = false)"
    )


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
        others = list_other_files(path)
        known = " or ".join(PARQUET_ENDINGS)
        if not others:
            raise UserError(
                f"the folder {str(path)!r} holds no Parquet file ({known}); name a folder that does, or a file"
            )
        named = escape_controls(list_some(list(map(repr, others))))
        raise UserError(
            f"the folder {str(path)!r} holds no Parquet file ({known}) but {named}; name one of these files, or write "
            "them as Parquet, all with the same columns"
        )
    return found


def _check_files(path: Path, files: Sequence[Path], wanted: Sequence[str]) -> tuple[list[str], int, dict[str, tuple]]:
    """Reject files that are broken or differ in a wanted column.

    Return the wanted columns that come from paths, the number of rows that the files say they hold, and the categories
    that they declare, which DuckDB reads as plain text.
    """
    first: dict[str, tuple[Path, str]] = {}  # column: the first file that has it, and what it holds there
    names, lacking, keys, number, declared = {}, [], set(), 0, {}
    for file in files:
        shown = file.relative_to(path)
        left = [name for name in wanted if name not in declared]
        fields, rows, found = _read_footer(file, left, f"'{shown}' in {path.name!r}")
        number, declared = number + rows, declared | found
        columns = {field.name: _kind(field.type) for field in fields}
        in_path = {part.partition("=")[0] for part in shown.parts[:-1] if "=" in part}
        columns |= dict.fromkeys(in_path, "text")
        keys |= in_path & set(wanted)
        names |= dict.fromkeys(columns)
        check_names([field.name for field in fields], wanted, place=f"'{shown}' in {path.name!r}")
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
    check_names(names, wanted, place=f"the folder {path.name!r}")
    if keys:
        _check_parents(path, wanted)
    return sorted(keys), number, declared


def _read_footer(file: Path, wanted: Sequence[str], place: str) -> tuple[list["pa.Field"], int, dict[str, tuple]]:
    """Return the fields of a file, the number of its rows, and the categories that it declares."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            declared = _read_declared(opened, wanted)
            return list(opened.schema_arrow), opened.metadata.num_rows, declared
    except PermissionError as error:
        raise UserError(f"you may not read {place}; ask its owner, or give yourself the right (chmod)") from error
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        remedy = "copy it again, or write it again"
        raise UserError(f"cannot read {place} as Parquet: {reason}; {remedy}") from error


def _read_declared(file: "pyarrow.parquet.ParquetFile", wanted: Sequence[str]) -> dict[str, tuple]:
    """Read the categories that columns of a file declare; its first row comes with all of them."""
    import pyarrow as pa

    names = [field.name for field in file.schema_arrow if field.name in wanted and pa.types.is_dictionary(field.type)]
    first = next(file.iter_batches(batch_size=1, columns=names), None) if names else None
    return {} if first is None else declared_categories(pa.Table.from_batches([first]), names)


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
