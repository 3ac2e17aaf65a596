"""How answers are collected: as they are, or what a student's function returns for probes, or several of these.

What is collected are plain values: numbers, texts, lists and dicts that fit into JSON. An answer that cannot be judged
(an infinite number, a module, a function that raises) is a `Fault` with a message.

A class collects answers in one process, which holds no judge, and judges them in another. `find_calls` says which
calls an exercise asks for, `collect_value` and `collect_call` answer, and a `RecordedFunction` or a `RecordedFault`
then takes the place of the student's answer in `Exercise.outcome`.
"""

import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.exercises._running._containment import Overrun, Stopped, contained
from labkit.exercises.plain_values import Fault, plain
from labkit.exercises.words import describe, describe_arguments, describe_error, name_of, say_line, short


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
        if isinstance(function, RecordedFunction):
            return function.collect(probes)
        check_callable(function)
        return [call(function, probe, position) for position, probe in enumerate(probes)]

    def label(position: int, function: Any) -> str:
        return describe_arguments(function, probes[position])

    collect.label = label
    collect.with_probes = outputs_of
    return collect


def check_callable(function: Any) -> None:
    """Raise Fault where an answer is no function."""
    if not callable(function):
        raise Fault(f"A function is asked for; you give {short(function)}. Leave out the parentheses that call it.")


def call(function: Callable, probe: tuple, position: int = 0) -> Any:
    """Call a student's function on a copy of a probe; Fault when it raises, ends the program or returns nothing.

    Runs within limits (see `labkit.exercises._running`), and so does reading what it returned.
    """
    called = f"`{name_of(function)}({describe(probe)})`"
    given = copy.deepcopy(probe)
    try:
        result = contained(lambda: function(*given))
    except KeyboardInterrupt:  # the student's, or that of a program around us
        raise
    except Overrun as limit:
        raise Fault(f"{called} {limit}", (position, "limit", str(limit))) from None
    except SystemExit as error:
        raise Fault(f"{called} ends the program (`sys.exit`). Let the function return its result instead.") from error
    except BaseException as error:
        told = describe_error(error)
        line = say_line(function, sys.exc_info()[2])
        key = (position, "error", told)
        if issubclass(type(error), MemoryError):  # what the error says of its class may be anything
            raise Fault(f"{called} asks for more memory than a check allows: {told}{line}", key) from None
        advice = " Does the function call itself without end?" if issubclass(type(error), RecursionError) else ""
        raise Fault(f"{called} raises {told}{line}{advice}", key) from error
    if result is None:
        raise Fault(f"{called} returns nothing (None). Does the function end with `return`?", (position, "nothing", ""))
    if result is ...:
        return ...
    return read_result(result, called, position)


def read_result(result: Any, called: str, position: int) -> Any:
    """Return the plain values of what a call returned; Fault where they cannot be read."""
    try:
        return contained(lambda: plain(result, called))
    except (Fault, KeyboardInterrupt):
        raise
    except Overrun as limit:
        raise Fault(f"Reading what {called} returned {limit}", (position, "limit", str(limit))) from None
    except BaseException as error:
        told = describe_error(error)
        raise Fault(f"What {called} returned cannot be read: {told}", (position, "reading", told)) from error


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

    collect.collectors = collectors
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


# ---- Collected in one process, judged in another ---------------------------------------------------------------------


def collect_value(answer: Any, collect: Callable[[Any], Any] = lambda answer: answer) -> Any:
    """Return the plain values of an answer, read within the limits of a check; ``...`` stays as it is.

    Parameters
    ----------
    answer : object
        What a student gives, or a `RecordedFault`.
    collect : callable, optional
        The collector of the exercise; by default the answer is taken as it is.

    Raises
    ------
    Fault
        The answer has no such values.
    """
    if answer is ...:
        return ...
    if type(answer) is RecordedFault:  # isinstance would ask the answer for its class, outside the limits
        raise answer.fault
    try:
        return contained(lambda: read_within_limits(answer, collect))
    except Overrun as limit:
        raise Fault(f"Reading your answer {limit}") from None


def read_within_limits(answer: Any, collect: Callable[[Any], Any]) -> Any:
    """Return what a collector makes of an answer; Fault for whatever goes wrong, but for an interruption."""
    try:
        return plain(collect(answer))
    except (Fault, KeyboardInterrupt, Stopped):
        raise
    except BaseException as error:  # SystemExit too
        raise Fault(f"Your answer could not be read. {describe_error(error)}") from error


def collect_call(function: Any, probe: tuple, position: int) -> Any:
    """Return the plain values of what a student's function returns for a probe; ``...`` for no function yet.

    Parameters
    ----------
    function : object
        What a student gives.
    probe : tuple
        The arguments.
    position : int
        Number of the probe, from 0.

    Raises
    ------
    Fault
        It is no function, or `call` fails.
    """
    if function is ...:
        return ...
    check_callable(function)
    return call(function, probe, position)


class RecordedFault:
    """What takes the place of an answer that could not be read: collecting it fails again, with the same message.

    Attributes
    ----------
    fault : Fault
        Why the answer could not be read.
    """

    def __init__(self, fault: Fault):
        self.fault = fault


class RecordedFunction:
    """What takes the place of a student's function: it knows what the function returned for each probe.

    Parameters
    ----------
    results : sequence
        For each probe, in order, the plain value returned, or the `Fault` with which the call ended. It may end at the
        first fault.
    """

    __signature__ = "unknown"  # so that messages give its arguments without names

    def __init__(self, results: Sequence[Any]):
        self.results = results

    def collect(self, probes: Sequence[tuple]) -> list:
        """Return the results for the probes; raise the fault of the first call that has one."""
        for result in self.results:
            if isinstance(result, Fault):
                raise result
        if len(self.results) != len(probes):
            raise Fault(f"{len(self.results)} calls of your function are recorded, and {len(probes)} are needed.")
        return list(self.results)

    def __call__(self, *arguments: Any) -> Any:
        """Raise TypeError: the function itself is not here."""
        raise TypeError("only what the function returned for the probes is recorded")


class _Listener(RecordedFunction):
    """What takes the place of a function to learn which probes a collector has."""

    def __init__(self):
        super().__init__(())
        self.probes: list[tuple] | None = None

    def collect(self, probes: Sequence[tuple]) -> list:
        """Keep the probes, and give no answer yet."""
        self.probes = list(probes)
        return [...] * len(probes)


def find_calls(collect: Callable[[Any], Any]) -> list[tuple] | None:
    """Return the arguments of the calls that collect an answer.

    Parameters
    ----------
    collect : callable
        The collector of an exercise: `outputs_of`, or one that calls it and looks at what it returned.

    Returns
    -------
    list of tuple, or None
        The probes, in order; None where the answer is a value, which is collected as it is.

    Raises
    ------
    TypeError
        The collector calls the function itself, or has collectors for parts of an answer: then its calls are not known
        before they are made, and the answer can be collected only next to the collector.
    """
    if getattr(collect, "collectors", None):
        raise TypeError("an answer with functions among its parts is collected only next to its collector")
    listener = _Listener()
    found = None
    try:
        found = collect(listener)
    except Fault:  # of a collector that looks at what was returned, or of one that calls the function itself
        pass
    if listener.probes is None and found is not listener:
        raise TypeError("a collector that calls the function itself collects an answer only next to it")
    return listener.probes
