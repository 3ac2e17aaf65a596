"""Answers collected elsewhere: which calls collect an answer, and what they returned, given in place of the answer.

A class collects answers in a box that holds no judges. `find_calls` says which calls an exercise asks for; a
`RecordedFunction` or a `RecordedFault` then takes the place of the student's answer in `Exercise.outcome`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from labkit.exercises._plain import Fault


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
