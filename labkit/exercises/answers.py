"""How answers are collected: as they are, or what a student's function returns for probes, or several of these.

What is collected are plain values: numbers, texts, lists and dicts that fit into JSON. An answer that cannot be judged
(an infinite number, a module, a function that raises) is a `Fault` with a message.

A class collects answers in one process, which holds no judge, and judges them in another. `find_outputs` says which
calls an exercise asks for, `collect_value` and `collect_call` answer, and a `RecordedFunction` or a `RecordedFault`
then takes the place of the student's answer in `Exercise.outcome`.
"""

import copy
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from labkit.exercises._running._containment import Overrun, Stopped, contained
from labkit.exercises.plain_values import Fault, plain
from labkit.exercises.words import describe, describe_arguments, describe_error, name_of, say_line, short

Adapter = Callable[..., Any]  # takes a student's function and the arguments of a call, and calls the function


def outputs_of(
    *probes: tuple,
    through: Adapter | None = None,
    review: Callable[[list, tuple[tuple, ...]], Any] | None = None,
    explain: Callable[[Fault], str | None] | None = None,
) -> "OutputsOf":
    """Return a collector for functions: it collects what a student's function returns for each probe.

    Parameters
    ----------
    *probes : tuple
        The arguments of one call each. They are copied, so a function may change what it gets.
    through : callable, optional
        An adapter, for a function that takes what no JSON can hold, such as tensors, models and other functions, or of
        which more is looked at than what it returns. It is called with the student's function and the arguments of a
        probe, which are plain values; it makes objects of them, calls the function, and returns plain values. A class
        calls it in the box: it must be a function at the top level of a module that is mounted there, and know
        nothing about what is right.
    review : callable, optional
        Takes the list of what was collected and the probes; returns what the judge gets to see, or raises `Fault`. It
        is called outside of the box. By default the list is left as it is.
    explain : callable, optional
        Takes a `Fault` of a call, and returns a sentence to add to its message, or None.

    Returns
    -------
    OutputsOf
        For `exercise(..., collect=...)`. It takes a function and returns a list with one plain value per probe; it
        raises `Fault` for what is no function, and for a function that raises or returns nothing.

    Examples
    --------
    >>> outputs_of(([1, 2],), ([3],))(sum)
    [3, 3]
    """
    return OutputsOf(probes, through, review, explain)


@dataclass(frozen=True)
class OutputsOf:
    """A collector of what a function returns; see `outputs_of`, which makes one.

    Attributes
    ----------
    probes : tuple of tuple
        The arguments of each call.
    through, review, explain : callable or None
        As for `outputs_of`.
    """

    probes: tuple[tuple, ...]
    through: Adapter | None = None
    review: Callable[[list, tuple[tuple, ...]], Any] | None = None
    explain: Callable[[Fault], str | None] | None = None

    def __call__(self, function: Any) -> Any:
        """Return the plain values of all calls; ``...`` for no function yet."""
        if function is ...:
            return ...
        if isinstance(function, _Listener):
            function.heard = self
            return [...] * len(self.probes)
        try:
            found = self._results(function)
        except Fault as fault:
            if self.explain is None or not (added := self.explain(fault)):
                raise
            raise Fault(f"{str(fault).rstrip('.')}. {added}") from fault
        if self.review is None or any(each is ... for each in found):
            return found
        return self.review(found, self.probes)

    def _results(self, function: Any) -> list:
        if isinstance(function, RecordedFunction):
            return function.collect(self.probes)
        check_callable(function)
        return [call(function, probe, position, self.through) for position, probe in enumerate(self.probes)]

    def label(self, position: int, function: Any) -> str:
        """Return the arguments of a call as they are written in a message."""
        return describe_arguments(function if self.through is None else adapted(self.through), self.probes[position])

    def with_probes(self, *probes: tuple) -> "OutputsOf":
        """Return the collector with other probes."""
        return replace(self, probes=probes)


def adapted(through: Adapter) -> Callable:
    """Return an adapter as a function of the arguments of a call alone."""
    return functools.partial(through, None)


def check_callable(function: Any) -> None:
    """Raise Fault where an answer is no function."""
    if not callable(function):
        raise Fault(f"A function is asked for; you give {short(function)}. Leave out the parentheses that call it.")


def call(function: Callable, probe: tuple, position: int = 0, through: Adapter | None = None) -> Any:
    """Call a student's function on a copy of a probe; Fault when it raises, ends the program or returns nothing.

    Runs within limits (see `labkit.exercises._running`), and so does reading what it returned. Where an adapter calls
    the function, the `Fault` that it may raise follows on the call in the message.
    """
    arguments = describe(probe) if through is None else describe_arguments(adapted(through), probe)
    called = f"`{name_of(function)}({arguments})`"
    given = copy.deepcopy(probe)
    try:
        result = contained(lambda: function(*given) if through is None else through(function, *given))
    except KeyboardInterrupt:  # the student's, or that of a program around us
        raise
    except Overrun as limit:
        raise Fault(f"{called} {limit}", (position, "limit", str(limit))) from None
    except SystemExit as error:
        raise Fault(f"{called} ends the program (`sys.exit`). Let the function return its result instead.") from error
    except BaseException as error:
        told = describe_error(error)
        if through is not None and type(error) is Fault:
            raise Fault(f"{called} {told.removeprefix('Fault: ')}", (position, "error", told)) from None
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


def collect_call(function: Any, probe: tuple, position: int, through: Adapter | None = None) -> Any:
    """Return the plain values of what a student's function returns for a probe; ``...`` for no function yet.

    Parameters
    ----------
    function : object
        What a student gives.
    probe : tuple
        The arguments.
    position : int
        Number of the probe, from 0.
    through : callable, optional
        The adapter that calls the function.

    Raises
    ------
    Fault
        It is no function, or `call` fails.
    """
    if function is ...:
        return ...
    check_callable(function)
    return call(function, probe, position, through)


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


class _Listener:
    """What takes the place of a function to learn which calls a collector makes."""

    heard: OutputsOf | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Raise TypeError: a collector that calls the function itself has no calls that could be made elsewhere."""
        raise TypeError("a collector that calls the function itself collects an answer only next to it")


def find_outputs(collect: Callable[[Any], Any]) -> OutputsOf | None:
    """Return what collects an answer call by call.

    Parameters
    ----------
    collect : callable
        The collector of an exercise: `outputs_of`, or one that calls it and looks at what it returned.

    Returns
    -------
    OutputsOf, or None
        None where the answer is a value, which is collected as it is.

    Raises
    ------
    TypeError
        The collector calls the function itself, or has collectors for parts of an answer: then its calls are not known
        before they are made, and the answer can be collected only next to the collector.
    """
    if isinstance(collect, OutputsOf):
        return collect
    if getattr(collect, "collectors", None):
        raise TypeError("an answer with functions among its parts is collected only next to its collector")
    listener = _Listener()
    found = None
    try:
        found = collect(listener)
    except Fault:  # of a collector that looks at what was returned, or of one that calls the function itself
        pass
    if listener.heard is None and found is not listener:
        raise TypeError("a collector that calls the function itself collects an answer only next to it")
    return listener.heard


def find_calls(collect: Callable[[Any], Any]) -> list[tuple] | None:
    """Return the arguments of the calls that collect an answer, in order; None and TypeError as for `find_outputs`."""
    found = find_outputs(collect)
    return None if found is None else list(found.probes)
