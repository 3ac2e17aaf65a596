"""Every exercise of the course, found by discovery: its reference, wrong answers and stub, and its place in a notebook.

There is one case per exercise, or per notebook, and each reports all that it finds. Exercises are found by the text of
the notebooks, so that pytest can collect the cases without importing a chapter.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from labkit.chapters import modules
from labkit.course.build import find_course
from labkit.exercises._solutions import read_solution
from labkit.exercises.checking import check, exercises, hint, solution
from labkit.exercises.judging import EXERCISE, Exercise, find_misfit, same
from tests.chapters.other_forms import in_other_forms

COURSE = find_course()
WITHOUT_EXERCISES: set[str] = set()  # names of notebooks; only ever shrinks
WITH_EXERCISES = [name for name in COURSE.names if name not in WITHOUT_EXERCISES]
IDENTIFIERS = [
    identifier
    for name in COURSE.names
    for identifier in re.findall(r'^# %%.* exercise="([^"]+)"', COURSE.path(name).read_text(encoding="utf-8"), re.M)
]
APART = 4  # declared answers differ by more than this many tolerances
ODD = {
    **{repr(value): value for value in (0, -1.5, "?", [], {}, None, float("nan"), float("inf"), True, [[1]])},
    "object": object(),
    "zero": lambda *arguments: 0,
    "text": lambda *arguments: "?",
    "first": lambda *arguments: arguments[0],
}


@cache
def declared() -> dict[str, Exercise]:
    """Return every exercise by its id, in order."""
    return {each.id: each for each in exercises()}


def chapter(name: str) -> list[Exercise]:
    """Return the exercises of a notebook."""
    return [each for each in declared().values() if each.id[:2] == name[:2]]


@cache
def cells_of(name: str, *, form: str = "solution") -> list[tuple[list[str], Any]]:
    """Return (tags, cell) of a notebook."""
    return [(cell.metadata.get("tags", []), cell) for cell in COURSE.read(name, form=form).cells]


def collected_answers(each: Exercise) -> list[tuple[Any, str]]:
    """Return what is collected from the reference, whose hint is empty, and from wrong answers that do not raise."""
    return [(each.model, ""), *each.mistakes]


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: the mime bundles, in order."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_every_exercise_is_in_a_notebook():
    """Exercises without a notebook would never be asked; a notebook without exercises is in the list."""
    assert list(declared()) == IDENTIFIERS
    assert {name[:2] for name in WITH_EXERCISES} == {module.split(".")[2].removeprefix("ch") for module in modules()}


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_declared_answers_get_their_outcomes(identifier, shown):
    """The reference is correct and counted with its points; each wrong answer gets its own hint, word for word."""
    each = declared()[identifier]
    check(identifier, each.reference)
    entry = {"id": identifier, "state": "correct", "points": each.points, "objective": each.objective}
    assert shown.pop()[EXERCISE] == entry
    for answer, told in each.wrong:
        check(identifier, answer)
        bundle = shown.pop()
        assert bundle[EXERCISE]["state"] == "not yet", told
        assert bundle["text/plain"].split("\n", 1)[1] == told
        assert not each.outcome(answer).crashed, told


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_declared_answers_cannot_be_confused(identifier):
    """No answer is within the tolerance of two declared ones, so each answer has one hint; and far from all has none.

    The hints of `compare_answers` are found by comparing with the declared answers, so that those answers get them is
    no proof. What can go wrong is that two of them are (nearly) equal on the probes, or that the tolerance is so wide
    that other mistakes get the hint too.
    """
    each = declared()[identifier]
    tolerance = each.tolerance or 0.0
    hints = {hint for _, hint in each.wrong}
    complaints = []
    for (one, told), (other, told_too) in combinations(collected_answers(each), 2):
        if same(one, other, APART * tolerance) or same(other, one, APART * tolerance):
            complaints.append(f"two answers are nearly the same: {told!r} and {told_too!r}")
    for collected, told in collected_answers(each) if each.tolerance else ():
        fits = find_misfit(collected, each.model, any_length=each.any_length) is None
        for near in perturbed(collected, (APART - 1) * tolerance):
            message = each.judged(near, each.reference).message
            if message == (told or each.praise) or (fits and message in {each.praise, *hints}):
                complaints.append(f"{near} is told {message!r}")
        for flipped in perturbed(collected, 0.0):  # may happen to be another declared answer
            if each.judged(flipped, each.reference).message == told:
                complaints.append(f"{flipped} is told {told!r}")
    assert not complaints, "\n".join(complaints)


def perturbed(value: Any, shift: float) -> Iterator[Any]:
    """Yield plain values with one number shifted or one text changed; with a shift of 0, with one truth value flipped.

    >>> list(perturbed({"rate": 1.0, "fair": True}, 0.5))
    [{'rate': 1.5, 'fair': True}, {'rate': 0.5, 'fair': True}]
    """
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (value | {key: other} for other in perturbed(each, shift))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from ([*value[:position], other, *value[position + 1 :]] for other in perturbed(each, shift))
    elif isinstance(value, bool):
        yield from [] if shift else [not value]
    elif shift and isinstance(value, (int, float)):
        yield from (value + shift, value - shift)
    elif shift and isinstance(value, str):
        yield f"{value}?"


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_an_answer_may_have_another_form(identifier):
    """In an array, a tensor, a Series with any index or a tuple, or rounded, an answer gets the same outcome."""
    each = declared()[identifier]
    compared = each.tolerance is not None
    complaints = []
    for answer, _ in [(each.reference, ""), *each.wrong]:
        if callable(answer) and not hasattr(each.collect, "label"):
            continue  # its own collector wants more of a function than what it returns, a gradient for example
        expected = each.outcome(answer)
        for form, other in in_other_forms(answer, texts=compared):
            if form == "rounded" and compared and each.tolerance < 5e-5:
                continue  # four decimals are not enough here
            outcome = each.outcome(other)
            if outcome != expected:
                complaints.append(f"{form}: {outcome} where {expected} was expected")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_stub_is_not_attempted(identifier, shown):
    """Dots, dots in the form of the answer, a function that returns dots, and code to repair as it came."""
    each = declared()[identifier]
    stubs = [..., each.untouched]
    if isinstance(each.reference, dict):
        stubs.append(dict.fromkeys(each.reference, ...))
    if callable(each.reference) and each.untouched is ...:
        stubs.append(lambda *arguments: ...)
    for stub in stubs:
        check(identifier, stub)
    assert {bundle[EXERCISE]["state"] for bundle in shown} == {"not attempted"}


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_what_is_collected_fits_into_json(identifier):
    """A judge gives the same verdict on what was written to JSON and read again, and changes nothing in it."""
    each = declared()[identifier]
    collected = each.collected(each.reference)
    text = json.dumps(collected, allow_nan=False)
    again = json.loads(text)
    assert again == collected and each.judged(again, each.reference).state == "correct" and json.dumps(again) == text


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_odd_answers_are_told_something(identifier):
    """Whatever is given, the check says what is wrong with it, and never by accident of a judge that fails."""
    each = declared()[identifier]
    outcomes = {name: each.outcome(odd) for name, odd in ODD.items()}
    silent = {
        name: outcome
        for name, outcome in outcomes.items()
        if outcome.crashed or outcome.state == "not attempted" or (outcome.state != "correct" and not outcome.message)
    }
    assert not silent


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_solution_is_found(identifier, shown):
    """Its code is shown after the hints; it is valid, and gives a value to every name that the stub leaves open."""
    code = read_solution(COURSE.solutions, identifier)
    cells = cells_of(next(name for name in COURSE.names if name[:2] == identifier[:2]))
    stub = next(cell.source for _, cell in cells if cell.metadata.get("exercise") == identifier)
    assert top_level_names(stub) <= top_level_names(code) and code != stub
    for level in (1, 2, 3):
        hint(identifier, level)
    solution(identifier)
    assert shown[-1]["text/plain"] == f"{identifier} · the solution\n{code}"


def top_level_names(source: str) -> set[str]:
    """Return the names that code gives a value to, outside of functions."""
    found = set()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef):
            found.add(statement.name)
        else:
            names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
            found |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return found


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_every_objective_has_an_exercise(name):
    """What a notebook promises it also asks for, and it asks for nothing else."""
    opening = next(cell.source for _, cell in cells_of(name) if "**You will be able to**" in cell.source)
    promised = re.findall(rf"`\[({name[:2]}-[a-z0-9-]+)\]`", opening)
    assert promised and set(promised) == {each.objective for each in chapter(name)}


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_cells_agree_with_the_module(name):
    """Each exercise is once in its notebook, in order, with the points and the objective that it is counted by."""
    expected = [(each.id, each.points, each.objective) for each in chapter(name)]
    for form in ("solution", "student"):
        found = [cell.metadata for _, cell in cells_of(name, form=form) if "exercise" in cell.metadata]
        assert [(str(data.exercise), data.points, data.objective) for data in found] == expected, form


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_an_exercise_is_text_stub_solution_and_check(name):
    """In this order; the text has its number and the check its id."""
    cells = cells_of(name)
    for position, (_, cell) in enumerate(cells):
        if identifier := cell.metadata.get("exercise"):
            tags = [cells[position + step][0] for step in (-1, 0, 1, 2)]
            assert tags == [["exercise"], ["exercise"], ["solution"], ["check"]], identifier
            text, checked = cells[position - 1][1].source, cells[position + 2][1].source
            assert f"Exercise {identifier} · " in text.split("\n")[0] and f'check("{identifier}"' in checked
    assert sum(tags == ["check"] for tags, _ in cells) == len(chapter(name))
