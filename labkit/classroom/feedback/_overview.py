"""The page about a class: points by exercise and objective, frequent mistakes, exercises that discriminate badly."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from labkit.classroom.feedback._discrimination import (
    BACKWARDS,
    BADLY,
    FEWEST_OF_A_KIND,
    FEWEST_STUDENTS,
    USUAL,
    WELL,
    Discrimination,
    measure_discrimination,
)
from labkit.classroom.feedback._parts import STYLE, UNSAFE, describe_answer, grid, safe, say_message, warning
from labkit.classroom.judging import NOT_COLLECTED
from labkit.classroom.results import AskedNotebook, Graded, Result
from labkit.exercises.judging import CORRECT, NOT_ATTEMPTED, NOT_YET
from labkit.layout import write_document

STATES = (CORRECT, NOT_YET, NOT_ATTEMPTED, NOT_COLLECTED)
MOST_MISTAKES = 20  # rows of the table of mistakes
EXAMPLES = 2  # answers shown for each
VERDICTS = {
    BADLY: f"discriminates badly: the whole interval is below {USUAL:g}",
    BACKWARDS: "works backwards: those who do well elsewhere get it wrong more often",
    WELL: f"discriminates: the whole interval is above {USUAL:g}",
}


def write_overview(
    students: Sequence[Graded], asked: Sequence[AskedNotebook], *, pages: str, notices: Sequence[str] = ()
) -> str:
    """Return the page about a class, for its teacher alone.

    Parameters
    ----------
    students : sequence of Graded
    asked : sequence of AskedNotebook
        The notebooks of the release.
    pages : str
        The folder of the students' pages, from this page.
    notices : sequence of str
        What the teacher should know of the run.
    """
    handed_in = [each for each in students if each.counting]
    content = [
        f"<h1>Grades of {len(students)} student{'' if len(students) == 1 else 's'}</h1>\n",
        f"<p>{len(handed_in)} of them handed in something that was graded. This page is for the teacher alone.</p>\n",
        warning(list_warnings(students, asked, notices), title="Look at this first"),
    ]
    for each in asked:
        content += write_notebook_part(each, [found for one in students if (found := one.last(each.name))])
    content += ['<h2 id="students">Students</h2>\n', list_students(students, asked, pages)]
    return write_document("".join(content), title="Grades of a class", style=STYLE, wide=True, strict=True)


def list_warnings(students: Sequence[Graded], asked: Sequence[AskedNotebook], notices: Sequence[str]) -> list[str]:
    """Return what a teacher must not overlook, as HTML."""
    said = [safe(each) for each in notices]
    results = [result for each in students for result in each.counting]
    if any(result.unboxed for result in results):
        said.insert(0, UNSAFE)
    for student in students:
        for name, fault in student.faults.items():
            said.append(f"{safe(name)} of {safe(student.id)} could not be graded, for a fault of ours: {safe(fault)}")
    for result in results:
        if failed := [name for name, each in result.exercises.items() if each.crashed]:
            exercises = ", ".join(map(safe, failed))
            said.append(f"The check itself failed on answers of {safe(result.student)}: {exercises}. Look at them.")
    for each in asked:
        for name, why in each.left_out.items():
            said.append(f"Exercise {safe(name)} is graded by no program: {safe(why)}")
    return said


def write_notebook_part(asked: AskedNotebook, results: list[Result]) -> list[str]:
    """Return the parts about one notebook."""
    answered = [each for each in results if not each.problem]
    parts = [f"<h2>{safe(asked.title)}</h2>\n"]
    if not answered:
        return [*parts, "<p>Nobody handed in a notebook that could be graded.</p>\n"]
    points, possible = sum(each.points for each in answered), sum(asked.points.values())
    mean = points / len(answered)
    parts.append(f"<p>{len(answered)} notebooks were graded, with {mean:.1f} of {possible} points on average.</p>\n")
    parts += ["<h3>Points by exercise</h3>\n", tabulate_exercises(asked, answered)]
    parts += ["<h3>Points by objective</h3>\n", tabulate_objectives(asked, answered)]
    parts += ["<h3>The most frequent mistakes</h3>\n", tabulate_mistakes(asked, answered)]
    parts += ["<h3>Which exercises discriminate</h3>\n", *tabulate_discrimination(asked, answered)]
    return parts


def name_exercise(asked: AskedNotebook, name: str) -> str:
    """Return the number and the title of an exercise, as HTML."""
    return f"{safe(name)} {safe(asked.titles.get(name, ''))}".strip()


def tabulate_exercises(asked: AskedNotebook, results: list[Result]) -> str:
    """Return the table of exercises."""
    rows = []
    for name, possible in asked.points.items():
        states = Counter(each.exercises[name].state for each in results if name in each.exercises)
        earned = sum(each.exercises[name].points for each in results if name in each.exercises)
        mean = f"{earned / len(results):.1f} of {possible}"
        rows.append([name_exercise(asked, name), mean, *(str(states[state]) for state in STATES)])
    headings = ["Exercise", "Points on average", *(state.capitalize() for state in STATES)]
    label = f"Points by exercise of {asked.name}"
    return grid(headings, rows, label=label, right=range(1, len(headings)))


def tabulate_objectives(asked: AskedNotebook, results: list[Result]) -> str:
    """Return the table of objectives."""
    grouped = defaultdict(list)
    for name in asked.points:
        grouped[asked.objectives.get(name, "")].append(name)
    rows = []
    for objective, names in grouped.items():
        possible = sum(asked.points[name] for name in names)
        earned = sum(each.exercises[name].points for each in results for name in names if name in each.exercises)
        share = earned / (possible * len(results))
        rows.append(
            [safe(objective), ", ".join(map(safe, names)), f"{earned / len(results):.1f} of {possible}", f"{share:.0%}"]
        )
    headings = ["Objective", "Exercises", "Points on average", "Share"]
    return grid(headings, rows, label=f"Points by objective of {asked.name}", right=(2, 3))


def tabulate_mistakes(asked: AskedNotebook, results: list[Result]) -> str:
    """Return the table of what students were told most often about wrong answers, with what some of them answered."""
    told: Counter[tuple[str, str]] = Counter()
    answers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for result in results:
        for name, each in result.exercises.items():
            if each.state in (NOT_YET, NOT_COLLECTED):
                told[name, each.message] += 1
                if answer := describe_answer(each.answer):
                    answers[name, each.message][answer] += 1
    rows = []
    for (name, message), number in told.most_common(MOST_MISTAKES):
        examples = [f"<code>{safe(answer)}</code>" for answer, _ in answers[name, message].most_common(EXAMPLES)]
        rows.append([name_exercise(asked, name), str(number), say_message(message), "<br>".join(examples)])
    if not rows:
        return "<p>No answer was wrong.</p>\n"
    headings = ["Exercise", "Students", "What they were told", "What some of them answered"]
    table = grid(headings, rows, label=f"Mistakes in {asked.name}", right=(1,))
    left = len(told) - len(rows)
    return table + (f"<p>{left} rarer ones are left out.</p>\n" if left else "")


def tabulate_discrimination(asked: AskedNotebook, results: list[Result]) -> list[str]:
    """Return what can be said about how well exercises discriminate."""
    names = list(asked.points)
    if len(results) < FEWEST_STUDENTS:
        return [
            f"<p>With {len(results)} notebooks nothing can be said about which exercises tell those who do well "
            f"elsewhere from those who do not; that takes at least {FEWEST_STUDENTS}, and usually more.</p>\n"
        ]
    if len(names) < 2:
        return ["<p>There is only one exercise, so there is nothing to compare it with.</p>\n"]
    correct = np.array([[result.exercises[name].correct for name in names] for result in results])
    found = measure_discrimination(correct, [asked.points[name] for name in names])
    rows = [
        [name_exercise(asked, name), f"{each.correct} of {each.students}", *say_discrimination(each)]
        for name, each in zip(names, found, strict=True)
    ]
    headings = ["Exercise", "Correct", "Correlation", "Interval", "What follows"]
    explained = (
        "<p>The correlation of being right here with the points in the other exercises (point-biserial), with "
        "intervals that hold at once with 95% confidence. An exercise is called "
        "bad only where its whole interval says so: most classes are too small to tell.</p>\n"
    )
    return [explained, grid(headings, rows, label=f"Discrimination of {asked.name}", right=(1, 2, 3))]


def say_discrimination(found: Discrimination) -> list[str]:
    """Return the correlation, its interval and what follows, as cells."""
    if np.isnan(found.correlation):
        return ["", "", "everybody got the same, so nothing can be said"]
    if np.isnan(found.high):
        return [f"{found.correlation:.2f}", "", f"fewer than {FEWEST_OF_A_KIND} were right, or wrong: too few to say"]
    verdict = VERDICTS.get(found.verdict, "nothing certain")
    if found.verdict in (BADLY, BACKWARDS):
        verdict = f"<strong>{verdict}</strong>"
    return [f"{found.correlation:.2f}", f"{found.low:.2f} to {found.high:.2f}", verdict]


def list_students(students: Sequence[Graded], asked: Sequence[AskedNotebook], pages: str) -> str:
    """Return the table of students, each with a link to the page."""
    rows = []
    for student in students:
        words = []
        for each in student.counting:
            words += ["late"] if each.late else []
            words += [each.problem] if each.problem else []
            words += [f"graded {each.number} times"] if each.number > 1 else []
            words += each.notes + each.remarks
            words += [f"{name}: {note}" for name, marked in each.exercises.items() for note in marked.notes]
        name = safe(f"{student.name} ({student.id})" if student.name and student.name != student.id else student.id)
        points = [student.last(each.name) for each in asked]
        numbers = [f"{result.points} of {result.possible}" if result else "" for result in points]
        said = "; ".join(map(say_message, words[:6])) + ("; ..." if len(words) > 6 else "")
        rows.append([f'<a href="{safe(pages)}/{safe(student.page)}">{name}</a>', *numbers, said])
    headings = ["Student", *(each.name for each in asked), "What was found"]
    return grid(headings, rows, label="Students", right=range(1, 1 + len(asked)))
