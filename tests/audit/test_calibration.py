"""Calibration by group: shares with intervals in bins that all groups share."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from labkit.audit.calibration import calibration_by_group
from labkit.audit.intervals import wilson_interval
from labkit.data.tables import load_compas

FEW = {"y_true": [0, 1, 1, 1], "y_score": [1, 1, 2, 2], "sensitive_features": ["a", "b", "a", "b"]}


def draw(n=4000, seed=0):
    """Return labels, scores and groups in which every score is a probability that holds for both groups."""
    generator = np.random.default_rng(seed)
    score, group = generator.random(n), generator.choice(["a", "b"], n)
    return {"y_true": (generator.random(n) < score).astype(int), "y_score": score, "sensitive_features": group}


def test_shares_are_those_of_scikit_learn():
    """In equally wide bins, group by group, mean scores and shares equal `calibration_curve`."""
    rows = draw()
    table = calibration_by_group(**rows, bins=np.linspace(0, 1, 11))
    for group in "ab":
        mine = rows["sensitive_features"] == group
        share, score = calibration_curve(rows["y_true"][mine], rows["y_score"][mine], n_bins=10)
        np.testing.assert_allclose(table.loc[group, "share"], share)
        np.testing.assert_allclose(table.loc[group, "score"], score)


def test_counts_add_up_and_intervals_are_wilsons():
    """COMPAS by decile: each person is counted once, and the limits are those of the same counts."""
    frame = load_compas().frame
    table = calibration_by_group(
        y_true=frame["two_year_recid"], y_score=frame["decile_score"], sensitive_features=frame["race"]
    )
    assert table["n"].sum() == len(frame) and table["positives"].sum() == frame["two_year_recid"].sum()
    assert (table["score"] == table.index.get_level_values("bin")).all()  # bins=None: a score is its own bin
    low, high = wilson_interval(table["positives"].to_numpy(), table["n"].to_numpy(), confidence=0.95)
    np.testing.assert_allclose(table[["low", "high"]], np.stack([low, high], axis=1))


def test_a_number_of_bins_gives_bins_of_as_many_people():
    """Over all groups together: a single group may have more people in one bin than in another."""
    table = calibration_by_group(**draw(), bins=5)
    assert (table["n"].groupby("bin").sum() == 800).all()


def test_ties_need_fewer_bins():
    """Where many people share a score, bins that would be empty are left out."""
    assert len(calibration_by_group(**FEW, bins=10)) == 4


def test_intervals_cover_a_calibrated_score():
    """In 400 samples of a calibrated score, about 95% of the intervals hold the mean score of their bin."""
    samples = draw(400 * 200) | {"sensitive_features": np.arange(400).repeat(200)}
    table = calibration_by_group(**samples, bins=4)
    covered = ((table["low"] <= table["score"]) & (table["score"] <= table["high"])).mean()
    assert abs(covered - 0.95) < 0.025


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_score": [1, 2]}, r"lengths differ: .*score has shape \(2,\)"),
        ({"y_true": [], "y_score": [], "sensitive_features": []}, "there are no rows"),
        ({"y_true": [0, 1, 2, 1]}, "y_true holds 2; code labels 0 and 1"),
        ({"y_score": [1, 1, 2, np.nan]}, "y_score holds nan; scores are finite"),
        ({"sensitive_features": ["a", "b", "a", None]}, "sensitive_features holds a missing value"),
        ({"bins": 0}, "bins=0; give at least one bin"),
        ({"bins": [0, 1]}, "scores reach from 1 to 2, the edges from 0 to 1; widen the edges"),
    ],
)
def test_people_who_cannot_be_counted_are_named(change, message):
    """Errors name the value and the remedy."""
    with pytest.raises(ValueError, match=message):
        calibration_by_group(**FEW | change)
