"""Tables that an audit writes as CSV, in which a spreadsheet finds no formulas."""

import csv
import re
from collections.abc import Hashable

import pandas as pd

# What spreadsheets take for the beginning of a formula, also as full-width characters; a plain number is none.
FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def table_as_csv(table: pd.DataFrame, *, raw: bool = False) -> bytes:
    """Write a table of numbers, indexed by groups, as CSV.

    Names that a spreadsheet would read as formulas get an apostrophe in front, the mark of text there. ``raw`` writes
    them as they are.
    """
    index = table.index
    names = [*index.names]
    groups = [group if isinstance(group, tuple) else (group,) for group in index.tolist()]
    if not raw:
        names = [_neutral(name) for name in names]
        groups = [tuple(map(_neutral, group)) for group in groups]
    columns = {position: values for position, values in enumerate(zip(*groups, strict=True))}
    levels = [pd.Index(columns.get(position, ()), name=name) for position, name in enumerate(names)]
    written = table.set_axis(levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels), axis="index")
    texts = [str(value) for group in [names, *groups] for value in group]
    # some countries' spreadsheets end a cell at a semicolon, and all end a row at a carriage return, outside quotes
    quoted = not raw and any(mark in text for text in texts for mark in ";\t\r")
    return written.to_csv(quoting=csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL).encode()


def _neutral(value: Hashable) -> Hashable:
    """Put an apostrophe before a text that would be a formula."""
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value
