"""Answers to the exercises of notebook 12 that are wrong in more than one way, or right in an unusual one."""

import numpy as np

from tests.chapters.findings.finding import accepted, rejected


def flaw(**changes):
    """Return the right answer with some parts changed."""
    return {"reported": -0.4, "varies": "B", "within": 0.2} | changes


def medians(log_odds, women):
    """Take medians of names' means."""
    first = [np.mean(values) for name, values in log_odds.items() if name in women]
    second = [np.mean(values) for name, values in log_odds.items() if name not in women]
    return [np.median(first) - np.median(second), 0.1]


def percent(women, men, temperature):
    """Return percentage points."""
    shares = [np.mean(1 / (1 + np.exp(-np.array(group) / temperature))) for group in (women, men)]
    return 100 * (shares[0] - shares[1])


FINDINGS = [
    accepted("12.2", "the text of an option", flaw(varies="The question")),
    rejected("12.2", "a share as percent", flaw(reported=-40), "percent"),
    rejected("12.2", "no option", flaw(varies="gender"), "none of the options"),
    rejected("12.3", "medians", medians, "on paper", never=("ddof",)),
    rejected("12.4", "one half is fair", {"north": "A", "south": "B", "east": "B", "west": "B"}, "guesses"),
    rejected("12.6", "percentage points", percent, "percent"),
]
