"""Made-up exports of learning platforms, with made-up people, and a small notebook that was handed out."""

import io
import json
import zipfile
from dataclasses import dataclass

from labkit.classroom.releases import ReleasedCell


def hand_out(identifier, kind, source, role="given", exercise=None, points=0):
    """Return a cell that was handed out."""
    return ReleasedCell(identifier, kind, source, role, exercise, points)


RELEASED = [
    hand_out("title", "markdown", "# 04 · How do we measure fairness?"),
    hand_out("version", "code", 'import labkit\n\nlabkit.check_copy("04_measuring", "0.3.0", "d7bb03f38777")'),
    hand_out("imports", "code", "import math\nimport statistics as st\n\nfrom labkit.exercises import check, hint"),
    hand_out("data", "code", 'people = {"a": [1, 0, 1, 1], "b": [0, 0, 1, 0]}\nMOST = 12'),
    hand_out("shown", "code", "list(people)[:MOST]"),
    hand_out("text-1", "markdown", "### Exercise 04.1 · Repair a rate\n\nThe function has two mistakes. Repair them."),
    hand_out(
        "exercise-04-1",
        "code",
        'def alarm_rates(counts):\n    """Return the rate of each group."""\n    found = {}\n'
        "    for group, (tn, fp, fn, tp) in counts.items():\n        found[group] = fp / (fp + tp)\n    return found",
        "answer",
        "04.1",
    ),
    hand_out("check-1", "code", 'from labkit.exercises import check\n\ncheck("04.1", alarm_rates)', "check", "04.1", 2),
    hand_out("between", "markdown", "## Whose question is it?\n\nThe denominator tells you."),
    hand_out(
        "derived",
        "code",
        'rates = {"a": st.mean(people["a"]), "b": st.mean(people["b"])}\nhighest = max(rates.values())',
    ),
    hand_out("text-2", "markdown", "### Exercise 04.2 · Three voices\n\nWho asks for which rate?"),
    hand_out(
        "exercise-04-2",
        "code",
        'voices = {\n    "patient": (..., ...),\n    "surgeon": (..., ...),\n}',
        "answer",
        "04.2",
    ),
    hand_out("check-2", "code", 'from labkit.exercises import check\n\ncheck("04.2", voices)', "check", "04.2", 3),
    hand_out("text-3", "markdown", "### Exercise 04.3 · Your own audit\n\nGive the difference and its limit."),
    hand_out("exercise-04-3", "code", "difference, low = ..., ...", "answer", "04.3"),
    hand_out(
        "check-3",
        "code",
        'from labkit.exercises import check\n\ncheck("04.3", {"difference": difference, "low": low})',
        "check",
        "04.3",
        3,
    ),
    hand_out("end", "markdown", "## What you learned"),
]

ANSWERS = {
    "exercise-04-1": (
        "def alarm_rates(counts):\n    found = {}\n    for group, (tn, fp, fn, tp) in counts.items():\n"
        "        found[group] = fp / (fp + tn) if fp + tn else math.nan\n    return found"
    ),
    "exercise-04-2": 'voices = {"patient": ("B", "A"), "surgeon": ("A", "B")}',
    "exercise-04-3": 'difference = rates["a"] - rates["b"]\nlow = difference - 0.1',
}


@dataclass(frozen=True)
class Handout:
    """What `find_submissions` asks of a release."""

    names: tuple = ("04_measuring",)
    students: tuple = ()

    def exercises(self, name):
        """Return the exercises of a notebook."""
        return [f"{name[:2]}.{number}" for number in (1, 2, 3)]

    def cells(self, name, student=None):
        """Return the cells of a notebook."""
        return RELEASED


def answered():
    """Return the cells of a submission as JSON, with right answers."""
    cells = []
    for cell in RELEASED:
        made = {"cell_type": cell.kind, "id": cell.id, "metadata": {}, "source": ANSWERS.get(cell.id, cell.source)}
        if cell.kind == "code":
            made |= {"execution_count": 1, "outputs": []}
        cells.append(made)
    return cells


def notebook(cells=None, **changes):
    """Return the bytes of a notebook."""
    made = {"cells": answered() if cells is None else cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made | changes, indent=1).encode()


def zipped(files):
    """Return the bytes of a zip archive, from names (or ZipInfo) and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, content)
    return buffer.getvalue()


def lay_out(folder, files):
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
