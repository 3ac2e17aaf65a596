"""Selecting at rates, the spread under equal rates, and minimizing within a bound."""

import numpy as np
import pytest

from labkit.chapters.ch05.parity import draw_spread, minimise_within, select_at_rates


@pytest.mark.parametrize("rates", [{"a": 0.25, "b": 0.5}, {"a": 0.0, "b": 1.0}, {"a": 0.3, "b": 0.3}])
def test_groups_are_selected_at_their_rates(rates):
    """Each group's rate is met up to half a person, by its highest scores."""
    scores, groups = np.random.default_rng(0).uniform(size=200), np.array(["a"] * 60 + ["b"] * 140)
    decided = select_at_rates(scores, groups, rates=rates)
    for group, size in (("a", 60), ("b", 140)):
        inside = groups == group
        assert abs(decided[inside].sum() - rates[group] * size) <= 0.5
        chosen, others = scores[inside & (decided == 1)], scores[inside & (decided == 0)]
        assert not len(chosen) or not len(others) or chosen.min() > others.max()


def test_equal_scores_are_taken_in_order():
    """Ties do not raise a rate: as many are selected as were asked for, the first ones."""
    assert select_at_rates([0.5] * 4, ["a"] * 4, rates={"a": 0.5}).tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("scores", "groups", "rates", "message"),
    [
        ([0.1], ["a", "b"], {"a": 0.5, "b": 0.5}, "1 scores and 2 groups"),
        ([0.1, 0.2], ["a", "b"], {"a": 0.5}, "group 'b' has no rate"),
        ([0.1], ["a"], {"a": 1.5}, "is 1.5; give a share"),
    ],
)
def test_selection_that_cannot_be_made_is_named(scores, groups, rates, message):
    """The message names the group and the value."""
    with pytest.raises(ValueError, match=message):
        select_at_rates(scores, groups, rates=rates)


def test_spread_under_parity_is_positive():
    """Two large groups: the mean of |difference| is the normal one, sqrt(2 / pi) standard deviations."""
    expected = np.sqrt(2 / np.pi) * np.sqrt(0.3 * 0.7 * (1 / 400 + 1 / 900))
    assert draw_spread([400, 900], 0.3, n_draws=40_000).mean() == pytest.approx(expected, rel=0.02)


def test_spread_grows_with_groups_and_shrinks_with_people():
    """More groups are further apart, larger ones nearer together; a rate of 1 leaves nothing to chance."""
    two, ten, large = (draw_spread(sizes, 0.4).mean() for sizes in ([100] * 2, [100] * 10, [10_000] * 10))
    assert ten > 1.5 * two and large < 0.2 * ten
    assert draw_spread([3, 3], 1.0).max() == 0


@pytest.mark.parametrize(
    ("sizes", "rate", "message"), [([5], 0.5, r"sizes are \[5\]"), ([5, 0], 0.5, "at least one"), ([5, 5], 2, "is 2")]
)
def test_spread_of_nothing_is_named(sizes, rate, message):
    """One group has no spread, an empty one no rate."""
    with pytest.raises(ValueError, match=message):
        draw_spread(sizes, rate)


def distance(weights):
    """Return the squared distance from (3, 1)."""
    return float((weights[0] - 3) ** 2 + (weights[1] - 1) ** 2)


def total(weights):
    """Return the sum of the weights."""
    return float(weights.sum())


@pytest.mark.parametrize(("bound", "solution", "multiplier"), [(2, (2, 0), 2), (5, (3, 1), 0), (4, (3, 1), 0)])
def test_bound_binds_or_its_multiplier_is_zero(bound, solution, multiplier):
    """Nearest point to (3, 1) with a bounded sum: in closed form the multiplier is max(0, 4 - bound)."""
    weights, found = minimise_within(distance, total, bound=bound, start=np.zeros(2), rounds=30)
    assert weights == pytest.approx(solution, abs=1e-3)
    assert found == pytest.approx(multiplier, abs=1e-3)


def test_multiplier_is_the_slope_of_the_loss():
    """A bound looser by 0.01 lowers the loss by the multiplier times 0.01, to first order."""
    tight, price = minimise_within(distance, total, bound=2, start=np.zeros(2), rounds=30)
    loose, _ = minimise_within(distance, total, bound=2.01, start=np.zeros(2), rounds=30)
    assert (distance(tight) - distance(loose)) / 0.01 == pytest.approx(price, rel=0.02)


def test_bound_that_cannot_be_met_is_named():
    """A sum of squares is never below zero."""
    with pytest.raises(ValueError, match="above the bound -1"):
        minimise_within(distance, lambda weights: float(weights @ weights), bound=-1, start=np.ones(2))


def test_stiffness_must_be_positive():
    """Without the quadratic term nothing pulls towards the bound."""
    with pytest.raises(ValueError, match="stiffness=0"):
        minimise_within(distance, total, bound=1, start=np.zeros(2), stiffness=0)
