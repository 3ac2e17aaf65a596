"""What an unknown mistake is told names what to check; the recipe is left to the hints, the idea and the solution."""

import ast
import re
from collections import Counter
from functools import cache

import pytest

from labkit.course.build import find_course
from labkit.exercises._solutions import read_solution
from labkit.exercises.checking import exercises
from labkit.exercises.judging import Exercise
from tests.chapters.test_options import exercise_cells
from tests.exercises.giveaways import find_giveaways

COURSE = find_course()
IDENTIFIERS = [
    identifier
    for name in COURSE.names
    for identifier in re.findall(r'^# %%.* exercise="([^"]+)"', COURSE.path(name).read_text(encoding="utf-8"), re.M)
]
LONGEST = 320  # characters: what to check fits into two or three sentences
MOST_SHARED = 0.5  # of the idea's rare words that the exercise's own text does not hold
RARE = 6  # exercises at most whose ideas hold a rare word
SHORTEST = 6  # characters of an expression that is a step of the solution
EVERYDAY = {
    "sum",
    "max",
    "min",
    "abs",
    "len",
    "list",
    "all",
    "any",
    "range",
    "print",
    "set",
    "round",
    "get",
    "index",
    "first",
    "values",
}
CODE = re.compile(r"`([^`]+)`")


@cache
def declared() -> dict[str, Exercise]:
    """Return every exercise by its id."""
    return {each.id: each for each in exercises()}


@cache
def texts() -> dict[str, str]:
    """Return what the notebook asks, text and stub, by the id of the exercise."""
    found = {}
    for name in COURSE.names:
        for identifier, (text, stub) in exercise_cells(name).items():
            found[identifier] = text + stub
    return found


def words(text: str) -> set[str]:
    """Return the words of a text of four letters or more, without their endings."""
    return {re.sub(r"(?:ing|ed|es|s)$", "", word) for word in re.findall(r"[a-z]{4,}", text.casefold())}


@cache
def frequencies() -> Counter:
    """Return in how many ideas each word is."""
    return Counter(word for each in declared().values() for word in words(each.idea))


def fallbacks(each: Exercise) -> list[str]:
    """Return what unknown mistakes are told: the declared text, and what the judge says of several wrong answers."""
    known = {hint for _, hint in each.wrong}
    told = [each.otherwise] if each.otherwise and not each.choices else []
    for odd in (lambda *arguments: 0.123456, lambda *arguments: [], 0.123456, {}, "?"):
        message = each.outcome(odd).message
        if message not in known:
            told.append(message)
    if isinstance(each.model, dict):
        for key, value in each.model.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                message = each.outcome(each.reference | {key: value * 1.7 + 0.0123}).message
                told += [message] if message not in known else []
    return told


def squeeze(text: str) -> str:
    """Return a text without blanks and backticks."""
    return re.sub(r"[\s`]", "", text)


def expressions(code: str) -> set[str]:
    """Return what code computes, calls, compares or looks up, without blanks; short expressions say nothing."""
    kinds = (ast.BinOp, ast.Compare, ast.Call, ast.Subscript, ast.BoolOp, ast.UnaryOp)
    found = {squeeze(ast.unparse(node)) for node in ast.walk(ast.parse(code)) if isinstance(node, kinds)}
    return {each for each in found if len(each) >= SHORTEST}


def calls(code: str) -> set[str]:
    """Return the names of functions and methods that code calls, but for those that are everyday words."""
    nodes = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in nodes} - EVERYDAY


def numbers(text: str) -> set[str]:
    """Return the decimals in a text."""
    return set(re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])", text))


def literals(each: Exercise) -> set[str]:
    """Return the numbers of a right answer that is a value, as they are written with two or three decimals."""
    if callable(each.reference) or hasattr(each.collect, "label"):
        return set()
    values = each.model.values() if isinstance(each.model, dict) else [each.model]
    floats = [abs(value) for value in values if isinstance(value, float) and value not in (0.0, 1.0)]
    return {f"{value:.{digits}f}" for value in floats for digits in (2, 3)}


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_no_fallback_gives_the_solution(identifier):
    """It has no code of the solution or of the idea, no number of the answer, and few of the idea's own words."""
    each = declared()[identifier]
    assert not find_giveaways(each)
    code = read_solution(COURSE.solutions, identifier)
    own = squeeze(texts()[identifier])
    steps = {step for step in expressions(code) if step not in own}
    names = {name for name in calls(code) if not re.search(rf"\b{name}\b", texts()[identifier])}
    rare = {word for word in words(each.idea) if frequencies()[word] <= RARE} - words(texts()[identifier])
    for told in fallbacks(each):
        assert len(told) <= LONGEST or "\n" in told, told
        assert not {step for step in steps if step in squeeze(told)}, told
        assert not {span for span in CODE.findall(told) if squeeze(span) in squeeze(each.idea) and "(" in span}, told
        assert not {name for name in names if re.search(rf"\b{name}\b", told)}, told
        assert not numbers(told) & literals(each), told
        shared = rare & words(told)
        assert len(shared) <= max(1, MOST_SHARED * len(rare)), (sorted(shared), told)


@pytest.mark.parametrize(
    "identifier, told",
    [
        ("02.2", "exp of she's logit, divided by the sum of exp of he's and of she's."),
        ("03.11", "`roc_auc_score(y_true, y_score)`: the truth first, then scores that were not rounded."),
        ("07.3", "max(0, multiplier + strength * (gap - tolerance)) is the rule."),
        ("08.6", "Two masks: the median of `score[own & (part == 0)]`, and the share above it of the others."),
    ],
)
def test_the_criterion_can_fail(identifier, told, monkeypatch):
    """Texts that gave the recipe away once are found."""
    monkeypatch.setattr("tests.chapters.test_fallbacks.fallbacks", lambda each: [told])
    with pytest.raises(AssertionError):
        test_no_fallback_gives_the_solution(identifier)
