"""What reviewers found in the exercises of notebook 08."""

import numpy as np

from tests.chapters.findings.finding import accepted, rejected


def report(score, group, part, *, common=False, or_equal=False):
    """Return the gap on the second part, with one cut for both groups or with people at the cut."""
    rates = {}
    for name in ("a", "b"):
        own = group == name
        cut = np.median(score[(part == 0) & (own | common)])
        later = score[own & (part == 1)]
        rates[name] = np.mean(later >= cut) if or_equal else np.mean(later > cut)
    return rates["a"] - rates["b"]


def lender(profit=None, gap=None):
    """Return the right choice, with other evidence."""
    from labkit.chapters.ch08.exercises_criteria import evidence

    right = evidence()["equal opportunity"]
    found = (own if own is not None else other for own, other in zip((profit, gap), right, strict=True))
    return {"criterion": "equal opportunity", **dict(zip(("profit", "gap"), found, strict=True))}


FINDINGS = [
    rejected("08.6", "one cut for both groups", lambda *arrays: report(*arrays, common=True), "own"),
    rejected("08.6", "without its sign", lambda *arrays: abs(report(*arrays)), "sign"),
    rejected("08.6", "people at the cut", lambda *arrays: report(*arrays, or_equal=True), "equals the cut"),
    rejected("08.4", "the published profit", lambda: lender(profit=92.8), "published", made=True),
    rejected("08.4", "whole percent", lambda: lender(profit=93), "decimal", never=("another row",), made=True),
    rejected("08.4", "the regulator's limit", lambda: lender(gap=0.05), "limit", never=("another row",), made=True),
    accepted(
        "08.2",
        "attributes, as of a row of the table",
        lambda rule, score: (
            rule.p_ignore * rule.constant
            + (1 - rule.p_ignore) * (rule.p0 * (score > rule.threshold0) + rule.p1 * (score > rule.threshold1))
        ),
    ),
    rejected("08.5", "no option", "worse", "C. worse on records, better on truth\n"),
]
