"""What a student's code says while it is checked: warnings, and text on the standard output and error streams.

nbgrader gives no points for a cell with output on the error stream, so a check must leave none: what was said becomes
part of the message. What is printed is counted (see `labkit.exercises._running`).
"""

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from labkit.exercises._running._containment import spend_characters
from labkit.exercises.words import describe_error

MOST_WARNINGS = 3  # different ones that are repeated to the student
MOST_CHARACTERS = 300  # of each warning, and of what was written


class Ear(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it."""

    def __init__(self):
        self.text = ""

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep the text while there is room; return its length."""
        text = str.__str__(text)  # of a derived class, what it equals
        self.text += text[: MOST_CHARACTERS - len(self.text)]
        spend_characters(len(text))
        return len(text)


@dataclass
class Overheard:
    """The warnings given, in order, and the streams in place of the standard ones."""

    given: list[warnings.WarningMessage] = field(default_factory=list)
    printed: Ear = field(default_factory=Ear)
    stream: Ear = field(default_factory=Ear)

    def sentences(self) -> list[str]:
        """Return sentences about the warnings and about what was written, as far as there is something to say."""
        said = dict.fromkeys(describe_error(each.message) for each in self.given)
        told = [f"While your code ran, Python warned: `{short_line(each)}`." for each in list(said)[:MOST_WARNINGS]]
        if printed := short_line(self.printed.text):
            told.append(f"While your code ran, it printed: `{printed}`.")
        if written := short_line(self.stream.text):
            told.append(f"While your code ran, it wrote to the standard error stream: `{written}`.")
        return told


@contextlib.contextmanager
def overhear() -> Iterator[Overheard]:
    """Collect warnings and what is written to `sys.stdout` and `sys.stderr`, by handlers of `logging` too.

    Which warnings are given, ignored or raised as errors stays as it was set. Nothing within an inner call reaches an
    outer one. What a library writes past Python, to the file descriptor, is not caught.
    """
    heard = Overheard()
    with (
        warnings.catch_warnings(record=True) as heard.given,
        lend_handlers(sys.stdout, heard.printed),
        lend_handlers(sys.stderr, heard.stream),
        contextlib.redirect_stdout(heard.printed),
        contextlib.redirect_stderr(heard.stream),
    ):
        yield heard


@contextlib.contextmanager
def lend_handlers(stream: object, ear: Ear) -> Iterator[None]:
    """Let handlers of `logging` that keep a stream write to another one."""
    handlers = handlers_of(stream)
    for handler in handlers:
        handler.setStream(ear)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(stream)


def handlers_of(stream: object) -> list[logging.StreamHandler]:
    """Return the handlers of all loggers that keep a stream; those that look `sys.stderr` up each time do not."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    found = [handler for logger in loggers for handler in getattr(logger, "handlers", ())]
    return [each for each in found if isinstance(each, logging.StreamHandler) and vars(each).get("stream") is stream]


def short_line(text: str) -> str:
    """Return the beginning of a text on one line, without the marks of code."""
    return " ".join(text[:MOST_CHARACTERS].replace("`", "'").split())
