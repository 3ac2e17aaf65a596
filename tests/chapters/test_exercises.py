"""Every exercise of the course, found by discovery: its reference, wrong answers, stub, and place in a notebook."""

import ast
import json
import re

import pytest

from labkit.chapters import modules
from labkit.course.build import find_course
from labkit.exercises.checking import check, exercises
from labkit.exercises.judging import EXERCISE

COURSE = find_course()
EXERCISES = {each.id: each for each in exercises()}
WRONG = [(each.id, position) for each in EXERCISES.values() for position in range(len(each.wrong))]
WITHOUT_EXERCISES: set[str] = set()  # names of notebooks; only ever shrinks
WITH_EXERCISES = [name for name in COURSE.names if modules(name[:2])]


ODD = {repr(value): value for value in (0, -1.5, "?", [], {}, None, float("nan"), float("inf"), True, [[1]])} | {
    "object": object(),
    "zero": lambda *arguments: 0,
    "text": lambda *arguments: "?",
    "first": lambda *arguments: arguments[0],
}


def chapter(name):
    """Return the exercises of a notebook."""
    return {identifier: each for identifier, each in EXERCISES.items() if identifier[:2] == name[:2]}


def cells_of(name, *, form="solution"):
    """Return (tags, cell) of a notebook."""
    return [(cell.metadata.get("tags", []), cell) for cell in COURSE.read(name, form=form).cells]


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: the mime bundles, in order."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_notebooks_without_exercises_are_listed():
    """A notebook that has none yet stands in the list, and leaves it when it gets some."""
    assert set(COURSE.names) - set(WITH_EXERCISES) == WITHOUT_EXERCISES


def test_every_module_belongs_to_a_notebook():
    """Exercises without a notebook would never be asked."""
    numbers = {name[:2] for name in COURSE.names}
    chapters = {module.split(".")[2].removeprefix("ch") for module in modules()}
    assert chapters <= numbers
    assert {identifier[:2] for identifier in EXERCISES} == chapters


@pytest.mark.parametrize("identifier", EXERCISES)
def test_reference_is_correct(identifier, shown):
    """What the exercise itself holds for right passes the check, and is counted with its points."""
    each = EXERCISES[identifier]
    check(identifier, each.reference)
    assert shown[0][EXERCISE] == {
        "id": identifier,
        "state": "correct",
        "points": each.points,
        "objective": each.objective,
    }, shown[0]["text/plain"]


@pytest.mark.parametrize(("identifier", "position"), WRONG)
def test_wrong_answer_gets_its_hint(identifier, position, shown):
    """The hint is the one for this very mistake, word for word, and comes from the judge or from the answer's form."""
    each = EXERCISES[identifier]
    answer, hint = each.wrong[position]
    check(identifier, answer)
    assert shown[0][EXERCISE]["state"] == "not yet"
    assert shown[0]["text/plain"].split("\n", 1)[1] == hint
    assert not each.outcome(answer).crashed


@pytest.mark.parametrize("identifier", EXERCISES)
def test_stub_is_not_attempted(identifier, shown):
    """Dots, dots in the form of the answer, a function that returns dots, and code to repair as it came."""
    each = EXERCISES[identifier]
    stubs = [..., each.untouched]
    if isinstance(each.reference, dict):
        stubs.append(dict.fromkeys(each.reference, ...))
    if callable(each.reference) and each.untouched is ...:
        stubs.append(lambda *arguments: ...)
    for stub in stubs:
        check(identifier, stub)
    assert {bundle[EXERCISE]["state"] for bundle in shown} == {"not attempted"}


@pytest.mark.parametrize("identifier", EXERCISES)
def test_what_is_collected_fits_into_json(identifier):
    """A judge gives the same verdict on what was written to JSON and read again, and changes nothing in it."""
    each = EXERCISES[identifier]
    collected = each.collected(each.reference)
    text = json.dumps(collected, allow_nan=False)
    again = json.loads(text)
    assert again == collected and each.judge(again) is None and json.dumps(again) == text


@pytest.mark.parametrize("identifier", EXERCISES)
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_answers_are_told_something(identifier, odd):
    """Whatever is given, the check says what is wrong with it, and never by accident of a judge that fails."""
    outcome = EXERCISES[identifier].outcome(odd)
    assert outcome.state in ("correct", "not yet") and not outcome.crashed
    assert outcome.state == "correct" or outcome.message.strip()


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_every_objective_has_an_exercise(name):
    """What a notebook promises it also asks for, and it asks for nothing else."""
    opening = next(cell.source for _, cell in cells_of(name) if "**You will be able to**" in cell.source)
    promised = re.findall(rf"`\[({name[:2]}-[a-z0-9-]+)\]`", opening)
    assert promised and set(promised) == {each.objective for each in chapter(name).values()}


@pytest.mark.parametrize("form", ["solution", "student"])
@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_cells_agree_with_the_module(name, form):
    """Each exercise stands once in its notebook, in order, with the points and the objective that it is counted by."""
    found = [cell.metadata for _, cell in cells_of(name, form=form) if "exercise" in cell.metadata]
    asked = [(str(data.exercise), data.points, data.objective) for data in found]
    assert asked == [(each.id, each.points, each.objective) for each in chapter(name).values()]


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


def assigned(source):
    """Return the names that code gives a value to, outside of functions."""
    names = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    stored = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))
    return names | {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def used(source):
    """Return the names that code reads without having given them a value itself."""
    read = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))
    return {node.id for node in read if isinstance(node.ctx, ast.Load)} - assigned(source)


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_nothing_later_needs_an_answer(name):
    """A student who leaves an exercise out can go on: no later cell reads a variable that it asks for."""
    asked, own = {}, None
    for tags, cell in cells_of(name):
        if cell.cell_type != "code":
            continue
        if "exercise" in tags:
            own = cell.metadata.exercise
            asked |= dict.fromkeys(assigned(cell.source), own)
        elif not {"solution", "check"} & set(tags):
            needed = {variable: asked[variable] for variable in used(cell.source) if variable in asked}
            assert not needed, f"{needed} in: {cell.source}"
            asked = {variable: by for variable, by in asked.items() if variable not in assigned(cell.source)}
