"""Deciding about everybody in a small data set without having learned from them."""

import numpy as np
import pytest

from labkit.comparison.seeds import summarise
from labkit.mitigation.cross_fitting import predict_out_of_fold, score_out_of_fold
from labkit.mitigation.decisions import FairThresholds
from labkit.mitigation.estimators import GivenScore
from labkit.mitigation.features import Unmitigated


@pytest.fixture(scope="module")
def people():
    """300 people in two groups: features, labels, groups."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 3))
    return X, (X[:, 0] + generator.normal(size=300) > 0).astype(int), np.where(X[:, 1] > 0, "a", "b")


def test_everybody_is_judged_once_and_in_place(people):
    """The table has one row per person, in the given order, with their label and group."""
    X, y, group = people
    table = predict_out_of_fold(Unmitigated(), X, y, sensitive_features=group, name="side")
    assert table.index.tolist() == list(range(300))
    assert table["y_true"].tolist() == y.tolist() and table["side"].tolist() == group.tolist()


def test_nobody_is_judged_by_their_own_label():
    """On pure noise a model that remembers everybody is right half of the time out of fold, and always within."""
    from sklearn.neighbors import KNeighborsClassifier

    generator = np.random.default_rng(1)
    X, y, group = generator.normal(size=(400, 2)), generator.integers(0, 2, 400), np.tile(["a", "b"], 200)
    method = Unmitigated(estimator=KNeighborsClassifier(1))
    within = method.fit(X, y, sensitive_features=group).predict(X, y)
    outside = predict_out_of_fold(method, X, y, sensitive_features=group)
    assert summarise(within.assign(group=group))["accuracy"] == 1
    assert abs(summarise(outside)["accuracy"] - 0.5) < 0.1


def test_rules_on_given_scores_close_a_gap(people):
    """Scores out of fold, and thresholds by group on other people, bring the gap down."""
    X, _, group = people
    y = (X[:, 0] + X[:, 1] + np.random.default_rng(2).normal(size=300) > 0).astype(int)  # rarer in b
    score = score_out_of_fold(X, y)
    assert score.shape == (300,) and 0 <= score.min() < score.max() <= 1
    plain, fair = (
        predict_out_of_fold(method, score, y, sensitive_features=group)
        for method in (Unmitigated(estimator=GivenScore()), FairThresholds(estimator=GivenScore(), prefit=True))
    )
    assert abs(summarise(fair)["gap"]) < abs(summarise(plain)["gap"]) - 0.1


@pytest.mark.parametrize("folds", [1, 200])
def test_too_few_or_too_many_folds_are_rejected(folds, people):
    """Every fold needs somebody of each group and label."""
    X, y, group = people
    with pytest.raises(ValueError, match=rf"folds is {folds}, and the smallest cell \([ab], label [01]\) has \d+"):
        predict_out_of_fold(Unmitigated(), X, y, sensitive_features=group, folds=folds)
