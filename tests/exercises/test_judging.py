"""Which outcome and which message an answer gets."""

import contextlib
import logging
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from labkit.exercises import checking
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice
from labkit.exercises.judging import close, find_misfit, same
from tests.exercises.conftest import HELP


@pytest.mark.parametrize("answer", [..., [..., ...], {"a": ..., "b": [...]}, (..., {"x": ...})])
def test_dots_are_not_attempted(declare, answer):
    """Dots, wherever they are, are no attempt."""
    assert declare({"a": 1}).outcome(answer).state == "not attempted"


def test_a_half_filled_answer_says_what_is_open(declare):
    """The parts that are still dots are named."""
    outcome = declare({"a": 1, "b": [2, 3]}).outcome({"a": 1, "b": [2, ...]})
    assert (outcome.state, outcome.message) == ("not yet", "Still `...`: `b[1]`.")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda n: [n, ...], "Your function still returns `...`: the result has them at `[1]`."),
        (lambda n: [n, n] if n > 2 else ..., "Your function still returns `...` for some arguments."),
    ],
)
def test_a_function_that_returns_dots_is_told_where(declare, function, message):
    """In its own result: a student does not know the numbers of the calls."""
    pairs = declare(lambda n: [n, n], judge=lambda c: None, collect=outputs_of((2,), (4,)))
    assert (pairs.outcome(function).state, pairs.outcome(function).message) == ("not yet", message)


def test_functions_are_called_on_probes(declare):
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
        (word, "Your function returned the text 'two' for n=2; a number is expected, without quotes."),
        (lambda n: [1, 2, 3], "Your function returned 3 values for n=2; a number is expected."),
        (3, "A function is asked for; you give 3. Leave out the parentheses that call it."),
        (lambda n: float("nan"), "Your function returned a missing value (NaN or None) for n=2."),
    ],
)
def test_a_broken_function_is_told_where(declare, function, message):
    """The message has the call, and the exception's type and text."""
    outcome = declare(lambda n: n / 2, collect=outputs_of((2,), (4,))).outcome(function)
    assert outcome.state == "not yet" and outcome.message.startswith(message) and not outcome.crashed


def test_untouched_code_to_repair_is_not_attempted(declare):
    """Broken code as it came is no attempt, even typed again, and even when it raises."""
    repair = declare(lambda n: n / 2, collect=outputs_of((4,)), untouched=crash, judge=lambda c: None)
    assert repair.outcome(lambda n: n / 2).state == "correct"
    assert repair.outcome(crash).state == "not attempted"
    assert repair.outcome(half).state == "not yet"


def test_a_judge_that_crashes_does_not_blow_up(declare):
    """The student reads a general message, and tests see that it happened."""
    outcome = declare([1], judge=lambda collected: collected["x"]).outcome([2])
    assert outcome.state == "not yet" and outcome.crashed and "TypeError" in outcome.message


def test_a_collector_that_crashes_does_not_blow_up(declare):
    """The message has the exception."""
    outcome = declare(1, collect=lambda answer: answer.missing).outcome(2)
    assert outcome.state == "not yet" and "AttributeError" in outcome.message


@pytest.mark.parametrize(
    ("answer", "like", "message"),
    [
        (None, 1.0, "Your answer is a missing value (NaN or None)."),
        ({"a": [1, None]}, {"a": [1, 2]}, "`a`[1] is a missing value (NaN or None)."),
        ("0.5", 0.5, "Your answer is the text '0.5'; a number is asked for, without quotes."),
        (1, True, "Your answer is the number 1; True or False is asked for."),
        (True, 1, "Your answer is True; a number is asked for."),
        ([1], 1, "Your answer is a list of 1 value; a number is asked for."),
        ([1, 2, 3], [1, 2], "Your answer has 3 values; the exercise asks for 2 values."),
        ([[1, 2]], [[1], [2]], "Your answer has 1 row of 2 values; the exercise asks for 2 rows of 1 value."),
        ({"a": 1}, {"a": 1, "b": 2}, "Your answer lacks `b`; it has `a`."),
        ([{"n": "x"}], [{"n": 1}], "Your answer[0]['n'] is the text 'x'; a number is asked for, without quotes."),
    ],
)
def test_another_form_is_named(answer, like, message):
    """NaN, a wrong type, a wrong shape and a missing name each get their own message."""
    assert find_misfit(answer, like).startswith(message)


def test_form_leaves_room():
    """Whole numbers pass for others; undefined values, further names and (on request) lengths are free."""
    assert find_misfit({"a": 1, "b": "free", "c": 0}, {"a": 1.5, "b": None}) is None
    assert find_misfit([1, 2, 3], [1.0], any_length=True) is None
    assert find_misfit([1, "b"], [1.0], any_length=True).startswith("Your answer[1] is the text")


def test_numbers_and_texts_are_compared_with_tolerance():
    """Rounding, case and spaces do not matter; a truth value is no number."""
    assert close(0.3339, 1 / 3) and not close(0.33, 1 / 3) and not close(True, 1)
    assert same({"a": [0.5001], "b": " Fair "}, {"a": [0.5], "b": "fair"})
    assert not same([0.5], [0.5, 0.5]) and not same({"a": 1}, {"b": 1}) and not same("0.5", 0.5)


NUMBERS = [0.25, 0.5, 1 / 3]
FORMS = [
    NUMBERS,
    tuple(NUMBERS),
    np.array(NUMBERS),
    pd.Series(NUMBERS),
    pd.Series(NUMBERS, index=[5, 3, 9]),
    pd.Series(NUMBERS, index=["c", "a", "b"]),
    pd.Series(NUMBERS, index=pd.Index([5, 3, 9], name="n")),
    [0.25, 0.5, 0.3333],
]


@pytest.mark.parametrize("answer", FORMS, ids=lambda answer: type(answer).__name__)
def test_a_list_may_have_another_form(compared, answer):
    """An array, a tuple, a Series with any index and rounded numbers are the same answer, right or wrong."""
    thirds = [(NUMBERS, "That is of the others."), ([0, 0, 0], "Zeros?"), ([1, 1, 1], "Ones?")]
    assert compared([0.1, 0.2, 0.3], thirds).outcome(answer).message == "That is of the others."


@pytest.mark.parametrize("answer", FORMS, ids=lambda answer: type(answer).__name__)
def test_a_list_in_a_dict_or_from_a_function_may_have_another_form(declare, answer):
    """The form of the reference decides at every depth."""

    def judge(collected):
        return None if same(collected, [{"rates": NUMBERS}]) else "no"

    found = declare(lambda n: {"rates": NUMBERS}, judge=judge, collect=outputs_of((1,)))
    assert found.outcome(lambda n: {"rates": answer}).state == "correct"


def test_a_series_is_named_values_where_these_are_asked_for(declare):
    """A Series whose labels are the names counts as a dict, and one dict is still no list."""
    asked = declare({"a": 1, "b": 2}, judge=lambda collected: None if collected == {"a": 1, "b": 2} else "no")
    assert asked.outcome(pd.Series({"b": 2, "a": 1})).state == "correct"
    asked = declare([1, 2], identifier="99.2")
    assert asked.outcome({"a": 1, "b": 2}).message == (
        "Your answer is a dict with `a`, `b`; a list of 2 values is asked for."
    )


def test_a_known_mistake_of_another_form_gets_its_hint(compared):
    """What people are known to give comes before complaints about its form, also next to one that raises."""
    mistakes = [(crash, "Four!"), (lambda n: [n, n], "A list?"), (lambda n: n, "Half!")]
    outcome = compared(lambda n: n / 2, mistakes, collect=outputs_of((4,))).outcome
    assert outcome(lambda n: [n, n]).message == "A list?" and outcome(lambda n: n).message == "Half!"
    assert outcome(lambda k: 2 / (k - 4)).message == "Four!"  # raises the same
    assert outcome(lambda n: 9).message == "?" and outcome(lambda n: 2).state == "correct"


@pytest.mark.parametrize(
    ("answer", "state", "message"),
    [(1.01, "correct", ""), (2.01, "not yet", "Twice!"), (1.99, "not yet", "Twice!"), (2.03, "not yet", "?")],
)
def test_a_known_mistake_is_recognized_within_the_tolerance(compared, answer, state, message):
    """A number a little further away is another mistake."""
    outcome = compared(1.0, [(2.0, "Twice!"), (0.0, "Zero!"), (-1.0, "Sign!")], tolerance=0.02).outcome(answer)
    assert (outcome.state, outcome.message) == (state, message)


class Odd(BaseException):
    """Neither an error nor an exit."""


class Mute(Exception):
    """An error whose text is an error."""

    def __str__(self):
        """Fail."""
        raise RuntimeError


def leave(n):
    """End the program."""
    sys.exit(n)


def fail_at_length(n):
    """Raise with a text of 10 MB."""
    raise ValueError("x" * 10**7)


def fail_oddly(n):
    """Raise what is no Exception."""
    raise Odd("odd")


def fail_mutely(n):
    """Raise what has no text."""
    raise Mute


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (leave, "`leave(2)` ends the program (`sys.exit`). Let the function return its result instead."),
        (fail_at_length, "`fail_at_length(2)` raises ValueError: xxx"),
        (fail_oddly, "`fail_oddly(2)` raises Odd: odd"),
        (fail_mutely, "`fail_mutely(2)` raises Mute: (its text cannot be shown)"),
    ],
)
def test_whatever_a_function_raises_is_an_outcome(declare, function, message):
    """With a message of bounded length."""
    outcome = declare(lambda n: n / 2, collect=outputs_of((2,))).outcome(function)
    assert outcome.state == "not yet" and outcome.message.startswith(message) and len(outcome.message) < 700


@pytest.mark.parametrize("error", [SystemExit, Odd])
def test_a_collector_may_meet_an_exit(declare, error):
    """A collector that calls a student's code itself, and an answer that ends the program while it is read."""

    def read(answer):
        raise error

    assert declare(1, collect=read).outcome(2).message.startswith(f"Your answer could not be read. {error.__name__}")
    outcome = declare([1], identifier="99.2").outcome(leave(n) for n in (1, 2))
    assert outcome.message.startswith("Your answer could not be read. SystemExit: 1")


def test_an_interruption_stays_one(declare):
    """Ctrl-C and a time limit end a check; they are no answer."""

    def interrupt(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        declare(1, collect=outputs_of((2,))).outcome(interrupt)


@pytest.mark.parametrize(
    "answer",
    [{f"{'k' * 1000}{n}": n for n in range(100)}, {"a": [...] * 999 + [1]}, {"b" * 10**6: 1}],
    ids=["many keys", "many dots", "long key"],
)
def test_a_message_is_bounded(declare, answer):
    """However much there is to name."""
    outcome = declare({"a": 1}).outcome(answer)
    assert outcome.state == "not yet" and len(outcome.message) <= 2_000


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("factor", "state"), [(1, "correct"), (2, "not yet")])
def test_warnings_are_told_with_the_outcome(declare, factor, state):
    """Each once, three at most; those of the reference and of an untouched stub are not the student's."""

    def warn(n):
        for number in range(9):
            warnings.warn(f"warning {number}", stacklevel=1)
        return n * factor

    def reference(n):
        warnings.warn("ours", stacklevel=1)
        return n

    options = {"untouched": lambda n: warnings.warn("ours", stacklevel=1), "collect": outputs_of((2,), (4,))}
    found = declare(reference, judge=lambda c: None if c == [2, 4] else "no", **options).outcome(warn)
    assert found.state == state and "ours" not in found.message
    assert [f"`UserWarning: warning {n}`" in found.message for n in range(4)] == [True, True, True, False]


@pytest.mark.filterwarnings("default")
def test_division_by_zero_in_a_right_answer_is_correct(declare, capfd):
    """What numpy says about an empty group, with which exercises call functions on purpose."""

    def rate(right, people):
        value = np.float64(right) / np.float64(people)
        return 0.0 if np.isnan(value) else value

    judge = {"judge": lambda collected: None if collected == [0.5, 0.0] else "no"}
    outcome = declare(rate, collect=outputs_of((1, 2), (0, 0)), **judge).outcome(rate)
    assert outcome.state == "correct" and "RuntimeWarning: invalid value" in outcome.message
    assert capfd.readouterr().err == ""


def test_errors_from_warnings_stay_errors(declare):
    """Whoever turned warnings into errors gets them."""

    def warn(n):
        warnings.warn("strict", stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = declare(1, collect=outputs_of((2,))).outcome(warn).message
    assert message.startswith("`warn(2)` raises UserWarning: strict (line ")


@pytest.fixture
def logger():
    """A logger, which loses its handlers after the test."""
    found = logging.getLogger("tests.exercises")
    yield found
    found.handlers.clear()


@pytest.mark.parametrize("make", [logging.StreamHandler, lambda: logging.lastResort], ids=["own", "last resort"])
def test_handlers_of_logging_are_heard_and_given_back(declare, capfd, logger, make):
    """A handler keeps the stream it was made with, so that replacing `sys.stderr` alone would miss it."""
    handler = make()
    for each in (logger, logger.getChild("child")):  # two loggers may share one
        each.addHandler(handler)
    logger.propagate = False

    def log(n):
        logger.warning("logged")
        return n

    message = declare(2, collect=outputs_of((2,)), judge=lambda c: None).outcome(log).message
    logger.getChild("child").handlers.clear()
    assert "wrote to the standard error stream: `logged`" in message
    assert handler.stream is sys.stderr and capfd.readouterr().err == ""


def test_the_stream_is_given_back_after_an_interruption(declare):
    """Whatever ends the check."""

    def interrupt(n):
        raise KeyboardInterrupt

    before = sys.stderr
    with contextlib.suppress(KeyboardInterrupt):
        declare(1, collect=outputs_of((2,))).outcome(interrupt)
    assert sys.stderr is before


def test_a_choice_may_be_a_text_of_numpy():
    """`names[values.argmax()]` of an array of names gives one."""
    choice("99.1", options={"up": "No.", "down": None, "none": "Nor this.", "both": "Hardly."}, **HELP)
    names = np.array(["up", "down"])
    assert checking._declared["99.1"].outcome(names[np.array([1, 2]).argmax()]).state == "correct"
