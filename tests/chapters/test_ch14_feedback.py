"""What exercise 14.6 asks for in its variants."""

import numpy as np

from labkit.exercises.checking import find_exercise

NUMBERS = range(1, 21)


def test_years_go_both_ways_and_are_clear():
    """The gap widens in some variants and narrows in others; a praised group gains points, and answers differ."""
    made = [find_exercise("14.6").variant(number) for number in NUMBERS]
    answers = [each.reference for each in made]
    assert {answer["gap"] for answer in answers} == {"widens", "narrows"}
    for each, answer in zip(made, answers, strict=True):
        assert (answer["a"] > answer["b"]) == (answer["gap"] == "widens") == ("was ahead gains" in each.praise)
        assert max(answer["a"], answer["b"]) > 0
    changes = np.array([[answer["a"], answer["b"]] for answer in answers])
    assert len(np.unique(changes.round(6), axis=0)) > len(NUMBERS) // 2
