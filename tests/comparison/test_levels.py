"""Each interval and test of comparisons holds its level where its assumption holds, and naive versions do not.

Every bound leaves four standard errors of the simulation itself on either side (`near`).
"""

import numpy as np
import pandas as pd
import pytest

from labkit.comparison.equivalence import judge_gaps
from labkit.comparison.planning import how_many_runs
from labkit.comparison.seeds import _adjust, changes_over_seeds, over_seeds


def near(share, level, repetitions):
    """Say whether a simulated share agrees with a level, up to four standard errors."""
    return abs(share - level) < 4 * np.sqrt(level * (1 - level) / repetitions)


def simulate_null(experiments=1000, methods=8, worlds=6):
    """Return p-values and intervals of methods that change nothing, where worlds differ far more than methods do.

    Each experiment has its own worlds, and so all are paired in one call: (experiments * methods) rows.
    """
    generator = np.random.default_rng(0)
    world = generator.normal(0, 5, size=(experiments, 1, worlds))
    values = world + generator.normal(size=(experiments, 1 + methods, worlds))
    names = [["plain", *(f"{number} {method}" for method in range(methods))] for number in range(experiments)]
    seeds = np.arange(experiments * worlds).reshape(world.shape)
    runs = {
        "method": np.repeat(np.ravel(names), worlds),
        "seed": np.broadcast_to(seeds, values.shape).ravel(),
        "gap": values.ravel(),
    }
    found = changes_over_seeds(pd.DataFrame(runs), "gap", by="method", baseline="plain")
    assert (found["n"] == worlds).all() and len(found) == experiments * methods
    return found


def test_paired_tests_hold_their_level_and_holm_limits_the_chance_of_any_false_finding():
    """95% of intervals contain zero; among eight methods, a finding in 5% of experiments only if it is adjusted."""
    found = simulate_null(experiments=1000, methods=8)
    clear = (found["low"] > 0) | (found["high"] < 0)
    assert (clear == (found["p_value"] < 0.05)).all()
    assert near(clear[::8].mean(), 0.05, 1000)  # one method of each experiment: the others share its baseline
    p_values = found["p_value"].to_numpy().reshape(1000, 8)
    any_found = (p_values < 0.05).any(axis=1).mean()
    any_adjusted = np.mean([(_adjust(row) < 0.05).any() for row in p_values])
    assert any_found > 0.15 and 0.02 < any_adjusted < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 1000)


def test_unpaired_intervals_hide_a_change_that_paired_ones_show():
    """Where worlds differ, the intervals of two means overlap although every world shows the change."""
    generator = np.random.default_rng(0)
    worlds = generator.normal(0, 5, size=8)
    values = np.concatenate([worlds, worlds + 1 + generator.normal(0, 0.2, size=8)])
    runs = pd.DataFrame({"method": ["plain"] * 8 + ["fair"] * 8, "seed": [*range(8)] * 2, "gap": values})
    means = over_seeds(runs, "gap", by="method")
    assert means.loc["fair", "low"] < means.loc["plain", "high"]
    assert changes_over_seeds(runs, "gap", by="method", baseline="plain")["p_holm"]["fair"] < 0.001


@pytest.mark.parametrize(("confidence", "level"), [(0.95, 0.025), (0.9, 0.05)])
@pytest.mark.parametrize("gap", [0.05, -0.05])
def test_closed_holds_its_level_at_the_margin(confidence, level, gap):
    """A gap of exactly the margin is called closed, or still beyond it, no more often than the level of one test."""
    repetitions = 4000
    drawn = np.random.default_rng(0).normal(gap, 0.03, size=(repetitions, 8))
    runs = pd.DataFrame({"experiment": np.repeat(range(repetitions), 8), "gap": drawn.ravel()})
    judged = judge_gaps(runs, margin=0.05, by="experiment", confidence=confidence)
    beyond = "still above" if gap > 0 else "still below"
    shares = judged["verdict"].value_counts(normalize=True)
    assert near(shares["closed"], level, repetitions) and near(shares[beyond], level, repetitions)
    assert (abs(judged["mean"]) < 0.05).mean() > 0.4  # the naive verdict: the mean is inside the margin


def test_containing_zero_is_no_sign_that_a_gap_is_closed():
    """With few noisy runs most intervals contain zero although the gap is twice the margin; few are called closed."""
    drawn = np.random.default_rng(0).normal(0.1, 0.15, size=(2000, 4))
    runs = pd.DataFrame({"experiment": np.repeat(range(2000), 4), "gap": drawn.ravel()})
    judged = judge_gaps(runs, margin=0.05, by="experiment")
    assert ((judged["low"] < 0) & (judged["high"] > 0)).mean() > 0.6
    assert (judged["verdict"] == "closed").mean() < 0.025


def test_mean_absolute_gaps_have_a_floor():
    """Of models without a gap, the mean size of the measured gap is .8 standard errors; signed gaps are closed."""
    generator = np.random.default_rng(0)
    gaps = pd.DataFrame({"method": "fair", "gap": generator.normal(0, 0.05, size=4000)})
    sizes = over_seeds(gaps.assign(gap=gaps["gap"].abs()), "gap", by="method").loc["fair"]
    assert 0.75 * 0.05 < sizes["low"] and sizes["high"] < 0.85 * 0.05
    assert judge_gaps(gaps, margin=0.01)["verdict"]["fair"] == "closed"


def split_again_and_again(data, learn, *, splits, test_size, generator):
    """Learn on one part of each data set and measure on the other, for several splits: (data sets, splits)."""
    measured = []
    for _ in range(splits):
        order = np.argsort(generator.random(data.shape[:2]), axis=1)  # (data sets, people)
        mixed = np.take_along_axis(data, order[..., None], axis=1)
        measured.append(learn(mixed[:, test_size:], mixed[:, :test_size]))
    return np.stack(measured, axis=1)


def accuracy_of_cuts(train, test):
    """Cut either feature half-way between the two labels' means; return both accuracies' difference.

    Parts are (data sets, people, 3): two features, then the label.
    """
    label = train[..., 2:]
    means = [(train[..., :2] * side).sum(axis=1) / side.sum(axis=1) for side in (label, 1 - label)]
    cut = np.mean(means, axis=0)[:, None]  # (data sets, 1, 2)
    right = (test[..., :2] > cut) == (test[..., 2:] == 1)
    return (right[..., 1].astype(float) - right[..., 0]).mean(axis=1)


@pytest.mark.parametrize("test_share", [0.2, 0.5])
def test_changes_over_overlapping_splits_hold_their_level(test_share):
    """Two equally informative features, of 80 people: neither learner is better, and any clear change is an error.

    The factor assumes that two splits correlate by the share tested (Nadeau and Bengio 2003); it is approximate, so the
    bound is 8%. As if splits were independent, far too many changes are clear.
    """
    repetitions, people, splits = 1000, 80, 10
    generator = np.random.default_rng(0)
    labels = np.tile([0.0, 1.0], (repetitions, people // 2))
    features = labels[..., None] * 1.5 + generator.normal(size=(repetitions, people, 2))
    data = np.concatenate([features, labels[..., None]], axis=2)
    test_size = round(test_share * people)
    change = split_again_and_again(data, accuracy_of_cuts, splits=splits, test_size=test_size, generator=generator)
    runs = pd.DataFrame({"method": np.repeat(range(repetitions), splits), "change": change.ravel()})
    clear = {}
    for overlap in (None, test_share / (1 - test_share)):
        found = over_seeds(runs, "change", by="method", overlap=overlap)
        clear[overlap is None] = ((found["low"] > 0) | (found["high"] < 0)).mean()
    assert clear[False] < 0.08 and clear[True] > 0.2


def gap_above_median(train, test):
    """Select whoever is above the median score of the people trained on; parts are (data sets, people, 2)."""
    score, group = test[..., 0], test[..., 1]
    selected = score > np.median(train[..., 0], axis=1, keepdims=True)
    rates = [(selected * side).sum(axis=1) / side.sum(axis=1) for side in (group, 1 - group)]
    return rates[0] - rates[1]


def test_gaps_over_overlapping_splits_are_not_called_closed_too_soon():
    """A gap of exactly the margin: closed in about 2.5% of data sets; as if splits were independent, far more often."""
    repetitions, people, splits = 1000, 200, 10
    generator = np.random.default_rng(0)
    group = np.tile([0.0, 1.0], (repetitions, people // 2))
    score = 0.8 * group + generator.normal(size=(repetitions, people))
    data = np.stack([score, group], axis=2)
    found = split_again_and_again(data, gap_above_median, splits=splits, test_size=people // 5, generator=generator)
    runs = pd.DataFrame({"method": np.repeat(range(repetitions), splits), "gap": found.ravel()})
    closed = {}
    for overlap in (None, 0.25):
        judged = judge_gaps(runs, margin=found.mean(), by="method", overlap=overlap)
        closed[overlap] = (judged["verdict"] == "closed").mean()
    assert closed[0.25] < 0.05 and closed[None] > 0.08


@pytest.mark.slow
def test_the_limits_of_a_plan_hold_the_number_of_runs_that_is_needed():
    """In 95% of pilots of eight runs, the interval has the number for the spread that the pilot was drawn from."""
    generator = np.random.default_rng(0)
    exact = how_many_runs(np.array([-1, 1, -1, 1]) * 0.05 * np.sqrt(3) / 2, 0.04).runs  # a pilot of exactly that spread
    held = []
    for _ in range(300):
        low, high = how_many_runs(generator.normal(0, 0.05, size=8), 0.04).interval
        held.append(low <= exact <= high)
    assert near(np.mean(held), 0.95, 300)
