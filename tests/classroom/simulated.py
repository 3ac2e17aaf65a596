"""A simulated class on notebook 04: what each student writes is put together from exercises, so its marks are known.

Right answers come in several styles, wrong ones are the mistakes that the exercises declare, or mutations of a right
function; some notebooks are damaged. Whatever variants a release gives a student, the answers are about those.
"""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

from labkit.exercises.checking import find_exercise
from labkit.exercises.judging import CORRECT, NOT_ATTEMPTED, NOT_YET

NAME = "04_measuring"
NOT_COLLECTED = "not collected"

# Functions, right in different styles and wrong in different ways. The wrong ones are mutations of the right ones.
RIGHT = {
    "04.1": [
        """
def alarm_rates(counts):
    found = {}
    for group, (tn, fp, fn, tp) in counts.items():
        found[group] = fp / (tn + fp) if tn + fp > 0 else float("nan")
    return found
""",
        """
import math

def rate_of_one_group(table):
    true_negatives, false_positives = table[0], table[1]
    people = true_negatives + false_positives
    return math.nan if people == 0 else false_positives / people

def alarm_rates(tables):
    return {name: rate_of_one_group(table) for name, table in tables.items()}
""",
        """
import numpy as np

def alarm_rates(counts):
    cells = np.array(list(counts.values()), dtype=float)
    with np.errstate(invalid="ignore"):
        rates = cells[:, 1] / cells[:, :2].sum(axis=1)
    return dict(zip(counts, rates))
""",
        """
import pandas as pd

def alarm_rates(counts):
    table = pd.DataFrame(counts, index=["tn", "fp", "fn", "tp"]).T
    return (table["fp"] / (table["fp"] + table["tn"])).to_dict()
""",
        """
alarm_rates = lambda counts: {g: (c[1] / sum(c[:2]) if sum(c[:2]) else float("nan")) for g, c in counts.items()}
""",
    ],
    "04.4": [
        """
import numpy as np

def null_gap(trials, rate):
    rng = np.random.default_rng(7)
    rates = rng.binomial(trials, rate, size=(4000, len(trials))) / np.array(trials)
    return (rates.max(axis=1) - rates.min(axis=1)).mean()
""",
        """
import random

def null_gap(sizes, p):
    generator = random.Random(3)
    gaps = []
    for _ in range(6000):
        shares = [sum(generator.random() < p for _ in range(min(n, 60))) / n if n <= 60
                  else generator.gauss(p, (p * (1 - p) / n) ** 0.5) for n in sizes]
        gaps.append(max(shares) - min(shares))
    return sum(gaps) / len(gaps)
""",
        """
import numpy as np

def null_gap(trials, rate):
    generator = np.random.default_rng(11)
    drawn = np.stack([generator.binomial(n, rate, size=8000) / n for n in trials], axis=1)
    return float(np.mean(np.ptp(drawn, axis=1)))
""",
    ],
}
WRONG = {
    "04.1": [
        RIGHT["04.1"][0].replace("fp / (tn + fp)", "fp / (fp + tp)"),
        RIGHT["04.1"][0].replace('float("nan")', "0.0"),
        RIGHT["04.1"][1].replace("table[0], table[1]", "table[1], table[0]"),
        RIGHT["04.1"][2].replace("cells[:, 1]", "cells[:, 2]"),
        RIGHT["04.1"][3].replace('table["fp"] + table["tn"]', 'table["fp"] + table["fn"]'),
        RIGHT["04.1"][4].replace("c[1] /", "c[3] /"),
    ],
    "04.4": [
        RIGHT["04.4"][0].replace("(rates.max(axis=1) - rates.min(axis=1)).mean()", "rates.max(axis=1).mean() - rate"),
        RIGHT["04.4"][0].replace("/ np.array(trials)", ""),
        RIGHT["04.4"][0].replace("binomial(trials, rate", "binomial(trials, 0.4"),
        RIGHT["04.4"][2].replace("np.ptp(drawn, axis=1)", "drawn.std(axis=1)"),
        RIGHT["04.4"][2].replace("np.ptp(drawn, axis=1)", "abs(drawn[:, 0] - drawn[:, -1])"),
    ],
}
STYLES = ("literal", "steps", "keywords", "letters", "json")  # of values
DAMAGES = ("deleted", "raises", "broken", "hostile")


@dataclass
class Student:
    """A simulated student.

    Attributes
    ----------
    id : str
    plan : dict of str to tuple
        By exercise: ("right", style), ("wrong", number), ("damaged", how) or ("untouched",).
    sources : dict of str to (str or None)
        What the answer cells hold; None where the cell is deleted.
    states : dict of str to str
        What the judge must say.
    hints : dict of str to str
        Of declared wrong answers, what the student must be told.
    """

    id: str
    plan: dict[str, tuple] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)


def simulate_student(identifier, number, questions):
    """Return a student by number, who answers the questions of a release: different numbers, different notebooks."""
    student = Student(identifier)
    for place, question in enumerate(questions):
        chosen = choose_answer(number, place)
        student.plan[question.id] = chosen
        answer(student, question, *chosen)
    return student


def choose_answer(number, place):
    """Return what a student does about an exercise; over a class, everything happens in every exercise."""
    turn = (number * 7 + place * 3) % 10
    if turn < 5:
        return "right", number + place
    if turn < 8:
        return "wrong", number // 2 + place
    if turn == 8:
        return "damaged", DAMAGES[(number // 10 + place) % len(DAMAGES)]
    return ("untouched",)


def answer(student, question, kind, which=None):
    """Write the cell for an exercise, and note what must become of it."""
    identifier, name = question.id, question.expression
    exercise = find_exercise(identifier).variant(question.variant)
    if kind == "untouched":
        student.states[identifier] = NOT_ATTEMPTED
    elif kind == "damaged":
        source, state = damage(which, name)
        student.sources[identifier] = source
        student.states[identifier] = state
    elif kind == "right":
        styles = RIGHT.get(identifier)
        right = exercise.collected(exercise.reference) if styles is None else None
        source = styles[which % len(styles)] if styles else write_value(name, right, exercise, which)
        student.sources[identifier], student.states[identifier] = source, CORRECT
    else:
        mutations = WRONG.get(identifier)
        if mutations:
            source = mutations[which % len(mutations)]
        else:
            value, hint = exercise.mistakes[which % len(exercise.mistakes)]
            source = f"{name} = {value!r}\n"
            student.hints[identifier] = hint
        student.sources[identifier], student.states[identifier] = source, NOT_YET


def damage(how, name):
    """Return the source of a damaged cell, and the state that it must get."""
    return {
        "deleted": (None, (NOT_ATTEMPTED, NOT_COLLECTED)),
        "raises": (f"{name} = undefined_name_of_mine / 0\n", (NOT_COLLECTED,)),
        "broken": (f"{name} = {{'a': [1, 2\nprint('never closed'\n", (NOT_COLLECTED,)),
        "hostile": (f"{name} = '\\x1b[31m<script>alert(1)</script>&lt;img src=x onerror=alert(2)>'\n", (NOT_YET,)),
    }[how]


def write_value(name, value, exercise, which):
    """Return a cell that assigns a value, in one of several styles."""
    style = STYLES[which % len(STYLES)]
    if style == "letters":
        value = with_letters(value, exercise.choices)
    if style == "json":
        return f"import json\n{name} = json.loads({json.dumps(value)!r})\n"
    if style == "steps" and isinstance(value, dict):
        return f"{name} = {{}}\n" + "".join(f"{name}[{key!r}] = {each!r}\n" for key, each in value.items())
    if style == "keywords" and isinstance(value, dict):
        inside = ", ".join(f"{key}={tuple(each) if isinstance(each, list) else each!r}" for key, each in value.items())
        return f"{name} = dict({inside})\n"
    return f"{name} = {value!r}\n"


def with_letters(value, choices):
    """Return a value with the letters of options in place of their texts."""
    value = copy.deepcopy(value)
    if isinstance(value, dict) and isinstance(choices, dict):
        for key, options in choices.items():
            if isinstance(value.get(key), str) and value[key] in options:
                value[key] = chr(ord("A") + list(options).index(value[key]))
    return value


def write_submission(path: Path, released: Path, student):
    """Write the notebook that a student hands in: the one that was handed out, with other answer cells."""
    notebook = json.loads(released.read_text(encoding="utf-8"))
    cells = []
    for cell in notebook["cells"]:
        exercise = cell["metadata"].get("exercise")
        if cell["cell_type"] == "code" and exercise in student.sources:
            if student.sources[exercise] is None:
                continue
            cell["source"] = student.sources[exercise]
        cells.append(cell)
    notebook["cells"] = cells
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def write_class(folder: Path, release, number):
    """Write the submissions of a class of that many students, and return the students by id."""
    students = {}
    identifiers = [each.id for each in release.students] or [f"s{position:03d}" for position in range(number)]
    for position, identifier in enumerate(identifiers[:number]):
        whose = identifier if release.students else None
        student = simulate_student(identifier, position, release.questions(NAME, whose))
        write_submission(folder / identifier / f"{NAME}.ipynb", release.path(NAME, whose), student)
        students[identifier] = student
    return students
