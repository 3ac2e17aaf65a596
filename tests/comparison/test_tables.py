"""Comparisons as tables: differences from a baseline, shares selected next to gaps, levels on request."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from labkit.comparison.tables import tabulate_changes, tabulate_means, tabulate_methods, write_intervals

RATES = ("true_positive_rate", "false_positive_rate", "selected")


@pytest.fixture
def measured(runs):
    """The runs with rates by group, and a constant classifier, which comes first."""
    constant = pd.DataFrame({"method": "toss a coin", "seed": [0, 1, 2], "gap": 0.0})
    return pd.concat([constant, runs]).assign(**{f"{rate}_{group}": 0.25 for rate in RATES for group in "ab"})


def test_methods_are_tabulated_by_their_differences(measured):
    """The baseline's row holds means, the others differences; shares are next to the gap; constants are last."""
    table = tabulate_methods(measured.assign(more=measured["gap"]), {"gap": "the gap", "more": "more"}, digits=2)
    assert list(table.index) == ["untouched", "fair", "worse", "idle", "toss a coin"]
    assert list(table.columns) == ["the gap", "selected, a / b", "more"] and set(table.iloc[:, 1]) == {"25% / 25%"}
    assert table["the gap"]["untouched"] == "0.32 [0.27, 0.37]" and table["the gap"]["fair"] == "-0.20 [-0.22, -0.18]"
    assert table["the gap"]["toss a coin"].startswith("-0.32 [") and table["the gap"].equals(
        table["more"].rename("the gap")
    )


def test_methods_are_tabulated_by_their_levels_on_request(measured):
    """Without a sign."""
    table = tabulate_methods(measured, {"gap": "the gap"}, digits=2, levels=True)
    assert table["the gap"]["fair"] == "0.12 [0.08, 0.16]" and table["the gap"]["toss a coin"] == "0.00 [0.00, 0.00]"


def test_p_values_are_adjusted_and_overlap_is_passed_on(runs):
    """Holm's for three methods; a wider interval where splits overlap."""
    column = tabulate_methods(runs, {"gap": "gap"}, p_values=True)["gap"]
    smallest = stats.ttest_1samp([-0.20, -0.19, -0.21], 0).pvalue
    assert column["fair"].endswith(f"], p = {3 * smallest:.3f}".replace("0.", ".")) and ", p" not in column["untouched"]
    assert column["idle"].endswith("], p = 1.000")
    wide = tabulate_methods(runs, {"gap": "gap"}, overlap=1.0)["gap"]
    assert wide["fair"] == "-0.200 [-0.250, -0.150]" and column["fair"].startswith("-0.200 [-0.225, -0.175]")


def test_changes_are_put_side_by_side(runs, measured):
    """One column per data set, with the shares next to the gap; empty where a method was not tried."""
    data = {"one": runs, "two": measured[measured["method"] != "idle"]}
    table = tabulate_changes(data, {"gap": "gap", "lost": "lost"})
    assert list(table.columns) == [("one", "gap"), ("two", "gap"), ("two", "selected, a / b")]
    assert list(table.index) == ["untouched", "fair", "worse", "idle", "toss a coin"]
    assert table["two", "gap"]["idle"] == "" and table["one", "gap"]["fair"] == "-0.20 [-0.22, -0.18]"
    assert table["one", "gap"]["untouched"] == "" and table["two", "selected, a / b"]["untouched"] == "25% / 25%"
    assert list(tabulate_changes({"one": runs}, {"gap": "gap"}).index) == ["fair", "worse", "idle"]


@pytest.mark.parametrize(("overlap", "wide"), [(1.0, [True, True]), ({"two": 1.0}, [False, True]), (None, [False] * 2)])
def test_data_sets_may_have_overlaps_of_their_own(runs, overlap, wide):
    """Only some data sets are split again and again."""
    table = tabulate_changes({"one": runs, "two": runs}, {"gap": "gap"}, overlap=overlap)
    assert [table[name, "gap"]["fair"] == "-0.20 [-0.25, -0.15]" for name in ("one", "two")] == wide
    with pytest.raises(ValueError, match=r"overlap names \['three'\], of which there are no runs"):
        tabulate_changes({"one": runs}, {"gap": "gap"}, overlap={"three": 1.0})


def test_means_are_put_side_by_side_with_their_intervals():
    """One row per method, in order of appearance; means and Student's t limits as text."""
    runs = pd.DataFrame({"method": ["x", "x", "y", "y"], "gap": [0.1, 0.3, 0.0, 0.0]})
    table = tabulate_means(runs, {"gap": "the gap"}, digits=2)
    assert table["the gap"].to_dict() == {"x": "0.20 [-1.07, 1.47]", "y": "0.00 [0.00, 0.00]"}
    wide = tabulate_means(runs, {"gap": "the gap"}, digits=2, overlap=1.5)
    assert wide["the gap"]["x"] == "0.20 [-2.34, 2.74]"


def test_intervals_are_written():
    """A missing mean is a dash."""
    table = pd.DataFrame({"mean": [0.1, np.nan], "low": [0.05, np.nan], "high": [0.2, np.nan]}, index=["x", "y"])
    assert write_intervals(table).tolist() == ["+0.100 [+0.050, +0.200]", "–"]
