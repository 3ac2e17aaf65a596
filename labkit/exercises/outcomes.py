"""What a student sees below a cell: an outcome, a hint or a solution, as text, as HTML and, for outcomes, as JSON."""

import html
import re

from labkit.exercises.judging import CORRECT, EXERCISE, NOT_ATTEMPTED, NOT_YET, Exercise, Outcome

# Green and orange of Okabe and Ito, which most color-blind readers can distinguish, so dark that text in them has a
# contrast of at least 4.5:1 to white; the sign and the words say the same.
LOOKS = {CORRECT: ("✓", "#00674A"), NOT_YET: ("✗", "#A33C00"), NOT_ATTEMPTED: ("○", "#5F6368")}
NEUTRAL = "#00598C"


class NotEarned(AssertionError):
    """While nbgrader grades, an answer that is not correct: its cell must raise to earn no points.

    What is shown is the message alone. A traceback would show lines of the cell, among them hidden tests.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


def show_outcome(exercise: Exercise, outcome: Outcome) -> None:
    """Display an outcome below the cell, and leave it there as JSON: id, state, points and objective."""
    sign, color = LOOKS[outcome.state]
    points = f"{exercise.points} point{'s' if exercise.points > 1 else ''}"
    entry = {
        "id": exercise.id,
        "state": outcome.state,
        "points": exercise.points,
        "objective": exercise.objective,
    }
    title = f"{sign} {exercise.id} · {outcome.state} ({points})"
    show_note(title, outcome.message, color=color, bundle={EXERCISE: entry})


def show_note(title: str, message: str, *, color: str = NEUTRAL, bundle: dict | None = None) -> None:
    """Display a title and a message as text and as HTML; `bundle` adds further mime types to the output."""
    show_box(title, message, mark_code(message), color=color, bundle=bundle)


def show_code(title: str, code: str) -> None:
    """Display a title and lines of code as text and as HTML."""
    show_box(title, code, f"<pre><code>{html.escape(code, quote=False)}</code></pre>")


def show_box(title: str, text: str, page: str, *, color: str = NEUTRAL, bundle: dict | None = None) -> None:
    """Display a title above a body that is given twice: as text and as HTML."""
    from IPython.display import display

    box = (
        f'<div style="border-left: 0.4em solid {color}; padding: 0.3em 0.8em; margin: 0.3em 0">'
        f'<strong style="color: {color}">{mark_code(title)}</strong><br>{page}</div>'
    )
    display((bundle or {}) | {"text/plain": f"{title}\n{text}", "text/html": box}, raw=True)


def mark_code(text: str) -> str:
    """Return a text as HTML: words between backticks are code, words between stars are emphasized.

    >>> mark_code("`a * b < c` *always* fails: 2 * 3 * 4")
    '<code>a * b &lt; c</code> <em>always</em> fails: 2 * 3 * 4'
    """
    escaped = html.escape(text, quote=False).replace("\n", "<br>")
    marks = re.compile(r"`([^`]+)`|\*(\S(?:[^*`]*\S)?)\*")
    return marks.sub(lambda m: f"<code>{m[1]}</code>" if m[1] else f"<em>{m[2]}</em>", escaped)
