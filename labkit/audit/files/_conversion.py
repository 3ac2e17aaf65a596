"""Tables of other programs: sheets of Excel become text, and JSON and Feather are read by DuckDB where they are."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.audit.files._columns import (
    Table,
    Wanted,
    check_names,
    code_columns,
    escape_pattern,
    quote_sql,
    select_whole,
)
from labkit.audit.files._header import LINES_ABOVE
from labkit.audit.files.kinds import name_members
from labkit.audit.inputs._groups import declared_categories
from labkit.errors import MissingExtra, UserError
from labkit.validation import check_columns, escape_controls, list_some

if TYPE_CHECKING:
    import duckdb
    from python_calamine import CalamineWorkbook

KEYS_FROM = 100  # objects at the top of JSON whose keys are its columns
START = 2**20  # characters of JSON in which they must be
LARGEST_OBJECT = 2**27  # bytes


def write_sheet(path: Path, name: str, sheet: str | None, folder: Path, *, wanted: Sequence[str] = ()) -> Path:
    """Write a sheet of a workbook as CSV, each row of it in one line.

    Parameters
    ----------
    path : pathlib.Path
        A workbook of Excel (xlsx, xlsb, xls) or LibreOffice (ods).
    name : str
        What it is called in messages.
    sheet : str or None
        Which sheet; None where it has one only.
    folder : pathlib.Path
        Where to write.
    wanted : sequence of str
        Columns that are asked for: messages name the sheets that have them.

    Returns
    -------
    pathlib.Path
        UTF-8 text with commas; text is in quotation marks, and empty cells are bare.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"{name!r} is a workbook, which needs python-calamine: pip install -e '.[excel]' -c constraints.txt"
        ) from error
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            chosen = _choose_sheet(workbook, sheet, name, wanted)
            rows = workbook.get_sheet_by_name(chosen).to_python(skip_empty_area=False)
            if len(workbook.sheet_names) > 1 and not _has_columns(rows, wanted):
                _suggest_sheet(workbook, chosen, name, wanted)
    except (CalamineError, OSError) as error:
        raise UserError(
            f"cannot read {name!r} as a workbook: {error}; open it, remove its password if it has one, and save it "
            "again, or as CSV"
        ) from error
    target = folder / "sheet"
    with open(target, "w", encoding="utf-8", newline="") as out:
        for row in rows:
            out.write(",".join(map(_write_cell, row)) + "\n")
    if not rows:
        raise UserError(f"the sheet of {name!r} is empty; name another one (--sheet), or fill it")
    return target


def _choose_sheet(workbook: "CalamineWorkbook", sheet: str | None, name: str, wanted: Sequence[str]) -> str:
    """Return the sheet that is asked for, or the only one."""
    names = workbook.sheet_names
    if sheet in names:
        return sheet
    if sheet is None and len(names) == 1:
        return names[0]
    missing = "" if sheet is None else f"no sheet {sheet!r} but "
    found = _find_sheets(workbook, wanted)
    remedy = _say_sheets(found, wanted) if found else "name the one that holds the table with sheet="
    raise UserError(f"the workbook {name!r} has {missing}the sheets {name_members(names)}; {remedy}")


def _suggest_sheet(workbook: "CalamineWorkbook", chosen: str, name: str, wanted: Sequence[str]) -> None:
    """Reject a sheet that lacks wanted columns, where others have them all; otherwise whoever reads it says so."""
    if found := _find_sheets(workbook, wanted):
        raise UserError(f"the sheet {chosen!r} of {name!r} does not have all columns; {_say_sheets(found, wanted)}")


def _find_sheets(workbook: "CalamineWorkbook", wanted: Sequence[str]) -> list[str]:
    """List the sheets that have all wanted columns."""
    tops = {
        each: workbook.get_sheet_by_name(each).to_python(skip_empty_area=False, nrows=LINES_ABOVE)
        for each in workbook.sheet_names
    }
    return [each for each, rows in tops.items() if _has_columns(rows, wanted)]


def _has_columns(rows: Sequence[Sequence[Any]], wanted: Sequence[str]) -> bool:
    """Say whether one of the first rows of a sheet has the names of all wanted columns; blanks do not matter."""
    asked = {" ".join(column.split()) for column in wanted}
    return any(asked <= {" ".join(str(cell).split()) for cell in row} for row in rows[:LINES_ABOVE])


def _say_sheets(found: Sequence[str], wanted: Sequence[str]) -> str:
    """Say in which sheets the wanted columns are."""
    if len(found) == 1:
        return f"{list_some(wanted)} are the names of columns in {found[0]!r}: pass sheet={found[0]!r}"
    return f"{list_some(wanted)} are the names of columns in {name_members(list(found))}: name one of them with sheet="


def _write_cell(value: Any) -> str:
    """Write the value of a cell as a field of CSV, without line breaks."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date | datetime | time):
        value = value.isoformat()
    return '"' + " ".join(str(value).splitlines()).replace('"', '""') + '"'


def open_arrow(path: Path, name: str, wanted: Wanted, connection: "duckdb.DuckDBPyConnection") -> Table:
    """Open the wanted columns of a file of Arrow, which is what Feather is, lazily."""
    import pyarrow as pa
    import pyarrow.dataset

    try:
        data = pyarrow.dataset.dataset(path, format="ipc")
        names = data.schema.names
        check_columns(names, wanted.columns, place=escape_controls(name))
        check_names(names, wanted.columns, place=repr(name))
        coded = [each for each in wanted.columns if pa.types.is_dictionary(data.schema.field(each).type)]
        first = data.head(1, columns=coded) if coded else None
        number = data.count_rows()
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"cannot read {name!r} as Feather: {reason}; write it again") from error
    declared = {} if first is None else declared_categories(first, coded)
    connection.register("arrow_data", data)
    plain = {each: data.schema.field(each).type.value_type for each in coded}
    columns = []
    for each in wanted.columns:
        column = quote_sql(each, '"')
        is_text = each in plain and not pa.types.is_integer(plain[each])
        columns.append(f"{column}::VARCHAR AS {column}" if is_text else column)
    raw = connection.sql(f"SELECT {', '.join(columns)} FROM arrow_data")
    whole = select_whole(connection, "SELECT * FROM arrow_data")
    return Table(code_columns(raw, wanted), raw, repr(name), number, declared=declared, whole=whole, unit="row")


def open_json(path: Path, name: str, wanted: Wanted, connection: "duckdb.DuckDBPyConnection") -> Table:
    """Open the wanted keys of objects in JSON, lazily: one object per line, or all in one list."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        start = file.read(START).lstrip()
    keys = dict.fromkeys(key for each in _first_objects(start, name) for key in each)
    check_columns(keys, wanted.columns, place=escape_controls(name))
    check_names(wanted.columns, wanted.columns, place=f"the list of columns for {name!r}")
    kind = "array" if start.startswith("[") else "newline_delimited"

    def select(names: Iterable[str]) -> "duckdb.DuckDBPyRelation":
        columns = ", ".join(f"{quote_sql(each, chr(39))}: 'VARCHAR'" for each in names)
        return connection.sql(
            f"SELECT {', '.join(quote_sql(each, chr(34)) for each in names)} FROM "
            f"read_json({quote_sql(escape_pattern(path), chr(39))}, format = '{kind}', columns = {{{columns}}}, "
            f"maximum_object_size = {LARGEST_OBJECT})"
        )

    raw, lowered = select(wanted.columns), {key.lower() for key in keys}
    whole = select(keys) if len(lowered) == len(keys) else None  # DuckDB does not keep others apart
    return Table(code_columns(raw, wanted), raw, repr(name), texts=wanted.columns, whole=whole, unit="row")


def _first_objects(text: str, name: str) -> Iterator[dict]:
    """Read the first objects of JSON."""
    decoder, place = json.JSONDecoder(), 1 if text.startswith("[") else 0
    for number in range(KEYS_FROM):
        while place < len(text) and text[place] in ", \t\r\n":
            place += 1
        if place >= len(text) or text[place] == "]":
            return
        try:
            found, place = decoder.raw_decode(text, place)
        except ValueError as error:
            if number and len(text) >= START - 1000:  # the last one is cut
                return
            raise UserError(f"cannot read {name!r} as JSON: {error}; write one object per line") from error
        if not isinstance(found, dict):
            raise UserError(f"{name!r} holds {found!r:.60} where an object is expected; write one object per line")
        yield found
