"""Values on their way into the box and out of it: JSON, in which a mark names what JSON has no form for.

Out of the box come plain values (see `labkit.exercises`), written by a process in which a student's code ran: reading
them trusts nothing. Into the box go the arguments of calls, written by us.
"""

import dataclasses
import importlib
import json
import math
import re
from typing import Any

from labkit.exercises.plain_values import MOST_BITS, MOST_CHARACTERS, Fault, NamedValues, Positions

MARK = "$"  # the key of a dict that says what the dict stands for
DEEPEST = 120  # lists within lists of JSON: twice what an answer may have, since some values take two
MOST_REPLIED = 20_000  # values of an answer that are judged: judging more would take seconds
LONGEST_KEY = 600  # characters of a text in the key of a fault

_HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")


class BadReply(ValueError):
    """What came out of the box is not what the protocol allows; the text says why."""


# ---- Out of the box --------------------------------------------------------------------------------------------------


def pack_plain(value: Any) -> Any:
    """Return a plain value as what `json.dumps` writes, with marks for ``...``, labeled rows and labeled lists."""
    if value is ...:
        return {MARK: "open"}
    if isinstance(value, NamedValues):
        return {MARK: "named", "skip": value.skip, "items": [[key, pack_plain(each)] for key, each in value.items()]}
    if isinstance(value, Positions):
        return {MARK: "positions", "labels": list(value.labels), "items": [pack_plain(each) for each in value]}
    if isinstance(value, dict):
        if MARK in value:
            return {MARK: "dict", "items": [[key, pack_plain(each)] for key, each in value.items()]}
        return {key: pack_plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [pack_plain(each) for each in value]
    return value


def read_reply(line: bytes, longest: int) -> Any:
    """Read JSON that may be anything; BadReply where it is longer, deeper or of more values than an answer may be.

    Parameters
    ----------
    line : bytes
        UTF-8.
    longest : int
        Bytes that it may have.

    Returns
    -------
    object
        None, truth values, numbers, texts, lists and dicts of Python's own types. Texts hold no half characters, and
        numbers are finite.
    """
    if len(line) > longest:
        raise BadReply(f"a reply has more than {longest:,} bytes")
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_reject, parse_int=_read_whole, parse_float=_read_float)
    except BadReply:
        raise
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError
        raise BadReply(f"a reply is no JSON: {type(error).__name__}") from None
    return _bounded(value, [MOST_REPLIED], 0)


def _reject(constant: str) -> None:
    raise BadReply(f"a reply has the number {constant}")


def _read_whole(digits: str) -> int:
    if len(digits) > MOST_BITS:
        raise BadReply("a reply has a whole number with too many digits")
    return int(digits)


def _read_float(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise BadReply("a reply has an infinite number")
    return number


def _bounded(value: Any, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise BadReply(f"it holds more than {MOST_REPLIED:,} values, and exercises ask for far fewer")
    if depth > DEEPEST:
        raise BadReply("a reply is nested too deep")
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, list):
        return [_bounded(each, left, depth + 1) for each in value]
    if isinstance(value, dict):
        return {whole_text(key): _bounded(each, left, depth + 1) for key, each in value.items()}
    return value


def whole_text(text: str) -> str:
    """Return a text in which half characters, which no file can hold, are replaced; BadReply where it is too long."""
    if len(text) > MOST_CHARACTERS:
        raise BadReply(f"a reply has a text of {len(text):,} characters")
    return _HALF_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)


def unpack_plain(value: Any) -> Any:
    """Return the plain value for what `pack_plain` wrote; BadReply for a mark that it does not write.

    >>> unpack_plain({"$": "positions", "labels": ["3"], "items": [0.5]})
    [0.5]
    """
    if isinstance(value, list):
        return [unpack_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > MOST_BITS:
        raise BadReply("a reply has a whole number with too many digits")
    if not isinstance(value, dict):
        return value
    if MARK not in value:
        return {key: unpack_plain(each) for key, each in value.items()}
    kind = value[MARK]
    if kind == "open" and set(value) == {MARK}:
        return ...
    items = value.get("items")
    if kind == "positions" and set(value) == {MARK, "labels", "items"} and isinstance(items, list):
        labels = value["labels"]
        if (
            isinstance(labels, list)
            and len(labels) in (0, len(items))
            and all(isinstance(each, str) for each in labels)
        ):
            found = Positions(unpack_plain(each) for each in items)
            found.labels = tuple(labels)
            return found
    if kind in ("named", "dict") and isinstance(items, list) and all(map(_is_pair, items)):
        pairs = [(key, unpack_plain(each)) for key, each in items]
        if kind == "dict" and set(value) == {MARK, "items"}:
            return dict(pairs)
        skip = value.get("skip")
        if set(value) == {MARK, "skip", "items"} and type(skip) is int and 0 <= skip <= len(pairs):
            named = NamedValues(pairs)
            named.skip = skip
            return named
    raise BadReply(f"a reply has the mark {str(kind)[:40]!r} in a form that no answer has")


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)


def read_fault(message: Any, key: Any) -> Fault:
    """Return the fault that came out of the box as a message and a key; BadReply where they are of another form."""
    if not isinstance(message, str) or not message:
        raise BadReply("a reply has a fault without a message")
    if key is None:
        return Fault(message)
    kinds = [int, str, str]
    if not isinstance(key, list) or [type(each) for each in key] != kinds or max(map(len, key[1:])) > LONGEST_KEY:
        raise BadReply("a reply has a fault whose key has another form")
    return Fault(message, tuple(key))


# ---- Into the box ----------------------------------------------------------------------------------------------------


def pack_argument(value: Any) -> Any:
    """Return an argument of a call as what `json.dumps` writes.

    Numbers, texts, lists, tuples, sets, dicts, numpy arrays, pandas tables, and dataclasses of labkit.

    Raises
    ------
    TypeError
        The argument is of another type, such as a function or a tensor.
    """
    if value is None or isinstance(value, (bool, str)) and type(value) in (bool, str) or type(value) is int:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {MARK: "float", "value": repr(value)}
    if type(value) is list:
        return [pack_argument(each) for each in value]
    if type(value) in (tuple, set, frozenset):
        return {MARK: type(value).__name__, "items": [pack_argument(each) for each in value]}
    if type(value) is dict:
        return {MARK: "dict", "items": [[pack_argument(key), pack_argument(each)] for key, each in value.items()]}
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind == "numpy.ndarray" and value.dtype.kind in "biufU":
        return {MARK: "array", "type": value.dtype.str, "shape": list(value.shape), "items": _items(value)}
    if kind.startswith("numpy.") and hasattr(value, "dtype") and value.dtype.kind in "biufU":
        return {MARK: "scalar", "type": value.dtype.str, "value": pack_argument(value.item())}
    if type(value).__module__.split(".")[0] == "pandas" and type(value).__name__ == "DataFrame":
        return _pack_table(value)
    if dataclasses.is_dataclass(value) and kind.startswith("labkit."):
        fields = {each.name: pack_argument(getattr(value, each.name)) for each in dataclasses.fields(value)}
        return {MARK: "dataclass", "module": type(value).__module__, "name": type(value).__name__, "fields": fields}
    raise TypeError(f"an argument of type {kind} cannot be sent into the box")


def _items(array: Any) -> list:
    return [pack_argument(each) for each in array.ravel().tolist()]


def _pack_table(table: Any) -> dict:
    from pandas.testing import assert_frame_equal

    columns = []
    for position in range(table.shape[1]):
        column = table.iloc[:, position]
        columns.append({"type": str(column.dtype), "items": [pack_argument(each) for each in column.tolist()]})
    axes = [
        {"names": list(axis.names), "type": str(axis.dtype), "labels": [pack_argument(each) for each in axis.tolist()]}
        for axis in (table.index, table.columns)
    ]
    packed = {MARK: "table", "columns": columns, "axes": axes}
    try:
        assert_frame_equal(unpack_argument(packed), table, check_index_type=False)
    except (AssertionError, ValueError, TypeError) as error:
        raise TypeError(f"a table of this form cannot be sent into the box: {error}") from error
    return packed


def unpack_argument(value: Any) -> Any:
    """Return the argument for what `pack_argument` wrote. It trusts what it reads."""
    if isinstance(value, list):
        return [unpack_argument(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind, items = value[MARK], value.get("items", ())
    if kind == "float":
        return float(value["value"])
    if kind in ("tuple", "set", "frozenset"):
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](map(unpack_argument, items))
    if kind == "dict":
        return {unpack_argument(key): unpack_argument(each) for key, each in items}
    if kind == "dataclass":
        fields = {name: unpack_argument(each) for name, each in value["fields"].items()}
        return getattr(importlib.import_module(value["module"]), value["name"])(**fields)
    import numpy as np

    if kind == "array":
        return np.array([unpack_argument(each) for each in items], dtype=value["type"]).reshape(value["shape"])
    if kind == "scalar":
        return np.dtype(value["type"]).type(unpack_argument(value["value"]))
    return _unpack_table(value)


def _unpack_table(value: dict) -> Any:
    import pandas as pd

    axes = []
    for axis in value["axes"]:
        labels = [unpack_argument(each) for each in axis["labels"]]
        if labels and isinstance(labels[0], tuple):
            axes.append(pd.MultiIndex.from_tuples(labels, names=axis["names"]))
        else:
            axes.append(pd.Index(labels, name=axis["names"][0], dtype=axis["type"]))
    columns = [
        pd.Series([unpack_argument(each) for each in column["items"]], index=axes[0], dtype=column["type"])
        for column in value["columns"]
    ]
    table = pd.concat(columns, axis=1)
    table.columns = axes[1]
    return table
