"""What reviewers found in the exercises of notebook 09."""

from datetime import date, timedelta

import numpy as np

from labkit.chapters.ch09.decisions import write_decision
from labkit.chapters.ch09.exercises_choices import flip_rate, make_report
from labkit.chapters.ch09.exercises_decision import BEGUN, CASE
from tests.chapters.findings.finding import accepted, rejected

FREE_TEXT = "a program cannot judge reasons: the chapter turns them into a rubric with a model answer, without points"


def smallest_gap(points, tolerance):
    """Choose by the gap alone."""
    best = min(points, key=lambda point: abs(point["validation"]["gap"]))
    return {"name": best["name"], **best["test"]}


def below(points, tolerance):
    """Use `<` for `<=`."""
    allowed = [point for point in points if abs(point["validation"]["gap"]) < tolerance]
    best = max(allowed, key=lambda point: point["validation"]["accuracy"])
    return {"name": best["name"], **best["test"]}


def hull(points):
    """Keep what is best for some weight."""
    weights = np.linspace(0.01, 0.99, 99)
    values = np.array([[(1 - w) * accuracy - w * gap for w in weights] for accuracy, gap in points])
    return (values >= values.max(axis=0) - 1e-12).any(axis=1).tolist()


def decision(**changes):
    """Return a decision with some of the student's three sections changed."""
    own = {
        "Who gains": "nobody: for ill people of b the interval of the change contains zero.",
        "Who loses": "Ill people of `a`, of whom about six in a hundred more are missed than before.",
        "Review": "The clinic's ethics board together with two patients of each district, on 2035-06-30.",
    }
    own |= {name.replace("_", " ").capitalize(): text for name, text in changes.items()}
    return write_decision(CASE, title="Early appointments", answers=BEGUN | own)


FINDINGS = [
    rejected("09.5", "the smallest gap", smallest_gap, "smallest gap"),
    rejected("09.5", "`<` for `<=`", below, "at most"),
    accepted("09.5", "one-element containers", lambda *given: {k: [v] for k, v in make_report()(*given).items()}),
    rejected("09.4", "adjacent refits", lambda refits: np.mean(np.diff(refits, axis=0) != 0), "next one"),
    accepted("09.4", "the right rate in an array", lambda refits: np.array([flip_rate(refits)])),
    rejected("09.1", "the convex hull", hull, "weight"),
    accepted(
        "09.6",
        "a group in the reason for nobody",
        decision(who_gains="nobody clearly: in `b` the interval of the change contains zero."),
    ),
    accepted(
        "09.6",
        "no group",
        decision(who_gains="No group clearly gains: the interval of the only change upwards contains zero."),
    ),
    accepted(
        "09.6", "30 June 2035", decision(review="The ethics board and patients of both districts, on 30 June 2035.")
    ),
    accepted("09.6", "30.06.2035", decision(review="The ethics board and patients of both districts, on 30.06.2035.")),
    rejected(
        "09.6",
        "yesterday",
        lambda: decision(review=f"The ethics board and two patients, on {date.today() - timedelta(days=1)}."),
        "has passed",
        made=True,
    ),
    rejected("09.6", "the message says once that it is not yet", decision(review="TODO"), never=("not yet",)),
    rejected(
        "09.6",
        "nonsense around the right words",
        decision(who_gains="nobody " * 11, who_loses="`a` blah blah blah blah blah blah blah blah blah blah"),
        waits=FREE_TEXT,
    ),
    rejected(
        "09.6",
        "the opposite of the figures",
        decision(who_loses="Ill people of `a` gain most from this rule, by a good deal more than all others."),
        waits=FREE_TEXT,
    ),
    rejected(
        "09.6",
        "a claim next to nobody",
        decision(who_gains="Ill people of b clearly gain: nobody of them is missed any more by this rule."),
        waits=FREE_TEXT,
    ),
]
