"""Comparisons as text: in sentences and in tables."""

import numpy as np
import pandas as pd

from labkit.comparison.sentences import (
    describe_changes,
    describe_means,
    say_changes,
    tabulate_changes,
    tabulate_means,
    write_intervals,
)


def test_changes_are_put_into_words(runs):
    """Each method is named once, with what its interval says; the baseline is not named."""
    assert describe_changes(runs, "gap") == ("down: *fair* (-0.200); up: *worse* (+0.103); no clear change: *idle*")
    assert describe_means(runs, {"gap": "gap"}).endswith("gap: untouched 0.32, fair 0.12, worse 0.42, idle 0.32")


def test_changes_are_put_side_by_side(runs):
    """One column per data set; empty where a method was not tried."""
    table = tabulate_changes({"one": runs, "two": runs[runs["method"] != "idle"]}, {"gap": "gap", "lost": "lost"})
    assert list(table.columns) == [("one", "gap"), ("two", "gap")] and list(table.index) == ["fair", "worse", "idle"]
    assert table["two", "gap"]["idle"] == "" and table["one", "gap"]["fair"].startswith("-0.20 [-0.2")


def test_means_are_put_side_by_side_with_their_intervals():
    """One row per method, in order of appearance; means and Student's t limits as text."""
    runs = pd.DataFrame({"method": ["x", "x", "y", "y"], "gap": [0.1, 0.3, 0.0, 0.0]})
    table = tabulate_means(runs, {"gap": "the gap"}, digits=2)
    assert table["the gap"].to_dict() == {"x": "0.20 [-1.07, 1.47]", "y": "0.00 [0.00, 0.00]"}


def test_intervals_are_written_and_sorted_by_their_side_of_zero():
    """A missing mean is a dash; intervals are sorted by their side of zero."""
    table = pd.DataFrame({"mean": [0.1, np.nan], "low": [0.05, np.nan], "high": [0.2, np.nan]}, index=["x", "y"])
    assert write_intervals(table).tolist() == ["+0.100 [+0.050, +0.200]", "–"]
    changes = pd.DataFrame({"low": [-2, -1], "high": [-1, 1]}, index=["x", "y"])
    assert say_changes(changes) == "below zero with x; not distinguishable from zero with y"
