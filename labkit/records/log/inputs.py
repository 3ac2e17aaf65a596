"""Inputs of a decision, of which the log has only a hash."""

import hashlib
import hmac
import math
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.records.log._entries import write_canonical

SHORTEST_KEY = 16  # bytes


def hash_inputs(inputs: Mapping[str, Any], *, key: bytes | None = None) -> str:
    """Hash what a decision was based on, so that somebody who has it can show that it is this.

    The hash is that of canonical JSON: names in the order of their characters, missing values as null, dates and times
    in ISO 8601. Types count: 1, 1.0 and "1" have different hashes, and so have texts that only look alike. From a CSV,
    all values are texts.

    A hash of inputs that can be guessed can be found by trying them: of a date of birth and a postal code within
    seconds. With a secret `key` that takes the key, too.

    Parameters
    ----------
    inputs : mapping of str to value
        Texts, numbers, booleans, dates, times, missing values; lists and mappings of these.
    key : bytes, optional
        At least 16 random bytes that are kept secret: the hash is then HMAC-SHA256 (RFC 2104).

    Returns
    -------
    str
        64 lowercase hexadecimal digits.

    Raises
    ------
    UserError
        No mapping, a name that is no text, an infinite number, a value of another kind, or a key that is too short.

    Examples
    --------
    >>> hash_inputs({"age": 41, "city": "Graz"}) == hash_inputs({"city": "Graz", "age": 41})
    True
    """
    if not isinstance(inputs, Mapping):
        raise UserError(f"inputs are a {type(inputs).__name__}; give a mapping of names to values, or a hash")
    text = write_canonical(_plain(inputs, "inputs"))
    if key is None:
        return hashlib.sha256(text).hexdigest()
    return hmac.digest(check_key(key), text, "sha256").hex()


def check_key(key: bytes) -> bytes:
    """Return a key, or say that it is none."""
    if not isinstance(key, bytes) or len(key) < SHORTEST_KEY:
        found = f"{len(key)} bytes" if isinstance(key, bytes) else f"a {type(key).__name__}"
        raise UserError(f"the key is {found}; it must be at least {SHORTEST_KEY} random bytes, secrets.token_bytes(32)")
    return key


def read_key(path: str | Path) -> bytes:
    """Read a key from a file: all its bytes, a line break at its end too."""
    return check_key(Path(path).read_bytes())


def fingerprint_of(key: bytes) -> str:
    """Return what the header has of a key, which shows that another key is not the same and does not show the key."""
    return hmac.digest(check_key(key), b"labkit decision log: fingerprint of the key", "sha256").hex()


def _plain(value: Any, place: str) -> Any:
    """Turn a value into one that JSON has, in one way alone."""
    if value is None or isinstance(value, str | bool | int):
        _check_text(value, place)
        return value
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise UserError(f"{place} have the name {name!r}, which is no text; write names as text")
            _check_text(name, place)
        return {name: _plain(each, f"{place}[{name!r}]") for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, f"{place}[{row}]") for row, each in enumerate(value)]
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64 | float):
        return _plain(value.item(), place)
    if isinstance(value, float):
        if math.isinf(value):
            raise UserError(f"{place} is {value}; write it as text, or as a missing value")
        return None if math.isnan(value) else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise UserError(f"{place} is {value!r}, a {type(value).__name__}; give text, a number, true or false, or a date")


def _check_text(value: Any, place: str) -> None:
    """Reject half a character, which no file in UTF-8 can have."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise UserError(f"{place} has half a character in {value!r}; correct the text") from error
