"""What an audit writes: whole files or none, and tables that a spreadsheet does not read as formulas."""

import csv
import os
import re
from collections.abc import Hashable, Mapping
from pathlib import Path

import pandas as pd

from labkit.errors import UserError

# What spreadsheets take for the beginning of a formula, also as full-width characters; a plain number is none.
FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


FILES = ("audit.html", "audit.png", "audit.svg", "rates.csv", "comparisons.csv", "counts.csv", "scores.csv")


def write_whole(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Write files by name into a folder: all of them or, where one cannot be written, none.

    Each is written aside first, so that a full disk leaves the files of an earlier audit as they are. A file of an
    earlier audit that this one does not write is removed: it would be read as part of this one.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write to; it exists.
    contents : mapping of str to bytes
        Some of ``FILES``, with their content.

    Returns
    -------
    list of str
        Names of the files of an earlier audit that were replaced or removed.
    """
    earlier = [name for name in FILES if (folder / name).is_file()]
    aside = {folder / name: folder / f".{name}.{os.getpid()}.tmp" for name in contents}
    failed = folder
    try:
        for path, temporary in aside.items():
            failed = path
            temporary.write_bytes(contents[path.name])
        for path, temporary in aside.items():
            failed = path
            os.replace(temporary, path)
        for name in set(earlier) - set(contents):
            failed = folder / name
            failed.unlink()
    except OSError as error:
        raise UserError(
            f"cannot write {str(failed)!r}: {error.strerror or error}; make room there, or choose another folder "
            "with output= (on the command line --output)"
        ) from error
    finally:
        for temporary in aside.values():
            temporary.unlink(missing_ok=True)
    return earlier


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
