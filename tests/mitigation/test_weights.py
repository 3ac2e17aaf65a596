"""Weights and repetitions: whom a model learns from."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from labkit.mitigation.estimators import FeaturesAndClassifier
from labkit.mitigation.features import Unmitigated
from labkit.mitigation.weights import Reweighing, resample_rows, sample_weights

# (group, label): people. In b the label 1 is rare.
SIZES = {("a", 0): 30, ("a", 1): 50, ("b", 0): 15, ("b", 1): 5}


@pytest.fixture
def cells():
    """A hundred people in four cells, in random order: labels and groups."""
    people = [cell for cell, size in SIZES.items() for _ in range(size)]
    order = np.random.default_rng(1).permutation(len(people))
    return np.array([people[row][1] for row in order]), np.array([people[row][0] for row in order])


def sizes(y, groups, weights=None):
    """Return the total weight of each cell."""
    frame = pd.DataFrame({"group": groups, "y": y, "weight": 1.0 if weights is None else weights})
    return frame.groupby(["group", "y"])["weight"].sum().to_dict()


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("same", SIZES),
        ("group", {("a", 0): 18.75, ("a", 1): 31.25, ("b", 0): 37.5, ("b", 1): 12.5}),
        ("group_label", {("a", 0): 25, ("a", 1): 25, ("b", 0): 25, ("b", 1): 25}),
        ("reweighing", {("a", 0): 36, ("a", 1): 44, ("b", 0): 9, ("b", 1): 11}),
    ],
)
def test_weights_give_each_cell_its_total(cells, scheme, expected):
    """By hand for a hundred people; people of one cell weigh the same."""
    y, groups = cells
    weights = sample_weights(y, groups, scheme=scheme)
    assert sizes(y, groups, weights) == pytest.approx(expected) and weights.sum() == pytest.approx(100)
    assert pd.DataFrame({"y": y, "g": groups, "w": weights}).groupby(["g", "y"])["w"].nunique().max() == 1


@pytest.mark.parametrize(
    ("strategy", "scheme", "expected"),
    [
        ("over", "group", {("a", 0): 30, ("a", 1): 50, ("b", 0): 60, ("b", 1): 20}),
        ("under", "group", {("a", 0): 8, ("a", 1): 12, ("b", 0): 15, ("b", 1): 5}),
        ("balanced", "group", {("a", 0): 19, ("a", 1): 31, ("b", 0): 38, ("b", 1): 12}),
        ("over", "group_label", {("a", 0): 50, ("a", 1): 50, ("b", 0): 50, ("b", 1): 50}),
        ("under", "group_label", {("a", 0): 5, ("a", 1): 5, ("b", 0): 5, ("b", 1): 5}),
        ("balanced", "group_label", {("a", 0): 25, ("a", 1): 25, ("b", 0): 25, ("b", 1): 25}),
        ("over", "reweighing", {("a", 0): 60, ("a", 1): 73, ("b", 0): 15, ("b", 1): 18}),
        ("under", "reweighing", {("a", 0): 16, ("a", 1): 20, ("b", 0): 4, ("b", 1): 5}),
        ("balanced", "reweighing", {("a", 0): 36, ("a", 1): 44, ("b", 0): 9, ("b", 1): 11}),
    ],
)
def test_resampling_gives_each_cell_its_size(cells, strategy, scheme, expected):
    """Nobody is lost in "over", nobody repeated in "under", and a person is repeated as evenly as possible."""
    y, groups = cells
    rows = resample_rows(y, groups, strategy=strategy, scheme=scheme)
    assert sizes(y[rows], groups[rows]) == expected
    times = np.bincount(rows, minlength=len(y))
    assert (strategy != "over" or times.min() >= 1) and (strategy != "under" or times.max() <= 1)
    for cell in SIZES:
        own = times[(groups == cell[0]) & (y == cell[1])]
        assert own.max() - own.min() <= 1


def test_the_draw_belongs_to_its_seed(cells):
    """The same seed draws the same rows, another one draws others."""
    y, groups = cells
    draws = [resample_rows(y, groups, strategy="under", seed=seed).tolist() for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_a_cell_that_would_vanish_is_rejected():
    """Five positives of ten people, and ten of ten thousand: independence would leave none of them."""
    y, groups = np.repeat([0, 1, 0, 1], [5, 5, 9990, 10]), np.repeat(["a", "b"], [10, 10_000])
    with pytest.raises(ValueError, match="'under' would leave nobody in group 'a' with label 1; use 'over'"):
        resample_rows(y, groups, strategy="under", scheme="reweighing")


def test_the_same_weight_for_everybody_does_nothing(cells):
    """To the last digit it is the untouched model; reweighing is not."""
    y, groups = cells
    X = np.column_stack([y + np.random.default_rng(0).normal(size=100), groups == "b"])
    scores = [
        method.fit(X, y, sensitive_features=groups).predict(X)["y_score"].to_numpy()
        for method in (Unmitigated(), Reweighing(scheme="same"), Reweighing())
    ]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-12)
    assert np.abs(scores[0] - scores[2]).max() > 0.05


def test_weights_and_whole_repetitions_are_the_same_training(cells):
    """A person with weight three counts as much as a person who is there three times."""
    y, groups = cells
    X, times = np.random.default_rng(0).normal(size=(100, 2)), np.where(groups == "b", 3, 1)
    features = X - X.mean(0)
    weighted = FeaturesAndClassifier(LogisticRegression(tol=1e-10), X).fit(features, y, times)
    repeated = FeaturesAndClassifier(LogisticRegression(tol=1e-10), X).fit(
        features.repeat(times, axis=0), y.repeat(times)
    )
    np.testing.assert_allclose(weighted.score(features), repeated.score(features), atol=1e-5)
