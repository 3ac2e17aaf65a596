"""Tables that an audit writes as CSV, in which a spreadsheet finds no formulas."""

import csv
from functools import lru_cache

import pandas as pd

from labkit.files import disarm_cell


def table_as_csv(table: pd.DataFrame, *, raw: bool = False) -> bytes:
    """Write a table of numbers, indexed by groups, as CSV.

    Names that a spreadsheet would read as formulas get an apostrophe in front, the mark of text there. ``raw`` writes
    them as they are.
    """
    index, write = table.index, (lambda name: name) if raw else lru_cache(maxsize=None, typed=True)(disarm_cell)
    names = [write(name) for name in index.names]
    # a table of scores has tens of thousands of rows, and few groups
    levels = [[write(name) for name in index.get_level_values(level).tolist()] for level in range(index.nlevels)]
    indexes = [pd.Index(level, name=name) for level, name in zip(levels, names, strict=True)]
    written = table.set_axis(indexes[0] if len(indexes) == 1 else pd.MultiIndex.from_arrays(indexes), axis="index")
    texts = {str(name) for level in [names, *levels] for name in set(level)}
    # some countries' spreadsheets end a cell at a semicolon, and all end a row at a carriage return, outside quotes
    quoted = not raw and any(mark in text for text in texts for mark in ";\t\r")
    return written.to_csv(quoting=csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL).encode()
