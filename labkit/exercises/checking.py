"""What notebooks and chapters call: exercises are declared here, then checked, hinted at and solved.

A judge sees only what was collected from an answer, plain values that fit into JSON, and returns None or a hint.
"""

import importlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.exercises._solutions import find_sources, read_solution
from labkit.exercises.choices import check_all_options
from labkit.exercises.judging import CORRECT, Exercise, OpenQuestion, same
from labkit.exercises.outcomes import NotEarned, show_code, show_note, show_outcome
from labkit.exercises.recognizers import find_slip

FEWEST_WRONG = 3  # wrong answers that an exercise must know
# Read once, before a cell of the notebook could change it: under nbgrader, a check that is not correct must raise.
GRADING = bool(os.environ.get("NBGRADER_EXECUTION"))
HELP = {1: "hint 1 of 2", 2: "hint 2 of 2", 3: "the idea of the solution"}

_IDENTIFIER = re.compile(r"\d\d\.[1-9]\d*")
_declared: dict[str, Exercise] = {}
_open: dict[str, OpenQuestion] = {}
_asked: dict[str, list[int]] = {}  # levels of help shown so far in this kernel, by exercise
_loaders: list[Callable[[str], None]] = []


# ---- Where exercises come from ---------------------------------------------------------------------------------------


def register(loader: Callable[[str], None]) -> None:
    """Add a function that declares exercises.

    Parameters
    ----------
    loader : callable
        Called with the number of a notebook, "05", to declare its exercises, or with "" to declare all of them.
    """
    _loaders.append(loader)


def load_chapters(notebook: str = "") -> None:
    """Let every registered loader declare the exercises of a notebook, or of all.

    This is the one place where the engine reaches upward: it imports the chapters by name, and they register.
    """
    importlib.import_module("labkit.chapters")
    for loader in _loaders:
        loader(notebook)


def exercises() -> list[Exercise]:
    """Return every exercise of the course, in order.

    Returns
    -------
    list of Exercise
        Sorted by notebook and number. Loads the exercises of all notebooks.
    """
    load_chapters()
    return sorted(_declared.values(), key=lambda each: (each.id[:2], int(each.id[3:])))


def find_exercise(identifier: str) -> Exercise:
    """Return the exercise with an id, loading only its notebook; a ValueError lists the ids there are."""
    return find(identifier, _declared)


def find(identifier: str, declared: dict) -> Any:
    """Return what is declared under an id, loading only its notebook; a ValueError lists the ids there are."""
    load_chapters(str(identifier)[:2])
    if identifier not in declared:
        known = [each for each in declared if each[:2] == str(identifier)[:2]] or sorted(declared)
        raise ValueError(f"no exercise {identifier!r}; there are: {', '.join(known) or 'none'}")
    return declared[identifier]


# ---- For chapters: declare -------------------------------------------------------------------------------------------


def exercise(
    identifier: str, *, points: int = 1, objective: str, reference: Any, wrong: Sequence[tuple[Any, str]], **options
) -> Callable:
    """Declare an exercise; decorates its judge.

    Parameters
    ----------
    identifier : str
        "05.1", the first exercise of notebook 05.
    points : int, default 1
        At least 1.
    objective : str
        The objective it covers, "05-decompose".
    reference : object
        A right answer, as a student would type it.
    wrong : sequence of (object, str)
        At least three wrong answers that people give, each with the hint it must get.
    **options
        Further attributes of `Exercise`. `hints` (two) and `idea` are required.

    Returns
    -------
    callable
        A decorator for the judge, which takes what was collected and returns None when it is correct, otherwise the
        hint. It returns the judge unchanged.

    Raises
    ------
    ValueError
        An id or objective of another form, an id declared twice, no points, fewer than three wrong answers, one without
        a hint, not two graded hints and an idea, or options that can be confused.
    """

    def declare(judge: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
        check_identifier(identifier, objective)
        check_declaration(identifier, points, wrong, options.get("hints", ()), options.get("idea", ""))
        check_all_options(identifier, options.get("choices"))
        _declared[identifier] = Exercise(
            id=identifier,
            points=points,
            objective=objective,
            reference=reference,
            wrong=tuple(wrong),
            judge=judge,
            **options,
        )
        return judge

    return declare


def choice(identifier: str, *, options: Mapping[str, str | None], **settings) -> None:
    """Declare a choice among named options.

    Parameters
    ----------
    identifier : str
        As for `exercise`.
    options : mapping of str to (str or None)
        Each wrong option with its hint, the right one with None, in the order of their letters: A, B, C, ... An answer
        is a letter or a text (see `pick`); what is neither is told all options.
    **settings
        Further arguments of `exercise`.

    Raises
    ------
    ValueError
        Not exactly one option is right, two options can be confused, or as for `exercise`.
    """
    right = [option for option, hint in options.items() if hint is None]
    if len(right) != 1:
        raise ValueError(f"exercise {identifier}: {len(right)} options are right (hint None); give one")
    wrong = [(option, hint) for option, hint in options.items() if hint is not None]
    otherwise = "Your answer is none of the options."  # not reached: such an answer is told all options
    compare_answers(
        identifier, reference=right[0], wrong=wrong, otherwise=otherwise, choices=tuple(options), **settings
    )


def compare_answers(
    identifier: str,
    *,
    reference: Any,
    wrong: Sequence[tuple[Any, str]],
    otherwise: str,
    tolerance: float = 1e-3,
    **settings,
) -> None:
    """Declare an exercise without its own judge: an answer is the reference, a known mistake, or neither.

    Parameters
    ----------
    identifier, reference, wrong
        As for `exercise`. An answer that equals a wrong one (see `same`) gets the hint of that one, whatever its form.
        Wrong answers must differ from each other and from the reference by more than four times the tolerance; the
        tests of the chapters check this.
    otherwise : str
        What any other answer is told, unless it is right but for a slip that `recognize_slip` knows, such as a rounded
        number or a percentage.
    tolerance : float, default 0.001
        Largest absolute difference between two numbers that count as equal.
    **settings
        Further arguments of `exercise`. With ``choices={"seems": ("fair", "unfair")}`` the part "seems" of an answer is
        chosen among these options, by letter or by text; so are its elements where it is a list.

    Raises
    ------
    ValueError
        As for `exercise`.
    """

    settings |= {"recognize": recognize_mistake, "tolerance": tolerance, "otherwise": otherwise}
    exercise(identifier, reference=reference, wrong=wrong, **settings)(judge_by_comparing)


def judge_by_comparing(collected: Any, asked: Exercise) -> str | None:
    """Return None for the reference, else a slip that is alike in every exercise, else the exercise's general text."""
    if same(collected, asked.model, asked.tolerance):
        return None
    return find_slip(asked, collected, asked.tolerance) or asked.otherwise


def recognize_mistake(collected: Any, asked: Exercise) -> str | None:
    """Return the hint of the declared wrong answer that this is; None for the reference and for any other answer."""
    if same(collected, asked.model, asked.tolerance):
        return None
    hints = (hint for mistake, hint in asked.mistakes if same(collected, mistake, asked.tolerance))
    return next(hints, None)


def open_question(identifier: str, *, objective: str, model_answer: str) -> None:
    """Declare a question that no program can check; `compare` shows its model answer.

    Parameters
    ----------
    identifier, objective : str
        As for `exercise`.
    model_answer : str
        A good answer, with what makes it one.

    Raises
    ------
    ValueError
        An id or objective of another form, an id declared twice, or no model answer.
    """
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
        raise ValueError(f"exercise {identifier} is declared twice; give the second one another number")


def check_declaration(identifier: str, points: Any, wrong: Sequence, hints: Sequence, idea: str) -> None:
    """Raise ValueError for what a declaration lacks: points, wrong answers with hints, two hints and an idea."""
    if type(points) is not int or points < 1:
        raise ValueError(f"exercise {identifier}: points is {points!r}; give a whole number, at least 1")
    if len(wrong) < FEWEST_WRONG:
        raise ValueError(f"exercise {identifier} has {len(wrong)} wrong answers; give at least {FEWEST_WRONG}")
    for answer, hint in wrong:
        if not is_text(hint):
            raise ValueError(f"exercise {identifier}: the wrong answer {answer!r} has no hint")
    if len(hints) != 2 or not all(map(is_text, (*hints, idea))):
        raise ValueError(f"exercise {identifier} needs two graded hints (hints=) and the idea of its solution (idea=)")


def is_text(value: Any) -> bool:
    """Say whether a value is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


# ---- For notebooks: check, and help ----------------------------------------------------------------------------------


def check(identifier: str, answer: Any, *, variant: int = 0) -> None:
    """Show whether an answer is correct, not yet (with a hint) or not attempted.

    To nbgrader, a cell without an error and without output on the standard error stream has earned its points. So
    while nbgrader grades or validates, an answer that is not correct raises; and what a student's function warns about
    or writes to that stream while it is checked becomes part of the message.

    A check runs in the student's own kernel, whose code can do whatever the check can: it serves learning, and is no
    proof that an answer is correct.

    Parameters
    ----------
    identifier : str
        "05.1".
    answer : object
        What the exercise asks for; ``...`` counts as not attempted.
    variant : int, default 0
        The number in the text of the exercise, where a class gives everyone other numbers or letters.

    Raises
    ------
    ValueError
        No exercise has this id; the message lists those of the notebook. Or the variant is no number from 0.
    NotEarned
        The answer is not correct, and nbgrader executed the notebook when this module was imported (the environment
        variable ``NBGRADER_EXECUTION`` was set).
    """
    found = find(identifier, _declared).variant(variant)
    outcome = found.outcome(answer)
    show_outcome(found, outcome)
    if GRADING and outcome.state != CORRECT:
        raise NotEarned(f"{identifier}: {outcome.state}. {outcome.message}")


def hint(identifier: str, level: int | None = None) -> None:
    """Show help: a nudge, then more, then the idea of the solution.

    Parameters
    ----------
    identifier : str
        "05.1".
    level : int, optional
        1, 2, or 3 (the idea). Without it, each call goes one level further, and stays at the idea. Once all three
        were shown, the note says how to see the code (`solution`).

    Raises
    ------
    ValueError
        No exercise has this id, or there is no such level.
    """
    found = find(identifier, _declared)
    if level not in (None, *HELP):
        raise ValueError(f"level is {level!r}; give 1, 2 or 3 (the idea of the solution)")
    shown = _asked.setdefault(identifier, [])
    if level is None:
        level = min(shown[-1] + 1, max(HELP)) if shown else 1
    shown.append(level)
    message = (*found.hints, found.idea)[level - 1]
    if set(HELP) <= set(shown):
        message += f'\nTo see the code: `from labkit.exercises import solution`, then `solution("{identifier}")`.'
    show_note(f"{identifier} · {HELP[level]}", message)


def solution(identifier: str) -> None:
    """Show the code that solves an exercise, once both hints and the idea were shown in this kernel.

    The code is read from the sources in ``notebooks/solutions``, which a course may be handed out without; then a note
    says so. The code is shown, never run.

    Parameters
    ----------
    identifier : str
        "05.1".

    Raises
    ------
    ValueError
        No exercise has this id; the message lists those of the notebook.
    """
    find(identifier, _declared)
    title = f"{identifier} · the solution"
    unseen = [level for level in HELP if level not in _asked.get(identifier, [])]
    if unseen:
        calls = " and ".join(f'`hint("{identifier}", {level})`' for level in unseen)
        left = ", ".join(HELP[level] for level in unseen)
        show_note(title, f"First read the help that is left ({left}): run {calls}. Then ask again.")
        return
    folder = find_sources()
    code = read_solution(folder, identifier) if folder else None
    if code is None:
        source = f"notebooks/solutions/{identifier[:2]}_*.py"
        show_note(title, f"The code cannot be shown: it is in the course's sources (`{source}`), which are not here.")
    else:
        show_code(title, code)


def compare(identifier: str, answer: Any) -> None:
    """Show the model answer of an open question, once something was answered; nothing is checked.

    Parameters
    ----------
    identifier : str
        "09.7".
    answer : str
        The student's answer. Anything but a text that is not blank counts as none yet.

    Raises
    ------
    ValueError
        No open question has this id.
    """
    found = find(identifier, _open)
    if not is_text(answer):
        missing = "Write your answer as a text in quotes; then a model answer appears."
        show_note(f"{identifier} · open question", missing)
    else:
        show_note(f"{identifier} · nothing is checked here; a model answer to compare with", found.model_answer)
