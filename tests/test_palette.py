"""Marks of figures are visible on white, and colors differ for readers with each common form of color blindness."""

from itertools import combinations

import numpy as np
import pytest

from labkit.exercises.outcomes import LOOKS, NEUTRAL
from labkit.plots import PALETTE

# Linear RGB as it appears without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1).
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Linear sRGB to CIE XYZ, white D65 (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
OKABE_AND_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442")


def linear(color):
    """Return the linear red, green and blue of "#RRGGBB", each from 0 to 1."""
    parts = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(color):
    """Return the contrast of a color to white, from 1 to 21 (WCAG 2.1)."""
    return 1.05 / (TO_XYZ[1] @ linear(color) + 0.05)


def as_seen(color, vision):
    """Return a color in CIELAB, as somebody with that vision sees it."""
    seen = np.clip(np.asarray(VISIONS[vision]) @ linear(color), 0, 1)
    ratios = TO_XYZ @ seen / TO_XYZ.sum(axis=1)
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(palette, vision):
    """Return the distance of the two most similar colors (Delta E, CIE 1976)."""
    seen = [as_seen(color, vision) for color in palette]
    return min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))


@pytest.mark.parametrize("color", [*PALETTE, NEUTRAL, *(color for _, color in LOOKS.values())])
def test_marks_are_visible_on_white(color):
    """At least 3:1, which WCAG 2.1 asks of graphics."""
    assert contrast(color) >= 3


@pytest.mark.parametrize("vision", VISIONS)
def test_colors_differ(vision):
    """By more than 25 at least, ten times what the eye just notices; those of Okabe and Ito come to 16."""
    assert closest(PALETTE, vision) > 25 > closest(OKABE_AND_ITO, "tritanopia")


def test_the_measures_are_the_known_ones():
    """Black has the contrast 21 to white; mid-gray #777777 has 4.48; pure red is at L 53.2, a 80.1, b 67.2."""
    assert contrast("#000000") == pytest.approx(21) and contrast("#777777") == pytest.approx(4.48, abs=0.01)
    assert as_seen("#FF0000", "normal") == pytest.approx([53.2, 80.1, 67.2], abs=0.1)
