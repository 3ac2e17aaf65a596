"""Answers that do not end, print on, recurse or take all memory are stopped, and everything is as before."""

import itertools
import random
import signal
import sys
import threading
import time

import numpy as np
import pytest

from labkit.exercises._running import _containment
from labkit.exercises._running._containment import Overrun, contained
from labkit.exercises.answers import outputs_of, parts

SLOW = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer on this system")


@pytest.fixture(autouse=True)
def low_limits(monkeypatch, request):
    """Stop soon, except in tests of the real limits."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(_containment, "SECONDS", 0.15)
        monkeypatch.setattr(_containment, "TICK", 0.01)


def two(n):
    """Be what a reference is."""
    return 2


def spin(n):
    """Loop for ever."""
    while True:
        pass


def spin_past_errors(n):
    """Loop for ever, whatever goes wrong."""
    while True:
        try:
            n / 0
        except Exception:
            pass


def spin_past_everything(n):
    """Loop for ever, and catch what should stop it."""
    while True:
        try:
            n / 0
        except:  # noqa: E722
            pass


def sleep_past_everything(n):
    """Sleep in a loop, and catch what should stop it, twice."""
    while True:
        try:
            try:
                time.sleep(0.05)
            except:  # noqa: E722
                pass
        except:  # noqa: E722
            pass


def finally_again(n):
    """Begin again in whatever case."""
    while True:
        try:
            time.sleep(9)
        finally:
            continue  # noqa: B012


def hide(n):
    """Turn being stopped into an error."""
    try:
        spin(n)
    except BaseException as error:
        raise ValueError("odd") from error


def late(n):
    """Turn being stopped into a result."""
    try:
        spin(n)
    except BaseException:
        return n


def recurse_past_errors(n):
    """Recurse for ever."""
    try:
        return recurse_past_errors(n)
    except RecursionError:
        return recurse_past_errors(n)


def search(n):
    """Match a regular expression that backtracks."""
    import re

    return re.match("(a+)+$", "a" * 40 + "b")


ENDLESS = [
    spin,
    spin_past_errors,
    spin_past_everything,
    hide,
    late,
    recurse_past_errors,
]
INTERRUPTED = [  # what only a timer can stop
    sleep_past_everything,
    finally_again,
    lambda n: time.sleep(9),
    lambda n: threading.Event().wait(),
    lambda n: 9**9**9,
    search,
]


@pytest.mark.parametrize("function", [*ENDLESS, *(pytest.param(each, marks=SLOW) for each in INTERRUPTED)])
def test_what_does_not_end_is_stopped(declare, function):
    """Soon after the limit, with a message that names the call; also where the answer catches it."""
    began = time.monotonic()
    outcome = declare(two, collect=outputs_of((2,))).outcome(function)
    assert outcome.message.startswith(f"`{function.__name__}(2)` took more than 0.15 seconds and was stopped.")
    assert outcome.state == "not yet" and not outcome.crashed and time.monotonic() - began < 5


@pytest.mark.parametrize("function", ENDLESS)
def test_another_thread_is_stopped_too(declare, function):
    """Where no signals arrive."""
    found, exercise = [], declare(two, collect=outputs_of((2,)))
    thread = threading.Thread(target=lambda: found.append(exercise.outcome(function)), daemon=True)
    thread.start()
    thread.join(20)
    assert "took more than 0.15 seconds" in found[0].message


def test_a_generator_without_end_is_stopped(declare):
    """While it is read: as an answer, and as what a function returns."""

    def idle():
        while True:
            time.sleep(0.001)
        yield

    exercise = declare([1], collect=lambda answer: answer)
    assert exercise.outcome(idle()).message.startswith("Reading your answer took more than 0.15 seconds")
    assert exercise.outcome(itertools.count()).message.startswith("Your answer is of type count")
    called = declare([1], identifier="99.2", collect=outputs_of((2,)))
    assert called.outcome(lambda n: idle()).message.startswith("Reading what `<lambda>(2)` returned took more than")


def test_each_call_has_its_own_time(declare):
    """Two functions with two probes each, all within the limit, take longer together."""

    def wait(n):
        time.sleep(0.09)
        return n

    exercise = declare(
        {"a": wait, "b": wait}, judge=lambda c: None, collect=parts(a=outputs_of((1,), (2,)), b=outputs_of((3,)))
    )
    assert exercise.outcome({"a": wait, "b": wait}).state == "correct"


def test_printing_is_caught_and_limited(declare, capfd):
    """Its beginning is part of the message; too much of it stops the answer, also on the error stream."""

    def tell(n):
        print("looking at", n)
        return n

    exercise = declare(two, collect=outputs_of((2,)), judge=lambda c: None if c == [2] else "no", praise="Well done.")
    told = exercise.outcome(tell)
    assert told.state == "correct" and told.message == "Well done.\nWhile your code ran, it printed: `looking at 2`."

    def shout(n, stream=None):
        while True:
            try:
                print("again " * 20, file=stream or sys.stdout)
            except Exception:
                pass

    for function in (shout, lambda n: shout(n, sys.stderr)):
        outcome = exercise.outcome(function)
        assert (
            "printed more than 10,000 characters and was stopped" in outcome.message
            and "again again" in outcome.message
        )
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the address space is limited on Linux alone")
@pytest.mark.parametrize(
    "function", [lambda n: [0] * 10**11, lambda n: "x" * 10**13, lambda n: np.ones(10**12), lambda n: bytearray(10**13)]
)
def test_a_huge_request_fails(declare, function):
    """With a message about memory."""
    message = declare(two, collect=outputs_of((2,))).outcome(function).message
    assert message.startswith("`<lambda>(2)` asks for more memory than a check allows: ")


def test_what_grows_is_stopped(declare, monkeypatch):
    """And its memory is given back."""
    monkeypatch.setattr(_containment, "SECONDS", 20)
    monkeypatch.setattr(_containment, "allowed_memory", lambda: 3 * 10**8)

    def grow(n):
        kept = []
        while True:
            kept.append(bytearray(b"x" * 2**26))  # so large that the allocator returns each block at once

    before = _containment.memory_used()[0]
    message = declare(two, collect=outputs_of((2,))).outcome(grow).message
    assert message.startswith("`grow(2)` took more memory than a check allows and was stopped.")
    assert _containment.memory_used()[0] < before + 2 * 10**8


def test_recursion_without_end_is_told(declare):
    """Python stops it; the message says what it means. A limit that the answer raised is put back."""

    def again(n):
        return again(n)

    limit = sys.getrecursionlimit()

    def deeper(n):
        sys.setrecursionlimit(limit + 500)
        return again(n)

    exercise = declare(two, collect=outputs_of((2,)))
    for function in (again, deeper):
        message = exercise.outcome(function).message
        assert "raises RecursionError" in message and message.endswith("Does the function call itself without end?")
    assert sys.getrecursionlimit() == limit


@SLOW
@pytest.mark.parametrize("function", [spin_past_everything, lambda n: n, lambda n: n / 0])
def test_everything_is_as_before(declare, function):
    """Handlers, timers, limits, streams, the trace function and random numbers, whatever the answer did."""
    heard = []
    handler = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 30, 7)

    def state():
        limits = __import__("resource").getrlimit(__import__("resource").RLIMIT_AS)
        streams = sys.stdout, sys.stderr, sys.gettrace(), signal.getsignal(signal.SIGALRM)
        return limits, streams, random.getstate(), np.random.get_state()[1].tolist(), threading.active_count()

    try:
        before = state()
        declare(two, collect=outputs_of((2,))).outcome(lambda n: (random.random(), np.random.rand(), function(n))[2])
        assert state() == before
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 20 < left < 30 and interval == 7 and not heard
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def test_an_exit_and_an_interruption_are_as_ever():
    """Neither is taken for a limit."""
    for error in (SystemExit, KeyboardInterrupt, ValueError):
        with pytest.raises(error):
            contained(lambda error=error: (_ for _ in ()).throw(error("mine")))
    assert contained(lambda: 3) == 3 and _containment._guard is None


def test_an_import_is_not_cut_off(tmp_path, monkeypatch):
    """A large library takes its time on a slow machine, and half imported it would stay broken."""
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.4)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    contained(lambda: __import__("slow_to_import"))
    del sys.modules["slow_to_import"]
    monkeypatch.setattr(_containment, "IMPORTING", 0.1)
    with pytest.raises(Overrun):
        contained(lambda: __import__("slow_to_import"))


@pytest.mark.slow
@pytest.mark.parametrize("function", [spin_past_errors, lambda n: time.sleep(60)])
def test_the_real_limit_is_ten_seconds(declare, function):
    """As the course promises."""
    began = time.monotonic()
    message = declare(two, collect=outputs_of((2,))).outcome(function).message
    assert "took more than 10 seconds" in message and 9.9 < time.monotonic() - began < 15


@pytest.mark.slow
def test_torch_survives(declare):
    """Its threads are started, used and used again within limits, and a huge tensor is refused."""
    torch = pytest.importorskip("torch")

    def product(n):
        one = torch.rand(500, 500)
        return float((one @ one).shape[0])

    exercise = declare(product, collect=outputs_of((2,)), judge=lambda c: None if c == [500.0] else "no")
    assert exercise.outcome(product).state == "correct"
    assert exercise.outcome(lambda n: torch.ones(10**12)).state == "not yet"
    assert exercise.outcome(product).state == "correct"
