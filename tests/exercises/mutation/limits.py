"""How mutants are called, and a limit on the processor time that one may take: some loop forever."""

import contextlib
import copy
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from labkit.exercises.answers import Fault, plain


class TimeUp(BaseException):
    """Raised inside a mutant that runs for too long; no `except Exception` of its own catches it."""


@dataclass
class Limit:
    """Whether the time was up: the check of an exercise turns what a function raises into a message."""

    is_over: bool = False


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[Limit]:
    """Raise TimeUp in what computes for longer, again and again: a check may call a function more than once.

    Processor time, so that a busy machine changes no score. On systems without such timers, and outside the main
    thread, nothing is stopped.
    """
    limit = Limit()

    def stop(signum: int, frame: object) -> None:
        limit.is_over = True
        raise TimeUp(f"no result after {seconds} s")

    try:
        before = signal.signal(signal.SIGPROF, stop)
    except (AttributeError, ValueError):
        yield limit
        return
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
    try:
        yield limit
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def returned(function: Callable, arguments: tuple) -> Any:
    """Return the plain value that a function returns for a copy of its arguments; None raises Fault.

    As the engine's own `call`, which first writes the arguments down for its messages: for tables that takes longer
    than the function.
    """
    result = function(*copy.deepcopy(arguments))
    if result is None:
        raise Fault("nothing is returned")
    return plain(result)
