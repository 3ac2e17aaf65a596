"""The questions of the course: an exercise, which judges an answer, and an open question, which cannot."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labkit.answers import Fault, leaves, plain
from labkit.likeness import find_misfit
from labkit.outcomes import CORRECT, NOT_ATTEMPTED, NOT_YET, Outcome


def identity(answer: Any) -> Any:
    """Collect an answer as it is."""
    return answer


@dataclass(frozen=True)
class Exercise:
    """A checked exercise.

    Attributes
    ----------
    id, objective : str
        "05.1", the first exercise of notebook 05, and "05-decompose", the objective it covers.
    points : int
        At least 1.
    reference : object
        A right answer, as a student would type it. Other answers must have its form.
    wrong : tuple of (object, str)
        Wrong answers that people give, each with the hint it gets.
    judge : callable
        Takes what was collected; returns None when it is correct, else the hint.
    hints : tuple of (str, str)
        What `hint` says first and second.
    idea : str
        The idea of the solution: what `hint` says third.
    collect : callable
        Makes plain values of an answer: `labkit.answers.outputs_of` for functions, ``figure_data``, ``parts``.
    untouched : object
        Answer in the untouched notebook, where that is code to repair and not ``...``.
    praise : str
        What a correct answer is told.
    any_length : bool
        Lists in an answer may have another length than the reference's.
    recognise : callable
        Takes what was collected, of whatever form; returns the hint for a mistake that it knows, else None.
    """

    id: str
    points: int
    objective: str
    reference: Any
    wrong: tuple[tuple[Any, str], ...]
    judge: Callable[[Any], str | None] = field(repr=False)
    hints: tuple[str, str] = field(repr=False)
    idea: str = field(repr=False)
    collect: Callable[[Any], Any] = field(default=identity, repr=False)
    untouched: Any = field(default=..., repr=False)
    praise: str = ""
    any_length: bool = False
    recognise: Callable[[Any], str | None] = field(default=lambda collected: None, repr=False)

    def collected(self, answer: Any) -> Any:
        """Return what the judge gets to see of an answer: plain values, with ``...`` for what is not filled in.

        Raises
        ------
        Fault
            The answer has no such values.
        """
        if answer is ...:
            return ...
        try:
            return plain(self.collect(answer))
        except Fault:
            raise
        except Exception as error:
            raise Fault(f"Your answer could not be read. {type(error).__name__}: {error}") from error

    def outcome(self, answer: Any) -> Outcome:
        """Check an answer."""
        if self.is_untouched(answer):
            return Outcome(NOT_ATTEMPTED, f'Replace what the exercise leaves open. `hint("{self.id}")` helps.')
        try:
            collected = self.collected(answer)
        except Fault as fault:
            return Outcome(NOT_YET, f"{str(fault)[0].upper()}{str(fault)[1:]}")
        found = leaves(collected)
        if open_places := [place for place, value in found if value is ...]:
            if len(open_places) == len(found):
                return Outcome(NOT_ATTEMPTED, f'Replace the dots `...` by your answer. `hint("{self.id}")` helps.')
            return Outcome(NOT_YET, f"Still `...`: {', '.join(f'`{place}`' for place in open_places)}.")
        return self.judged(collected, answer)

    def judged(self, collected: Any, answer: Any) -> Outcome:
        """Judge what was collected, once it has the form of the reference; known mistakes may have another one."""
        try:
            if known := self.recognise(collected):
                return Outcome(NOT_YET, known)
            like = self.collected(self.reference)
            if misfit := find_misfit(collected, like, any_length=self.any_length):
                return Outcome(NOT_YET, self.name_call(misfit, answer))
            hint = self.judge(collected)
        except Exception as error:
            return Outcome(
                NOT_YET,
                f"The check does not know what to make of this answer ({type(error).__name__}: {error}). "
                "Compare its form with what the exercise asks for.",
                crashed=True,
            )
        return Outcome(CORRECT, self.praise) if hint is None else Outcome(NOT_YET, hint)

    def name_call(self, message: str, answer: Any) -> str:
        """Return a message about the n-th thing collected with the call that gave it."""
        if label := getattr(self.collect, "label", None):
            return re.sub(r"^Your answer\[(\d+)\]", lambda place: label(int(place[1]), answer), message, count=1)
        return message

    def is_untouched(self, answer: Any) -> bool:
        """Say whether an answer is still what the notebook came with, or behaves like it."""
        return answer is ... or (self.untouched is not ... and self._trace(answer) == self._trace(self.untouched))

    def _trace(self, answer: Any) -> Any:
        try:
            return self.collected(answer)
        except Fault as fault:
            return str(fault)


@dataclass(frozen=True)
class OpenQuestion:
    """A question with a model answer to compare with; nothing is checked."""

    id: str
    objective: str
    model_answer: str
