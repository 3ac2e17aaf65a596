"""Closed means inside a margin; an interval that contains zero is not enough."""

import numpy as np
import pandas as pd
import pytest

from labkit.comparison.equivalence import is_closed, judge_gaps, judge_interval


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.02, 0.04, "closed"),
        (0.01, 0.04, "closed"),
        (-0.04, 0.06, "cannot tell"),
        (0.02, 0.08, "cannot tell"),
        (-0.08, 0.08, "cannot tell"),
        (0.06, 0.08, "still above"),
        (-0.08, -0.06, "still below"),
        (0.05, 0.08, "cannot tell"),
        (-0.05, 0.02, "cannot tell"),
        (0.0, 0.0, "closed"),
        (np.nan, np.nan, "cannot tell"),
    ],
)
def test_verdicts_of_intervals(low, high, verdict):
    """The margin itself is not inside it; an overshoot is no closing."""
    assert judge_interval(low, high, 0.05) == verdict and is_closed(low, high, 0.05) == (verdict == "closed")


@pytest.mark.parametrize("margin", [0, -0.1, float("nan"), float("inf")])
def test_a_margin_is_stated(margin):
    """Zero is none: no interval shows that a gap is exactly zero."""
    with pytest.raises(ValueError, match="must be above 0: the smallest gap that matters"):
        is_closed(-0.1, 0.1, margin)


def test_limits_come_in_order():
    """Swapped limits would be inside any margin."""
    with pytest.raises(ValueError, match=r"from 0\.1 to -0\.1 ends before it begins"):
        judge_interval(0.1, -0.1, 0.2)


def test_gaps_are_judged_by_their_mean_over_runs(runs):
    """Signed: gaps that flip cancel; one run has no interval, so it cannot tell; splits that overlap say less."""
    flips = pd.DataFrame({"method": "flips", "seed": [0, 1, 2, 3], "gap": [0.1, -0.1, 0.1, -0.1]})
    once = pd.DataFrame({"method": ["once"], "seed": [0], "gap": [0.0]})
    found = judge_gaps(pd.concat([runs, flips, once]), margin=0.25)
    assert found["verdict"].to_dict() == {
        "untouched": "still above", "fair": "closed", "worse": "still above", "idle": "still above",
        "flips": "closed", "once": "cannot tell",
    }  # fmt: skip
    assert found.loc["flips", "mean"] == pytest.approx(0)
    wide = judge_gaps(flips, margin=0.25, overlap=1.0)["verdict"]["flips"]
    narrow = judge_gaps(flips, margin=0.16, confidence=0.9)["verdict"]["flips"]
    assert (wide, narrow, judge_gaps(flips, margin=0.16)["verdict"]["flips"]) == (
        "cannot tell",
        "closed",
        "cannot tell",
    )
