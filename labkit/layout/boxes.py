"""Boxes for what may be wider than a page: they scroll, with fingers, mouse and keyboard, and the page does not."""

import base64
import binascii
import html
import re
import struct

LEGIBLE = 0.62  # of a figure's own width: letters of 10 points at 110 dots per inch are then 9.5 pixels high


def scroll_box(content: str, *, label: str, kind: str = "") -> str:
    """Put HTML into a box that scrolls sideways and can be reached by keyboard.

    Parameters
    ----------
    content : str
        HTML.
    label : str
        Plain text: what is in it, for people who hear the page. Different for each box of a page.
    kind : str, optional
        One more class for the style.
    """
    kinds = f"scroll {kind}".strip()
    return f'<div class="{kinds}" role="region" aria-label="{html.escape(label)}" tabindex="0">{content}</div>'


def table_box(table: str, *, label: str) -> str:
    """Put a table of pandas into a box that scrolls, and say of each of its headers what it heads.

    Parameters
    ----------
    table : str
        From ``DataFrame.to_html``; cells escaped.
    label : str
        What the box is called, see `scroll_box`.

    Examples
    --------
    >>> table_box("<thead><th></th><th>n</th></thead>", label="a").partition("tabindex")[2]
    '="0"><thead><td></td><th scope="col">n</th></thead></div>'
    """
    head, end, body = table.partition("</thead>")
    head = re.sub(r"<th[^>]*></th>", "<td></td>", head)  # an empty header heads nothing
    return scroll_box(_add_scope(head, "col") + end + _add_scope(body, "row"), label=label)


def _add_scope(rows: str, scope: str) -> str:
    """Say what the header cells of some rows head."""
    return re.sub(r"<th(?=[ >])", f'<th scope="{scope}"', rows)


def figure_box(png: str, *, alt: str, label: str, narrow: str = "") -> str:
    """Write a figure that shrinks with the page until its letters would be too small, and then scrolls.

    Parameters
    ----------
    png : str
        A PNG in base64.
    alt : str
        What a reader would see.
    label : str
        What the box is called, see `scroll_box`; shorter than ``alt``.
    narrow : str, optional
        The same figure for a window as narrow as a phone, where the other one would scroll: a "data:" address.
    """
    image = f'<img src="data:image/png;base64,{png}" alt="{html.escape(alt)}"{legible(png)}>'
    if narrow:
        image = f'<picture><source media="(max-width: 40rem)" srcset="{html.escape(narrow)}">{image}</picture>'
    return scroll_box(image, label=label, kind="figure")


def legible(png: str) -> str:
    """Return the attributes that hold a figure to a width at which it can be read; none for what is not a PNG."""
    size = png_size(png)
    if size is None:
        return ""
    width, height = size
    return f' width="{width}" height="{height}" style="min-width: {round(width * LEGIBLE)}px"'


def png_size(png: str) -> tuple[int, int] | None:
    """Return the width and height of a PNG in pixels.

    Parameters
    ----------
    png : str
        In base64; line breaks in it do not matter.

    Returns
    -------
    tuple of int or None
        None for what is not a PNG.

    Examples
    --------
    >>> png_size("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYa")  # its beginning is enough
    (3, 2)
    >>> png_size("")
    """
    try:
        start = base64.b64decode("".join(png[:64].split())[:32])
    except (binascii.Error, ValueError):
        return None
    if len(start) < 24 or not start.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return struct.unpack(">II", start[16:24])
