"""Rows that are the same as an earlier one in every column of a file: exports and joins repeat rows by mistake."""

from typing import NamedTuple

import numpy as np

from labkit.audit.files._columns import Table, quote_sql
from labkit.audit.sampling._identifiers import looks_like_an_identifier
from labkit.validation import escape_controls

MOST_ROWS, MOST_FIELDS = 1_000_000, 20_000_000  # beyond that it would take longer than the audit
FEWEST_COLUMNS = 4  # with fewer, and no identifier among them, people are alike by nature
TELLS_APART = 0.9  # of the rows that differ: a column with so many values has one for nearly each row
FEW = 0.1  # of the rows: a tenth or more that are alike is what categories make of people
SHOWN = 3  # rows in the note


class Duplicates(NamedTuple):
    """What was found."""

    number: int | None = None  # rows that repeat an earlier one; None where nobody looked
    why: str = ""  # why nobody looked
    note: str = ""  # what a reader must know; empty where there is nothing


def find_duplicates(table: Table, *, rows: int | None, person: str | None) -> Duplicates:
    """Count the rows that are the same as an earlier one in all columns of a file, not in the wanted ones alone.

    Parameters
    ----------
    table : Table
        What was counted.
    rows : int or None
        How many rows it has, where that is known.
    person : str or None
        A column of persons, who may have several rows that are alike.

    Returns
    -------
    Duplicates
        With a note where repeated rows are suspicious: where a column tells nearly all different rows apart, where they
        are few, or where every row occurs equally often. Otherwise people may well be alike in all columns.
    """
    import duckdb

    if person is not None:
        return Duplicates(why=f"a person ({person}) may have several rows that are alike")
    if table.whole is None:
        return Duplicates(why="the file had to be repaired" if table.is_repaired else "its columns cannot be compared")
    names = table.whole.columns
    if len(names) < FEWEST_COLUMNS and not any(map(looks_like_an_identifier, table.names or names)):
        return Duplicates(why=f"it has fewer than {FEWEST_COLUMNS} columns, and none with the name of an identifier")
    if rows is None:
        rows = table.raw.aggregate("count(*)").fetchall()[0][0]
    if rows > MOST_ROWS or rows * len(names) > MOST_FIELDS:
        return Duplicates(why=f"there are more than {MOST_ROWS:,} rows, or {MOST_FIELDS:,} fields")
    columns = ", ".join(quote_sql(name, '"') for name in names)
    try:
        # one pass over the file: a hash for each row, in the order of the rows
        hashes = table.whole.project(f"hash({columns}) AS row_hash").fetchnumpy()["row_hash"]
        _, first, group, times = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
        number = rows - len(first)
        note = _describe(table, number, first[group], times) if number > 0 else ""
        return Duplicates(number, note=note)
    except duckdb.Error:  # a column that nobody wants, of a kind that is not read
        return Duplicates(why="its columns cannot be compared")


def _describe(table: Table, number: int, earliest: np.ndarray, times: np.ndarray) -> str:
    """Say how many rows repeat an earlier one, and which are the first; nothing where that is no wonder.

    ``earliest`` is the place of the first row that is the same, from 0, for each row (rows,); ``times`` says how often
    each different row occurs.
    """
    rows, least, most = len(earliest), int(times.min()), int(times.max())
    names = [quote_sql(name, '"') for name in table.whole.columns]
    values = table.whole.aggregate(", ".join(f"approx_count_distinct({name})" for name in names)).fetchall()[0]
    has_key = any(map(looks_like_an_identifier, table.names or table.whole.columns))
    has_key |= max(values) >= TELLS_APART * (rows - number)
    if not has_key and number >= FEW * rows and least != most:
        return ""
    found = np.flatnonzero(earliest != np.arange(rows))[:SHOWN]
    shift, unit = (table.above, table.unit) if table.unit else (0, "")
    shift += 1  # places are counted from 0
    said = ", ".join(f"{unit} {place + shift:,} repeats {unit} {earliest[place] + shift:,}" for place in found)
    said = f" ({'the first: ' if number > len(found) else ''}{said})" if unit else ""
    are = "row of {} is" if number == 1 else "rows of {} are"
    every = f", so that every row occurs {least} times" if least == most else ""
    alike = "" if has_key else ", though people may be alike in all of them"
    return (
        f"{number:,} {are.format(escape_controls(table.name))} the same as an earlier row in all {len(names)} columns"
        f"{said}{every}: exports and joins repeat rows by mistake{alike}. Nothing was left out: where a row does not "
        "stand for a person of its own, remove it and audit again"
    )
