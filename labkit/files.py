"""Tables of decisions that are read as text, and files that are replaced as a whole or not at all."""

import csv
import io
import os
import re
import warnings
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from labkit.cache import file_sha256
from labkit.errors import UserError
from labkit.validation import list_some

# What spreadsheets take for the beginning of a formula, also as full-width characters; a plain number is none.
FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
SEPARATORS = ",;\t|"
WORDS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file beside the former one, and then put it in its place, so that a crash leaves one of the two.

    When this returns, the new one stays even if the power fails, unless ``durable`` is False.
    """
    part = path.absolute().with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(part, path)
        if durable:
            sync_folder(path)
    finally:
        part.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Write the names in the folder of a file to the disk; Windows offers nothing for that."""
    if os.name == "nt":
        return
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def disarm_cell(value: Hashable) -> Hashable:
    """Return the value of a cell; a text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> disarm_cell("=1+1"), disarm_cell("-1.5"), disarm_cell(-2)
    ("'=1+1", '-1.5', -2)
    """
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def rows_as_csv(rows: Iterable[Sequence[Hashable]]) -> bytes:
    """Write rows as a CSV in which a spreadsheet finds no formulas; texts are quoted, numbers are not.

    Parameters
    ----------
    rows : iterable of sequence
        The headings first; None is an empty cell.
    """
    written = io.StringIO(newline="")
    disarmed = ([disarm_cell(cell) for cell in row] for row in rows)
    csv.writer(written, quoting=csv.QUOTE_NONNUMERIC).writerows(disarmed)
    return written.getvalue().encode(errors="backslashreplace")


def read_text_table(
    path: Path, columns: list[str], *, missing: bool = True, unique: bool = False, row: str = "decision"
) -> tuple[pd.DataFrame, str]:
    """Read a CSV with a row for each decision, or for each of something else, and return it with the file's sha256.

    All values are texts, so that a group 01 stays one. Fields that are empty, or hold NA, null and the like, are
    missing; with ``missing=False`` they are texts, too. Of the columns that are named, each may be there once; with
    ``unique`` of all. Commas, semicolons, tabs or bars may separate the fields: the
    one that finds most of the columns.
    """
    if path.is_dir():
        raise UserError(f"{str(path)!r} is a folder; name one CSV, with a row for each {row}")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}; name a CSV with a row for each {row}")
    try:
        checksum = file_sha256(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    if not header:
        raise UserError(f"{str(path)!r} is empty; it needs a line with the names of columns, and a row for each {row}")
    separator = max(SEPARATORS, key=lambda each: len(set(_split(header, each)) & set(columns)))
    names = _split(header, separator)
    for column in names if unique else columns:
        if names.count(column) > 1:
            raise UserError(f"{str(path)!r} has {names.count(column)} columns {column!r}; rename all but one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path, sep=separator, dtype=str, encoding="utf-8-sig", index_col=False, keep_default_na=missing
            )
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{str(path)!r} is no table: {reason}; give each row as many fields as the first") from error
    return frame, checksum


def _split(header: str, separator: str) -> list[str]:
    """Return the names of columns in the first line."""
    return next(csv.reader([header], delimiter=separator), [])


def _not_text(path: Path) -> UserError:
    """Return the error about a file that is no text in UTF-8."""
    return UserError(f"{str(path)!r} is no text in UTF-8; save it as a CSV in UTF-8")


def read_decisions(values: pd.Series) -> np.ndarray:
    """Return decisions as integers, from 0 and 1, booleans, or these as text."""
    codes = values.astype(str).str.strip().str.lower().map(WORDS)
    wrong = codes.isna().to_numpy()
    if wrong.any():
        strange = list_some([repr(value) for value in values[wrong].unique().tolist()], 5)
        raise UserError(
            f"column {values.name!r} holds {strange}, first in row {first(wrong):,}; decisions must be 0 or 1, or "
            "true or false"
        )
    return codes.to_numpy(int)


def first(wrong: np.ndarray) -> int:
    """Return the first row that is marked, counted from 1."""
    return int(wrong.argmax()) + 1
