"""One answer that a reviewer tried, and what it must be told."""

from dataclasses import dataclass
from typing import Any

from labkit.exercises.judging import CORRECT, NOT_YET


@dataclass(frozen=True)
class Finding:
    """An answer to an exercise, its outcome, and what the message must and must not say.

    Attributes
    ----------
    exercise, reason : str
        The id, and what is tried, in a few words.
    answer : object
        As a student gives it. With ``made=True`` a function that returns it, for answers that take data to compute.
    state : str
        "correct" or "not yet".
    says, never : tuple of str
        Patterns that the message must hold, and must not hold, in any case.
    waits : str
        What has to change first; empty where the finding is settled. The case is an expected failure until then.
    """

    exercise: str
    reason: str
    answer: Any
    state: str = NOT_YET
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    waits: str = ""
    made: bool = False

    def given(self) -> Any:
        """Return the answer."""
        return self.answer() if self.made else self.answer


def rejected(exercise: str, reason: str, answer: Any, *says: str, never: tuple[str, ...] = (), **more) -> Finding:
    """Return a finding about a wrong answer, with what it must be told."""
    return Finding(exercise, reason, answer, NOT_YET, says, never, **more)


def accepted(exercise: str, reason: str, answer: Any, **more) -> Finding:
    """Return a finding about a right answer."""
    return Finding(exercise, reason, answer, CORRECT, **more)
