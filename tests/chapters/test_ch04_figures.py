"""Figures of notebook 04 show what was counted: trees, the origin of two intervals, analyses, chance, scores."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labkit.audit import newcombe_interval, wilson_interval
from labkit.chapters.ch04 import (
    count_per_thousand,
    plot_frequency_trees,
    plot_newcombe,
    plot_null,
    plot_score_distributions,
    plot_specifications,
    plot_wilson,
)
from tests.figures import drawn


@pytest.fixture(autouse=True)
def closed():
    """No figure stays open."""
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [([1, 1, 1], [334, 333, 333]), ([990, 805, 532, 1369], [268, 218, 144, 370]), ([0, 0, 5, 0], [0, 0, 1000, 0])],
)
def test_a_thousand_people_are_a_thousand(cells, expected):
    """Rounded, and still adding up."""
    found = count_per_thousand(cells)
    assert found.tolist() == expected and found.sum() == 1000


@pytest.mark.parametrize("cells", [[0, 0, 0, 0], [-1, 2, 3, 4]])
def test_nobody_has_no_thousand(cells):
    """Nor do negative counts."""
    with pytest.raises(ValueError, match="are not people; give numbers of at least 0"):
        count_per_thousand(cells)


def test_trees_hold_people():
    """Root, branches and leaves of each group; a branch is the sum of its leaves."""
    cells = pd.DataFrame({"tn": [990, 1], "fp": [805, 1], "fn": [532, 1], "tp": [1369, 1]}, index=["one", "other"])
    first, second = plot_frequency_trees(cells, labels=("no", "yes"), decisions=("low", "high")).axes
    texts = [text.get_text() for text in first.texts]
    assert texts == ["1,000\npeople", "486\nno", "268\nlow", "218\nhigh", "514\nyes", "144\nlow", "370\nhigh"]
    assert first.get_title() == "one (n = 3,696)"
    assert [text.get_text().split("\n")[0] for text in second.texts[1:]] == ["500", "250", "250", "500", "250", "250"]


def test_a_tree_needs_four_counts():
    """A missing one is named."""
    with pytest.raises(ValueError, match="no column fp, tp"):
        plot_frequency_trees(pd.DataFrame({"tn": [1], "fn": [1]}))


def test_wilsons_interval_ends_where_the_band_does():
    """At its limits, the observed share lies on the edge of what samples show."""
    shown = drawn(plot_wilson(6, 8))
    low, high = wilson_interval(6, 8, confidence=0.95)
    np.testing.assert_allclose(shown["Wilson's interval"], [[low, 0.75], [high, 0.75]])
    edge = shown["middle 95% of samples"]  # the lower one
    assert np.interp(high, edge[:, 0], edge[:, 1]) == pytest.approx(0.75, abs=1e-3)


@pytest.mark.parametrize("counts", [(9, 8), (-1, 8), (0, 0)])
def test_what_is_not_a_share_is_rejected(counts):
    """More successes than people, or nobody."""
    with pytest.raises(ValueError, match="is not a share"):
        plot_wilson(*counts)


def test_the_diagonal_is_newcombes_distance():
    """From the difference down to its lower limit."""
    one, other = (805, 1795), (349, 1488)
    right = plot_newcombe(one, other, names=("a", "b")).axes[1]
    (x0, y0), (x1, y1) = drawn(right)["diagonal: subtract it"]
    low, _ = newcombe_interval(one, other, confidence=0.95)
    assert np.hypot(x1 - x0, y1 - y0) == pytest.approx(805 / 1795 - 349 / 1488 - low)


ANALYSES = pd.DataFrame(
    {
        "gap": [0.1, 0.2, 0.3],
        "gap_low": [0.0, 0.1, 0.2],
        "gap_high": [0.2, 0.3, 0.4],
        "cut": ["high", "low", "low"],
        "rows": ["all", "all", "some"],
    }
)


def test_specifications_are_dots_above_their_choices():
    """In the order of the table, one color per option, and a dot where a choice was made."""
    panel, below = plot_specifications(ANALYSES, {"gap": "gap"}, ["rows"], color_by="cut").axes
    shown = drawn(panel)
    np.testing.assert_allclose(shown["high"], [[0, 0.1]])
    np.testing.assert_allclose(shown["low"], [[1, 0.2], [2, 0.3]])
    taken = [line.get_xdata().tolist() for line in below.get_lines() if line.get_color() == "black"]
    assert taken == [[0, 1], [2]]
    assert [tick.get_text() for tick in below.get_yticklabels()] == ["rows: all", "rows: some"]


def test_a_specification_without_its_column_is_named():
    """With the columns that there are."""
    with pytest.raises(ValueError, match=r"no column \['gap_high'\]"):
        plot_specifications(ANALYSES.drop(columns="gap_high"), {"gap": "gap"}, ["rows"], color_by="cut")


def test_chance_is_drawn_with_what_was_measured():
    """One panel per title, each with its own line."""
    gaps = {"one": np.array([0.1, 0.2, 0.3]), "other": np.array([0.0, 0.1])}
    for ax, title in zip(plot_null(gaps, {"one": 0.25, "other": 0.05}).axes, gaps, strict=True):
        shown = drawn(ax)
        assert set(shown["measured"][:, 0]) == {0.25 if title == "one" else 0.05}
        assert set(shown["mean of the shuffled"][:, 0]) == {gaps[title].mean()}
        assert shown["outcomes shuffled"].sum() == len(gaps[title])


def test_chance_needs_a_measurement_for_each_panel():
    """Titles that differ are an error."""
    with pytest.raises(ValueError, match="the panels differ"):
        plot_null({"one": np.array([0.1])}, {"other": 0.1})


def test_score_distributions_are_shares_of_their_group():
    """Bars of both outcomes add up to the whole group; scores that a group lacks are empty."""
    scores = pd.DataFrame({"group": list("aaab"), "score": [1, 1, 2, 3], "positive": [0, 1, 1, 0]})
    first, second = plot_score_distributions(scores, cut=2).axes
    np.testing.assert_allclose(drawn(first)["not charged again"], [1 / 3, 0, 0])
    np.testing.assert_allclose(drawn(first)["charged again"], [1 / 3, 1 / 3, 0])
    np.testing.assert_allclose(drawn(second)["not charged again"], [0, 0, 1])
    with pytest.raises(ValueError, match="no column positive"):
        plot_score_distributions(scores.drop(columns="positive"), cut=2)
