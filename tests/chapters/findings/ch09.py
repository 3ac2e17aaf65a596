"""What reviewers found in the exercises of notebook 09."""

import numpy as np

from labkit.chapters.ch09.exercises_choices import flip_rate, make_report
from tests.chapters.findings.finding import accepted, rejected


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


def read(**changes):
    """Return an answer about a decision's figures with a part changed."""
    return {"gains": "nobody", "loses": "only a", "gap": "cannot tell"} | changes


FINDINGS = [
    rejected("09.5", "the smallest gap", smallest_gap, "smallest gap"),
    rejected("09.5", "`<` for `<=`", below, "at most"),
    accepted("09.5", "one-element containers", lambda *given: {k: [v] for k, v in make_report()(*given).items()}),
    rejected("09.4", "adjacent refits", lambda refits: np.mean(np.diff(refits, axis=0) != 0), "next one"),
    accepted("09.4", "the right rate in an array", lambda refits: np.array([flip_rate(refits)])),
    rejected("09.1", "the convex hull", hull, "weight"),
    rejected("09.6", "a gain that is not clear", read(gains="only b"), "contains zero"),
    rejected("09.6", "the opposite of the figures", read(loses="nobody"), "below zero"),
    rejected("09.6", "a mean within the tolerance", read(gap="inside the tolerance"), "whole interval"),
    rejected("09.6", "nonsense around the right word", read(loses="`a` blah blah blah blah blah blah blah")),
    rejected("09.6", "nobody, many times", read(gains="nobody " * 11)),
    rejected("09.6", "the message says once that it is not yet", read(gains="both"), never=("not yet",)),
]
