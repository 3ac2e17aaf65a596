"""Is a surviving mutant the reference in other words? Only if it agrees on 1,000 random valid inputs."""

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, strategies

from labkit.exercises._forms import conform
from tests.exercises.mutation.inputs.inference import Draw
from tests.exercises.mutation.limits import TimeUp, at_most, returned
from tests.exercises.mutation.values import SMALLEST, equal

ENOUGH = 1000  # inputs on which an equivalent mutant agrees
AT_ONCE = 50  # inputs of one example of hypothesis, whose own work would take longer than theirs
MOST_TRIES = 10  # times as many inputs are drawn until enough of them are valid
SECONDS = 60.0  # of processor time for the inputs of an exercise, and for one mutant on all of them


class OutOfTime(Exception):
    """The inputs of an exercise were not all drawn, or a mutant not tried on all of them, in time."""


@dataclass
class Inputs:
    """Random valid inputs of a reference, with what it returns for them.

    Parameters
    ----------
    reference : function
        Inputs on which it raises or warns are not valid.
    draw_input : callable
        Draws the arguments of a call from a generator of random numbers.
    tolerance : float or None
        Largest difference of two numbers that are the same to the exercise; None where its judge has its own rule,
        then hardly any.
    collect : callable, optional
        What the exercise sees of a function: takes it and an input; by default the value that it returns.
    """

    reference: Callable
    draw_input: Draw
    tolerance: float | None = None
    collect: Callable[[Callable, tuple], Any] = returned
    pairs: list[tuple[tuple, Any]] = field(default_factory=list)  # inputs so far, with what the reference returns
    tried: int = 0

    def agree(self, mutant: Callable) -> bool:
        """Say whether a mutant gives what the reference gives on 1,000 inputs; never where fewer are found.

        Raises
        ------
        OutOfTime
            That takes too long.
        """
        with at_most(SECONDS) as limit:
            try:
                # Nearly every mutant that is not equivalent fails on the first few, and then no more are drawn.
                same = all(self.draw(n) and self.same(mutant, *self.pairs[n]) for n in range(ENOUGH))
            except TimeUp:
                same = False
        if limit.is_over:
            raise OutOfTime
        return same

    def same(self, mutant: Callable, arguments: tuple, expected: Any) -> bool:
        """Say whether a mutant gives on one input what the reference gives."""
        try:
            found = conform(self.collect(mutant, arguments), expected)
        except Exception:
            return False
        return equal(found, expected, max(self.tolerance or 0.0, SMALLEST))

    def draw(self, position: int) -> bool:
        """Say whether there is an input at a position, after drawing more where that is needed: the same every time."""
        for number in (AT_ONCE, ENOUGH):
            if self.tried < number and position >= len(self.pairs):
                self.tried = number
                self.pairs = valid_inputs(self, number)
        return position < len(self.pairs)


def valid_inputs(inputs: Inputs, number: int) -> list[tuple[tuple, Any]]:
    """Return so many (input, what the reference returns) pairs, or fewer where hardly any input is valid."""
    pairs: list[tuple[tuple, Any]] = []

    @hypothesis.settings(
        max_examples=max(2, MOST_TRIES * number // AT_ONCE),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategies.randoms(use_true_random=True))
    def collect(random: Random) -> None:
        for _ in range(min(AT_ONCE, number - len(pairs))):
            arguments = inputs.draw_input(random)
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("error")
                pairs.append((arguments, inputs.collect(inputs.reference, arguments)))

    collect()
    return pairs
