"""Tables of a page: a caption, headers that say what they head, and cells in which a number keeps its interval."""

import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from labkit.audit.text import IMPRECISE
from labkit.layout import scroll_box

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")
LISTED = 40  # rows from which on a table is folded where the page has a shorter view of the same


class TableRow(NamedTuple):
    """A row of a table: its header and its cells, as HTML; ``is_total`` where it is about everyone."""

    header: str
    cells: Sequence[str]
    is_total: bool = False


def write_table(
    columns: Sequence[str],
    rows: Iterable[TableRow],
    *,
    caption: str,
    label: str,
    folded: str | None = None,
    in_words: Sequence[int] = (),
) -> str:
    """Write a table in a box that scrolls where it is wider than the page.

    Parameters
    ----------
    columns : sequence of str
        What heads each column, the first one that of the rows' headers; plain text.
    rows : iterable of TableRow
        From top to bottom.
    caption : str
        What the table shows; plain text.
    label : str
        What the box is called for people who hear the page; different for each box of a page.
    folded : str, optional
        Put the table behind this line, which opens it.
    in_words : sequence of int
        Columns that hold words, which may take several lines; numbers do not.

    Returns
    -------
    str
        HTML.
    """
    kinds = [' class="words"' if place in in_words else "" for place in range(len(columns))]
    head = "".join(f'<th scope="col"{kind}>{html.escape(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    body = []
    for row in rows:
        kind = ' class="all"' if row.is_total else ""
        cells = "".join(f"<td{words}>{cell}</td>" for words, cell in zip(kinds[1:], row.cells, strict=True))
        body.append(f'<tr{kind}><th scope="row">{row.header}</th>{cells}</tr>')
    table = (
        f'<table class="audit"><caption>{html.escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        "<tbody>" + "\n".join(body) + "</tbody></table>"
    )
    box = scroll_box(table, label=label)
    return box if folded is None else f"<details><summary>{html.escape(folded)}</summary>\n{box}</details>"


def write_frame(
    frame: pd.DataFrame, *, caption: str, label: str, folded: str | None = None, in_words: Sequence[int] = ()
) -> str:
    """Write a frame of text as a table, with intervals below their numbers; see `write_table`."""
    rows = [
        TableRow(html.escape(str(name)), [stack_interval(str(text)) for text in values])
        for name, *values in frame.itertuples(name=None)
    ]
    columns = [frame.index.name or "", *map(str, frame.columns)]
    return write_table(columns, rows, caption=caption, label=label, folded=folded, in_words=in_words)


def mark_options(said: str) -> str:
    """Write options of the command as code, which takes no line break; ``said`` and the result are HTML."""
    return OPTION.sub(r"<code>\1</code>", said)


def stack_interval(text: str) -> str:
    """Write "0.250 [0.100, 0.400] ‡" with the interval below the number; other text as it is. The result is HTML."""
    number, bracket, rest = text.partition(" [")
    if not bracket or not rest.removesuffix(f" {IMPRECISE}").endswith("]"):
        return html.escape(text)
    return f'{html.escape(number)}<br><span class="ci">[{html.escape(rest)}</span>'


def rate_cell(rate: float, limits: Sequence[float], *, of: str = "", reason: str = "", is_marked: bool = False) -> str:
    """Write a rate, the people that it is taken of, and its interval, as HTML.

    Parameters
    ----------
    rate : float
        NaN where it is undefined.
    limits : sequence of float
        Lower and upper limit; NaN where there is no interval.
    of : str
        Such as "of 508"; plain text.
    reason : str
        Why the rate is undefined; plain text.
    is_marked : bool
        Whether too few people are behind the interval.
    """
    if np.isnan(rate):
        return f'undefined<br><span class="why">{html.escape(reason)}</span>' if reason else "undefined"
    low, high = limits
    said = f"{rate:.3f}" + (f' <span class="of">{html.escape(of)}</span>' if of else "")
    if np.isnan(low):
        return said
    mark = f" {IMPRECISE}" if is_marked else ""
    return f'{said}<br><span class="ci">[{low:.3f}, {high:.3f}]{mark}</span>'
