"""What students type, turned into plain values: numbers, texts, lists and dicts that fit into JSON.

An answer that cannot be judged (an infinite number, a module, a function that raises) is a `Fault` with a message.
"""

import copy
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any

LONGEST = 60  # characters of a value shown in a message
MOST_WRITTEN = 600  # characters of it that are looked at: blanks are joined before it is cut
LONGEST_ERROR = 500  # characters of an exception's text
LONGEST_MESSAGE = 2_000  # characters of everything that a student is told about an answer
MOST_VALUES = 100_000  # values of an answer; no exercise asks for a hundredth of that
MOST_CHARACTERS = 100_000  # of a text in an answer
DEEPEST = 50  # lists within lists

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, half characters


class Fault(ValueError):
    """Why an answer cannot be judged, in words for the student.

    A collector raises it; `Exercise.outcome` turns it into the outcome "not yet" with this message.
    """


class NamedValues(dict):
    """The values of a Series by the labels of its index: a dict that may also be taken as a list."""


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

    Arrays, tensors and sets (sorted) become lists; a frame becomes a list with one dict per row, an index with labels
    becomes columns; a Series becomes a list, or `NamedValues` when its index has labels; NaN and NA become None. Texts
    and numbers of a class derived from Python's become Python's own. Fault where an answer is larger than any exercise
    asks for.

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

    kind = type(value).__name__
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
        kept = NamedValues if isinstance(value, NamedValues) else dict
        return kept((plain_key(key), inner(each, f"{where}[{key!r}]")) for key, each in value.items())
    if isinstance(value, (set, frozenset)):
        return sorted((inner(each) for each in value), key=lambda each: (type(each).__name__, each))
    if isinstance(value, (list, tuple, range)):
        return [inner(each, f"{where}[{position}]") for position, each in enumerate(value)]
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
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, Integral):
        return int(value)
    number = float.__float__(value) if isinstance(value, float) else float(value)
    if math.isinf(number):
        raise Fault(f"{where} is infinite: somewhere a number is divided by zero.")
    return None if math.isnan(number) else number


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
        return NamedValues((plain_key(key), each) for key, each in table.items()) if labeled else list(table)
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
    """Call a student's function on a copy of a probe; Fault when it raises, ends the program or returns nothing."""
    called = f"`{name_of(function)}({describe(probe)})`"
    try:
        result = function(*copy.deepcopy(probe))
    except KeyboardInterrupt:  # the student's, or a time limit's
        raise
    except SystemExit as error:
        raise Fault(f"{called} ends the program (`sys.exit`). Let the function return its result instead.") from error
    except BaseException as error:
        raise Fault(f"{called} raises {describe_error(error)}") from error
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


def describe_error(error: BaseException) -> str:
    """Return the type and the text of an exception, shortened; its text may itself fail."""
    try:
        text = str(error)
    except Exception:
        text = "(its text cannot be shown)"
    return f"{type(error).__name__}: {cut(text, LONGEST_ERROR)}"


def short(value: Any) -> str:
    """Return a value as Python writes it, on one line and at most 60 characters long; a function by its name."""
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    start = ""
    for piece in written(value):
        start += piece
        if len(start) > MOST_WRITTEN:
            break
    return cut(" ".join(start.split()), LONGEST)


def written(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield what Python's `repr` returns piece by piece, so that of a huge value only the beginning is written."""
    kind = type(value)
    if depth > LONGEST:  # brackets alone fill the message; a list may also hold itself
        yield "…"
    elif kind.__name__ == "ndarray":
        yield from written_items("[", value, "]", depth) if value.ndim else written(value.tolist(), depth)
    elif kind is list:
        yield from written_items("[", value, "]", depth)
    elif kind is tuple:
        yield from written_items("(", value, ",)" if len(value) == 1 else ")", depth)
    elif kind is dict:
        yield "{"
        for position, (key, each) in enumerate(value.items()):
            yield ", " if position else ""
            yield from written(key, depth + 1)
            yield ": "
            yield from written(each, depth + 1)
        yield "}"
    elif kind is str:
        yield repr(value[: MOST_WRITTEN + 1])
    else:
        yield repr(value)


def written_items(opening: str, items: Iterable, closing: str, depth: int) -> Iterator[str]:
    """Yield the parts of a list, a tuple or an array, whose elements are written as Python's own numbers."""
    is_array = type(items).__name__ == "ndarray"
    yield opening
    for position, each in enumerate(items):
        yield ", " if position else ""
        is_row = type(each).__name__ == "ndarray"
        yield from written(each.tolist() if is_array and not is_row and hasattr(each, "tolist") else each, depth + 1)
    yield closing


def cut(text: str, longest: int) -> str:
    """Return a text, or its beginning and "…" where it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def printable(text: str) -> str:
    """Return a message at most 2,000 characters long, in which what no page can show is written as Python does."""
    lines = cut(text, LONGEST_MESSAGE).replace("\r\n", "\n")
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), lines)
