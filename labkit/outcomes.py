"""What a checked exercise comes to, and how a notebook shows it: text, coloured HTML, and JSON for the run report."""

import html
import re
from dataclasses import dataclass

from labkit.kernels import EXERCISE, STATES

CORRECT, NOT_YET, NOT_ATTEMPTED = STATES
# Okabe and Ito's colours, told apart by most colour-blind readers; the sign and the words say the same.
LOOKS = {CORRECT: ("✓", "#009E73"), NOT_YET: ("✗", "#D55E00"), NOT_ATTEMPTED: ("○", "#767676")}
NEUTRAL = "#0072B2"


@dataclass(frozen=True)
class Outcome:
    """Result of checking one answer.

    Attributes
    ----------
    state : str
        "correct", "not yet" or "not attempted".
    message : str
        What to tell the student; words between backticks are code.
    crashed : bool
        The judge failed on this answer: a fault of the exercise, which the student is told in general words.
    """

    state: str
    message: str
    crashed: bool = False


def show_outcome(exercise, outcome: Outcome) -> None:
    """Display an outcome below the cell, and leave it there as JSON: id, state, points and objective."""
    sign, color = LOOKS[outcome.state]
    points = f"{exercise.points} point{'s' if exercise.points > 1 else ''}"
    entry = {
        "id": exercise.id,
        "state": outcome.state,
        "points": exercise.points,
        "objective": exercise.objective,
    }
    show_note(
        f"{sign} {exercise.id} · {outcome.state} ({points})", outcome.message, color=color, bundle={EXERCISE: entry}
    )


def show_note(title: str, message: str, *, color: str = NEUTRAL, bundle: dict | None = None) -> None:
    """Display a title and a message as text and as HTML; `bundle` adds further mime types to the output."""
    from IPython.display import display

    page = (
        f'<div style="border-left: 0.4em solid {color}; padding: 0.3em 0.8em; margin: 0.3em 0">'
        f'<strong style="color: {color}">{mark_code(title)}</strong><br>{mark_code(message)}</div>'
    )
    display((bundle or {}) | {"text/plain": f"{title}\n{message}", "text/html": page}, raw=True)


def mark_code(text: str) -> str:
    """Return a text as HTML: what stands between backticks is code, between stars is emphasised.

    Examples
    --------
    >>> mark_code("`a * b < c` *always* fails: 2 * 3 * 4")
    '<code>a * b &lt; c</code> <em>always</em> fails: 2 * 3 * 4'
    """
    escaped = html.escape(text, quote=False).replace("\n", "<br>")
    marks = re.compile(r"`([^`]+)`|\*(\S(?:[^*`]*\S)?)\*")
    return marks.sub(lambda m: f"<code>{m[1]}</code>" if m[1] else f"<em>{m[2]}</em>", escaped)
