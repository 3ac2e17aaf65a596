"""Names of groups in figures: fonts that have their characters, and keys for names that cannot be drawn.

A font draws only the characters that it has, and a name of 200 characters leaves no room for the figure. A name that
cannot be drawn becomes a key, "#12", and a long one is cut and gets its key: the page's table has keys and names.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from labkit.audit.text import format_name
from labkit.plots import plain_label

LONGEST = 28  # columns of text; a Chinese character takes two
OWN = "DejaVu Sans"  # comes with matplotlib
SHAPED = {"R", "AL"}  # directions of writing that need shaping: Hebrew, Arabic
PLAIN = frozenset(map(chr, [*range(0x20, 0x7F), *range(0xA1, 0x180)])) | set("†‡…–—‘’“”€")  # it has all of these
UNFIT = ("color", "lastresort", "math")  # bitmaps, boxes for every character, formulas


class Lettering(NamedTuple):
    """How names are written in a figure.

    ``labels`` are the names as matplotlib takes them, ``keys`` is True where a label holds a key, and ``fonts`` are
    the families that have all characters, in the order in which they are asked; ``files`` are those of fonts that come
    from the machine.
    """

    labels: list[str]
    keys: list[bool]
    fonts: list[str]
    files: list[str]


def letter(names: Sequence[str]) -> Lettering:
    """Choose fonts and labels for names; the key of a name is "#" and its place, counted from 1.

    Parameters
    ----------
    names : sequence of str
        Names as the page's tables show them, all of them, in order.

    Returns
    -------
    Lettering
        One label per name.
    """
    names = [format_name(name) for name in names]
    missing = {character for name in names for character in name if not _is_silent(character)} - PLAIN
    fonts, files = [OWN], []
    if missing:  # only then are fonts opened, which takes matplotlib
        missing -= _characters_of(_own_path())
    if missing:
        for path in _candidates():
            if found := missing & _characters_of(path):
                fonts.append(_family_of(path))
                files.append(path)
                missing -= found
            if not missing:
                break
    labels, keys = [], []
    for place, name in enumerate(names, start=1):
        drawable = not (set(name) & missing) and (not _needs_shaping(name) or _has_shaping())
        is_short = text_width(name) <= LONGEST
        keys.append(not (drawable and is_short))
        if drawable:
            labels.append(plain_label(name if is_short else f"{_cut(name)}… #{place}"))
        else:
            labels.append(f"#{place}")
    return Lettering(labels, keys, fonts, files)


def text_width(text: str) -> int:
    """Count the columns that a text takes: two for a Chinese, Japanese or Korean character."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _cut(name: str) -> str:
    """Keep the beginning of a name, without half a character at its end."""
    kept = ""
    for character in name:
        if text_width(kept + character) > LONGEST - 6:
            break
        kept += character
    return kept.rstrip()


def _is_silent(character: str) -> bool:
    """Say whether nothing is drawn for a character by itself: blanks, and marks that join or choose forms."""
    return character.isspace() or unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _needs_shaping(name: str) -> bool:
    """Say whether letters change their form or place with their neighbors."""
    return any(
        unicodedata.bidirectional(character) in SHAPED or unicodedata.category(character) in ("Mn", "Mc")
        for character in unicodedata.normalize("NFC", name)
    )


def _has_shaping() -> bool:
    """Say whether matplotlib shapes text: from 3.11 on, by libraqm."""
    from matplotlib import ft2font

    return hasattr(ft2font, "__libraqm_version__")


def _own_path() -> str:
    """Return the file of matplotlib's own font."""
    import matplotlib

    return str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))


@cache
def _candidates() -> tuple[str, ...]:
    """List the machine's fonts, plain ones without serifs first; matplotlib's own list may be older than they are."""
    from matplotlib import font_manager

    def rank(path: str) -> tuple:
        name = Path(path).stem.lower()
        return ("sans" not in name, "serif" in name or "mono" in name, "regular" not in name, path)

    paths = sorted(font_manager.findSystemFonts(), key=rank)
    return tuple(path for path in paths if not any(word in Path(path).stem.lower() for word in UNFIT))


@cache
def _characters_of(path: str) -> frozenset[str]:
    """Return the characters that a font has; none where it cannot be read, or has no outlines to scale."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
    except (RuntimeError, OSError):
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()


def _family_of(path: str) -> str:
    """Return the name of the family that a font belongs to."""
    from matplotlib.ft2font import FT2Font

    return FT2Font(path).family_name
