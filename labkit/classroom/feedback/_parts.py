"""Parts of pages about grades. Whatever students wrote is escaped here, and sequences for terminals are left out."""

import html
from collections.abc import Iterable, Sequence

from labkit.classroom.box.values import BadReply, unpack_plain
from labkit.exercises.judging import CORRECT, NOT_ATTEMPTED, NOT_YET
from labkit.exercises.outcomes import LOOKS, mark_code
from labkit.layout import scroll_box, strip_sequences

LONGEST_ANSWER = 300  # characters of an answer on a page
SIGNS = {state: sign for state, (sign, _) in LOOKS.items()}
KINDS = {CORRECT: "correct", NOT_YET: "wrong", NOT_ATTEMPTED: "open"}  # classes of the style
UNSAFE = (
    "These marks cannot be trusted: no box kept the students' code from reading or changing other people's work and "
    "marks while it was graded (<code>--unsafe</code>)."
)
STYLE = """
.exercise { border: 1px solid var(--line); border-left: 4px solid var(--soft); border-radius: 4px; margin: 0 0 1rem;
  padding: .3rem .8rem; overflow-wrap: anywhere; }
.exercise h3 { margin: .3rem 0; font-size: 1.05rem; } .exercise p { margin: 0 0 .4rem; }
.exercise.correct { border-left-color: var(--good); } .exercise.correct .state { color: var(--good); }
.exercise.wrong { border-left-color: var(--bad); } .exercise.wrong .state { color: var(--bad); }
.state { font-weight: 600; } .found, .given { color: var(--soft); font-size: .93rem; }
.total { font-size: 1.2rem; font-weight: 600; }
.grades .number { white-space: nowrap; }
.grades td { overflow-wrap: anywhere; }
.grades td:not(.number) { min-width: 14rem; }
"""


def safe(text: object) -> str:
    """Return a text that others wrote as HTML."""
    return html.escape(as_text(text))


def as_text(text: object) -> str:
    r"""Return a text that others wrote without what steers a terminal, also where that was made visible before.

    >>> as_text("a \x1b[31mred"), as_text(r"a \x1b[31mred")
    ('a red', 'a red')
    """
    return strip_sequences(str(text).replace(r"\x1b", "\x1b"))


def say_message(message: str) -> str:
    """Return a message of an exercise as HTML: words between backticks are code."""
    return mark_code(as_text(message).replace("\u2028", " "))


def warning(sentences: Iterable[str], *, title: str) -> str:
    """Return a box with what must not be overlooked, from sentences that are HTML; empty without any."""
    paragraphs = "".join(f"<p>{each}</p>" for each in sentences)
    return f'<div class="warnings"><h2>{title}</h2>{paragraphs}</div>\n' if paragraphs else ""


def grid(headings: Sequence[str], rows: Iterable[Sequence[str]], *, label: str, right: Sequence[int] = ()) -> str:
    """Return a table of cells that are HTML, in a box that scrolls.

    Parameters
    ----------
    headings : sequence of str
        Plain text.
    rows : iterable of sequence of str
        The first cell names the row.
    label : str
        What the table is called, see `labkit.layout.scroll_box`.
    right : sequence of int
        Columns of numbers.
    """

    def kind(place: int) -> str:
        return ' class="number"' if place in right else ""

    head = "".join(f'<th scope="col"{kind(place)}>{html.escape(each)}</th>' for place, each in enumerate(headings))
    lines = []
    for row in rows:
        cells = "".join(f"<td{kind(place)}>{cell}</td>" for place, cell in enumerate(row) if place)
        lines.append(f'<tr><th scope="row">{row[0]}</th>{cells}</tr>')
    body = "\n".join(lines)
    return scroll_box(
        f'<table class="grades"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>', label=label
    )


def describe_answer(answer: dict) -> str:
    """Return what was collected of an answer that is a value, shortened; empty for functions and where there is none.

    >>> describe_answer({"value": {"rate": 0.5}})
    "{'rate': 0.5}"
    """
    if "value" not in answer:
        return ""
    try:
        text = repr(unpack_plain(answer["value"]))
    except BadReply:
        return ""
    text = text.replace("Ellipsis", "...")
    return text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]} ..."


def say_points(points: float, possible: float) -> str:
    """Return how many points somebody has, in words.

    >>> say_points(1, 1), say_points(3, 17)
    ('1 of 1 point', '3 of 17 points')
    """
    return f"{points:g} of {possible:g} point{'' if possible == 1 else 's'}"
