"""The exercise engine: exercises are declared here, and checked, hinted at and counted from notebooks.

A judge sees only what was collected from an answer, plain values that fit into JSON, and returns None or a hint.
"""

import contextlib
import importlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.exercises.answers import Fault
from labkit.exercises.judging import CORRECT, Exercise, OpenQuestion, same, show_note, show_outcome

FEWEST_WRONG = 3


_IDENTIFIER = re.compile(r"\d\d\.[1-9]\d*")


_declared: dict[str, Exercise] = {}


_open: dict[str, OpenQuestion] = {}


_asked: dict[str, int] = {}  # hints shown so far in this kernel, by exercise
_loaders: list[Callable[[str], None]] = []


def register(loader: Callable[[str], None]) -> None:
    """Add what declares exercises: called with the number of a notebook, or with "" for all of them."""
    _loaders.append(loader)


def load_chapters(notebook: str = "") -> None:
    """Let every registered loader declare the exercises of a notebook, or of all.

    This is the one place where the engine reaches upward: it imports the chapters by name, and they register.
    """
    importlib.import_module("labkit.chapters")
    for loader in _loaders:
        loader(notebook)


def exercise(identifier: str, *, points: int = 1, objective: str, reference: Any, wrong: Sequence, **options):
    """Declare an exercise; decorates its judge. For the options see `Exercise`: hints, idea, collect, praise ...

    Raises
    ------
    ValueError
        An id or objective of another form, an id declared twice, no points, fewer than three wrong answers, one without
        a hint, or not two graded hints and an idea.
    """

    def declare(judge: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
        check_identifier(identifier, objective)
        wanted = {key: options.pop(key, default) for key, default in (("hints", ()), ("idea", ""))}
        if type(points) is not int or points < 1:
            raise ValueError(f"exercise {identifier}: points is {points!r}; give a whole number, at least 1")
        if len(wrong) < FEWEST_WRONG:
            raise ValueError(f"exercise {identifier} has {len(wrong)} wrong answers; give at least {FEWEST_WRONG}")
        for answer, hint in wrong:
            if not is_text(hint):
                raise ValueError(f"exercise {identifier}: the wrong answer {answer!r} has no hint")
        if len(wanted["hints"]) != 2 or not all(map(is_text, (*wanted["hints"], wanted["idea"]))):
            raise ValueError(
                f"exercise {identifier} needs two graded hints (hints=) and the idea of its solution (idea=)"
            )
        settings = {"points": points, "objective": objective, "reference": reference, "wrong": tuple(wrong)}
        _declared[identifier] = Exercise(id=identifier, judge=judge, **settings, **wanted, **options)
        return judge

    return declare


def choice(identifier: str, *, options: Mapping[str, str | None], **settings) -> None:
    """Declare a choice among named options: each wrong one with its hint, the right one with None.

    Raises
    ------
    ValueError
        Not exactly one option is right, or as `exercise`.
    """
    right = [option for option, hint in options.items() if hint is None]
    if len(right) != 1:
        raise ValueError(f"exercise {identifier}: {len(right)} options are right (hint None); give one")
    wrong = [(option, hint) for option, hint in options.items() if hint is not None]
    otherwise = f"Choose one of these, in quotes: {', '.join(options)}."
    compare_answers(identifier, reference=right[0], wrong=wrong, otherwise=otherwise, **settings)


def compare_answers(identifier: str, *, reference, wrong, otherwise: str, tolerance: float = 1e-3, **settings) -> None:
    """Declare an exercise without a judge of its own: an answer is the reference, a known mistake, or `otherwise`."""

    def collected_as(answer: Any) -> Any:
        return _declared[identifier].collected(answer)

    def recognise(collected: Any) -> str | None:
        if same(collected, collected_as(reference), tolerance):
            return None
        for answer, hint in wrong:
            with contextlib.suppress(Fault):  # a wrong answer may be one that raises
                if same(collected, collected_as(answer), tolerance):
                    return hint
        return None

    def judge(collected: Any) -> str | None:
        return None if same(collected, collected_as(reference), tolerance) else otherwise

    exercise(identifier, reference=reference, wrong=wrong, recognise=recognise, **settings)(judge)


def open_question(identifier: str, *, objective: str, model_answer: str) -> None:
    """Declare a question that no program can check; `compare` shows its model answer."""
    check_identifier(identifier, objective)
    if not is_text(model_answer):
        raise ValueError(f"open question {identifier} has no model answer")
    _open[identifier] = OpenQuestion(identifier, objective, model_answer)


def check_identifier(identifier: str, objective: str) -> None:
    """Raise ValueError unless an id is new and belongs to the notebook of its objective."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(f"exercise id {identifier!r} must look like '05.1': notebook, point, number")
    if not re.fullmatch(rf"{identifier[:2]}-[a-z0-9]+(-[a-z0-9]+)*", objective):
        raise ValueError(f"exercise {identifier}: objective {objective!r} must look like '{identifier[:2]}-name'")
    if identifier in _declared or identifier in _open:
        raise ValueError(f"exercise {identifier} is declared twice; give the second one a number of its own")


def is_text(value: Any) -> bool:
    """Say whether a value is a text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def exercises() -> list[Exercise]:
    """Return every exercise of the course, in order."""
    load_chapters()
    return sorted(_declared.values(), key=lambda each: (each.id[:2], int(each.id[3:])))


def find(identifier: str, declared: dict) -> Any:
    """Return what is declared under an id; only the module of its notebook is loaded.

    Raises
    ------
    ValueError
        Nothing has this id; the message lists those of the notebook.
    """
    load_chapters(str(identifier)[:2])
    if identifier not in declared:
        known = [each for each in declared if each[:2] == str(identifier)[:2]] or sorted(declared)
        raise ValueError(f"no exercise {identifier!r}; there are: {', '.join(known) or 'none'}")
    return declared[identifier]


def check(identifier: str, answer: Any) -> None:
    """Show whether an answer is correct, not yet (with a hint) or not attempted.

    Raises
    ------
    AssertionError
        Only while nbgrader grades or validates: the answer is not correct. To nbgrader, a cell without an error has
        earned its points.
    """
    found = find(identifier, _declared)
    outcome = found.outcome(answer)
    show_outcome(found, outcome)
    if os.environ.get("NBGRADER_EXECUTION") and outcome.state != CORRECT:
        raise AssertionError(f"{identifier}: {outcome.state}. {outcome.message}")


def hint(identifier: str, level: int | None = None) -> None:
    """Show help: a nudge, then more, then the idea of the solution; each call goes one further, or to `level` (1-3)."""
    found = find(identifier, _declared)
    if level not in (None, 1, 2, 3):
        raise ValueError(f"level is {level!r}; give 1, 2 or 3 (the idea of the solution)")
    _asked[identifier] = level or min(3, _asked.get(identifier, 0) + 1)
    title = {1: "hint 1 of 2", 2: "hint 2 of 2", 3: "the idea of the solution"}[_asked[identifier]]
    show_note(f"{identifier} · {title}", (*found.hints, found.idea)[_asked[identifier] - 1])


def compare(identifier: str, answer: Any) -> None:
    """Show the model answer of an open question, once something was answered; nothing is checked."""
    found = find(identifier, _open)
    if not is_text(answer):
        show_note(
            f"{identifier} · open question", "Write your answer as a text in quotes; then a model answer appears."
        )
    else:
        show_note(f"{identifier} · nothing is checked here; a model answer to compare with", found.model_answer)
