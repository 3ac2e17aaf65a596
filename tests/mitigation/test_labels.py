"""Labels changed before training: which ones, and what a model learns from them."""

import numpy as np
import pandas as pd
import pytest

from labkit.mitigation.features import Unmitigated
from labkit.mitigation.labels import LabelRepair, Massaging, massage_labels, out_of_fold_scores, repair_labels

# (group, label): people. In b the label 1 is rare.
SIZES = {("a", 0): 30, ("a", 1): 50, ("b", 0): 15, ("b", 1): 5}


@pytest.fixture
def cells():
    """A hundred people in four cells, in random order: labels and groups."""
    people = [cell for cell, size in SIZES.items() for _ in range(size)]
    order = np.random.default_rng(1).permutation(len(people))
    return np.array([people[row][1] for row in order]), np.array([people[row][0] for row in order])


def test_massaging_changes_the_borderline_labels_alone(cells):
    """By hand: b's base rate is .25 and the overall .55, so six of b are promoted and six of a demoted."""
    y, groups = cells
    score = np.random.default_rng(3).random(100)
    repaired = massage_labels(y, groups, score)
    assert repaired.mean() == 0.55 and repaired[groups == "a"].mean() == repaired[groups == "b"].mean() == 0.55
    for group, label, number, sign in (("b", 0, 6, -1), ("a", 1, 6, 1)):
        candidates = np.flatnonzero((groups == group) & (y == label))
        expected = set(candidates[np.argsort(sign * score[candidates])[:number]])
        assert {row for row in candidates if repaired[row] != label} == expected
    assert (repaired != y).sum() == 12 and (massage_labels(y, groups, score, amount=0) == y).all()
    assert (massage_labels(y, groups, score, amount=0.5) != y).sum() == 6


def test_repair_puts_back_what_was_missed(cells):
    """Five recorded of b with half of all missed: five more, those with the highest scores; a stays."""
    y, groups = cells
    score = np.random.default_rng(3).random(100)
    repaired = repair_labels(y, groups, score, missed={"b": 0.5})
    negatives = np.flatnonzero((groups == "b") & (y == 0))
    assert set(np.flatnonzero(repaired != y)) == set(negatives[np.argsort(-score[negatives])[:5]])


def test_folds_do_not_know_the_labels_they_rank():
    """Labels without a pattern cannot be ranked by it: out of fold the AUC is that of chance."""
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import KNeighborsClassifier

    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(400, 2)), generator.integers(0, 2, 400)
    assert abs(roc_auc_score(y, out_of_fold_scores(X, y, ranker=KNeighborsClassifier(1))) - 0.5) < 0.1
    with pytest.raises(ValueError, match="fewer than two rows of one label"):
        out_of_fold_scores(X[:4], np.array([0, 0, 0, 1]))


@pytest.mark.parametrize("method", [Massaging(), LabelRepair(missed={"b": 0.5})])
def test_repaired_labels_bring_back_the_truth(method):
    """Half of b's positives recorded as 0: after repair, b's true positives are found far more often."""
    generator = np.random.default_rng(0)
    group, X = np.where(generator.random(2000) < 0.4, "b", "a"), generator.normal(size=(2000, 2))
    truth = (X[:, 0] + 0.3 * generator.normal(size=2000) > 0).astype(int)
    y = np.where((group == "b") & (generator.random(2000) < 0.5), 0, truth)
    table = pd.DataFrame(np.column_stack([X, group == "b"]), columns=["x", "noise", "b"])
    found = [
        each.fit(table, y, sensitive_features=group).predict(table)["y_pred"][(group == "b") & (truth == 1)].mean()
        for each in (Unmitigated(), method)
    ]
    assert found[0] < 0.6 and found[1] > 0.75
