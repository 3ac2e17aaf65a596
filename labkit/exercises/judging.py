"""An exercise judges an answer: first its form, then its values.

Everything here works on plain values (see `labkit.exercises.answers`): numbers, texts, lists and dicts.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from operator import getitem
from typing import Any

from labkit.exercises._forms import conform, find_misfit, find_misfit_of_calls, kind_of
from labkit.exercises._running._containment import Overrun, contained
from labkit.exercises.answers import collect_value, leaves
from labkit.exercises.choices import Choices, find_unknown, same_text, settle_choices
from labkit.exercises.overheard import overhear
from labkit.exercises.plain_values import Fault
from labkit.exercises.variants import Hidden, Variants, Varied
from labkit.exercises.words import class_name, describe_error, printable

EXERCISE = "application/vnd.labkit.exercise+json"  # mime type of what a checked exercise leaves in its output
STATES = ("correct", "not yet", "not attempted")
CORRECT, NOT_YET, NOT_ATTEMPTED = STATES


# ---- An exercise, and what it says about an answer -------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """Result of checking one answer.

    Attributes
    ----------
    state : str
        "correct", "not yet" or "not attempted".
    message : str
        What to tell the student; words between backticks are code.
    crashed : bool
        Whether the judge itself failed on this answer: a bug of the exercise, which the student is told in general
        terms.
    """

    state: str
    message: str
    crashed: bool = False


def identity(answer: Any) -> Any:
    """Collect an answer as it is."""
    return answer


def recognize_nothing(collected: Any) -> None:
    """Know no mistake in advance."""


@dataclass(frozen=True)
class Exercise(Varied):
    """A checked exercise. Declare one with `exercise`, `choice` or `compare_answers`.

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
        Takes what was collected; returns None when it is correct, otherwise the hint. A judge with the parameter
        ``asked`` also gets the exercise, whose calls or variant may be others than the declared ones.
    hints : tuple of (str, str)
        What `hint` says first and second.
    idea : str
        The idea of the solution: what `hint` says third.
    collect : callable
        Makes plain values of an answer: `outputs_of` for functions, `parts` for several answers at once.
    untouched : object
        The answer in the untouched notebook, where that is code to repair and not ``...``.
    praise : str
        What a correct answer is told.
    any_length : bool
        Whether lists in an answer may have another length than the reference's.
    recognize : callable
        Takes what a judge takes, whatever its form; returns the hint for a mistake it knows, otherwise None.
    tolerance : float or None
        How far numbers may be from those of a declared answer; None where a judge of its own decides.
    otherwise : str
        What an answer is told that is no declared one; empty where a judge of its own decides.
    choices : sequence of str, mapping of str to sequence of str, or None
        The options that the answer is chosen from, or those of each named part of it, in the order of their letters. An
        answer may give the letter or the text; the judge sees the text as it is written here.
    written : mapping of str to str
        What the notebook says after an option's letter, where that is more than the option.
    hidden : callable or None
        For an exercise that asks for a function: takes a `numpy.random.Generator`, returns the arguments of calls.
        They are drawn again until every wrong answer gets its hint, as with the declared ones.
    always_apart : bool
        Whether all calls that `hidden` draws do so: then nothing is tried, which would take long.
    variants : callable or None
        For an exercise that asks for a value: takes a `numpy.random.Generator`, returns a `Variant`.
    number : int
        Of the variant; 0 for the exercise as declared.
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
    recognize: Callable[[Any], str | None] = field(default=recognize_nothing, repr=False)
    tolerance: float | None = None
    otherwise: str = field(default="", repr=False)
    choices: Choices | None = field(default=None, repr=False)
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    hidden: Hidden | None = field(default=None, repr=False)
    always_apart: bool = False
    variants: Variants | None = field(default=None, repr=False)
    number: int = 0

    def outcome(self, answer: Any) -> Outcome:
        """Check an answer, without showing anything.

        Parameters
        ----------
        answer : object
            What a student gives: a value, a function, or ``...`` for nothing yet. Or what was collected of it elsewhere
            (see `labkit.exercises.answers`).

        Returns
        -------
        Outcome
            The state and what to tell the student, warnings of a function of theirs included. A judge that fails is
            reported there, never raised.
        """
        told: list[str] = []
        try:
            with overhear() as heard:
                found = self._examine(answer)
                if found.state != NOT_ATTEMPTED:
                    told = contained(heard.sentences)  # the texts of warnings may fail, or not end
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # nothing that a student writes should end the notebook
            found = Outcome(NOT_YET, f"Your answer cannot be checked: {safe_error(error)}")
        return replace(found, message=printable("\n".join(filter(None, [found.message, *told]))))

    def _examine(self, answer: Any) -> Outcome:
        if answer is ...:
            return self._not_attempted("what the exercise leaves open")
        try:
            collected, fault = self.collected(answer), None
        except Fault as error:
            collected, fault = None, error
        if self.untouched is not ... and self._untouched == (collected, fault and (fault.key or str(fault))):
            return self._not_attempted("what the exercise leaves open")
        if fault is not None:
            message = self._failures.get(fault.key) or str(fault)
            return Outcome(NOT_YET, f"{message[0].upper()}{message[1:]}")
        found = leaves(collected)
        open_places = [place for place, value in found if value is ...]
        if open_places and len(open_places) == len(found):
            return self._not_attempted("the dots `...` by your answer")
        if open_places:
            return Outcome(NOT_YET, say_open(open_places, of_calls=hasattr(self.collect, "label")))
        with overhear():
            return self.judged(collected, answer)

    def _not_attempted(self, what: str) -> Outcome:
        return Outcome(NOT_ATTEMPTED, f'Replace {what}. `hint("{self.id}")` helps.')

    @cached_property
    def _untouched(self) -> tuple[Any, Any]:
        """What is collected from the answer in the untouched notebook, and why it cannot be collected."""
        with overhear():  # what the exercise's own code says is no concern of the student's
            try:
                return self.collected(self.untouched), None
            except Fault as fault:
                return None, fault.key or str(fault)

    def collected(self, answer: Any) -> Any:
        """Return what the judge gets to see of an answer.

        Returns
        -------
        object
            Plain values in the form of the reference, with ``...`` for what is not filled in; options of a choice as
            they were declared.

        Raises
        ------
        Fault
            The answer has no such values.
        """
        return settle_choices(conform(collect_value(answer, self.collect), self.model), self.choices)

    @cached_property
    def model(self) -> Any:
        """The plain values of the reference."""
        with overhear():
            collected = collect_value(self.reference, self.collect)
        return settle_choices(conform(collected, collected), self.choices)

    @cached_property
    def mistakes(self) -> list[tuple[Any, str]]:
        """The plain values of the wrong answers, each with its hint; those that raise have none."""
        return [(collected, hint) for collected, fault, hint in self._wrong_answers if fault is None]

    @cached_property
    def _failures(self) -> dict[tuple, str]:
        """The hints of the wrong answers that raise, by what they raise."""
        return {fault.key: hint for _, fault, hint in self._wrong_answers if fault is not None and fault.key}

    @cached_property
    def _wrong_answers(self) -> list[tuple[Any, Fault | None, str]]:
        found = []
        for answer, hint in self.wrong:
            with overhear():
                try:
                    found.append((self.collected(answer), None, hint))
                except Fault as fault:
                    found.append((None, fault, hint))
        return found

    def judged(self, collected: Any, answer: Any) -> Outcome:
        """Judge collected values, once they have the form of the reference; known mistakes may have another one."""
        try:
            if known := self._ask(self.recognize, collected):
                return Outcome(NOT_YET, known)
            if unknown := find_unknown(collected, self.choices):
                return Outcome(NOT_YET, unknown)
            if misfit := self._misfit(collected, answer):
                return Outcome(NOT_YET, misfit)
            hint = self._ask(self.judge, collected)
        except Exception as error:
            return Outcome(
                NOT_YET,
                f"The check does not know what to make of this answer ({describe_error(error)}). "
                "Compare its form with what the exercise asks for.",
                crashed=True,
            )
        return Outcome(CORRECT, self.praise) if hint is None else Outcome(NOT_YET, hint)

    def _ask(self, judge: Callable, collected: Any) -> str | None:
        asked = {"asked": self} if "asked" in inspect.signature(judge).parameters else {}
        return judge(collected, **asked)

    def _misfit(self, collected: Any, answer: Any) -> str | None:
        """Return why collected values have another form than the reference; of a function's, which call gave them."""
        collectors = getattr(self.collect, "collectors", {})
        if isinstance(collected, dict) and isinstance(self.model, dict):
            for key in collectors.keys() & self.model.keys() & collected.keys():
                get_function = partial(getitem, answer, key)
                if misfit := self._misfit_of_calls(collectors[key], collected[key], self.model[key], get_function):
                    return f"`{key}`: {misfit[0].lower()}{misfit[1:]}"
        of_calls = self._misfit_of_calls(self.collect, collected, self.model, lambda: answer)
        return of_calls or find_misfit(collected, self.model, any_length=self.any_length)

    def _misfit_of_calls(self, collect: Callable, collected: Any, like: Any, get_function: Callable) -> str | None:
        label = getattr(collect, "label", None)
        if label is None or not isinstance(collected, list) or len(collected) != len(like):
            return None

        def arguments(position: int) -> str:
            try:
                return contained(lambda: label(position, get_function()))
            except Exception:  # the answer's, or Overrun
                return "one call"

        return find_misfit_of_calls(collected, like, arguments, any_length=self.any_length)


def say_open(places: Sequence[str], *, of_calls: bool) -> str:
    """Say where dots are left in an answer, or in what a function returns, where the first index is the call's number.

    >>> say_open(["[0][1]", "[1][1]"], of_calls=True)
    'Your function still returns `...`: the result has them at `[1]`.'
    """
    if not of_calls:
        return f"Still `...`: {', '.join(f'`{place}`' for place in places)}."
    within = dict.fromkeys(place.partition("]")[2] for place in places)
    if "" in within:
        return "Your function still returns `...` for some arguments."
    return f"Your function still returns `...`: the result has them at {', '.join(f'`{place}`' for place in within)}."


def safe_error(error: BaseException) -> str:
    """Return what an exception says, whatever it makes of being asked."""
    try:
        return contained(lambda: describe_error(error))
    except Overrun:
        return class_name(error)


@dataclass(frozen=True)
class OpenQuestion:
    """A question with a model answer to compare with; nothing is checked.

    Attributes
    ----------
    id, objective : str
        As in `Exercise`.
    model_answer : str
        What `compare` shows once the student has written an answer.
    """

    id: str
    objective: str
    model_answer: str


# ---- Values: does an answer equal another one? -----------------------------------------------------------------------


def close(value: Any, expected: float, tolerance: float = 1e-3) -> bool:
    """Say whether a value is a number no further than `tolerance` from the expected one.

    Parameters
    ----------
    value : object
        A plain value; anything but a number is not close. True and False are not numbers here.
    expected : float
        The number to compare with.
    tolerance : float, default 0.001
        Largest absolute difference that still counts as close: three decimals are enough.

    Returns
    -------
    bool

    Examples
    --------
    >>> close(0.3333, 1 / 3), close(0.33, 1 / 3), close("0.33", 1 / 3)
    (True, False, False)
    """
    return kind_of(value) == "number" and abs(value - expected) <= tolerance * (1 + 1e-9)


def same(value: Any, expected: Any, tolerance: float = 1e-3) -> bool:
    """Say whether plain values are equal: numbers up to a tolerance, texts up to case and surrounding spaces.

    A metric may have any of its names (see `metric_name`).

    Parameters
    ----------
    value : object
        Plain values. In a dict, names that are not expected are ignored.
    expected : object
        The plain values to compare with.
    tolerance : float, default 0.001
        Largest absolute difference between two numbers that count as equal.

    Returns
    -------
    bool

    Examples
    --------
    >>> same({"rate": 0.5001, "verdict": " Fair "}, {"rate": 0.5, "verdict": "fair"})
    True
    """
    kind = kind_of(expected)
    if kind_of(value) != kind:
        return False
    if kind == "number":
        return close(value, expected, tolerance)
    if kind == "text":
        return same_text(value, expected)
    if kind == "list":
        pairs = zip(value, expected, strict=False)
        return len(value) == len(expected) and all(same(a, b, tolerance) for a, b in pairs)
    if kind == "dict":
        return all(key in value and same(value[key], each, tolerance) for key, each in expected.items())
    return value == expected
