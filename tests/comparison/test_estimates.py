"""Figures of gaps: what they show is what was counted."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labkit.comparison.plots import plot_estimates
from tests.figures import drawn, spans, unlabeled


@pytest.fixture(autouse=True)
def closed():
    """No figure stays open."""
    yield
    plt.close("all")


def test_differences_are_listed_from_top_to_bottom():
    """Each dot with its interval, and a line at zero."""
    table = pd.DataFrame({"difference": [0.1, -0.2], "low": [0.0, -0.3], "high": [0.2, -0.1]}, index=["x", "y"])
    ax = plot_estimates(table)
    (dots,) = (line for line in unlabeled(ax) if line.get_marker() == "o")
    (zero,) = (line for line in unlabeled(ax) if line.get_marker() == "None")
    np.testing.assert_allclose(dots.get_xydata(), [[0.1, 0], [-0.2, 1]])
    assert set(zero.get_xdata()) == {0} and ax.get_ylim() == (1.5, -0.5)
    assert spans(ax) == {0: pytest.approx((0, 0.2)), 1: pytest.approx((-0.3, -0.1))}


def test_each_value_of_a_second_level_has_its_label():
    """And its own row, side by side with the other."""
    index = pd.MultiIndex.from_product([["model", "doctor"], ["recorded", "true"]])
    table = pd.DataFrame({"mean": [1.0, 2, 3, 4], "low": 0.0, "high": 5.0}, index=index)
    ax = plot_estimates(table, "mean", ax=plt.figure().subplots())
    shown = drawn(ax)
    assert set(shown) == {"recorded", "true"}
    assert shown["recorded"][:, 0].tolist() == [1, 3] and shown["true"][:, 0].tolist() == [2, 4]
    assert (shown["recorded"][:, 1] < shown["true"][:, 1]).all()


def test_the_line_of_reference_can_be_moved():
    """It is at zero by default."""
    table = pd.DataFrame({"share": [0.2], "low": [0.1], "high": [0.3]}, index=["one"])
    for options, place in (({}, 0.0), ({"reference": 0.25}, 0.25)):
        lines = unlabeled(plot_estimates(table, "share", **options))
        assert [list(line.get_xdata()) for line in lines if line.get_marker() == "None"] == [[place, place]]


def test_a_missing_column_is_named():
    """With those that there are."""
    with pytest.raises(ValueError, match=r"no column \['high', 'low'\]; there are \['difference'\]"):
        plot_estimates(pd.DataFrame({"difference": [0.1]}))
