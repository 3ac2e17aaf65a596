"""What students type, turned into plain values: numbers, texts, lists and dicts that fit into JSON.

An answer that cannot be judged (an infinite number, a module, a function that raises) is a `Fault` with a message.
"""

import copy
import math
from collections.abc import Callable, Mapping
from datetime import date
from itertools import islice
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any

LONGEST = 60  # characters of a value shown in a message


class Fault(ValueError):
    """Why an answer cannot be judged, in words for the student.

    A collector raises it; `Exercise.outcome` turns it into the outcome "not yet" with this message.
    """


class NamedValues(dict):
    """The values of a Series by the labels of its index: a dict that may also be taken as a list."""


def plain(value: Any, where: str = "your answer") -> Any:
    """Return a value as what JSON can hold; ``...`` stays as it is and marks what is not filled in yet.

    Arrays, tensors and sets (sorted) become lists; a frame becomes a list with one dict per row, an index with labels
    becomes columns; a Series becomes a list, or `NamedValues` when its index has labels; NaN and NA become None.

    >>> import numpy as np
    >>> plain({"rates": np.array([0.5, np.nan]), "groups": {"b", "a"}})
    {'rates': [0.5, None], 'groups': ['a', 'b']}
    """
    kind = type(value).__name__
    if value is None or value is ... or isinstance(value, (bool, str)):
        return value
    if kind in ("NAType", "NaTType"):
        return None
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return plain_number(float(value), where)
    if isinstance(value, (date, PurePath)):
        return str(value)
    if isinstance(value, Mapping):
        kept = NamedValues if isinstance(value, NamedValues) else dict
        return kept((str(key), plain(each, f"{where}[{key!r}]")) for key, each in value.items())
    if isinstance(value, (set, frozenset)):
        return sorted((plain(each, where) for each in value), key=lambda each: (type(each).__name__, each))
    if isinstance(value, (list, tuple, range)):
        return [plain(each, f"{where}[{position}]") for position, each in enumerate(value)]
    if kind in ("DataFrame", "Series", "Index"):
        return plain(table_values(value), where)
    if hasattr(value, "detach"):  # a tensor that has a gradient cannot be listed
        value = value.detach()
    if hasattr(value, "tolist"):  # numpy arrays and scalars, tensors
        return plain(value.tolist(), where)
    if isinstance(value, (zip, map, filter)) or kind in ("dict_keys", "dict_values", "generator"):
        return plain(list(islice(value, 10_000)), where)
    if callable(value):
        raise Fault(f"{where} is a function; did you forget the parentheses that call it?")
    raise Fault(f"{where} is of type {kind}, which cannot be compared; give numbers, texts or a table.")


def plain_number(value: float, where: str) -> float | None:
    """Return a float, None for NaN; Fault for an infinite one."""
    if math.isinf(value):
        raise Fault(f"{where} is infinite: somewhere a number is divided by zero.")
    return None if math.isnan(value) else value


def table_values(table: Any) -> Any:
    """Return a Series, Index or frame (pandas, or polars) as lists and dicts."""
    kind = type(table).__name__
    if kind == "DataFrame" and hasattr(table, "to_dicts"):
        return table.to_dicts()
    if kind == "Index" or not hasattr(table, "index"):
        return list(table)
    # Whole numbers without a name are positions: all rows, or those that a mask kept.
    labeled = table.index.dtype.kind not in "iu" or table.index.name is not None
    if kind == "Series":
        return NamedValues((str(key), each) for key, each in table.items()) if labeled else list(table)
    return (table.reset_index() if labeled else table).to_dict(orient="records")


def outputs_of(*probes: tuple) -> Callable[[Any], list]:
    """Return a collector for functions: it collects what a student's function returns for each probe.

    Parameters
    ----------
    *probes : tuple
        The arguments of one call each. They are copied, so a function may change what it gets.

    Returns
    -------
    callable
        For `exercise(..., collect=...)`. It takes a function and returns a list with one plain value per probe; it
        raises `Fault` for what is no function, and for a function that raises or returns nothing.

    Examples
    --------
    >>> outputs_of(([1, 2],), ([3],))(sum)
    [3, 3]
    """

    def collect(function: Any) -> Any:
        if function is ...:
            return ...
        if not callable(function):
            raise Fault(f"A function is asked for; you give {short(function)}. Leave out the parentheses that call it.")
        return [call(function, probe) for probe in probes]

    def label(position: int, function: Any) -> str:
        return f"`{name_of(function)}({describe(probes[position])})`"

    collect.label = label
    return collect


def call(function: Callable, probe: tuple) -> Any:
    """Call a student's function on a copy of a probe; Fault when it raises or returns nothing."""
    called = f"`{name_of(function)}({describe(probe)})`"
    try:
        result = function(*copy.deepcopy(probe))
    except Exception as error:
        raise Fault(f"{called} raises {type(error).__name__}: {error}") from error
    if result is None:
        raise Fault(f"{called} returns nothing (None). Does the function end with `return`?")
    return result if result is ... else plain(result, called)


def parts(**collectors: Callable) -> Callable[[Any], Any]:
    """Return a collector for a dict of answers, in which the named ones have their own collectors.

    Parameters
    ----------
    **collectors : callable
        A collector for each key that needs one, such as `outputs_of`; values of other keys are taken as they are.

    Returns
    -------
    callable
        For `exercise(..., collect=...)`: takes a dict of answers, returns a dict of collected values.

    Examples
    --------
    >>> parts(rate=outputs_of((4,)))({"rate": lambda n: 1 / n, "verdict": "low"})
    {'rate': [0.25], 'verdict': 'low'}
    """

    def collect(answer: Any) -> Any:
        if not isinstance(answer, Mapping):
            return answer
        return {key: collectors[key](each) if key in collectors else each for key, each in answer.items()}

    return collect


def leaves(value: Any, where: str = "") -> list[tuple[str, Any]]:
    """Return the (place, value) pairs at the ends of nested lists and dicts; an empty one is an end itself."""
    if isinstance(value, dict) and value:
        inner = [(f"{where}[{key!r}]" if where else key, each) for key, each in value.items()]
    elif isinstance(value, list) and value:
        inner = [(f"{where}[{position}]", each) for position, each in enumerate(value)]
    else:
        return [(where, value)]
    return [leaf for place, each in inner for leaf in leaves(each, place)]


def name_of(function: Callable) -> str:
    """Return the name of a function for a message."""
    return getattr(function, "__name__", type(function).__name__)


def describe(probe: tuple) -> str:
    """Return arguments as they are typed in a call, shortened."""
    return ", ".join(short(argument) for argument in probe)


def short(value: Any) -> str:
    """Return a value as Python writes it, on one line and at most 60 characters long; a function by its name."""
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    written = repr(value.tolist() if type(value).__name__ == "ndarray" else value)
    text = " ".join(written.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
