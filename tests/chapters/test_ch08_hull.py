"""The upper edge of a convex hull: against scipy, and where scipy has no answer."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from labkit.chapters.ch08.hull import upper_hull
from labkit.chapters.ch08.roc import roc_hull

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=15)


def corners_of(points):
    """Return the corners as a list of pairs."""
    x, y = np.array(points, dtype=float).T
    return [points[row] for row in upper_hull(x, y).tolist()]


@pytest.mark.parametrize(
    ("points", "corners"),
    [
        ([(0, 0), (1, 1)], [(0, 0), (1, 1)]),
        ([(0, 0), (0.25, 0.25), (0.5, 0.5), (1, 1)], [(0, 0), (1, 1)]),
        ([(0, 0), (0, 0.5), (0, 1), (1, 1)], [(0, 0), (0, 1), (1, 1)]),
        ([(0, 0), (0, 0), (0.5, 0.75), (0.5, 0.75), (1, 1), (1, 1)], [(0, 0), (0.5, 0.75), (1, 1)]),
        ([(1, 1), (0.5, 0.25), (0, 0), (0.5, 0.75), (1, 0.9)], [(0, 0), (0.5, 0.75), (1, 1)]),
        ([(0, 0), (1, 0)], [(0, 0), (1, 0)]),
        ([(3, 4)], [(3, 4)]),
        ([(3, 4), (3, 4)], [(3, 4)]),
    ],
    ids=[
        "two points",
        "collinear",
        "vertical",
        "duplicates",
        "any order",
        "horizontal",
        "one point",
        "one point twice",
    ],
)
def test_corners_by_hand(points, corners):
    """Collinear points and duplicates are no corners."""
    assert corners_of(points) == corners


def test_equal_points_give_the_first_row():
    """Whatever order they are met in, the row that comes first in the data is the corner."""
    assert upper_hull(np.array([1.0, 0, 1, 0]), np.array([1.0, 0, 1, 0])).tolist() == [1, 0]


@given(points=POINTS)
def test_no_point_is_above_the_edge_and_the_edge_is_concave(points):
    """From the lowest of the leftmost points to the highest of the rightmost; every corner is needed."""
    corners = np.array(corners_of(points), dtype=float)
    x, y = np.array(points, dtype=float).T
    first, last = (x.min(), y[x == x.min()].min()), (x.max(), y[x == x.max()].max())
    assert tuple(corners[0]) == first and (tuple(corners[-1]) == last or x.min() == x.max())
    across, up = np.diff(corners, axis=0).T
    assert (across[:-1] * up[1:] - up[:-1] * across[1:] < 0).all()  # each turn is to the right
    if x.min() < x.max():
        edge = corners[np.append(corners[1:, 0] > corners[:-1, 0], True)]  # without the start of a vertical piece
        assert (y <= np.interp(x, edge[:, 0], edge[:, 1]) + 1e-9).all()


def test_corners_are_scipys_on_random_points():
    """Where the points are in general position; a point far below leaves scipy only the upper edge."""
    generator = np.random.default_rng(0)
    for _ in range(20):
        points = np.vstack([generator.random((40, 2)), [[0, 0], [1, 0]]])
        hull = ConvexHull(points)
        above = {row for row in hull.vertices.tolist() if points[row, 1] > 0} | {40, 41}
        assert set(upper_hull(points[:, 0], points[:, 1]).tolist()) == above


def test_a_curve_of_chance_is_a_straight_line():
    """scipy's ConvexHull raises an error there."""
    curve = pd.DataFrame({"fpr": [0, 0.3, 0.7, 1], "tpr": [0, 0.3, 0.7, 1], "threshold": [np.inf, 3, 2, 1]})
    assert roc_hull(curve)["threshold"].tolist() == [np.inf, 1]


def test_a_curve_must_begin_at_nobody():
    """Otherwise the edge would miss the lotteries with the rule that selects nobody."""
    with pytest.raises(ValueError, match=r"does not run from fpr 0 and tpr 0 to \(1, 1\)"):
        roc_hull(pd.DataFrame({"fpr": [0, 1], "tpr": [0.5, 1]}))
