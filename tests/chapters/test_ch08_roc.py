"""ROC curves of groups, their hulls, and gaps at every threshold."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.spatial import ConvexHull

from labkit.chapters.ch08.roc import plot_roc_regions, roc_by_group, roc_hull, selection_gaps
from tests.figures import drawn, unlabeled


@pytest.fixture(scope="module")
def people():
    """400 people in two groups, with scores that know their label a little."""
    generator = np.random.default_rng(0)
    group, y = np.repeat(["a", "b"], [250, 150]), generator.integers(0, 2, 400)
    return y, generator.normal(size=400) + y, group


def test_a_point_is_what_its_threshold_does(people):
    """Rates at a threshold are those of deciding 1 from that score on."""
    y, score, group = people
    curve = roc_by_group(y_true=y, y_score=score, sensitive_features=group)["b"]
    row = curve.iloc[60]
    decided = score[group == "b"] >= row["threshold"]
    positive = y[group == "b"] == 1
    assert (row["tpr"], row["fpr"]) == pytest.approx((decided[positive].mean(), decided[~positive].mean()))
    assert curve[["fpr", "tpr"]].iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_the_hull_is_scipy_s(people):
    """The upper edge has the corners that scipy finds, above the diagonal."""
    curves = roc_by_group(y_true=people[0], y_score=people[1], sensitive_features=people[2])
    for curve in curves.values():
        points = np.vstack([curve[["fpr", "tpr"]], [1, 0]])  # the last leaves only the upper edge
        corners = points[ConvexHull(points).vertices]
        expected = {tuple(corner) for corner in corners.round(9)} - {(1, 0)}
        assert {tuple(corner) for corner in roc_hull(curve)[["fpr", "tpr"]].to_numpy().round(9)} == expected


def test_a_hull_begins_at_nobody():
    """Also where the first threshold finds positives without a false alarm."""
    hull = roc_hull(pd.DataFrame({"fpr": [0, 0, 0.5, 1], "tpr": [0, 0.6, 0.6, 1]}))
    assert hull[["fpr", "tpr"]].to_numpy().tolist() == [[0, 0], [0, 0.6], [1, 1]]


def test_gaps_at_thresholds():
    """First group less second; a score that equals a threshold is selected."""
    gaps = selection_gaps([0.2, 0.8, 0.5, 0.5], [0, 0.5, 0.6, 1], sensitive_features=["a", "a", "b", "b"])
    assert gaps.tolist() == [0, -0.5, 0.5, 0]


def test_the_figure_shows_curves_hulls_and_the_shared_region(people):
    """A thin and a thick line for each group, marks, and a shaded region between the diagonal and the lower hull."""
    curves = roc_by_group(y_true=people[0], y_score=people[1], sensitive_features=people[2])
    ax = plot_roc_regions(curves, marks={"one threshold": {"a": (0.2, 0.5), "b": (0.1, 0.3)}})
    shown = drawn(ax)
    for group, mark in (("a", (0.2, 0.5)), ("b", (0.1, 0.3))):
        hull = shown[f"{group}: thresholds (thin) and lotteries"]
        np.testing.assert_allclose(hull, roc_hull(curves[group])[["fpr", "tpr"]])
        curve = curves[group][["fpr", "tpr"]].to_numpy()
        assert sum(np.array_equal(line.get_xydata(), curve) for line in unlabeled(ax)) == 1
        assert any(line.get_xydata().tolist() == [list(mark)] for line in ax.get_lines())
    region = shown["every group can be here"]
    for group in "ab":
        hull = roc_hull(curves[group])
        assert (region[:, 1] <= np.interp(region[:, 0], hull["fpr"], hull["tpr"]) + 1e-9).all()
    assert (region[:, 1] >= region[:, 0] - 1e-9).all() and "one threshold" in shown
    assert ax.get_xlabel() and ax.get_ylabel()
    plt.close(ax.figure)


def test_wrong_arguments_are_named(people):
    """Lengths, a group with one label, a curve without its ends, too many groups, a single group."""
    y, score, group = people
    with pytest.raises(ValueError, match="lengths differ"):
        roc_by_group(y_true=y[1:], y_score=score, sensitive_features=group)
    with pytest.raises(ValueError, match="group 'b' has only label 1"):
        roc_by_group(y_true=np.where(group == "b", 1, y), y_score=score, sensitive_features=group)
    with pytest.raises(ValueError, match="does not run from fpr 0"):
        roc_hull(pd.DataFrame({"fpr": [0.1, 1], "tpr": [0.2, 1]}))
    with pytest.raises(ValueError, match="5 groups cannot be told apart"):
        plot_roc_regions(dict.fromkeys("abcde"))
    with pytest.raises(ValueError, match="a signed gap needs two"):
        selection_gaps([0.1], [0.5], sensitive_features=["a"])
