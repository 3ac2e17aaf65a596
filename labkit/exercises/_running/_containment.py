"""Limits for an answer while it is read and called: seconds, characters printed, memory.

Each call of a student's function, and each reading of an answer, may take `SECONDS`, print `CHARACTERS` and use some
gigabytes of memory. What goes beyond is stopped by an exception that ``except Exception`` does not catch, raised again
and again, so that a bare ``except`` in a loop does not hold it for long. Afterwards all is as before: handlers of
signals, timers, limits of the system, the trace function, the recursion limit, and the state of the random numbers of
Python, numpy and torch.

In the main thread on Linux and macOS a timer interrupts the answer, also while it sleeps, waits for a lock, raises
whole numbers to huge powers or matches a regular expression. In other threads, and on Windows, a thread watches the
clock; it interrupts Python code between two instructions, and something that sleeps only when it wakes up. Memory:
where the system limits the address space (Linux without a graphics card), one huge request fails with a MemoryError;
everywhere memory that grows is noticed within a tenth of a second.

What cannot be stopped:

- code in C that holds the interpreter: ``sum(itertools.count())``, ``max(itertools.repeat(1))``. Where the address
  space is limited, such code ends when it collects what it counts, as in ``list(itertools.count())``;
- one long call of a compiled library, a product of huge matrices for example, before it returns;
- ``os._exit``, ``os.kill``, ``exit()`` of IPython (which ends the kernel after the cell), a crash of a library, or
  recursion in C after ``sys.setrecursionlimit`` was raised;
- threads and processes that an answer starts, and what they use once the check is over;
- an answer that takes the alarm signal or the timer for itself (``signal.signal``, ``signal.alarm``), or lifts limits;
- output past Python's streams: ``os.write``, C code, and ``IPython.display.display``;
- one huge request for memory on macOS, on Windows, and next to a graphics card;
- an import, for a minute.

Nothing is undone that an answer does elsewhere: to its arguments' originals, global variables, files, the working
directory, or settings of libraries. An alarm that somebody had set before rings once the check is over.
"""

import contextlib
import ctypes
import math
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from labkit.exercises._running._kept import keep_random_state, keep_settings, lower_recursion_limit
from labkit.exercises._running._memory import allowed_memory, limited_space, memory_used

SECONDS = 10.0  # for each call of a function, and for each reading of an answer
CHARACTERS = 10_000  # printed within that time, to the standard output and error streams together
IMPORTING = 60.0  # seconds more for imports: a large library takes some, and must not be left half imported
OWN_FRAMES = 100  # calls that looking at the limits may need
TICK = 0.05  # seconds between two looks at the limits

TIME = "time"
OUTPUT = "output"
SPACE = "memory"


class Stopped(BaseException):
    """What is raised within an answer that goes beyond a limit; no `Exception`, so that few answers catch it."""


class StoppedElsewhere(Stopped):
    """The same, raised from another thread; it is made in the thread of the answer, where it is about to be caught."""

    def __init__(self):
        super().__init__()
        if _guard is not None and _guard.armed and sys._getframe(1) is not _guard.frame:
            _guard.pursue(sys._getframe(1))


class Overrun(Exception):
    """An answer went beyond a limit and was stopped; its text says which, as what follows on "your answer"."""


def contained(work: Callable[[], Any]) -> Any:
    """Run something of a student's within the limits, and return what it returns.

    Within another call, it has its own seconds and characters, and afterwards those of the outer one begin anew: an
    answer with several functions may take the seconds for each.

    Parameters
    ----------
    work : callable
        Called without arguments.

    Returns
    -------
    object

    Raises
    ------
    Overrun
        A limit was reached; whatever `work` made of being stopped.
    BaseException
        What `work` raises.
    """
    thread = threading.get_ident()
    if _guard is not None and _guard.thread == thread:
        return _guard.run(work)
    with _one_at_a_time, keep_settings(), keep_random_state():
        guard = Guard(thread)
        with guard.on_duty():
            return guard.run(work)


def spend_characters(number: int) -> None:
    """Count characters that an answer writes; stop it where they are too many."""
    if _guard is not None and _guard.armed:
        _guard.spend(number)


class Guard:
    """Watches one thread: `run` arms it, and `tick` stops what goes beyond a limit."""

    def __init__(self, thread: int):
        self.thread = thread
        self.armed = False
        self.watched = False  # by another thread, not by a timer
        self.looking = False  # at the limits, right now
        self.reason: str | None = None
        self.characters = 0
        self.deadline = self.looked = 0.0  # when time is up, and when the limits were looked at last
        self.importing = 0.0  # seconds that imports may still take
        self.frame: FrameType | None = None  # that of `run`, below which frames are an answer's
        self.used, self.space = memory_used()
        self.allowed = allowed_memory()

    def run(self, work: Callable[[], Any]) -> Any:
        """Call something within the limits; raise Overrun where it went beyond, even if it returned afterwards."""
        before, self.frame = (self.armed, self.frame), sys._getframe()
        result = error = trace = None
        self.renew()
        try:
            try:
                self.armed = True
                result = work()
                self.armed = False
            except BaseException as caught:
                self.armed = False
                error, trace = caught, sys.exc_info()[2]
        except Stopped as caught:  # it came too late for the answer, and met us
            self.armed = False
            error = caught
        self.take_back()
        reason = self.reason
        if error is not None and (reason == SPACE or issubclass(type(error), MemoryError)):
            traceback.clear_frames(trace)  # gives back what their variables hold
        self.renew()
        self.armed, self.frame = before
        if reason is not None:
            raise Overrun(say_limit(reason))
        if error is not None:
            raise error
        return result

    def renew(self) -> None:
        """Let time and output begin anew."""
        self.looked = time.monotonic()
        self.deadline = self.looked + SECONDS
        self.importing = IMPORTING
        self.characters = 0
        self.reason = None

    def spend(self, number: int) -> None:
        """Count characters; raise Stopped where they are too many."""
        self.characters += number
        if self.characters > CHARACTERS:
            self.reason = self.reason or OUTPUT
            raise Stopped

    def is_due(self, frame: FrameType | None) -> bool:
        """Say whether a limit is reached, and keep in mind which; `frame` is what runs now."""
        if not self.armed or frame is self.frame:
            return False
        now = time.monotonic()
        passed, self.looked = now - self.looked, now
        if self.importing > 0 and is_importing(frame, self.frame):
            self.importing -= passed
            self.deadline += passed
            return False
        if self.reason is None:
            if now >= self.deadline:
                self.reason = TIME
            elif memory_used()[0] > self.used + self.allowed:
                self.reason = SPACE
        return self.reason is not None

    @contextlib.contextmanager
    def on_duty(self) -> Iterator[None]:
        """Look at the limits every now and then, by a timer where there is one for this thread, else by a thread."""
        global _guard
        in_main_thread = threading.current_thread() is threading.main_thread()
        self.watched = not (in_main_thread and hasattr(signal, "setitimer"))
        with self.by_thread() if self.watched else self.by_timer(), limited_space(self.space, self.allowed):
            _guard = self
            try:
                yield
            finally:
                _guard = None

    def pursue(self, frame: FrameType | None) -> None:
        """Prepare to raise once more on the next line of an answer, in whichever of its functions that is.

        Where a bare ``except`` catches the first exception, its next line is outside of that ``try``.
        """
        while frame is not None and frame is not self.frame:
            frame.f_trace = self.trace
            frame = frame.f_back
        sys.settrace(self.trace)

    def trace(self, frame: FrameType, event: str, argument: Any) -> Callable | None:
        """Raise on a line of an answer that is being stopped; Python then removes this function."""
        if self.looking or frame.f_code.co_filename == __file__:
            return None  # the line is ours
        if event == "line" and self.armed and self.reason is not None:
            raise Stopped
        return self.trace

    # ---- By a timer --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def by_timer(self) -> Iterator[None]:
        """Interrupt this thread at each tick of the timer."""
        handler = signal.signal(signal.SIGALRM, self.tick)
        left, interval = signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
        began = time.monotonic()
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
            if left:
                signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3), interval)

    def tick(self, number: int, frame: FrameType | None) -> None:
        """Stop an answer that goes beyond a limit; the handler of the alarm."""
        if self.looking or frame is None or frame.f_code.co_filename == __file__:
            return  # the answer is not running, but we are
        limit = sys.getrecursionlimit()
        try:
            self.looking = True
            sys.setrecursionlimit(limit + OWN_FRAMES)  # an answer that recurses may have left no room
            due = self.is_due(frame)
        finally:
            self.looking = False
            lower_recursion_limit(limit)
        if due:
            signal.setitimer(signal.ITIMER_REAL, short_while(1e-6), TICK)
            self.pursue(frame)
            raise Stopped

    # ---- By a thread -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def by_thread(self) -> Iterator[None]:
        """Interrupt this thread from another one."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(short_while(1e-3) if self.reason else TICK):
                if self.is_due(sys._current_frames().get(self.thread)):
                    raise_in(self.thread, StoppedElsewhere)

        watcher = threading.Thread(target=watch, name="labkit-limits", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def take_back(self) -> None:
        """Let come, and catch, what another thread was about to raise here.

        It is replaced by one of our own and not cancelled: Python 3.11 would then go on looking for it, and hang at the
        next trace function.
        """
        if self.watched:
            with contextlib.suppress(Stopped):
                raise_in(self.thread, Stopped)
                while True:
                    pass


def is_importing(frame: FrameType | None, end: FrameType | None) -> bool:
    """Say whether an import is going on, among the frames above the one of `run`."""
    while frame is not None and frame is not end:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def short_while(least: float) -> float:
    """Return how many seconds to wait before the next attempt to stop an answer: at random, a hundredth at most.

    The waits differ widely, since an answer that caught the last attempt and soon sleeps again must be met in between.
    """
    return math.exp(_chance.uniform(math.log(least), math.log(1e-2)))


def raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise an exception in a thread of Python, in place of one that was not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def say_limit(reason: str) -> str:
    """Return which limit was reached, as what follows on "your answer".

    >>> say_limit(TIME)
    'took more than 10 seconds and was stopped. Is there a loop, or a wait, that does not end?'
    """
    if reason == TIME:
        unit = "second" if SECONDS == 1 else "seconds"
        return f"took more than {SECONDS:g} {unit} and was stopped. Is there a loop, or a wait, that does not end?"
    if reason == OUTPUT:
        return f"printed more than {CHARACTERS:,} characters and was stopped. Is there a `print` in a loop?"
    return "took more memory than a check allows and was stopped. Does a list or a text grow without end?"


_chance = random.Random()  # not the one whose numbers answers use
_guard: Guard | None = None  # on duty now
_one_at_a_time = threading.RLock()  # one check: signals, limits and streams belong to the whole process
