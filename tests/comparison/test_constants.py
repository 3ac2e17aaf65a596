"""Constant classifiers: what they reach without knowing anything."""

import numpy as np
import pandas as pd
import pytest

from labkit.comparison.constants import summarise_constants
from labkit.comparison.seeds import CONSTANTS, summarise

NOBODY, EVERYBODY, MAJORITY, COIN = CONSTANTS


@pytest.fixture
def table():
    """Predictions about 30 people of *a*, 12 labeled 1, and 20 of *b*, 2 labeled 1."""
    y = [1] * 12 + [0] * 18 + [1] * 2 + [0] * 18
    return pd.DataFrame({"group": ["a"] * 30 + ["b"] * 20, "y_true": y, "y_score": 0.3, "y_pred": y})


def test_constants_have_the_columns_of_a_model(table):
    """By hand: 14 of 50 are labeled 1; no constant has a gap in selection rates, and all rank at random."""
    rows = summarise_constants(table)
    assert list(rows.index) == list(CONSTANTS) and list(rows.columns) == list(summarise(table))
    assert rows["accuracy"].to_dict() == pytest.approx({NOBODY: 0.72, EVERYBODY: 0.28, MAJORITY: 0.72, COIN: 0.5})
    assert (rows[["auc", "balanced_accuracy"]] == 0.5).all(axis=None)
    assert (rows[["gap", "gap_low", "gap_high"]] == 0).all(axis=None)
    for rate in ("selected", "true_positive_rate", "false_positive_rate"):
        shares = rows[[rate, f"{rate}_a", f"{rate}_b"]]
        assert shares.to_numpy().tolist() == [[0, 0, 0], [1, 1, 1], [0, 0, 0], [0.5, 0.5, 0.5]]


@pytest.mark.slow
def test_the_coin_has_the_mean_of_many_tosses(table):
    """Nothing is drawn; every figure agrees with what coins give on average."""
    generator = np.random.default_rng(0)
    for metric in ("selection_rate", "accuracy", "precision"):
        expected = summarise_constants(table, metric=metric).loc[COIN]
        tossed = [table.assign(y_pred=generator.integers(0, 2, 50), y_score=generator.random(50)) for _ in range(60)]
        found = pd.DataFrame([summarise(one, metric=metric) for one in tossed])
        error = found.sem()
        compared = [name for name in found if not name.startswith("gap_")]
        assert (abs(found.mean() - expected)[compared] < 4 * error[compared] + 0.01).all(), metric


@pytest.mark.parametrize(
    ("metric", "gaps"),
    [
        ("true_positive_rate", [0, 0, 0, 0]),
        ("false_negative_rate", [0, 0, 0, 0]),
        ("accuracy", [-0.3, 0.3, -0.3, 0]),
        ("precision", [np.nan, 0.3, np.nan, 0.3]),
    ],
)
def test_gaps_of_constants(table, metric, gaps):
    """Zero where the rule fixes the rate; elsewhere plus or minus the gap of base rates, with its interval."""
    rows = summarise_constants(table, metric=metric)
    np.testing.assert_allclose(rows["gap"], gaps, atol=1e-12)
    certain = rows["gap"] == 0
    assert (rows["gap_low"] == rows["gap"])[certain].all() and (rows["gap_low"] < rows["gap"])[~certain].sum() == (
        ~certain & rows["gap"].notna()
    ).sum()


def test_the_majority_is_that_of_the_labels(table):
    """Where most people are labeled 1 it selects everybody; a tie selects nobody."""
    for y, other in ((1 - table["y_true"], EVERYBODY), (np.tile([0, 1], 25), NOBODY)):
        rows = summarise_constants(table.assign(y_true=y))
        assert rows.loc[MAJORITY].equals(rows.loc[other].rename(MAJORITY))


def test_constants_know_true_labels_and_undefined_rates(table):
    """Accuracy by the truth is reported too; a group without people labeled 1 has no true positive rate."""
    rows = summarise_constants(table, true_labels=np.ones(50))
    assert rows["accuracy_true"].tolist() == [0, 1, 0, 0.5]
    rows = summarise_constants(
        table.assign(y_true=table["y_true"].where(table["group"] == "a", 0)), metric="true_positive_rate"
    )
    assert rows[["true_positive_rate_b", "gap", "gap_low"]].isna().all(axis=None)
    rows = summarise_constants(table.assign(y_true=0))
    assert rows[["auc", "balanced_accuracy"]].isna().all(axis=None) and rows["accuracy"].tolist() == [1, 0, 1, 0.5]
