"""The upper edge of a convex hull: what lotteries between points can reach at most."""

import numpy as np


def upper_hull(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Find the corners of the upper edge of the convex hull of points, from left to right.

    Andrew's monotone chain (Andrew, 1979, "Another efficient algorithm for convex hulls in two dimensions"). Points
    inside an edge are not corners, and of equal points the first one is, so that collinear points and duplicates are
    allowed; scipy's ``ConvexHull`` raises an error where all points are on one line.

    Parameters
    ----------
    x, y : array of shape (n,)
        At least one point.

    Returns
    -------
    ndarray of int
        Positions of the corners: from the lowest of the leftmost points to the highest of the rightmost points.

    Examples
    --------
    >>> upper_hull(np.array([0, 0.4, 0.5, 1]), np.array([0, 0.5, 0.9, 1])).tolist()
    [0, 2, 3]
    """
    order = np.lexsort([y, x])  # by x, and by y where x is equal; equal points stay in order
    across, up = np.asarray(x, dtype=float)[order].tolist(), np.asarray(y, dtype=float)[order].tolist()
    points = list(zip(across, up, strict=True))
    kept: list[int] = []
    for place, point in enumerate(points):
        if kept and points[kept[-1]] == point:
            continue
        while len(kept) > 1 and not turns_right(points[kept[-2]], points[kept[-1]], point):
            kept.pop()  # the last corner is below the line to the new point, or on it
        kept.append(place)
    return order[kept]


def turns_right(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> bool:
    """Say whether the way from the first point over the middle one to the last one turns right."""
    (x0, y0), (x1, y1), (x2, y2) = first, middle, last
    return (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0) < 0
