"""One row a run, and means over seeds with intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from labkit.comparisons import over_seeds, summarise


@pytest.fixture
def table():
    """A predictions table of two groups with known rates."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"group": ["a"] * 200 + ["b"] * 100, "y_true": generator.integers(0, 2, 300)})
    frame["y_score"] = np.clip(0.3 * frame["y_true"] + generator.random(300) * 0.7, 0, 1)
    return frame.assign(y_pred=(frame["y_score"] >= 0.5).astype(int))


def test_summary_equals_the_parts_computed_by_hand(table):
    """AUC, accuracy and the signed gap are those of pandas and scikit-learn."""
    from sklearn.metrics import roc_auc_score

    found, rates = summarise(table), table.groupby("group")["y_pred"].mean()
    assert found["auc"] == pytest.approx(roc_auc_score(table.y_true, table.y_score))
    assert found["accuracy"] == pytest.approx((table.y_true == table.y_pred).mean())
    assert found["gap"] == pytest.approx(rates["a"] - rates["b"])
    assert found["gap_low"] < found["gap"] < found["gap_high"]
    positives = table[table.y_true == 1].groupby("group")["y_pred"].mean()
    assert summarise(table, metric="true_positive_rate")["gap"] == pytest.approx(positives["a"] - positives["b"])


def test_one_class_has_no_auc(table):
    """AUC is NaN, not a crash and not 0."""
    assert np.isnan(summarise(table.assign(y_true=1))["auc"])


def test_more_than_two_groups_are_refused(table):
    """The message names them and what to use."""
    three = table.assign(group=["a", "b", "c"] * 100)
    with pytest.raises(ValueError, match=r"\['a', 'b', 'c'\]; a signed gap needs two"):
        summarise(three)


def test_interval_over_seeds_is_students(table):
    """Mean and interval equal scipy's; order of appearance is kept; one run has no interval."""
    runs = pd.DataFrame({"model": ["z"] * 3 + ["a"], "gap": [0.1, 0.2, 0.4, 0.3]})
    found = over_seeds(runs, "gap", by="model")
    expected = stats.ttest_1samp([0.1, 0.2, 0.4], 0).confidence_interval(0.95)
    assert list(found.index) == ["z", "a"] and list(found["n"]) == [3, 1]
    np.testing.assert_allclose(found.loc["z", ["low", "high"]].astype(float), expected)
    assert found.loc["a", ["low", "high"]].isna().all()
    with pytest.raises(ValueError, match=r"no column \['loss'\]; there are"):
        over_seeds(runs, "loss", by="model")


def test_interval_covers_at_its_level():
    """In 2,000 worlds of three normal runs, about 95% of intervals hold the true mean."""
    runs = pd.DataFrame({"world": np.repeat(np.arange(2000), 3), "v": np.random.default_rng(0).normal(size=6000)})
    found = over_seeds(runs, "v", by="world")
    covered = ((found["low"] <= 0) & (0 <= found["high"])).mean()
    assert abs(covered - 0.95) < 0.02  # four standard errors
