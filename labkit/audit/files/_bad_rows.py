"""A CSV row by row, in Python, where something is wrong with it: in which line, and can it be repaired?"""

import csv
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from labkit.audit.files._columns import THOUSANDS, TRUTHS, Wanted, say_wrong
from labkit.audit.files._header import Header
from labkit.errors import UserError
from labkit.validation import escape_controls, list_some

# Bare fields that are missing values; the same text in quotes is text.
NULLS = ("", "NA", "N/A", "n/a", "#N/A", "#NA", "NULL", "Null", "null", "NaN", "nan", "-nan", "<NA>")
LONGEST_FIELD = 2**31 - 1
MOST_KNOWN = 1000  # texts of a column that are not looked at again
KEPT = "\x00"  # before a missing value in quotes while a line is read, since Python's reader drops quotes
# What rows of totals are called, in some languages in which spreadsheets are kept.
TOTALS = re.compile(
    r"\W*((sub-?|grand )?totals?|sums?|all|summe|(zwischen|gesamt)?summe|gesamt|insgesamt|somme|total général|totale|"
    r"suma|subtotal|totaal|razem|итого|всего|合计|总计|合計|總計)\W*"
)


class CsvRow(NamedTuple):
    """A row of a CSV."""

    line: int  # the first of its lines
    fields: list[str]
    is_loose: bool  # whether its quotation marks do not follow the rules


@dataclass
class Repaired:
    """A copy of a CSV that can be read, and what was left out of it or changed."""

    path: Path
    rows: int = 0
    blank: list[int] = field(default_factory=list)  # lines of rows in which every field is empty
    loose: list[int] = field(default_factory=list)  # lines whose quotation marks do not follow the rules

    def notes(self, name: str, unit: str) -> list[str]:
        """Say what was left out or changed."""
        shown, found = escape_controls(name), []
        if self.blank:
            lines = list_some([f"{line:,}" for line in self.blank], 5)
            found.append(f"{shown} has {len(self.blank):,} rows without any value, which were left out: {unit} {lines}")
        if self.loose:
            lines = list_some([f"{line:,}" for line in self.loose], 5)
            found.append(
                f"quotation marks in {shown} do not follow the rules of CSV in {unit} {lines}; each of these lines was "
                "read as one row: check that its values are right"
            )
        return found


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let Python's reader take fields of any length."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def walk_rows(path: Path, header: Header) -> Iterator[CsvRow]:
    """Read the rows of a file of UTF-8 text below its header, one by one.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    header : Header
        Its header.

    Yields
    ------
    CsvRow
        Fields as they are written; those of `NULLS` that stand in quotes begin with `KEPT`. Blank lines are left out.

    Raises
    ------
    UserError
        A quotation mark that opens and does not close.
    """
    between = re.escape(header.delimiter)
    nulls = "|".join(map(re.escape, NULLS[1:]))
    quoted = re.compile(rf'(^|{between})"({nulls})"(?={between}|\r|\n|$)')
    with open(path, encoding="utf-8-sig", newline="") as file:
        waiting: list[str] = []  # lines that are read again
        taken: list[str] = []  # lines of the row at hand

        def take() -> Iterator[str]:
            while line := waiting.pop() if waiting else file.readline():
                taken.append(line)
                yield quoted.sub(rf'\1"{KEPT}\2"', line) if '"' in line else line

        for _ in range(header.lines):
            file.readline()
        number = header.lines + 1
        options = {"delimiter": header.delimiter, "skipinitialspace": header.is_spaced, "strict": True}
        lines = take()
        reader = csv.reader(lines, **options)
        while True:
            is_loose = False
            try:
                fields = next(reader, None)
            except csv.Error:
                waiting.extend(reversed(taken[1:]))
                del taken[1:]
                fields, is_loose = _read_loosely(quoted.sub(rf'\1"{KEPT}\2"', taken[0]), header, number), True
                lines = take()
                reader = csv.reader(lines, **options)
            if fields is None:
                return
            if fields and (len(fields) > 1 or fields[0].strip()):  # else a blank line
                yield CsvRow(number, fields, is_loose)
            number += len(taken)
            taken.clear()


def _read_loosely(line: str, header: Header, number: int) -> list[str]:
    """Read a line whose quotation marks do not follow the rules as one row, if that gives a field for each name."""
    fields = next(csv.reader([line], delimiter=header.delimiter))
    is_open = fields[-1:] and fields[-1].endswith(("\n", "\r"))
    if is_open or len(fields) != len(header.names):
        raise UserError(
            f"a quotation mark in line {number:,} opens a value and does not close it as it should: "
            f"{line.strip()[:60]!r}; write marks within a value twice, and remove those that do not "
            "belong there"
        )
    return fields


def is_blank(fields: Sequence[str]) -> bool:
    """Say whether a row has no value at all."""
    return not any(map(str.strip, fields))


def repair(path: Path, header: Header, columns: Sequence[str], target: Path, *, name: str, unit: str) -> Repaired:
    """Copy the wanted columns, row by row, and raise a UserError that names the first row that cannot be read."""
    places, width, found = [header.names.index(column) for column in columns], len(header.names), Repaired(target)
    with _long_fields(), open(target, "w", encoding="utf-8", newline="") as out:
        out.write(",".join(f"c{place}" for place in range(len(columns))) + "\n")
        for row in walk_rows(path, header):
            fields = row.fields
            if is_blank(fields):
                found.blank.append(row.line)
                continue
            if row.is_loose:
                found.loose.append(row.line)
            if len(fields) != width and not (len(fields) > width and is_blank(fields[width:])):
                raise UserError(_say_width(row, header, name, unit, is_first=found.rows == 0))
            found.rows += 1
            texts = (fields[place] for place in places)
            out.write(",".join(map(_write_field, texts)) + "\n")
    return found


def _write_field(text: str) -> str:
    """Write a value in quotation marks, and a missing one without."""
    return "" if text in NULLS else '"' + text.removeprefix(KEPT).replace('"', '""') + '"'


def _say_width(row: CsvRow, header: Header, name: str, unit: str, *, is_first: bool) -> str:
    """Say that a row has another number of fields than the header."""
    width, given = len(header.names), len(row.fields)
    shown = escape_controls(repr(header.delimiter.join(row.fields)[:60]))
    remedy = "save it again with as many fields in each row as there are names in the first"
    if is_first and given == width + 1:
        remedy = "R writes names of rows without a name for their column: write.csv(data, row.names = FALSE)"
    elif given > width:
        remedy = "put quotation marks around values that hold the delimiter"
    elif sum(bool(text.strip()) for text in row.fields) < 3:
        remedy = "drop that row if it is a remark, or a row of totals"
    return (
        f"cannot read {name!r} as CSV: {unit} {row.line:,} has {given} fields and the header has {width} names: "
        f"{shown}; {remedy}"
    )


def find_bad_row(path: Path, header: Header, wanted: Wanted, *, named: str) -> tuple[CsvRow, str] | None:
    """Find the first row with a value that cannot be counted; rows without any value are left to `repair`.

    Parameters
    ----------
    path : pathlib.Path
        A file of UTF-8 text.
    header : Header
        Its header.
    wanted : Wanted
        The columns that are counted.
    named : str
        An error about one of them.

    Returns
    -------
    tuple or None
        The row and the name of the column; None if the error is about something else.
    """
    checks = [
        (name, header.names.index(name), check, set()) for name, check in _list_checks(wanted) if repr(name) in named
    ]
    with _long_fields():
        for row in walk_rows(path, header) if checks else ():
            for name, place, is_right, known in checks:
                text = row.fields[place] if place < len(row.fields) else ""
                if text in known:
                    continue
                if not is_right(text):
                    if is_blank(row.fields):
                        break
                    return row, name
                if len(known) < MOST_KNOWN:
                    known.add(text)
    return None


def _list_checks(wanted: Wanted) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Yield columns with a function that says whether a text of theirs can be counted."""
    roles = wanted.roles

    def number(text: str) -> float:
        return read_number(text, wanted.decimal) if text not in NULLS else math.nan

    def is_truth(text: str) -> bool:
        return text.strip().lower() in TRUTHS or number(text) in (0, 1)

    for name in wanted.truths:
        yield name, is_truth
    for name in wanted.numbers:
        if name == roles.count:
            yield name, lambda text: number(text) >= 0 and number(text).is_integer()
        elif name == roles.weight:
            yield name, lambda text: 0 <= number(text) < math.inf
        elif name == wanted.score:
            yield name, lambda text: 0 <= number(text) <= 1
        else:
            yield name, lambda text: math.isfinite(number(text))
    for name in roles.sensitive if roles.missing_group is None else ():
        yield name, lambda text: text not in NULLS and bool(text.strip())
    if roles.person is not None:
        yield roles.person, lambda text: text not in NULLS


def read_number(text: str, decimal: str) -> float:
    """Read a number as `code_columns` does; NaN where there is none."""
    text = text.strip(" \t\xa0")
    if decimal == ",":
        if "." in text and not re.fullmatch(THOUSANDS, text):
            return math.nan
        text = text.replace(".", "").replace(",", ".")
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def say_bad_row(error: UserError, row: CsvRow, header: Header, column: str, wanted: Wanted, unit: str) -> str:
    """Add the line of the first bad row to an error, and what it holds there."""
    place = header.names.index(column)
    text = row.fields[place] if place < len(row.fields) else ""
    where = f" in {unit} {row.line:,}"
    others = [text for text in row.fields if TOTALS.fullmatch(text.lower())]
    totals = f"drop that row if it is one of totals ({others[0]!r})" if others else ""
    if (
        text not in NULLS
        and text.strip()
        and (column in wanted.truths or math.isnan(read_number(text, wanted.decimal)))
    ):
        if column in wanted.truths or column in wanted.numbers:
            return say_wrong(column, [text.removeprefix(KEPT)], wanted, place=where, remedy=totals)
    written = repr(text) if text.strip() else "nothing"
    more = ""
    if text in NULLS[1:]:
        more = f": without quotation marks {text} is a missing value, with them it is text"
    return f"{error} (first{where}, which has {written} there{more})" + (f"; {totals}" if totals else "")
