"""Answers to the exercises of notebook 14 that are wrong in more than one way, or right in an unusual one."""

import hashlib

from tests.chapters.findings.finding import accepted, rejected

APPEAL = {"used": "A", "true": "D", "model": "B", "edited": "C", "unlogged": "D", "broken": [2, 3]}
REQUESTS = {"sex": "A", "bail": "C", "weights": "D", "young": "B", "phone": "B"}


def whole_or_nothing(entries, head):
    """Say only whether the log is whole."""
    before = "start"
    for entry in entries:
        before = hashlib.sha256((before + entry["says"]).encode()).hexdigest()
    return before == head


def forge_with_blank_lines(lines):
    """Forge by blank lines, which is one kind."""
    return [[*lines[:place], "\n", *lines[place:]] for place in range(2, 6)]


def forge_everything_empty(lines):
    """Return empty logs."""
    return [[], [], [], []]


def forge_by_text(lines):
    """Return texts in the place of lists."""
    return ["".join(lines)] * 4


def forge_without_line_ends(lines):
    """Lose the ends of lines in three of four forgeries; lines are lines without them."""
    plain = [line.rstrip("\n") for line in lines]
    changed = [line.replace('"decision":1', '"decision":0') for line in plain]
    return [changed, plain[:2] + plain[3:], plain[:3] + plain[2:], lines[:-1]]


FINDINGS = [
    rejected("14.1", "true or false", whole_or_nothing),
    rejected("14.2", "four blank lines", forge_with_blank_lines, "same kind"),
    rejected("14.2", "empty logs", forge_everything_empty),
    rejected("14.2", "texts", forge_by_text, "list"),
    accepted("14.2", "lines without ends", forge_without_line_ends),
    rejected("14.3", "nobody can answer anything", dict.fromkeys(REQUESTS, "B")),
    rejected("14.3", "no option", REQUESTS | {"sex": "yes"}, "none of the options"),
    rejected("14.7", "the head settles everything", APPEAL | dict.fromkeys(list(APPEAL)[:5], "C")),
    rejected("14.7", "steps in another order", APPEAL | {"broken": [3, 2]}, "increasing order"),
    rejected("14.7", "steps as texts", APPEAL | {"broken": ["2", "3"]}),
]
