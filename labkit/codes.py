"""Rows of a pandas frame counted by small whole numbers: one pass of numpy instead of a hash of every key."""

import math
from collections.abc import Hashable

import numpy as np
import pandas as pd

MOST_CELLS = 2**20  # combinations that a table of counts is kept for: 8 MB
BLOCK = 2**16  # rows whose combined codes stay in the processor's cache
MOST_VALUES = 2**12  # a column of whole numbers in so small a range is its own code


def count_combinations(frame: pd.DataFrame) -> dict[Hashable, list] | None:
    """Count how often each combination of values occurs.

    Where pandas' ``groupby`` finds a hash for every row and every column, this codes a column by its categories or by
    its range, and counts the combined codes with one ``bincount``: 1,000,000 rows take milliseconds.

    Parameters
    ----------
    frame : pandas.DataFrame
        The columns to count by.

    Returns
    -------
    dict or None
        Columns to lists, a place a combination that occurs, and ``"people"``, how often it does; a missing value is
        None. None in place of the dict where the columns have too many combinations for a table.
    """
    coded = [_code(frame[name]) for name in frame]
    sizes = [len(values) for _, values in coded]
    cells = math.prod(sizes)
    if cells > MOST_CELLS:
        return None
    counts, block = np.zeros(cells, np.int64), max(BLOCK, cells)
    for start in range(0, len(frame), block):
        key = np.zeros(min(block, len(frame) - start), np.int64)
        for (codes, _), size in zip(coded, sizes, strict=True):
            key *= size
            key += codes[start : start + block]
        counts += np.bincount(key, minlength=cells)
    seen = np.flatnonzero(counts)
    columns = {
        name: [values[i] for i in place]
        for name, (_, values), place in zip(frame, coded, np.unravel_index(seen, sizes), strict=True)
    }
    return columns | {"people": counts[seen].tolist()}


def _code(column: pd.Series) -> tuple[np.ndarray, list]:
    """Give each row the position of its value, and the values; the last of them is None, for what is missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories.tolist()
    elif isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu" and len(column):
        codes, low = column.to_numpy(), int(column.min())
        span = int(column.max()) - low + 1
        if span <= MOST_VALUES:
            wide = codes if codes.itemsize == 8 else codes.astype(np.int64)  # 127 less -128 is no int8
            codes = (wide - wide.dtype.type(low)).astype(np.int64, copy=False)
            return codes, [*range(low, low + span)]  # nothing is missing among whole numbers
        codes, values = pd.factorize(codes)
        values = values.tolist()
    else:
        codes, values = pd.factorize(column)
        values = values.tolist()
    return np.where(codes < 0, len(values), codes), [*values, None]
