"""The exercise engine: what is collected, which message an answer gets, and what a notebook shows."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from labkit.exercises import checking as checks
from labkit.exercises import judging as outcomes
from labkit.exercises.answers import Fault, outputs_of, parts, plain
from labkit.exercises.checking import check, choice, compare, compare_answers, exercise, hint, open_question
from labkit.exercises.judging import EXERCISE, close, find_misfit, same

HELP = {"hints": ("Look.", "Look closer."), "idea": "Divide."}
COMMON = {"objective": "99-halves", **HELP}


@pytest.fixture(autouse=True)
def no_exercises(monkeypatch):
    """Declarations of a test are its own; exercises of the course stay out of it."""
    for registry in ("_declared", "_open", "_asked"):
        monkeypatch.setattr(checks, registry, {})


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: the mime bundles, in order."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def declare(reference, wrong=None, *, judge=lambda collected: "not this", identifier="99.1", **options):
    """Declare an exercise and return it."""
    settings = COMMON | {"wrong": wrong or [(n, "no") for n in range(3)]} | options
    exercise(identifier, reference=reference, **settings)(judge)
    return checks._declared[identifier]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        ((1, "a", None), [1, "a", None]),
        ({3, 1, 2}, [1, 2, 3]),
        (float("nan"), None),
        (pd.NA, None),
        (pd.Series([1, 2, 3])[[True, False, True]], [1, 3]),
        (pd.Series({"a": 0.5, "b": 1.0}), {"a": 0.5, "b": 1.0}),
        (pd.DataFrame({"n": [1, 2]}), [{"n": 1}, {"n": 2}]),
        (pd.DataFrame({"n": [1, 2], "m": [3, 4]}).set_index("n"), [{"n": 1, "m": 3}, {"n": 2, "m": 4}]),
        (pd.DataFrame({"n": [1, 2]}).query("n > 1"), [{"n": 2}]),
        (pd.Timestamp("2020-01-02"), "2020-01-02 00:00:00"),
        ({1: {"x": np.int64(2)}}.items(), [[1, {"x": 2}]]),
    ],
)
def test_answers_become_plain_values(value, expected):
    """Whatever a student computes with, JSON can hold what is collected."""
    collected = plain(list(value) if type(value).__name__ == "dict_items" else value)
    assert collected == expected and json.loads(json.dumps(collected)) == expected


@pytest.mark.parametrize("engine", ["polars", "torch"])
def test_other_libraries_become_plain_values(engine):
    """Frames and tensors of other libraries are read too."""
    library = pytest.importorskip(engine)
    if engine == "polars":
        assert plain(library.DataFrame({"n": [1, 2]})) == [{"n": 1}, {"n": 2}]
        assert plain(library.Series([1, 2])) == [1, 2]
    else:
        assert plain(library.ones(2, requires_grad=True)) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.inf, "your answer is infinite: somewhere a number is divided by zero"),
        ({"a": [1, -math.inf]}, r"your answer\['a'\]\[1\] is infinite"),
        (len, "is a function; did you forget the parentheses"),
        (object(), "is of type object, which cannot be compared"),
    ],
)
def test_what_cannot_be_judged_is_named(value, message):
    """An infinite number, a function or another object is a fault that says where it is."""
    with pytest.raises(Fault, match=message):
        plain(value)


@pytest.mark.parametrize(
    ("answer", "like", "message"),
    [
        (None, 1.0, "Your answer is a missing value (NaN or None)."),
        ({"a": [1, None]}, {"a": [1, 2]}, "`a`[1] is a missing value (NaN or None)."),
        ("0.5", 0.5, "Your answer is the text '0.5'; a number is asked for, without quotes."),
        (1, True, "Your answer is the number 1; True or False is asked for."),
        (True, 1, "Your answer is True; a number is asked for."),
        ([1], 1, "Your answer is a list or an array; a number is asked for."),
        ([1, 2, 3], [1, 2], "Your answer has 3 values; the exercise asks for 2 values."),
        ([[1, 2]], [[1], [2]], "Your answer has shape (1, 2); the exercise asks for shape (2, 1)."),
        ({"a": 1}, {"a": 1, "b": 2}, "Your answer lacks `b`; it has `a`."),
        ([{"n": "x"}], [{"n": 1}], "Your answer[0]['n'] is the text 'x'; a number is asked for, without quotes."),
    ],
)
def test_another_form_is_named(answer, like, message):
    """NaN, a wrong type, a wrong shape and a missing name each get a message of their own."""
    assert find_misfit(answer, like).startswith(message)


def test_form_leaves_room():
    """Whole numbers stand for others, undefined values are free, further names and (on request) lengths are too."""
    assert find_misfit({"a": 1, "b": "free", "c": 0}, {"a": 1.5, "b": None}) is None
    assert find_misfit([1, 2, 3], [1.0], any_length=True) is None
    assert find_misfit([1, "b"], [1.0], any_length=True).startswith("Your answer[1] is the text")


def test_numbers_and_texts_are_compared_with_tolerance():
    """Rounding, case and spaces do not matter; a bool is no number."""
    assert close(0.3339, 1 / 3) and not close(0.33, 1 / 3) and not close(True, 1)
    assert same({"a": [0.5001], "b": " Fair "}, {"a": [0.5], "b": "fair"})
    assert not same([0.5], [0.5, 0.5]) and not same({"a": 1}, {"b": 1}) and not same("0.5", 0.5)


@pytest.mark.parametrize("answer", [..., [..., ...], {"a": ..., "b": [...]}, (..., {"x": ...})])
def test_dots_are_not_attempted(answer):
    """Dots, wherever they stand, are no attempt."""
    assert declare({"a": 1}).outcome(answer).state == "not attempted"


def test_a_half_filled_answer_says_what_is_open():
    """What is still dots is named."""
    outcome = declare({"a": 1, "b": [2, 3]}).outcome({"a": 1, "b": [2, ...]})
    assert (outcome.state, outcome.message) == ("not yet", "Still `...`: `b[1]`.")


def test_functions_are_called_on_probes():
    """A stub is no attempt; else the outputs are judged."""
    halves = declare(lambda n: n / 2, judge=lambda c: None if c == [1, 2] else "no", collect=outputs_of((2,), (4,)))
    assert halves.outcome(lambda n: ...).state == "not attempted"
    assert halves.outcome(lambda n: n * 0.5).state == "correct"
    assert halves.outcome(lambda n: n * 2).message == "no"


def half(n):
    """Return nothing, as a stub without return does."""


def crash(n):
    """Divide by zero for 4."""
    return 1 / (n - 4)


def word(n):
    """Return a text for a number."""
    return "two"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (half, r"`half(2)` returns nothing (None). Does the function end with `return`?"),
        (crash, r"`crash(4)` raises ZeroDivisionError: division by zero"),
        (word, "`word(2)` is the text 'two'; a number is asked for, without quotes."),
        (3, "A function is asked for; you give 3. Leave out the parentheses that call it."),
        (lambda n: float("nan"), "`<lambda>(2)` is a missing value"),
    ],
)
def test_a_broken_function_is_told_where(function, message):
    """The message has the call, and the exception's type and text."""
    outcome = declare(lambda n: n / 2, collect=outputs_of((2,), (4,))).outcome(function)
    assert outcome.state == "not yet" and outcome.message.startswith(message) and not outcome.crashed


def test_a_function_may_change_what_it_gets():
    """Each call gets a copy of its probe."""
    collect = outputs_of(([1, 2],), ([1, 2],))
    collect(lambda numbers: numbers.pop())
    assert collect(len) == [2, 2]


def test_parts_collect_each_their_way():
    """A dict may hold functions beside values."""
    assert parts(rate=outputs_of((4,)))({"rate": lambda n: 1 / n, "verdict": "low"}) == {
        "rate": [0.25],
        "verdict": "low",
    }


def test_untouched_code_to_repair_is_not_attempted():
    """Broken code as it came is no attempt, even typed anew, and even when it raises."""
    repair = declare(lambda n: n / 2, collect=outputs_of((4,)), untouched=crash, judge=lambda c: None)
    assert repair.outcome(lambda n: n / 2).state == "correct"
    assert repair.outcome(crash).state == "not attempted"
    assert repair.outcome(half).state == "not yet"


def test_a_judge_that_crashes_does_not_blow_up():
    """The student reads a general message, and tests see that it happened."""
    outcome = declare([1], judge=lambda collected: collected["x"]).outcome([2])
    assert outcome.state == "not yet" and outcome.crashed and "TypeError" in outcome.message


def test_a_collector_that_crashes_does_not_blow_up():
    """What could not be read is told with the exception."""
    outcome = declare(1, collect=lambda answer: answer.missing).outcome(2)
    assert outcome.state == "not yet" and "AttributeError" in outcome.message


def test_choices_and_known_mistakes():
    """Case does not matter; each option has its hint; what is no option is told the options."""
    choice("99.1", options={"up": "No.", "down": None, "none": "Nor this.", "both": "Hardly."}, **COMMON)
    outcome = checks._declared["99.1"].outcome
    assert outcome(" Down ").state == "correct" and outcome("both").message == "Hardly."
    assert outcome("left").message == "Choose one of these, in quotes: up, down, none, both."
    assert outcome(3).message.startswith("Your answer is the number 3; a text in quotes is asked for")


def test_a_known_mistake_of_another_form_gets_its_hint():
    """What people are known to give comes before complaints about its form, also beside one that raises."""
    mistakes = [(crash, "raises"), (lambda n: [n], "A list?"), (lambda n: n, "Half!")]
    compare_answers(
        "99.1", reference=lambda n: n / 2, wrong=mistakes, otherwise="?", collect=outputs_of((4,)), **COMMON
    )
    outcome = checks._declared["99.1"].outcome
    assert outcome(lambda n: [n]).message == "A list?" and outcome(lambda n: n).message == "Half!"
    assert outcome(lambda n: 9).message == "?" and outcome(lambda n: 2).state == "correct"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wrong": [(1, "no"), (2, "no")]}, "99.1 has 2 wrong answers; give at least 3"),
        ({"wrong": [(1, "no"), (2, " "), (3, "no")]}, "wrong answer 2 has no hint"),
        ({"points": 0}, "points is 0"),
        ({"points": 1.5}, "points is 1.5"),
        ({"hints": ("one",)}, "needs two graded hints"),
        ({"idea": ""}, "the idea of its solution"),
        ({"objective": "98-halves"}, "objective '98-halves' must look like '99-name'"),
        ({"identifier": "99-1"}, "id '99-1' must look like"),
    ],
)
def test_a_careless_declaration_fails(options, message):
    """What a student would miss is missed at once."""
    with pytest.raises(ValueError, match=message):
        declare(1, **options)


def test_an_id_is_declared_once():
    """By exercises and open questions together; a choice has one right option."""
    declare(1)
    with pytest.raises(ValueError, match=r"99\.1 is declared twice"):
        declare(1)
    with pytest.raises(ValueError, match=r"99\.1 is declared twice"):
        open_question("99.1", objective="99-halves", model_answer="It depends.")
    with pytest.raises(ValueError, match="2 options are right"):
        choice("99.2", options={"a": None, "b": None}, **COMMON)
    with pytest.raises(ValueError, match="no model answer"):
        open_question("99.3", objective="99-halves", model_answer=" ")


@pytest.mark.parametrize(
    ("answer", "state", "message"), [(0.5, "correct", "Well < done."), (2, "not yet", "no"), (..., "not attempted", "")]
)
def test_check_shows_text_html_and_json(shown, answer, state, message):
    """One output in three forms; the JSON is what the run report counts."""
    declare(0.5, points=2, judge=lambda c: None if c == 0.5 else "no", praise="Well < done.")
    assert check("99.1", answer) is None
    (bundle,) = shown
    assert bundle[EXERCISE] == {"id": "99.1", "state": state, "points": 2, "objective": "99-halves"}
    assert f"99.1 · {state} (2 points)\n{message}" in bundle["text/plain"]
    assert outcomes.LOOKS[state][1] in bundle["text/html"] and state in bundle["text/html"]
    assert "Well < done" not in bundle["text/html"]


def test_hints_are_graded(shown):
    """Two hints, then the idea of the solution, which stays; a level can be asked for."""
    declare(1)
    for _ in range(4):
        hint("99.1")
    hint("99.1", 1)
    hint("99.1")
    told = [bundle["text/plain"].split("\n")[1] for bundle in shown]
    assert told == ["Look.", "Look closer.", "Divide.", "Divide.", "Look.", "Look closer."]
    assert not any(EXERCISE in bundle for bundle in shown)
    with pytest.raises(ValueError, match="level is 4"):
        hint("99.1", 4)


def test_open_questions_say_that_nothing_is_checked(shown):
    """The model answer comes after an answer; no outcome is counted."""
    open_question("99.1", objective="99-halves", model_answer="It depends.")
    compare("99.1", ...)
    compare("99.1", "Always.")
    before, after = (bundle["text/plain"] for bundle in shown)
    assert "It depends" not in before
    assert "nothing is checked" in after and after.endswith("It depends.")
    assert not any(EXERCISE in bundle for bundle in shown)


def test_an_unknown_exercise_is_named():
    """With those that there are."""
    declare(1)
    with pytest.raises(ValueError, match=r"no exercise '99\.7'; there are: 99\.1"):
        check("99.7", 1)


def test_code_is_marked():
    """Backticks become code; what looks like HTML stays text."""
    assert outcomes.mark_code("use `a < b`\nnow") == "use <code>a &lt; b</code><br>now"


@pytest.mark.parametrize("mode", ["autograde", "validate"])
def test_check_fails_for_nbgrader_unless_correct(mode, shown, monkeypatch):
    """To nbgrader a cell without an error has earned its points, so a wrong answer or none must raise there."""
    declare(0.5, judge=lambda collected: None if collected == 0.5 else "no")
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    check("99.1", 0.5)
    for answer in (..., 7.0):
        with pytest.raises(AssertionError, match=r"99\.1: not (yet|attempted)"):
            check("99.1", answer)
