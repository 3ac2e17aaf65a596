"""What students type, turned into plain values: numbers, texts, lists and dicts that fit into JSON.

An answer that cannot be judged (an infinite number, a module, a function that raises) is a `Fault` with a message.
"""

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any

from labkit.exercises.words import class_name

MOST_VALUES = 100_000  # values of an answer; no exercise asks for a hundredth of that
MOST_CHARACTERS = 100_000  # of a text in an answer
MOST_BITS = 1_000  # of a whole number, which must also be a float
DEEPEST = 50  # lists within lists


class Fault(ValueError):
    """Why an answer cannot be judged, in words for the student.

    A collector raises it; `Exercise.outcome` turns it into the outcome "not yet" with this message.

    Attributes
    ----------
    key : tuple or None
        What went wrong in a call, for comparisons: the number of the probe, the kind of the failure, and its text.
    """

    def __init__(self, message: str, key: tuple | None = None):
        super().__init__(message)
        self.key = key


class NamedValues(dict):
    """The values of a Series by the labels of its index, or of a row by its columns; it may also be taken as a list."""

    skip = 0  # values at the beginning that are labels of the row, and no part of the list

    def listed(self) -> list:
        """Return the values as a list."""
        return list(self.values())[self.skip :]


class Positions(list):
    """The values of a Series whose labels are whole numbers, or not unique: a list that may also be taken as a dict."""

    labels: tuple[str, ...] = ()


class Room:
    """How much of an answer may still be read, so that a huge one costs neither memory nor minutes."""

    def __init__(self):
        self.left = MOST_VALUES

    def take(self) -> None:
        """Count one value."""
        self.left -= 1
        self.check(0)

    def check(self, number: int) -> None:
        """Raise Fault where there is no room for so many values."""
        if number > self.left or self.left < 0:
            raise Fault(f"your answer holds more than {MOST_VALUES:,} values; the exercise asks for far fewer.")


def plain(value: Any, where: str = "your answer") -> Any:
    """Return a value as what JSON can hold; ``...`` stays as it is and marks what is not filled in yet.

    Arrays, tensors and sets (sorted) become lists; a frame becomes a list with `NamedValues` for each row, an index
    with labels becomes columns; a Series becomes `Positions`, which is a list, or `NamedValues` when its index has
    labels; NaN and NA become None. Texts and numbers of a class derived from Python's become Python's own. Fault where
    an answer is larger than any exercise asks for.

    >>> import numpy as np
    >>> plain({"rates": np.array([0.5, np.nan]), "groups": {"b", "a"}})
    {'rates': [0.5, None], 'groups': ['a', 'b']}
    """
    return _plain(value, where, Room(), 0)


def _plain(value: Any, where: str, room: Room, depth: int) -> Any:
    room.take()
    if depth > DEEPEST:
        raise Fault(f"your answer is nested more than {DEEPEST} deep.")

    def inner(each: Any, place: str = where) -> Any:
        return _plain(each, place, room, depth + 1)

    kind = class_name(value)
    if value is None or value is ... or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain_text(value, where)
    if kind in ("NAType", "NaTType"):
        return None
    if isinstance(value, (Integral, Real, Decimal)):
        return plain_number(value, where)
    if isinstance(value, (date, PurePath)):
        return plain_text(str(value), where)
    if isinstance(value, Mapping):
        kept = NamedValues() if isinstance(value, NamedValues) else {}
        for key, each in value.items():
            text = plain_key(key)
            kept[text] = inner(each, f"{where}[{text!r}]")
        if isinstance(value, NamedValues):
            kept.skip = value.skip
        return kept
    if isinstance(value, (set, frozenset)):
        return in_order([inner(each) for each in value])
    if isinstance(value, (list, tuple, range)):
        kept = Positions() if isinstance(value, Positions) else []
        kept += [inner(each, f"{where}[{position}]") for position, each in enumerate(value)]
        if isinstance(value, Positions):
            kept.labels = value.labels
        return kept
    if isinstance(shape := getattr(value, "shape", None), tuple):  # a table, an array, a tensor
        room.check(math.prod(shape))
    if kind in ("DataFrame", "Series", "Index"):
        return inner(table_values(value))
    if hasattr(value, "detach"):  # a tensor that has a gradient cannot be listed
        value = value.detach()
    if hasattr(value, "tolist"):  # numpy arrays and scalars, tensors
        return inner(value.tolist())
    if isinstance(value, (zip, map, filter)) or kind in ("dict_keys", "dict_values", "generator"):
        return [inner(each, f"{where}[{position}]") for position, each in enumerate(value)]
    if callable(value):
        raise Fault(f"{where} is a function; did you forget the parentheses that call it?")
    raise Fault(f"{where} is of type {kind}, which cannot be compared; give numbers, texts or a table.")


def in_order(values: list) -> list:
    """Return the values of a set in an order that does not depend on how Python keeps them."""
    try:
        return sorted(values, key=lambda each: (type(each).__name__, each))
    except TypeError:  # lists with a missing value in them
        return sorted(values, key=repr)


def plain_text(value: str, where: str) -> str:
    """Return a text as Python's own `str`: of a derived class such as `numpy.str_` or an Enum, what it equals."""
    if len(text := str.__str__(value)) > MOST_CHARACTERS:
        raise Fault(f"{where} is a text of {len(text):,} characters; the exercise asks for far fewer.")
    return text


def plain_key(key: Any) -> str:
    """Return a key of a dict as a text: of a derived class, as what it equals is written."""
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int.__int__(key))
    return str.__str__(str(key))


def plain_number(value: Any, where: str) -> int | float | None:
    """Return a number as Python's own `int` or `float`, None for NaN; Fault for an infinite one."""
    if isinstance(value, Integral):
        whole = int.__int__(value) if isinstance(value, int) else int(value)
        if whole.bit_length() > MOST_BITS:
            raise Fault(f"{where} is a whole number with more than {int(MOST_BITS * math.log10(2))} digits.")
        return whole
    number = float.__float__(value) if isinstance(value, float) else float(value)
    if math.isinf(number):
        raise Fault(f"{where} is infinite: somewhere a number is divided by zero.")
    return None if math.isnan(number) else number


def table_values(table: Any) -> Any:
    """Return a Series, Index or frame (pandas, or polars) as lists and dicts."""
    kind = class_name(table)
    if kind == "DataFrame" and hasattr(table, "to_dicts"):
        return [NamedValues(row) for row in table.to_dicts()]
    if kind == "Index" or not hasattr(table, "index"):
        return list(table)
    # Whole numbers without a name are positions: all rows, or those that a mask kept.
    labeled = table.index.dtype.kind not in "iu" or table.index.name is not None
    if kind == "Series":
        labels = [plain_key(key) for key in table.index]
        unique = len(set(labels)) == len(labels)  # values of the same label would replace each other
        if labeled and unique:
            return NamedValues(zip(labels, table, strict=True))
        values = Positions(table)
        values.labels = tuple(labels) if unique else ()
        return values
    rows = [NamedValues(row) for row in (table.reset_index() if labeled else table).to_dict(orient="records")]
    for row in rows:
        row.skip = table.index.nlevels if labeled else 0
    return rows
