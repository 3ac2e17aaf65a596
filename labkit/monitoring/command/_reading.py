"""A stream of decisions in a CSV, read as text."""

import csv
import hashlib
import warnings
from pathlib import Path

import pandas as pd

from labkit.errors import UserError

SEPARATORS = ",;\t|"


def read_stream(path: Path, columns: list[str]) -> tuple[pd.DataFrame, str]:
    """Read a CSV, and return it with the sha256 of the file.

    All values are texts, so that a group 01 stays one. Fields that are empty, or hold NA, null and the like, are
    missing. Commas, semicolons, tabs or bars may separate the fields: the one that finds most of the columns.
    """
    if path.is_dir():
        raise UserError(f"{str(path)!r} is a folder; name one CSV, with a row for each decision")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}; name the CSV with the decisions")
    try:
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    if not header:
        raise UserError(
            f"{str(path)!r} is empty; it needs a line with the names of columns, and a row for each decision"
        )
    separator = max(SEPARATORS, key=lambda each: len(set(_split(header, each)) & set(columns)))
    names = _split(header, separator)
    for column in columns:
        if names.count(column) > 1:
            raise UserError(f"{str(path)!r} has {names.count(column)} columns {column!r}; rename all but one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(path, sep=separator, dtype=str, encoding="utf-8-sig", index_col=False)
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
