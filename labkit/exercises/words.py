"""How values and errors are written in messages: short, on one line, and whatever they make of being written."""

import inspect
import linecache
import re
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from labkit.exercises._running._containment import Stopped

LONGEST = 60  # characters of a value shown in a message
MOST_WRITTEN = 600  # characters of it that are looked at: blanks are joined before it is cut
LONGEST_ARGUMENTS = 200  # characters of all arguments of a call
LONGEST_ERROR = 500  # characters of an exception's text
LONGEST_MESSAGE = 2_000  # characters of everything that a student is told about an answer

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, half characters
_LIBRARIES = tuple({sysconfig.get_path(each) for each in ("stdlib", "platstdlib", "purelib", "platlib")})
_OURS = str(Path(__file__).parents[1])


def safely(write: Callable[[], Any], otherwise: str) -> str:
    """Return the text that something gives, or another one where it fails or gives no text."""
    try:
        text = write()
    except (KeyboardInterrupt, Stopped):  # the student's, or a limit's
        raise
    except BaseException:
        return otherwise
    return str.__str__(text) if isinstance(text, str) else otherwise


def class_name(value: Any) -> str:
    """Return the name of a value's class, whatever the class makes of its name."""
    return type.__dict__["__name__"].__get__(type(value))


def name_of(function: Any) -> str:
    """Return the name of a function for a message."""
    return cut(safely(lambda: function.__name__, class_name(function)), LONGEST)


def describe(probe: tuple) -> str:
    """Return arguments as they are typed in a call, shortened."""
    return cut(", ".join(short(argument) for argument in probe), LONGEST_ARGUMENTS)


def describe_arguments(function: Any, probe: tuple) -> str:
    """Return arguments with the names that a student's function gives them, shortened: ``n=2, share=0.5``."""

    def write() -> str:
        given = inspect.signature(function).bind(*probe).arguments
        plain_names = len(given) == len(probe)  # no *arguments
        return ", ".join(f"{name}={short(value)}" for name, value in given.items()) if plain_names else ""

    return cut(safely(write, "") or describe(probe), LONGEST_ARGUMENTS)


def describe_error(error: BaseException) -> str:
    """Return the type and the text of an exception, shortened; its text may itself fail."""
    text = safely(lambda: str(error), "(its text cannot be shown)")
    return f"{class_name(error)}: {cut(text, LONGEST_ERROR)}"


def say_line(function: Any, trace: TracebackType | None) -> str:
    """Return the last line of a student's code in a traceback, in parentheses; "" where there is none."""
    own = safely(lambda: getattr(function, "__wrapped__", function).__code__.co_filename, "")
    lines = []
    while trace is not None:
        lines.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    known = [(file, number) for file, number in lines if file == own or not is_library(file)]
    if not known:
        return ""
    file, number = known[-1]
    code = cut(linecache.getline(file, number).strip(), LONGEST).replace("`", "'")
    return f" (line {number}: `{code}`)" if code else f" (line {number})"


def is_library(file: str) -> bool:
    """Say whether a file of code belongs to Python, to a library or to this package, rather than to a student."""
    return file.startswith((*_LIBRARIES, _OURS, "<frozen", "<string", "<__array_function__"))


def short(value: Any) -> str:
    """Return a value as Python writes it, on one line and at most 60 characters long; a function by its name."""
    if callable(value) and (name := safely(lambda: value.__name__, "")):
        return cut(name, LONGEST)

    def write() -> str:
        start = ""
        for piece in written(value):
            start += piece
            if len(start) > MOST_WRITTEN:
                break
        return cut(" ".join(start.split()), LONGEST)

    return safely(write, f"<{class_name(value)}>")


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
    elif kind.__name__ == "DataFrame" and kind.__module__.startswith("pandas."):  # its own text has many lines
        yield f"<table with {', '.join(map(str, value.columns))}; {len(value):,} rows>"
    else:
        yield str.__str__(repr(value))


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
