"""Slips that are alike everywhere get a sentence of their own, and correct or unrelated answers none."""

import pytest

from labkit.exercises import recognize_slip
from labkit.exercises.answers import outputs_of, parts
from labkit.exercises.recognizers import RECOGNIZERS

ROUNDED, LARGE, SMALL = "but rounded", "100 times too large", "100 times too small"
ORDER, SIGN, REST, INVERSE = "another order", "sign is not", "share of the others", "upside down"
THIRD = 1 / 3


@pytest.mark.parametrize(
    ("answer", "expected", "told"),
    [
        (0.33, THIRD, ROUNDED),
        (0.3, THIRD, ROUNDED),
        (-0.66, -2 / 3, ROUNDED),  # cut off
        (93, 92.8, ROUNDED),
        (68.2, 68.25, ROUNDED),
        ([0.5, 0.33], [0.5, THIRD], ROUNDED),
        (0, 0.034, None),
        (0.1, 0.054, None),
        (0.327, THIRD, None),
        (33, THIRD, LARGE),
        (33.333333, THIRD, LARGE),
        ({"rate": 33.3, "n": 6}, {"rate": THIRD, "n": 6}, LARGE),
        (0.928, 92.8, SMALL),
        ([0.8, 0.2], [0.2, 0.8], ORDER),
        ([3, 1, 2], [1, 2, 3], ORDER),
        (["b", "a"], ["a", "b"], ORDER),
        ([1, 0, 0], [0, 0, 1], None),  # decisions: their order is the answer
        ({"low": 0.8, "high": 0.1}, {"low": 0.1, "high": 0.8}, "`low` and `high` are exchanged."),
        ({"a": [2.5, 1.5]}, {"a": [1.5, 2.5]}, "`a`: these are the right values in another order"),
        (0.2, -0.2, SIGN),
        ([0.2, 0.3], [-0.2, 0.3], SIGN),
        (0.9, 0.1, REST),
        (0.67, THIRD, REST),
        (1, 0, None),  # a decision
        (4.0, 0.25, INVERSE),
        (1.4, 1 / 0.7, ROUNDED),
        (0.7, 1 / 0.7, INVERSE),
        ({"a": 0.9, "b": 0.5}, {"a": 0.1, "b": 0.2}, None),  # something else is wrong, too
        ("0.33", THIRD, None),
        ([0.33], THIRD, None),
        ({"a": 1}, {"b": 1}, None),
        (True, False, None),
        (None, 0.5, None),
    ],
)
def test_slips_are_recognized(answer, expected, told):
    """By the first recognizer that explains all that is wrong."""
    found = recognize_slip(answer, expected)
    assert (found is None) if told is None else (told in (found or "nothing"))


@pytest.mark.parametrize(
    "expected", [0.25, -0.25, 0.5, 0, 1, 100, [0.5, 0.5], [0.2, 0.8], {"a": 0.5}, "precision", [], True]
)
@pytest.mark.parametrize("recognize", RECOGNIZERS)
def test_no_recognizer_speaks_of_a_correct_answer(recognize, expected):
    """Nor of one within the tolerance."""
    assert recognize(expected, expected) is None
    if isinstance(expected, float):
        assert recognize(expected + 9e-4, expected) is None


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda a, b: round(a - b, 1), "Your function: what it returns is right, but rounded"),
        (lambda a, b: abs(a - b), "Your function: what it returns has the right size, but not always the right sign"),
        (lambda a, b: 100 * (a - b), "Your function: the number is 100 times too large"),
        (lambda a, b: a + b, "?"),
    ],
)
def test_slips_of_a_function_are_recognized(compared, function, told):
    """They must explain all its results; a declared mistake comes first, and the fallback last."""
    options = {"collect": outputs_of((0.25, 0.5), (0.75, 0.11))}
    wrong = [(lambda a, b: b - a, "Other way round!"), (lambda a, b: a, "a"), (lambda a, b: b, "b")]
    outcome = compared(lambda a, b: a - b, wrong, **options).outcome
    assert outcome(function).message.startswith(told)
    assert outcome(lambda a, b: b - a).message == "Other way round!"
    assert outcome(lambda a, b: a - b).state == "correct"


def test_an_order_within_the_results_of_a_function(compared):
    """The results themselves, one for each probe, are in the order of the probes and no pair to swap."""
    wrong = [(lambda n: [n, n], "a"), (lambda n: [1, n], "b"), (lambda n: [0, 0], "c")]
    outcome = compared(lambda n: [n - 1, n + 1], wrong, collect=outputs_of((4,), (7,))).outcome
    assert outcome(lambda n: [n + 1, n - 1]).message.startswith(
        "In what your function returns these are the right values"
    )


def test_a_slip_of_one_part_names_it(compared):
    """Also where that part is a function."""
    reference = {"rate": lambda n: 1 / n, "gap": -0.1234}
    wrong = [({"rate": lambda n: n, "gap": -0.1234}, "a"), (reference | {"gap": 0}, "b"), (reference | {"gap": 1}, "c")]
    outcome = compared(reference, wrong, collect=parts(rate=outputs_of((3,), (7,)))).outcome
    assert outcome(reference | {"gap": 0.1234}).message.startswith("`gap`: the size is right")
    assert outcome(reference | {"rate": lambda n: round(1 / n, 2)}).message.startswith(
        "`rate`: your function: what it returns is right"
    )
