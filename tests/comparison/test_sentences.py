"""Comparisons in words: clear changes, closed gaps, and what a figure shows."""

import numpy as np
import pandas as pd
import pytest

from labkit.comparison.sentences import describe_changes, describe_gaps, describe_methods, say_changes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "down: *fair* (-0.200); up: *worse* (+0.103); no clear change: *idle*"),
        ({"margin": 0.03}, "down: *fair* (-0.200); up: *worse* (+0.103); changed by less than 0.03: *idle*"),
        ({"margin": 0.02}, "down: *fair* (-0.200); up: *worse* (+0.103); no clear change: *idle*"),
        ({"margin": 0.3}, "changed by less than 0.3: *fair*, *worse*, *idle*"),
        ({"overlap": 30.0}, "no clear change: *fair*, *worse*, *idle*"),
        ({"holm": True}, "down: *fair* (-0.200); up: *worse* (+0.103); no clear change: *idle*"),
        ({"baseline": "fair"}, "up: *untouched* (+0.200), *worse* (+0.303), *idle* (+0.200)"),
    ],
)
def test_changes_are_put_into_words(runs, options, said):
    """Each method is named once, with what its interval says; the baseline and constants are not named."""
    constant = pd.DataFrame({"method": "select nobody", "seed": [0, 1, 2], "gap": 0.0})
    assert describe_changes(pd.concat([runs, constant]), "gap", **options) == said


def test_adjusted_changes_are_clear_less_often():
    """A p-value of .03 among ten is none; its interval alone looks clear."""
    rows = [{"method": "untouched", "seed": seed, "gap": 0.0} for seed in range(4)]
    for number in range(10):
        values = [0.9, 1.1, 0.5, 1.9] if number == 0 else [1, -1, 2, -2]
        rows += [{"method": f"m{number}", "seed": seed, "gap": value} for seed, value in enumerate(values)]
    rows = pd.DataFrame(rows)
    assert describe_changes(rows, "gap").startswith("up: *m0* (+1.100); no")
    assert describe_changes(rows, "gap", holm=True).startswith("no clear change: *m0*, *m1*")


def test_figures_of_methods_are_put_into_words(runs):
    """Differences, or means on request: the same choice as in the figure."""
    columns = {"gap": "decision gap,\na - b"}
    assert describe_methods(runs, columns).endswith(
        "decision gap, a - b (untouched 0.32): fair -0.20, worse +0.10, idle +0.00"
    )
    assert describe_methods(runs, columns, levels=True).endswith(
        "a - b: untouched 0.32, fair 0.12, worse 0.42, idle 0.32"
    )


def test_gaps_are_put_into_words_with_the_shares_selected(runs):
    """Signed means, sorted by their verdict; shares selected by group where there are any."""
    rates = {
        f"{rate}_{group}": value
        for rate in ("true_positive_rate", "false_positive_rate", "selected")
        for group, value in (("a", 0.5), ("b", 0.3))
    }
    said = describe_gaps(runs.assign(**rates), margin=0.2).split("; still above: ")
    assert said[0] == "closed (within ±0.2): *fair* (+0.120; selects 50% / 30%)"
    assert said[1].startswith("*untouched* (+0.320; selects 50% / 30%), *worse* (+0.423; ")
    assert describe_gaps(runs.assign(gap=-runs["gap"]), margin=0.3) == (
        "closed (within ±0.3): *fair* (-0.120); still below: *worse* (-0.423); "
        "cannot tell: *untouched* (-0.320), *idle* (-0.320)"
    )
    assert describe_gaps(runs, margin=0.2, overlap=9.0).startswith("cannot tell: *untouched*")


def test_intervals_are_sorted_by_their_side_of_zero():
    """Undefined ones are not distinguishable from it; those inside a margin say so, whatever their side."""
    changes = pd.DataFrame({"low": [-2, -1, 0.1, np.nan], "high": [-1, 1, 0.2, np.nan]}, index=list("xyzw"))
    assert say_changes(changes) == "above zero with z; below zero with x; not distinguishable from zero with y, w"
    said = "below zero with x; within ±0.3 with z; not distinguishable from zero with y, w"
    assert say_changes(changes, margin=0.3) == said
    with pytest.raises(ValueError, match="margin=0 must be above 0"):
        say_changes(changes, margin=0)
