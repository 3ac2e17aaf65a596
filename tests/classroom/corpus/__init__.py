"""Hostile and unlucky submissions, each as data with what must happen.

A submission is a small notebook of chapter 04 with three right answers (04.1, a function; 04.2 and 04.6, values). A
case changes cells, or adds one. Afterwards the next submission, a right one, must get full marks in the same box.
"""

from dataclasses import dataclass, field

RIGHT = {
    "04.1": """
def alarm_rates(counts):
    found = {}
    for group, (tn, fp, fn, tp) in counts.items():
        found[group] = fp / (tn + fp) if tn + fp > 0 else float("nan")
    return found
""",
    "04.2": """
voices = {
    "patient": ("false_negative_rate", "broad"),
    "neighbor": ("false_positive_rate", "strict"),
    "surgeon": ("C", "strict"),
}
""",
    "04.6": 'doctor = {"counts": [700, 120, 0, 180], "false_positive_rate": 120 / 820, "seems": "A"}',
}
CHECKS = {"04.1": 'check("04.1", alarm_rates)', "04.2": 'check("04.2", voices)', "04.6": 'check("04.6", doctor)'}
CORRECT, NOT_YET, NOT_ATTEMPTED, NOT_COLLECTED = "correct", "not yet", "not attempted", "not collected"
DENIED = "denied"

# Before the cell of every attack: what fails in any way was denied.
PRELUDE = f"""
def attempt(work):
    try:
        return work()
    except BaseException as error:
        return {DENIED!r}
"""


@dataclass(frozen=True)
class Case:
    """A submission and what must happen.

    Attributes
    ----------
    name : str
        Of the case.
    must : str
        What must happen, for the table.
    attack : str
        The source of a cell that is added, and executed although no exercise depends on it. ``<<FILE>>`` and
        other names in such brackets are replaced by what only the test knows.
    last : bool
        Whether that cell comes after the answers rather than before them.
    cells : dict of str to (str or None)
        By exercise, another source of its cell; None deletes it.
    outcomes : dict of str to str
        By exercise, the state that the judge must give; those not named must be correct.
    sees : object
        What the name ``seen`` must hold at the end, as JSON; where it is None, it is not looked at.
    says : str
        A part of what the student is told about the first exercise in `outcomes`.
    only : str
        The processor whose system calls it makes by number; empty where it makes none.
    slow : bool
        Whether it takes more than a second, mostly since it must be stopped.
    """

    name: str
    must: str
    attack: str = ""
    last: bool = False
    cells: dict = field(default_factory=dict)
    outcomes: dict = field(default_factory=dict)
    sees: object = None
    says: str = ""
    only: str = ""
    slow: bool = False


def spoiled(exercise: str, source: str | None, outcome: str) -> dict:
    """Return the settings of a case in which one exercise has another cell and another outcome."""
    return {"cells": {exercise: source}, "outcomes": {exercise: outcome}}
