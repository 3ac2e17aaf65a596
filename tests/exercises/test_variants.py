"""The same exercise asked in another way: other numbers, other letters, other calls."""

from dataclasses import replace

import numpy as np
import pytest

from labkit.classroom.box.values import pack_argument
from labkit.exercises import Variant, checking, outputs_of, rewrite_cells

WRONG = [(1, "one"), (2, "two"), (3, "three")]
OPTIONS = ("fair", "unfair", "open", "neither")


def draw_half(rng):
    """Draw a number and ask for its half."""
    number = int(rng.integers(20, 10**6))
    wrong = [(number, "whole"), (2 * number, "double"), (-number, "sign")]
    return Variant(number / 2, wrong, [("of 4", f"of {number}")], {"praise": f"Half of {number}."})


@pytest.fixture
def half(compared):
    """Return an exercise that asks for the half of 4."""
    return compared(2, [(4, "whole"), (8, "double"), (-4, "sign")], variants=draw_half)


def test_a_variant_has_its_own_answers(half):
    """Its reference is correct, its wrong answers get their hints, and the declared answer is wrong."""
    made = half.variant(37)
    assert made.outcome(made.reference).state == "correct"
    assert made.outcome(made.reference).message == f"Half of {round(2 * made.reference)}."
    assert [made.outcome(answer).message for answer, _ in made.wrong] == ["whole", "double", "sign"]
    assert made.outcome(half.reference).state == "not yet"


def test_a_variant_depends_on_the_exercise_and_the_number_alone(half):
    """Asked twice it is the same; another number gives another one; zero is the exercise as declared."""
    assert half.variant(37) is half.variant(np.int64(37))
    assert half.variant(37).reference == half._make(37).reference != half.variant(38).reference
    assert half.variant(0) is half and half.replacements(0) == []
    assert half.variant(2**256).number == 2**256


@pytest.mark.parametrize("number", [-1, 1.0, "1", None, True])
def test_a_variant_is_a_whole_number(half, number):
    """From 0; the message names what was given."""
    with pytest.raises(ValueError, match=r"variant is .*; give a whole number, 0 or larger"):
        half.variant(number)


def test_variants_have_no_variants(half):
    """Their letters would be permuted twice; a variant asked for itself is itself."""
    made = half.variant(3)
    assert made.variant(3) is made
    with pytest.raises(ValueError, match=r"this is variant 3 of exercise 99\.1"):
        made.variant(4)


def test_check_judges_by_a_variant(half, shown):
    """The student gives the number that the text of the exercise names."""
    checking.check("99.1", half.variant(5).reference, variant=5)
    checking.check("99.1", half.reference, variant=5)
    states = [bundle["application/vnd.labkit.exercise+json"]["state"] for bundle in shown]
    assert states == ["correct", "not yet"]


def test_what_does_not_vary_stays_as_it_is(compared):
    """An exercise without numbers or options to change is its own variant."""
    exercise = compared(2, WRONG[:1] + [(5, "five"), (6, "six")])
    assert not exercise.varies and exercise.variant(9) is exercise and exercise.replacements(9) == []


def declare_choice(**options):
    """Declare a choice among four options, and return it."""
    hints = {"fair": "no", "unfair": None, "open": "closed", "neither": "one of them"}
    settings = {"objective": "99-halves", "hints": ("Look.", "Look closer."), "idea": "Divide."}
    checking.choice("99.2", options=hints, **settings | options)
    return checking._declared["99.2"]


def test_letters_of_options_are_permuted():
    """Texts stay right, letters follow the new order, and each letter is right as often as any other."""
    exercise = declare_choice()
    letters = []
    for number in range(1, 401):
        made = exercise.variant(number)
        assert sorted(made.choices) == sorted(OPTIONS)
        letters.append("ABCD"[made.choices.index("unfair")])
        if number <= 8:
            assert made.outcome(letters[-1]).state == made.outcome("Unfair").state == "correct"
            assert [made.outcome(answer).message for answer, _ in made.wrong] == ["no", "closed", "one of them"]
    assert all(70 <= letters.count(letter) <= 130 for letter in "ABCD")


def test_the_list_of_options_is_rewritten():
    """Options keep what the notebook says of them, and their letters are in order."""
    exercise = declare_choice(written={"open": "open: these data\n  do not tell"})
    number = next(number for number in range(1, 99) if exercise.variant(number).choices[0] == "open")
    cell = "Which?\n\n- A. fair\n- B. unfair\n- C. open: these data\n  do not tell\n- D. neither\n\nChoose."
    (text, stub) = rewrite_cells([cell, "answer = ..."], exercise.replacements(number))
    assert text.startswith("Which?\n\n- A. open: these data\n  do not tell\n- B. ") and text.endswith("\n\nChoose.")
    assert stub == "answer = ..."
    for place, option in enumerate(exercise.variant(number).choices):
        assert f"- {'ABCD'[place]}. {option}" in text


def test_sets_of_options_that_are_equal_keep_one_order(compared):
    """They are listed once in the notebook; options that are letters are their own."""
    choices = {"first": OPTIONS, "second": OPTIONS, "third": ("A", "B")}
    wrong = [({"first": "fair", "second": "open", "third": each}, each) for each in "ABC"]
    exercise = compared({"first": "open", "second": "open", "third": "A"}, wrong, choices=choices)
    made = exercise.variant(4)
    assert made.choices["first"] == made.choices["second"] != OPTIONS and made.choices["third"] == ("A", "B")
    assert len(exercise.replacements(4)) == 1


def test_replacements_are_carried_out_at_once():
    """A new text may contain an old one, and a text may be in the text and in the stub."""
    pairs = [("300 of", "120 of"), ("120 are", "300 are")]
    assert rewrite_cells(["300 of 400; 120 are", "# 300 of"], pairs) == ["120 of 400; 300 are", "# 120 of"]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("400", "5")], r"'400' must be exactly once in a cell of the exercise; it is there \[0, 0\] times"),
        ([("1", "2")], r"'1' must be exactly once .*\[2, 1\] times"),
        ([("", "2")], "'' must be exactly once"),
        ([("of 10", "5"), ("10 a", "6")], "'10 a' overlaps another one"),
    ],
)
def test_a_text_that_cannot_be_replaced_is_named(pairs, message):
    """None is changed silently in the wrong place, or left."""
    with pytest.raises(ValueError, match=message):
        rewrite_cells(["of 10 a 1", "1"], pairs)


def draw_numbers(rng):
    """Draw calls of a function of one number."""
    return [(int(number),) for number in rng.integers(10, 10**6, size=3)]


def test_hidden_calls_are_judged_by_the_reference(compared):
    """A function is judged by them; what only knows the declared calls is not correct."""
    wrong = [(lambda n: n, "whole"), (lambda n: 2 * n, "double"), (lambda n: -n / 2, "sign")]
    exercise = compared(lambda n: n / 2, wrong, collect=outputs_of((4,), (6,)), hidden=draw_numbers)
    asked = exercise.asking(exercise.draw_hidden(7))
    assert exercise.draw_hidden(7) == exercise.draw_hidden(7) != exercise.draw_hidden(8)
    assert asked.calls == exercise.draw_hidden(7) and pack_argument(asked.calls[0])
    assert asked.outcome(lambda n: n / 2).state == "correct"
    assert [asked.outcome(answer).message for answer, _ in wrong] == ["whole", "double", "sign"]
    assert exercise.outcome(lambda n: {4: 2, 6: 3}[n]).state == "correct"
    assert asked.outcome(lambda n: {4: 2, 6: 3}.get(n, 2)).state == "not yet"


def test_a_judge_may_ask_for_the_calls(declare):
    """One with the parameter `asked` gets the exercise as it is asked."""

    def judge(collected, asked):
        return None if collected == [n / 2 for (n,) in asked.calls] else "not the half"

    exercise = declare(lambda n: n / 2, judge=judge, collect=outputs_of((4,)), hidden=draw_numbers)
    asked = exercise.asking([(10,), (12,)])
    assert asked.outcome(lambda n: n / 2).state == "correct" and asked.outcome(lambda n: 2).state == "not yet"


def test_calls_are_drawn_again_until_they_tell_mistakes_apart(compared):
    """A draw in which a wrong answer would be right is left out; where no draw does, that is said."""
    wrong = [(lambda n: n, "whole"), (lambda n: 2 * n, "double"), (lambda n: -n / 2, "sign")]
    options = {"collect": outputs_of((4,)), "hidden": lambda rng: [(int(rng.integers(3)),)]}  # of 0, all are right
    exercise = compared(lambda n: n / 2, wrong, **options)
    assert {call for seed in range(20) for call in exercise.draw_hidden(seed)} == {(1,), (2,)}
    never = replace(exercise, hidden=lambda rng: [(0,)])
    with pytest.raises(ValueError, match=r"exercise 99\.1: none of 200 draws tells the known mistakes apart"):
        never.draw_hidden(1)
    assert replace(never, always_apart=True).draw_hidden(1) == [(0,)]


def test_only_functions_have_hidden_calls(half):
    """Neither drawn nor given to an exercise that asks for a value."""
    with pytest.raises(ValueError, match=r"exercise 99\.1 declares no hidden calls"):
        half.draw_hidden(1)
    with pytest.raises(ValueError, match=r"exercise 99\.1 asks for a value, which has no calls"):
        half.asking([(1,)])
