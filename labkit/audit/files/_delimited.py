"""CSV through DuckDB, all of it as text; Python finds the header, and reads rows only where something is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.audit.files._bad_rows import NULLS, find_bad_row, repair, say_bad_row
from labkit.audit.files._columns import Table, Wanted, check_names, code_columns, escape_pattern, quote_sql, run_steps
from labkit.audit.files._decoding import decode_unmarked
from labkit.audit.files._header import DELIMITERS, Header, read_header
from labkit.audit.files.oddities._leftovers import count_line_ends, note_swallowed_lines
from labkit.errors import UserError
from labkit.validation import escape_controls

if TYPE_CHECKING:
    import duckdb

BUFFER_BYTES = 2**25  # of a CSV that DuckDB takes at a time, for each core
TAIL_BYTES = 2**20  # at the end of a file, in which rows without values are looked for
LINE_BYTES = 2**21  # of the longest row that fits into it; longer ones are read in Python


@dataclass(frozen=True)
class Text:
    """A file of text that is read as CSV.

    Parameters
    ----------
    path : pathlib.Path
        Where it is.
    name : str
        What it is called in messages.
    connection : DuckDBPyConnection
        What reads it.
    folder : pathlib.Path
        Where copies go.
    delimiters : str
        Those that may separate its columns.
    unit : {"line", "row"}
        What messages count: lines, or rows of a sheet.
    notes : list of str
        What is known about it already.
    """

    path: Path
    name: str
    connection: "duckdb.DuckDBPyConnection"
    folder: Path
    delimiters: str = DELIMITERS
    unit: str = "line"
    notes: list[str] = field(default_factory=list)


def count_text(text: Text, wanted: Wanted, steps: Sequence[Callable]) -> tuple[list[Any], Table]:
    """Count the rows of a CSV in one step or several; what can be repaired is, and the first row that cannot is named.

    Parameters
    ----------
    text : Text
        The file.
    wanted : Wanted
        The columns that are counted.
    steps : sequence of callables
        Each counts the rows of a relation.

    Returns
    -------
    counts : list
        What each step counts.
    table : Table
        What was read, with notes.

    Raises
    ------
    UserError
        What cannot be read or counted, with the line of the first row of its kind.
    """
    import duckdb

    try:
        header = read_header(text.path, wanted.columns, text.delimiters, name=text.name)
    except UnicodeDecodeError:
        return count_text(_decode(text), wanted, steps)
    table, first = _open_table(text, header, wanted), None
    try:
        counts = run_steps(table, steps, wanted)
        return counts, _note_lines(text, table, wanted, counts[0])
    except duckdb.Error as error:
        if "unicode" in str(error).lower():
            return count_text(_decode(text), wanted, steps)
    except UserError as error:
        _raise_with_line(error, text, header, wanted)
        first = error
    repaired = repair(text.path, header, wanted.columns, text.folder / "repaired", name=text.name, unit=text.unit)
    if first is not None and not repaired.blank:
        raise first
    copy = Header(wanted.columns, ",", lines=1, start=0)
    table = _open_table(replace(text, path=repaired.path), copy, wanted)
    notes = [*header.notes, *table.notes, *repaired.notes(text.name, text.unit)]
    table = replace(table, notes=notes, whole=None, is_repaired=True)  # the copy has the wanted columns alone
    try:
        counts = run_steps(table, steps, wanted)
        return counts, _note_lines(text, table, wanted, counts[0])
    except UserError as error:
        _raise_with_line(error, text, header, wanted)
        raise


def _decode(text: Text) -> Text:
    """Replace a file that is not UTF-8 by one that is."""
    path, note = decode_unmarked(text.path, text.name, text.folder)
    return replace(text, path=path, notes=[*text.notes, note])


def _open_table(text: Text, header: Header, wanted: Wanted) -> Table:
    """Open the wanted columns of a file, lazily."""
    check_names(wanted.columns, wanted.columns, place=f"the list of columns for {text.name!r}")
    path, notes = text.path, [*text.notes, *header.notes]
    end, rows = _find_end(path, header)
    if header.lines > 1 or end < path.stat().st_size:
        # DuckDB gets a first line that is plain, nothing above it, and no blank row below
        path = text.folder / "plain"
        with open(text.path, "rb") as source, open(path, "wb") as target:
            source.seek(max(header.start - 2, 0))
            before = source.read(2)
            target.write(b"names" + before[len(before.rstrip(b"\r\n")) :])  # lines end alike
            while block := source.read(min(2**22, end - source.tell())):
                target.write(block)
    if rows:
        shown = escape_controls(text.name)
        notes.append(
            f"the last {rows:,} rows of {shown} hold no value and were left out"
            if rows > 1
            else f"the last row of {shown} holds no value and was left out"
        )
    nulls = ", ".join(quote_sql(null, "'") for null in NULLS)
    options = {
        "header": "false",
        "auto_detect": "false",
        "skip": 1,
        "delim": quote_sql(header.delimiter, "'"),
        "quote": "'\"'",
        "escape": "'\"'",
        "nullstr": f"[{nulls}]",
        "allow_quoted_nulls": "false",
        "buffer_size": BUFFER_BYTES,
        "max_line_size": LINE_BYTES,
        "columns": "{" + ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header.names))) + "}",
    }
    listed = ", ".join(f"{name} = {value}" for name, value in options.items())
    columns = {name: f"c{header.names.index(name)}" for name in wanted.columns}
    if header.is_spaced:
        columns = {
            name: f"CASE WHEN trim({each}) NOT IN ({nulls}) THEN trim({each}) END" for name, each in columns.items()
        }
    selected = ", ".join(f"{each} AS {quote_sql(name, chr(34))}" for name, each in columns.items())
    source = quote_sql(escape_pattern(path), "'")
    raw = text.connection.sql(f"SELECT {selected} FROM read_csv({source}, {listed})")
    whole = text.connection.sql(f"SELECT * FROM read_csv({source}, {listed})")
    place = {"unit": text.unit, "above": header.lines}
    return Table(
        code_columns(raw, wanted),
        raw,
        text.name,
        texts=wanted.columns,
        notes=notes,
        whole=whole,
        names=header.names,
        **place,
    )


def _find_end(path: Path, header: Header) -> tuple[int, int]:
    """Find where the last row with a value ends, in bytes, and how many rows without any come after it."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(header.start, size - TAIL_BYTES))
        tail = file.read()
    blank = tail[len(tail.rstrip(b" \t\r\n" + header.delimiter.encode())) :]
    _, *rows = blank.splitlines(keepends=True) or [b""]  # the first is the end of a row with values
    if len(blank) == len(tail) or not any(row.strip(b"\r\n") for row in rows):
        return size, 0
    return size - sum(map(len, rows)), sum(header.delimiter.encode() in row for row in rows)


def _note_lines(text: Text, table: Table, wanted: Wanted, counts: Any) -> Table:
    """Compare how many rows were counted with how many lines there are."""
    if text.unit != "line":
        return table
    rows = int(counts.cells.sum()) if wanted.roles.count is None else table.raw.aggregate("count(*)").fetchall()[0][0]
    ends = count_line_ends(text.path)
    notes = note_swallowed_lines(text.path, rows, ends, name=text.name)
    is_plain = ends <= rows + table.above  # each row is one line
    return replace(table, notes=[*table.notes, *notes], **({} if is_plain else {"unit": "row", "above": 0}))


def _raise_with_line(error: UserError, text: Text, header: Header, wanted: Wanted) -> None:
    """Raise the error again with the line of the first row that it is about, if it is about one."""
    found = find_bad_row(text.path, header, wanted, named=str(error))
    if found is not None:
        row, column = found
        raise UserError(say_bad_row(error, row, header, column, wanted, text.unit)) from None
