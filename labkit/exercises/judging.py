"""An exercise judges an answer: first its form, then its values; the outcome is shown as text, HTML and JSON."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labkit.exercises.answers import Fault, leaves, plain, short

EXERCISE = "application/vnd.labkit.exercise+json"  # what a checked exercise leaves in its output


STATES = ("correct", "not yet", "not attempted")


CORRECT, NOT_YET, NOT_ATTEMPTED = STATES


# Okabe and Ito's colours, told apart by most colour-blind readers; the sign and the words say the same.
LOOKS = {CORRECT: ("✓", "#009E73"), NOT_YET: ("✗", "#D55E00"), NOT_ATTEMPTED: ("○", "#767676")}


NEUTRAL = "#0072B2"


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
        The judge failed on this answer: a fault of the exercise, which the student is told in general words.
    """

    state: str
    message: str
    crashed: bool = False


def show_outcome(exercise, outcome: Outcome) -> None:
    """Display an outcome below the cell, and leave it there as JSON: id, state, points and objective."""
    sign, color = LOOKS[outcome.state]
    points = f"{exercise.points} point{'s' if exercise.points > 1 else ''}"
    entry = {
        "id": exercise.id,
        "state": outcome.state,
        "points": exercise.points,
        "objective": exercise.objective,
    }
    show_note(
        f"{sign} {exercise.id} · {outcome.state} ({points})", outcome.message, color=color, bundle={EXERCISE: entry}
    )


def show_note(title: str, message: str, *, color: str = NEUTRAL, bundle: dict | None = None) -> None:
    """Display a title and a message as text and as HTML; `bundle` adds further mime types to the output."""
    from IPython.display import display

    page = (
        f'<div style="border-left: 0.4em solid {color}; padding: 0.3em 0.8em; margin: 0.3em 0">'
        f'<strong style="color: {color}">{mark_code(title)}</strong><br>{mark_code(message)}</div>'
    )
    display((bundle or {}) | {"text/plain": f"{title}\n{message}", "text/html": page}, raw=True)


def mark_code(text: str) -> str:
    """Return a text as HTML: what stands between backticks is code, between stars is emphasised.

    Examples
    --------
    >>> mark_code("`a * b < c` *always* fails: 2 * 3 * 4")
    '<code>a * b &lt; c</code> <em>always</em> fails: 2 * 3 * 4'
    """
    escaped = html.escape(text, quote=False).replace("\n", "<br>")
    marks = re.compile(r"`([^`]+)`|\*(\S(?:[^*`]*\S)?)\*")
    return marks.sub(lambda m: f"<code>{m[1]}</code>" if m[1] else f"<em>{m[2]}</em>", escaped)


def find_misfit(answer: Any, like: Any, where: str = "your answer", *, any_length: bool = False) -> str | None:
    """Return why an answer has another form than a reference, None when it has the same.

    Parameters
    ----------
    answer, like : object
        Plain values, from `labkit.exercises.answers.plain`. Where `like` is None, anything goes.
    where : str
        What the answer is called in the message.
    any_length : bool
        Lists may be longer or shorter than the reference's; their values are held to the form of its first.

    Examples
    --------
    >>> find_misfit({"rate": "0.5"}, {"rate": 0.5})
    "`rate` is the text '0.5'; a number is asked for, without quotes."
    """
    if like is None:
        return None
    start = f"{where[0].upper()}{where[1:]}" if where.startswith("your") else where
    if answer is None:
        return f"{start} is a missing value (NaN or None). Which division by zero, or which empty cell, gives it?"
    kind, wanted = kind_of(answer), kind_of(like)
    if kind != wanted:
        quotes = ", without quotes" if (kind, wanted) == ("text", "number") else ""
        return f"{start} is {say(answer)}; {NAMES[wanted]} is asked for{quotes}."
    if kind == "dict":
        if missing := [key for key in like if key not in answer]:
            there = ", ".join(f"`{key}`" for key in answer) or "nothing"
            return f"{start} lacks {', '.join(f'`{key}`' for key in missing)}; it has {there}."
        pairs = [(answer[key], like[key], named(where, key)) for key in like]
    elif kind == "list":
        found, expected = shape(answer), shape(like)
        if found != expected and not any_length:
            return f"{start} has {say_shape(found)}; the exercise asks for {say_shape(expected)}."
        examples = [like[0]] * len(answer) if any_length and like else like
        pairs = [
            (each, example, f"{where}[{i}]") for i, (each, example) in enumerate(zip(answer, examples, strict=False))
        ]
    else:
        return None
    misfits = (find_misfit(each, example, place, any_length=any_length) for each, example, place in pairs)
    return next((misfit for misfit in misfits if misfit), None)


NAMES = {
    "bool": "True or False",
    "number": "a number",
    "text": "a text in quotes",
    "list": "a list or an array",
    "dict": "a table of named values",
    "missing": "None",
}


def kind_of(value: Any) -> str:
    """Return the kind of a plain value: one of the keys of `NAMES`."""
    kinds = {bool: "bool", int: "number", float: "number", str: "text", list: "list", dict: "dict"}
    return kinds.get(type(value), "missing")


def say(value: Any) -> str:
    """Return a value with its kind, for a message."""
    kind = kind_of(value)
    return {"text": f"the text {short(value)}", "number": f"the number {short(value)}"}.get(
        kind, f"{short(value)}" if kind == "bool" else NAMES[kind]
    )


def named(where: str, key: str) -> str:
    """Return what a named part of an answer is called."""
    return f"`{key}`" if where == "your answer" else f"{where}[{key!r}]"


def shape(value: Any) -> tuple[int, ...]:
    """Return the shape of nested lists, as far as all of a level are equally long.

    Examples
    --------
    >>> shape([[1, 2], [3, 4], [5, 6]]), shape([[1], [2, 3]])
    ((3, 2), (2,))
    """
    if not isinstance(value, list):
        return ()
    inner = {shape(each) for each in value}
    return (len(value), *(inner.pop() if len(inner) == 1 else ()))


def say_shape(sizes: tuple[int, ...]) -> str:
    """Return a shape in words: how many values, or rows by columns."""
    if len(sizes) == 1:
        return f"{sizes[0]} value{'' if sizes[0] == 1 else 's'}"
    return f"shape {sizes}"


def close(value: Any, expected: float, tolerance: float = 1e-3) -> bool:
    """Say whether a value is a number no further than `tolerance` from the expected one.

    Examples
    --------
    >>> close(0.3333, 1 / 3), close(0.33, 1 / 3), close("0.33", 1 / 3)
    (True, False, False)
    """
    return kind_of(value) == "number" and abs(value - expected) <= tolerance * (1 + 1e-9)


def same(value: Any, expected: Any, tolerance: float = 1e-3) -> bool:
    """Say whether plain values are equal, numbers up to `tolerance`, texts without regard to case and outer spaces.

    Names in a dict that are not expected are passed over.
    """
    kind = kind_of(expected)
    if kind_of(value) != kind:
        return False
    if kind == "number":
        return close(value, expected, tolerance)
    if kind == "text":
        return value.strip().casefold() == expected.strip().casefold()
    if kind == "list":
        return len(value) == len(expected) and all(map(lambda a, b: same(a, b, tolerance), value, expected))
    if kind == "dict":
        return all(key in value and same(value[key], each, tolerance) for key, each in expected.items())
    return value == expected


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
        Makes plain values of an answer: `labkit.exercises.outputs_of` for functions, ``parts`` for several answers.
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
