"""Ctrl-C and requests to end: what is half-done is removed, whatever a library makes of them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import typer

TERMINATED = 143  # the exit status after SIGTERM, as shells give it


@contextmanager
def watch_interrupts() -> Iterator[None]:
    """Take an error after Ctrl-C for what Ctrl-C was meant to do: DuckDB and others make errors of their own of it."""
    pressed = []

    def note(number, frame):
        pressed.append(number)
        raise KeyboardInterrupt

    watched = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler  # in the background, shells have it ignored
    )
    if watched:
        signal.signal(signal.SIGINT, note)
    try:
        yield
    except Exception as error:
        if pressed:
            raise KeyboardInterrupt from error
        raise
    finally:
        if watched:
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def watch_termination() -> Iterator[None]:
    """Take a request to end (SIGTERM: `kill`, a pipeline that was stopped) for Ctrl-C: half of the work is removed."""
    asked = []

    def note(number, frame):
        asked.append(number)
        raise KeyboardInterrupt

    watched = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # others may have ways of their own
    )
    if watched:
        signal.signal(signal.SIGTERM, note)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if asked:
            raise typer.Exit(TERMINATED) from error
        raise
    finally:
        if watched:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
