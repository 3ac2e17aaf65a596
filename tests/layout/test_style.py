"""Text can be read: the contrast of every color that the style gives to text, against the backgrounds it occurs on."""

import re
from itertools import product

import pytest

from labkit.exercises.outcomes import LOOKS, NEUTRAL
from labkit.layout.document import read_file

STYLE = re.sub(r"/\*.*?\*/", "", read_file("style.css"), flags=re.DOTALL)
VARIABLES = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", STYLE))
GROUNDS = [VARIABLES[name] for name in ("paper", "box", "note", "alarm")]
NEEDED = 4.5  # WCAG 2.2, 1.4.3, for text of any size


def luminance(color):
    """Return the relative luminance of a color like #0057b8 (WCAG 2.2)."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Return the contrast ratio of two colors, from 1 to 21."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def colors_of_text():
    """List the colors in the style that text has, variables by their values."""
    named = re.findall(r"(?<![-\w])color: (#[0-9a-f]{6}|var\(--\w+\))", STYLE)
    return sorted({VARIABLES[name[6:-1]] if name.startswith("var") else name for name in named})


def test_contrast_is_that_of_the_standard():
    """Black on white has 21, and #767676 is the lightest gray with 4.5."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") > NEEDED > contrast("#777777", "#ffffff")


def test_text_stands_out_from_every_background():
    """Code, links, colors of terminals, and the boxes of exercises."""
    colors = colors_of_text()
    assert len(colors) > 15 and len(GROUNDS) == 4
    faint = {pair: round(contrast(*pair), 2) for pair in product(colors, GROUNDS) if contrast(*pair) < NEEDED}
    assert faint == {}
    titles = [NEUTRAL, *(color for _, color in LOOKS.values())]
    assert min(contrast(color.lower(), "#ffffff") for color in titles) >= NEEDED


def test_style_loads_nothing():
    """Fonts are the system's."""
    assert not re.search(r"url\(|@import|@font-face|//", STYLE)
