"""Right answers in other styles are correct: plain Python, numpy, pandas and torch, and what the hints say to write."""

import importlib
import re
import warnings
from typing import Any

import pytest

from labkit.course.build import find_course
from labkit.exercises.checking import exercises
from labkit.exercises.judging import CORRECT, Exercise

COURSE = find_course()
IDENTIFIERS = [
    identifier
    for name in COURSE.names
    for identifier in re.findall(r'^# %%.* exercise="([^"]+)"', COURSE.path(name).read_text(encoding="utf-8"), re.M)
]
FEWEST, FEWEST_STYLES = 2, 4
ONLY_TORCH = {"03.7", "03.8", "03.9", "03.12", "03.13", "03.14"}  # losses, batches and training runs of torch
STYLES = ("plain Python", "numpy", "pandas", "torch")


def right_answers(identifier: str) -> dict[str, Any]:
    """Return the right answers to an exercise by their style."""
    chapter = importlib.import_module(f"tests.chapters.answers.ch{identifier[:2]}")
    found = chapter.RIGHT[identifier]
    return found() if callable(found) else found


def declared(identifier: str) -> Exercise:
    """Return one exercise."""
    return next(each for each in exercises() if each.id == identifier)


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_right_answers_in_other_styles_are_correct(identifier):
    """Each of at least two; a function is there in plain Python, numpy, pandas and torch, as far as they can say it."""
    each, answers = declared(identifier), right_answers(identifier)
    assert len(answers) >= FEWEST
    if callable(each.reference) and identifier not in ONLY_TORCH:
        missing = [style for style in STYLES if style not in answers]
        assert len(missing) <= 1 and len(answers) >= FEWEST_STYLES, missing
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as in a notebook, where a student's warning is no error
        outcomes = {style: each.outcome(answer) for style, answer in answers.items()}
    assert {style: told.message for style, told in outcomes.items() if told.state != CORRECT} == {}
