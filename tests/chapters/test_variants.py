"""Every exercise asked in another way: with hidden calls, with other numbers, and with other letters of its options.

There is one case per exercise, and each tries some seeds or numbers. Those of exercises that take long are slow.
"""

import json
import re
import warnings
from functools import cache

import pytest

from labkit.classroom.box.values import pack_argument
from labkit.course.build import find_course
from labkit.exercises.checking import exercises, find_exercise
from labkit.exercises.judging import Exercise, same
from labkit.exercises.variants import option_sets, rewrite_cells
from tests.chapters.test_exercises import APART, IDENTIFIERS
from tests.chapters.test_options import listed_options
from tests.chapters.test_right_answers import right_answers

SEEDS = range(5)
NUMBERS = range(1, 6)
FAST = ("04.1", "04.2", "04.6")
LARGEST = 200_000  # bytes of the hidden calls of an exercise, as JSON
WITHOUT_HIDDEN: set[str] = set()  # functions; only ever shrinks
COURSE = find_course()


def cases():
    """Return the exercises as cases; all but some of one notebook are slow, and load no other notebook's exercises."""
    return [pytest.param(each, marks=[] if each in FAST else pytest.mark.slow) for each in IDENTIFIERS]


def hidden_forms(each: Exercise) -> list[Exercise]:
    """Return an exercise with the hidden calls of some seeds; nothing where it declares none."""
    return [each.asking(each.draw_hidden(seed)) for seed in SEEDS] if each.hidden else []


def variants(each: Exercise) -> list[Exercise]:
    """Return some variants of an exercise; nothing where it has none."""
    return [each.variant(number) for number in NUMBERS] if each.varies else []


def written(call: tuple) -> str:
    """Return the arguments of a call as they are sent into the box."""
    return json.dumps([pack_argument(argument) for argument in call])


def looked_up(each: Exercise):
    """Return an answer that knows the declared calls by heart, and gives the first result for any other one."""
    results = dict(zip(map(written, each.calls), each.model, strict=True))
    return lambda *arguments: results.get(written(arguments), each.model[0])


@pytest.mark.parametrize("identifier", cases())
def test_hidden_calls_tell_right_from_wrong(identifier):
    """The reference and other right answers are correct, wrong answers get their hints, and a table is not correct."""
    each = find_exercise(identifier)
    for asked in hidden_forms(each):
        assert sum(len(written(call)) for call in asked.calls) < LARGEST
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # as in a notebook, where a student's warning is no error
            outcomes = [asked.outcome(right) for right in (each.reference, *right_answers(identifier).values())]
        assert {outcome.state for outcome in outcomes} == {"correct"}, (asked.calls, outcomes)
        assert asked.outcome(looked_up(each)).state == "not yet", asked.calls
        assert asked.outcome(each.untouched).state == "not attempted"
        for answer, hint in each.wrong:
            if callable(answer):
                assert asked.outcome(answer).message == hint, asked.calls


@pytest.mark.parametrize("identifier", cases())
def test_variants_have_their_own_answers(identifier):
    """References are correct, wrong answers get their hints, no two are alike, and most declared answers are wrong."""
    each = find_exercise(identifier)
    copied = 0
    for made in variants(each):
        assert made.outcome(made.reference).state == "correct", made
        answers = [made.collected(answer) for answer in (made.reference, *(wrong for wrong, _ in made.wrong))]
        for place, one in enumerate(answers):
            near = APART * (made.tolerance or 0.0)
            assert not any(same(one, other, near) for other in answers[:place]), (made.number, one)
        for answer, hint in made.wrong:
            assert made.outcome(answer).message == hint, (made.number, answer)
        copied += made.outcome(each.reference).state == "correct"
    if each.variants and variants_differ(each):
        assert copied <= len(NUMBERS) // 2


def variants_differ(each: Exercise) -> bool:
    """Say whether variants change what is asked, and not only the letters of options."""
    return any(made.reference != each.reference for made in variants(each))


@cache
def student_cells(name: str) -> dict[str, list[str]]:
    """Return the text and the stub of each exercise in a student notebook."""
    cells = COURSE.read(name, form="student").cells
    return {
        cell.metadata["exercise"]: [cells[place - 1].source, cell.source]
        for place, cell in enumerate(cells)
        if "exercise" in cell.metadata
    }


@pytest.mark.parametrize("identifier", cases())
def test_the_notebook_can_be_rewritten(identifier):
    """Each text to replace is there once, the options get the letters of the variant, and help names no old number."""
    each = find_exercise(identifier)
    cells = student_cells(next(name for name in COURSE.names if name[:2] == identifier[:2]))[identifier]
    for made in variants(each):
        text, stub = rewrite_cells(cells, each.replacements(made.number))
        listed = listed_options(text)
        for options in option_sets(made.choices):
            assert any(
                len(found) == len(options)
                and all(line.startswith(option) for line, option in zip(found, options, strict=True))
                for found in listed
            ), (options, listed)
        for old in numbers_in(cells) - numbers_in([text, stub]):
            assert not any(old in numbers_in([told]) for told in told_by(each) & told_by(made)), (made.number, old)


def numbers_in(texts) -> set[str]:
    """Return the numbers of two and more digits in some texts, as they are written."""
    return set(re.findall(r"\d[\d.,]*\d", "\n".join(texts)))


def told_by(each: Exercise) -> set[str]:
    """Return what students are told by an exercise: help, hints, praise."""
    return {*each.hints, each.idea, each.otherwise, each.praise, *(hint for _, hint in each.wrong)}


def test_every_function_has_hidden_calls_and_most_values_have_variants():
    """At least half of the values of the course are asked with other numbers or texts; choices with other letters."""
    known = exercises()
    functions = [each for each in known if each.calls is not None]
    assert {each.id for each in functions if not each.hidden} <= WITHOUT_HIDDEN
    values = [each for each in known if each.calls is None]
    assert 2 * sum(each.variants is not None and variants_differ(each) for each in values) >= len(values)
    assert [each.id for each in values if not each.varies] == []
