"""Levelling down in notebook 09: changes by group, and the rule that does it on purpose."""

import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch09.levelling import RaisedBar, changes_by_world, group_changes
from labkit.comparison.trials import Trial
from labkit.mitigation.estimators import GivenScore


@pytest.fixture
def before():
    """Five people of a and five of b."""
    return pd.DataFrame({"y_true": [1, 1, 1, 0, 0] * 2, "y_pred": [1, 1, 0, 1, 0] * 2, "group": ["a"] * 5 + ["b"] * 5})


def test_changes_are_those_of_the_groups_rates(before):
    """By hand: in a one found person is lost and one alarm cleared, in b the missed one is found."""
    after = before.assign(y_pred=[0, 1, 0, 0, 0, 1, 1, 1, 1, 0])
    changes = group_changes(before, after).set_index(["group", "metric"])["change"].unstack()
    assert changes.loc["a"].to_dict() == pytest.approx(
        {"true_positive_rate": -1 / 3, "false_positive_rate": -1 / 2, "selection_rate": -2 / 5, "accuracy": 0}
    )
    assert changes.loc["b"].to_dict() == pytest.approx(
        {"true_positive_rate": 1 / 3, "false_positive_rate": 0, "selection_rate": 1 / 5, "accuracy": 1 / 5}
    )


def test_the_true_labels_may_differ_from_the_records(before):
    """By true labels; a rate without people is missing, not 0."""
    changes = group_changes(before, before.assign(y_pred=1), true_labels=np.ones(10)).set_index(["metric", "group"])
    assert changes["change"]["true_positive_rate", "a"] == pytest.approx(2 / 5)
    assert np.isnan(changes["change"]["false_positive_rate", "a"])


def test_methods_are_compared_with_the_baseline_of_their_world(before):
    """World by world, on the chosen people, by the true labels; a baseline does not change from itself."""
    truth, after = np.ones(10), before.assign(y_pred=1)
    trials = [
        Trial(name, seed, table, truth, 0.0) for seed in (0, 1) for name, table in (("old", before), ("new", after))
    ]
    trials[3] = trials[3]._replace(table=before)  # in the second world the new one is as the old one
    baselines = {"old": "old", "new": "old"}
    changes = changes_by_world(trials, baselines).set_index(["method", "seed", "group", "metric"])["change"]
    assert changes["new", 0, "a", "true_positive_rate"] == pytest.approx(2 / 5)
    assert changes["new", 1, "a", "true_positive_rate"] == changes["old", 0, "b", "accuracy"] == 0
    some = changes_by_world(trials, baselines, rows=slice(0, 3)).set_index(["method", "seed", "group", "metric"])[
        "change"
    ]
    assert some["new", 0, "a", "true_positive_rate"] == pytest.approx(1 / 3)


@pytest.fixture
def scores():
    """Scores of 60 people of a, mostly high, and 40 of b, mostly low."""
    generator = np.random.default_rng(0)
    group = np.array(["a"] * 60 + ["b"] * 40)
    return generator.beta(np.where(group == "a", 5, 2), 3), generator.integers(2, size=100), group


def test_raised_bar_closes_the_gap_and_gives_nobody_anything(scores):
    """On the people it was fitted on: b is decided as before, a as rarely as b, and no decision becomes 1."""
    score, y, group = scores
    method = RaisedBar(estimator=GivenScore(), prefit=True)
    table = method.fit(score, y, sensitive_features=group).predict(score, y, sensitive_features={"group": group})
    rate = table.groupby("group")["y_pred"].mean()
    plain = (score >= 0.5).astype(int)
    assert abs(rate["a"] - rate["b"]) <= 1 / 60 and rate["b"] == plain[group == "b"].mean()
    assert (table["y_pred"].to_numpy() <= plain).all() and table["y_score"].tolist() == score.tolist()


@pytest.mark.parametrize("amount", [0, 0.5])
def test_raised_bar_goes_part_of_the_way(scores, amount):
    """Half of the way with 0.5, and nowhere with 0."""
    score, y, group = scores
    fitted = RaisedBar(estimator=GivenScore(), prefit=True, amount=amount).fit(score, y, sensitive_features=group)
    decided, plain = fitted.predict(score, y, sensitive_features=group)["y_pred"].to_numpy(), score >= 0.5
    gap = plain[group == "a"].mean() - plain[group == "b"].mean()
    assert decided[group == "a"].mean() - decided[group == "b"].mean() == pytest.approx((1 - amount) * gap, abs=1 / 60)


def test_wrong_arguments_are_named(before, scores):
    """Other people, an unknown metric, an amount out of range, and a prediction without groups."""
    with pytest.raises(ValueError, match="different people"):
        group_changes(before, before.iloc[::-1])
    with pytest.raises(ValueError, match="unknown metric 'fairness'"):
        group_changes(before, before, metrics=["fairness"])
    score, y, group = scores
    with pytest.raises(ValueError, match="amount is 2"):
        RaisedBar(estimator=GivenScore(), prefit=True, amount=2).fit(score, y, sensitive_features=group)
    with pytest.raises(ValueError, match="RaisedBar decides by group"):
        RaisedBar(estimator=GivenScore(), prefit=True).fit(score, y, sensitive_features=group).predict(score, y)
