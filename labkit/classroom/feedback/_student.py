"""The page for one student: what is correct, a hint for what is not, points, and what was found in the notebook."""

from dataclasses import replace

from labkit.classroom.feedback._parts import (
    KINDS,
    SIGNS,
    STYLE,
    UNSAFE,
    as_text,
    describe_answer,
    safe,
    say_message,
    say_points,
    warning,
)
from labkit.classroom.results import AskedNotebook, Graded, MarkedExercise, Result
from labkit.layout import write_document


def write_student_page(student: Graded, asked: list[AskedNotebook], *, general: bool = False) -> str:
    """Return the page for a student: one file that loads nothing and runs nothing.

    Parameters
    ----------
    student : Graded
    asked : list of AskedNotebook
        The notebooks of the release.
    general : bool, default False
        See `labkit.classroom.feedback.write_feedback`.
    """
    name = student.name or student.id
    unsafe = any(each.unboxed for found in student.results.values() for each in found)
    parts = [f"<h1>Feedback for {safe(name)}</h1>\n", warning([UNSAFE] if unsafe else [], title="Not safe")]
    if len(asked) > 1:
        points = sum(each.points for each in student.counting)
        possible = sum(sum(each.points.values()) for each in asked)
        parts.append(f'<p class="total">{say_points(points, possible)} in all.</p>\n')
    parts += [write_notebook(student, each, general) for each in asked]
    return write_document("".join(parts), title=f"Feedback for {as_text(name)}", style=STYLE, strict=True)


def write_notebook(student: Graded, asked: AskedNotebook, general: bool) -> str:
    """Return the part about one notebook."""
    title = f"<h2>{safe(asked.title)}</h2>\n"
    if asked.name in student.faults:
        return f"{title}<p>This could not be graded yet, for a fault that is not yours.</p>\n"
    result = student.last(asked.name)
    if result is None:
        return f"{title}<p>Nothing was handed in.</p>\n"
    parts = [title, f'<p class="total">{say_points(result.points, result.possible)}</p>\n']
    parts.append(f"<p>{' '.join(say_circumstances(student, result))}</p>\n")
    parts.append(warning([say_message(result.problem)] if result.problem else [], title="This could not be graded"))
    if found := [*result.notes, *result.remarks]:
        items = "".join(f"<li>{say_message(each)}</li>" for each in found)
        parts.append(f"<p>What was found about your submission:</p>\n<ul>{items}</ul>\n")
    if not result.problem:
        for name, each in result.exercises.items():
            marked = tell_generally(each, asked.hints.get(name, "")) if general else each
            parts.append(write_exercise(name, asked.titles.get(name, ""), marked))
    if asked.left_out:
        names = ", ".join(map(safe, asked.left_out))
        parts.append(f"<p>Not graded by a program, and not counted here: {names}.</p>\n")
    return "".join(parts)


def tell_generally(marked: MarkedExercise, hint: str) -> MarkedExercise:
    """Return an exercise without anything that depends on what the answer did, apart from its state.

    What a function gets, it may say in an error or a warning, or leave in another answer of the notebook.
    """
    return replace(marked, message="" if marked.correct else hint, answer={})


def say_circumstances(student: Graded, result: Result) -> list[str]:
    """Return sentences, as HTML: when it was handed in, the number of the variants, earlier results."""
    said = []
    if result.received:
        late = ", <strong>after the deadline</strong>" if result.late else ""
        said.append(f"Handed in {safe(result.received.replace('T', ' '))}{late}.")
    elif result.late:
        said.append("Handed in <strong>after the deadline</strong>.")
    if result.variant is not None:
        said.append(
            f"Your number, which picks the numbers and the order of options in your notebook: {result.variant}."
        )
    for former in student.results[result.notebook][:-1]:
        which = "first" if former.number == 1 else "then"
        said.append(f"Graded {which} on {safe(former.graded[:10])}: {say_points(former.points, former.possible)}.")
    if result.number > 1:
        why = f", because: {safe(result.reason)}" if result.reason else ""
        said.append(f"Graded once more on {safe(result.graded[:10])}{why}. The last result counts.")
    return said


def write_exercise(name: str, title: str, marked: MarkedExercise) -> str:
    """Return the part about one exercise."""
    kind = KINDS.get(marked.state, "wrong")
    heading = f"{safe(name)} · {safe(title)}" if title else safe(name)
    sign = SIGNS.get(marked.state, "✗")
    parts = [f'<section class="exercise {kind}"><h3>{heading}</h3>\n']
    parts.append(f'<p><span class="state">{sign} {safe(marked.state)}</span>')
    parts.append(f" ({say_points(marked.points, marked.possible)})</p>\n")
    if marked.message:
        parts.append(f"<p>{say_message(marked.message)}</p>\n")
    if marked.crashed:
        parts.append("<p>The check itself failed on this answer; your teacher will look at it.</p>\n")
    for note in marked.notes:
        parts.append(f'<p class="found">Found in your notebook: {say_message(note)}</p>\n')
    if not marked.correct and (answer := describe_answer(marked.answer)):
        parts.append(f'<p class="given">Your answer: <code>{safe(answer)}</code></p>\n')
    return f"{''.join(parts)}</section>\n"
