"""Functions that take tensors, models and other functions are collected in the box as they are by `check`."""

import ast
import importlib
import inspect
from dataclasses import replace

import pytest

from labkit.classroom import make_questions
from labkit.classroom.box import Cell
from labkit.exercises.answers import Fault, find_outputs, outputs_of
from labkit.exercises.checking import exercises, find_exercise
from tests.classroom.conftest import KINDS

ADAPTED = ("03.6", "03.7", "03.8", "03.9", "03.10", "03.12", "03.13", "03.14", "08.2")
HIDDEN = ("03.10", "03.13")
QUICK = ("03.6", "03.10", "08.2")  # these need no torch
DECLARING = """
declared = {}


def compare_answers(identifier, **settings):
    declared[identifier] = settings


def exercise(identifier, **settings):
    declared[identifier] = settings
    return lambda judge: judge


choice = compare_answers
"""


def adapted():
    """Return the ids of all exercises with an adapter."""
    outputs = {each.id: find_outputs(each.collect) for each in exercises()}
    return [identifier for identifier, found in outputs.items() if found is not None and found.through is not None]


def declaring_cells(identifier):
    """Return cells that declare an exercise as its module does, which the box does not hold."""
    module = importlib.import_module(inspect.getmodule(find_exercise(identifier).reference).__name__)
    cells, waiting = [], [module.__name__]
    for name in waiting:
        tree = ast.parse(inspect.getsource(importlib.import_module(name)))
        kept = []
        for statement in tree.body:
            source = statement.module if isinstance(statement, ast.ImportFrom) else ""
            if ".exercises_" in source:
                waiting.append(source)
            elif source != "labkit.exercises.checking":
                kept.append(statement)
        cells.insert(0, Cell(name, ast.unparse(ast.Module(kept, []))))
    return [Cell("declaring", DECLARING), *cells]


def questions_about(identifier, answers):
    """Return a question for each expression, by which one answer is found."""
    question = make_questions({identifier: f"check({identifier!r}, given)"})[0]
    return [replace(question, id=f"{identifier}/{number}", expression=each) for number, each in enumerate(answers)]


def cases():
    """Yield a few exercises with the box that works here, and, as slow tests, all with each kind of box."""
    for identifier in QUICK:
        yield pytest.param(identifier, None, id=identifier)
    for kind in KINDS:
        for identifier in ADAPTED:
            yield pytest.param(identifier, kind, id=f"{identifier}-{kind}", marks=pytest.mark.slow)


def test_these_exercises_have_adapters():
    """The list, which pytest reads without loading the chapters, is whole."""
    assert sorted(adapted()) == sorted(ADAPTED)


@pytest.mark.parametrize(("identifier", "kind"), [*cases()])
def test_the_box_collects_what_check_collects(identifier, kind, boxes, judge):
    """The reference, every declared mistake, the untouched function and one that fails get the outcome of `check`."""
    exercise = find_exercise(identifier)
    given = [exercise.reference, *(answer for answer, _ in exercise.wrong), exercise.untouched, len, ...]
    wrong = [f"declared[{identifier!r}]['wrong'][{number}][0]" for number in range(len(exercise.wrong))]
    expressions = [f"declared[{identifier!r}]['reference']", *wrong]
    expressions += [f"declared[{identifier!r}].get('untouched', ...)", "len", "..."]
    questions = questions_about(identifier, expressions)
    found = boxes(kind).run(declaring_cells(identifier), questions, every_cell=True)
    assert not found.failures and found.attempts == 1
    for question, answer in zip(questions, given, strict=True):
        outside = judge.outcomes({identifier: found.answers[question.id]})[identifier]
        assert (question.expression, outside) == (question.expression, exercise.outcome(answer))


@pytest.mark.parametrize(("identifier", "kind"), [case for case in cases() if case.values[0] in HIDDEN])
def test_the_box_makes_hidden_calls(identifier, kind, boxes, judge):
    """Through the adapter; the reference is correct, and every declared mistake gets its hint."""
    exercise = find_exercise(identifier)
    calls = exercise.draw_hidden(7)
    question = make_questions({identifier: f"check({identifier!r}, given)"}, probes={identifier: calls})[0]
    answers = ["declared[{0!r}]['reference']", "declared[{0!r}]['wrong'][0][0]", "declared[{0!r}]['wrong'][1][0]"]
    for expression, told in zip(answers, [exercise.praise, *(hint for _, hint in exercise.wrong[:2])], strict=True):
        asked = replace(question, expression=expression.format(identifier))
        found = boxes(kind).run(declaring_cells(identifier), [asked], every_cell=True)
        assert judge.outcomes(found.answers, [asked])[identifier].message == told


# ---- What adapters do in `outputs_of` --------------------------------------------------------------------------------
def call_with_number(function, n, sign):
    """Call a function with a number made of two values, and look at what it returns."""
    result = function(sign * n)
    if isinstance(result, str):
        raise Fault("returns a text; a number is asked for.")
    return {"result": result}


def test_an_adapter_calls_the_function():
    """With the plain arguments of each probe; dots and missing functions are treated as without one."""
    collect = outputs_of((2, 1), (3, -1), through=call_with_number)
    assert collect(abs) == [{"result": 2}, {"result": 3}] and collect(...) is ...
    assert collect.with_probes((4, 1))(abs) == [{"result": 4}]
    with pytest.raises(Fault, match="A function is asked for; you give 3"):
        collect(3)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda n: f"{n}", r"`<lambda>\(n=2, sign=1\)` returns a text; a number is asked for\."),
        (lambda n: 1 / 0, r"`<lambda>\(n=2, sign=1\)` raises ZeroDivisionError: division by zero \(line \d+"),
        (lambda n: float("inf"), r"`<lambda>\(n=2, sign=1\)`\['result'\] is infinite"),
    ],
)
def test_a_fault_names_the_arguments_of_the_adapter(function, message):
    """Those of the function itself are objects that no message can show."""
    with pytest.raises(Fault, match=message):
        outputs_of((2, 1), through=call_with_number)(function)


def test_what_was_collected_is_reviewed_where_the_answer_is_judged():
    """The review gets all results and the probes, and never dots; a fault is explained."""
    collect = outputs_of((1,), (2,), review=lambda found, probes: [sum(found), probes])
    assert collect(lambda n: 10 * n) == [30, ((1,), (2,))]
    assert collect(lambda n: ...) == [..., ...]
    explained = outputs_of((0,), explain=lambda fault: "Look at 0." if "zero" in str(fault) else None)
    with pytest.raises(Fault, match=r"division by zero .*\. Look at 0\.$"):
        explained(lambda n: 1 / n)
    with pytest.raises(Fault, match="returns nothing"):
        explained(lambda n: None)
