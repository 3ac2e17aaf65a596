"""All mutants of an exercise: of the functions among its reference, and of the values."""

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from labkit.exercises.answers import leaves
from labkit.exercises.judging import Exercise
from tests.exercises.mutation.limits import returned
from tests.exercises.mutation.operators import Context, difference, mutations
from tests.exercises.mutation.operators.arguments import FirstSeen
from tests.exercises.mutation.operators.results import TOOLS
from tests.exercises.mutation.source import Copy, Part, parts_of
from tests.exercises.mutation.values import variants

MOST_OF_A_CONSTANT = 12  # variants of a table of constants


@dataclass(frozen=True)
class Mutant:
    """An answer that is wrong in one small way, unless it is equivalent.

    Attributes
    ----------
    operator : str
        What kind of change was made.
    change : str
        The changed line, as `old => new`.
    answer : object
        What a student would give.
    function : callable or None
        The function that was changed; None where a value was.
    """

    operator: str
    change: str
    answer: Any
    function: Callable | None = None


@dataclass(frozen=True)
class Target:
    """A function among the answers of an exercise, with the calls that its check makes.

    Attributes
    ----------
    reference : function
    put : callable
        Returns the whole answer with another function in this one's place.
    calls : tuple of tuple
        Arguments, in order, each different one once.
    """

    reference: Callable
    put: Callable[[Callable], Any]
    calls: tuple[tuple, ...]

    def works(self, mutant: Callable, collect: Callable[[Callable, tuple], Any] = returned) -> bool:
        """Say whether a mutant returns something in any of the calls, by what `collect` sees of one."""
        return any(result_of(mutant, arguments, collect) is not None for arguments in self.calls)


def result_of(function: Callable, arguments: tuple, collect: Callable[[Callable, tuple], Any] = returned) -> Any:
    """Return the plain value that a function returns, or what `collect` sees of it; None where it raises."""
    try:
        return collect(function, arguments)
    except Exception:
        return None


def targets_of(exercise: Exercise) -> list[Target]:
    """Return the functions that an exercise asks for: its reference, or those in a dict of answers."""
    reference = exercise.reference
    if callable(reference):
        return [Target(reference, lambda function: function, calls_of(exercise, reference, lambda spy: spy))]
    if not isinstance(reference, dict):
        return []
    keys = [key for key, value in reference.items() if callable(value)]
    puts = [lambda function, key=key: reference | {key: function} for key in keys]
    return [
        Target(reference[key], put, calls_of(exercise, reference[key], put))
        for key, put in zip(keys, puts, strict=True)
    ]


def calls_of(exercise: Exercise, function: Callable, put: Callable) -> tuple[tuple, ...]:
    """Return the arguments that an exercise calls a function with, each different call once."""
    found: dict[str, tuple] = {}

    @functools.wraps(function)
    def spy(*arguments: Any) -> Any:
        found.setdefault(repr(arguments), copy.deepcopy(arguments))
        return function(*arguments)

    exercise.collect(put(spy))
    return tuple(found.values())


# ---- Functions -------------------------------------------------------------------------------------------------------


def mutants_of_target(target: Target, tolerance: float = 0.0) -> Iterator[Mutant]:
    """Yield the mutants of a function, of those that it calls, and of the constants that they use."""
    reference = target.reference
    results = tuple(result_of(reference, arguments) for arguments in target.calls)
    for part in parts_of(reference):
        context = Context(part.tree, tolerance=tolerance)
        if part.function is reference:
            context = Context(part.tree, target.calls, results, tolerance)
        for name, tree in mutations(context):
            tools = TOOLS | {"first_seen": FirstSeen()}
            try:
                function = Copy(reference, trees={part.function: tree}, tools=tools).function
            except SyntaxError:  # no mutant: `break` in a place where there is no loop, a name that became a number
                continue
            yield Mutant(name, difference(part.tree, tree), target.put(function), function)
        for mutant in mutants_of_constants(reference, part):
            yield Mutant(mutant.operator, mutant.change, target.put(mutant.function), mutant.function)


def mutants_of_constants(reference: Callable, part: Part) -> Iterator[Mutant]:
    """Yield copies of a function in which a constant from outside has another value."""
    texts = sorted({value for value in part.constants.values() if isinstance(value, str)})
    for name, value in part.constants.items():
        others = variants(value, {"": [text for text in texts if text != value]})
        for said, new in others[:MOST_OF_A_CONSTANT]:
            function = Copy(reference, constants={(part.function, name): new}).function
            yield Mutant("constant from outside", f"{name}{said}: {value!r} => {new!r}", function, function)


# ---- Values ----------------------------------------------------------------------------------------------------------


def mutants_of_values(exercise: Exercise) -> Iterator[Mutant]:
    """Yield changed values of an exercise whose reference is a value, or holds values next to functions."""
    reference, model = exercise.reference, exercise.model
    options: dict[str, list[str]] = {}
    for declared, _ in exercise.mistakes:
        for place, text in leaves(declared):
            if isinstance(text, str) and text not in options.setdefault(place, []):
                options[place].append(text)
    functions = {}
    if isinstance(reference, dict):
        functions = {key: value for key, value in reference.items() if callable(value)}
        model = {key: value for key, value in model.items() if key not in functions}
    for said, new in variants(model, options, exercise.tolerance or 0.0):
        answer = new | functions if functions else new
        yield Mutant("value", said.strip() or "the answer", answer)
