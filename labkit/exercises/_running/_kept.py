"""What is after a check as it was before: settings of Python, and the state of random numbers."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def keep_settings() -> Iterator[None]:
    """Give the recursion limit and the trace function back that were set."""
    limit, trace = sys.getrecursionlimit(), sys.gettrace()
    try:
        yield
    finally:
        if sys.gettrace() is not trace:
            sys.settrace(trace)
        if sys.getrecursionlimit() != limit:
            lower_recursion_limit(limit)


@contextlib.contextmanager
def keep_random_state() -> Iterator[None]:
    """Give the random numbers of Python, numpy and torch the state back that they had, so that a check changes none."""
    states = []
    for name, get, put in (
        ("random", "getstate", "setstate"),
        ("numpy.random", "get_state", "set_state"),
        ("torch", "get_rng_state", "set_rng_state"),
    ):
        if (module := sys.modules.get(name)) is not None:
            states.append((getattr(module, put), getattr(module, get)()))
    try:
        yield
    finally:
        for put, state in states:
            put(state)


def lower_recursion_limit(limit: int) -> None:
    """Set the recursion limit, unless the stack is too deep for it now."""
    try:
        sys.setrecursionlimit(limit)
    except RecursionError:
        pass
