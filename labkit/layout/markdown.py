"""Text that others wrote, put into Markdown so that it stays text: no heading, no table, no HTML, no link of theirs."""

import re
from collections.abc import Iterable, Sequence

from labkit.validation import escape_controls

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# An underscore within a word is no emphasis, and stays legible.
MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
# What makes a heading, a list, a rule or a table of a line when it begins with it.
BEGINS_BLOCK = re.compile(
    r"^(#(?=#{0,5}(?:\s|$))"  # heading
    r"|[+\-](?=\s|$)|\d{1,9}(?=[.)](?:\s|$))"  # list
    r"|[\-=:](?=[\-=:\s]*$))"  # rule, underline of a heading, rule of a table
)


def escape_markdown(text: str) -> str:
    r"""Write text so that Markdown shows it as it is, whatever marks it holds.

    Blank lines still separate paragraphs; indentation, which would make code of a line, is dropped.

    Parameters
    ----------
    text : str
        One line or several.

    Returns
    -------
    str
        Markdown without control characters.

    Examples
    --------
    >>> escape_markdown("# <b>not</b> a heading, but snake_case")
    '\\# &lt;b&gt;not&lt;/b&gt; a heading, but snake_case'
    """
    text = escape_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_escape_line(line.strip()) for line in text.split("\n"))).strip()


def _escape_line(line: str) -> str:
    """Escape the marks in one line, and what it begins with."""
    line = MARKS.sub(lambda found: "\\" + found[0], line)
    line = re.sub("[&<>]", lambda found: ENTITIES[found[0]], line)
    if found := BEGINS_BLOCK.match(line):
        number = found[0] if found[0].isdigit() else ""
        return f"{number}\\{line[len(number) :]}"
    return line


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Write a table; cells are Markdown already, on one line each.

    Parameters
    ----------
    headings : sequence of str
        One for each column.
    rows : iterable of sequence of str
        Rows of as many cells.
    right : sequence of int
        Positions of columns that are aligned to the right: numbers.

    Returns
    -------
    str
        Lines without an empty one.
    """
    rule = ["---:" if place in right else "---" for place in range(len(headings))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [headings, rule, *rows])


def fenced(text: str, language: str = "") -> str:
    """Write text as a block of code that it cannot end itself."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{escape_controls(text)}\n{fence}"
