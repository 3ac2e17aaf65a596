"""Drift of inputs and scores, as description."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from labkit.errors import UserError
from labkit.monitoring import describe_drift


@pytest.fixture
def tables():
    """Return two periods: scores moved, codes and sites alike, and a column that one of them lacks."""
    rng = np.random.default_rng(4)

    def period(n, shift):
        columns = {"score": rng.normal(shift, 1, n), "code": rng.integers(0, 4, n), "site": rng.choice(["A", "B"], n)}
        return pd.DataFrame(columns)

    return period(2_000, 0).assign(old=1), period(1_000, 0.5)


def test_the_distance_of_cumulative_shares_is_that_of_scipy(tables):
    """For numbers; categories have no order, and none."""
    found = describe_drift(*tables).columns
    assert list(found.index) == ["score", "code", "site"]
    for column in ("score", "code"):
        expected = ks_2samp(*(table[column] for table in tables)).statistic
        assert found.loc[column, "ks"] == pytest.approx(expected, abs=1e-12)
    assert np.isnan(found.loc["site", "ks"])


def test_shares_are_those_of_the_bins(tables):
    """Ten of the reference have a tenth each; shares are 1 in sum; few values are their own bins."""
    shares = describe_drift(*tables).shares
    scores = shares[shares["column"] == "score"]
    assert len(scores) == 10 and scores["reference"].to_numpy() == pytest.approx(0.1, abs=0.001)
    assert scores["current"].iloc[0] < 0.04 and scores["current"].iloc[-1] > 0.2
    assert shares.groupby("column")[["reference", "current"]].sum().to_numpy() == pytest.approx(1)
    assert shares.loc[shares["column"] == "code", "bin"].tolist() == [0, 1, 2, 3]
    assert shares.loc[shares["column"] == "site", "current"].iloc[0] == (tables[1]["site"] == "A").mean()


def test_the_stability_index_is_small_without_a_change_and_large_with_one():
    """Its average over 100 repetitions without a change is what the column for chance says."""
    rng = np.random.default_rng(6)
    found = [
        describe_drift(*(pd.DataFrame({"x": rng.random(n)}) for n in (400, 300)), bins=5).columns.loc["x"]
        for _ in range(100)
    ]
    assert np.mean([each["psi"] for each in found]) == pytest.approx(found[0]["psi_by_chance"], rel=0.2)
    before, now = (pd.DataFrame({"x": [0] * a + [1] * b}) for a, b in ((300, 100), (100, 300)))
    shares = np.array([300.5, 100.5]) / 401
    expected = 2 * (shares[0] - shares[1]) * np.log(shares[0] / shares[1])
    assert describe_drift(before, now).columns.loc["x", "psi"] == pytest.approx(expected)


def test_missing_values_and_new_categories_are_told():
    """They are counted apart, and a category that is new has a share of 0 before."""
    before, now = pd.DataFrame({"site": ["A", "B", None, "B"]}), pd.DataFrame({"site": ["A", "C"]})
    found = describe_drift(before, now)
    assert found.columns.loc["site", ["n_reference", "missing_reference", "missing_current"]].tolist() == [3, 0.25, 0]
    assert found.shares["bin"].tolist() == ["A", "B", "C"] and found.shares["reference"].iloc[2] == 0
    assert np.isfinite(found.columns.loc["site", "psi"])


def test_scores_outside_the_reference_fall_into_the_outer_bins(tables):
    """And ties make fewer bins, with the shares that they have."""
    found = describe_drift(tables[0][["score"]], tables[0][["score"]] + 100).shares
    assert found["current"].iloc[-1] == 1
    tied = pd.DataFrame({"x": [0.0] * 900 + list(np.linspace(0.1, 1, 100))})
    shares = describe_drift(tied, tied).shares
    assert len(shares) < 10 and shares["reference"].tolist() == shares["current"].tolist()
    assert shares["reference"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("now", "options", "message"),
    [
        ({"x": [1, 2]}, {"bins": 1}, "bins is 1"),
        ({"y": [1, 2]}, {}, "share no columns"),
        ({"x": [1, 2]}, {"columns": ["z"]}, "unknown column 'z': the reference has no such column"),
        ({"x": [None, None]}, {}, "column 'x' of the current table has no values"),
        ({"x": ["1", "2"]}, {}, "holds numbers in one table only"),
    ],
)
def test_what_cannot_be_described(now, options, message):
    """The message names the column."""
    with pytest.raises(UserError, match=message):
        describe_drift(pd.DataFrame({"x": [1, 2, 3]}), pd.DataFrame(now), **options)
