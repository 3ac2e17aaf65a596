"""The check that fallbacks do not give solutions away finds those that do."""

import pytest

from labkit.exercises.answers import outputs_of
from tests.exercises.giveaways import find_giveaways


def right_mean(p):
    """Average a chance of two draws."""
    return sum(2 * x * (1 - x) for x in p) / len(p)


@pytest.mark.parametrize(
    ("otherwise", "idea", "found"),
    [
        ("Take `np.mean(2 * p * (1 - p))` here.", "`np.mean(2 * p * (1 - p))` over the chances.", True),
        ("z = atanh(r); then back.", "np.tanh(x); `z = atanh(r)`", True),
        ("Try max(0, a - b).", "max(0, a - b).", True),
        ("Use sum(2 * x * (1 - x) for x in p) / len(p).", "Average.", True),
        ("Look up the pair of word and role in a dict of six.", "Look up the pair of word and role in a dict.", True),
        ("For one coin with chance 0.5 the answer is 0.5.", "`np.mean(2 * p * (1 - p))` over the chances.", False),
        ("Which average is asked for?", "np.mean(p)", False),
    ],
)
def test_a_fallback_with_the_solution_is_found(compared, otherwise, idea, found):
    """Code of the idea or of the reference, and a row of its words."""
    wrong = [(lambda p: 1, "a"), (lambda p: 2, "b"), (lambda p: 3, "c")]
    exercise = compared(right_mean, wrong, collect=outputs_of(([0.5],)), otherwise=otherwise, idea=idea)
    assert bool(find_giveaways(exercise)) == found


def test_values_have_no_code(compared):
    """A fallback of an exercise without a function is not looked at."""
    assert find_giveaways(compared(0.5, [(1, "a"), (2, "b"), (3, "c")], idea="1 / 2 + 0", otherwise="1 / 2 + 0")) == []
