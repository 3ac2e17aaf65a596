"""What reviewers found in the exercises of notebook 07."""

import numpy as np

from tests.chapters.findings.finding import accepted, rejected


def less_variances(first, second):
    """Take the variances of the means off the squared gap of the batch."""
    a, b = first["a"] + second["a"], first["b"] + second["b"]
    noise = np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b)
    return (np.mean(a) - np.mean(b)) ** 2 - noise


def crossed(first, second):
    """Cross the halves."""
    return (np.mean(first["a"]) - np.mean(second["b"])) * (np.mean(second["a"]) - np.mean(first["b"]))


def both_pairings(first, second):
    """Average both pairings."""
    gaps = [np.mean(half["a"]) - np.mean(half["b"]) for half in (first, second)]
    return (gaps[0] * gaps[1] + crossed(first, second)) / 2


def median_gaps(first, second):
    """Take medians instead of means."""
    gaps = [np.median(half["a"]) - np.median(half["b"]) for half in (first, second)]
    return gaps[0] * gaps[1]


def rounded(first, second):
    """Round the right estimate."""
    gaps = [np.mean(half["a"]) - np.mean(half["b"]) for half in (first, second)]
    return round(gaps[0] * gaps[1], 2)


FINDINGS = [
    accepted("07.5", "equal opportunity survives", "demographic parity and equal opportunity"),
    rejected("07.5", "parity alone", "demographic parity alone", "random part", never=("nothing is asked",)),
    accepted("07.2", "pooled, less the variances", less_variances),
    accepted("07.2", "crossed halves", crossed),
    accepted("07.2", "the mean of both pairings", both_pairings),
    rejected(
        "07.3",
        "capped at 1",
        lambda multiplier, strength, gap, tolerance: min(1, max(0, multiplier + strength * (gap - tolerance))),
    ),
    rejected("07.4", "no option", "violations", "A. the violations so far have added up\n"),
    rejected("07.4", "a price before the end", "B", "at the solution"),
    rejected("07.2", "the median of each group", median_gaps),
    rejected("07.2", "rounded to two digits", rounded, "without rounding"),
    rejected(
        "07.3",
        "the tolerance is always 0.1",
        lambda multiplier, strength, gap, tolerance: max(0, multiplier + strength * (gap - 0.1)),
    ),
    rejected("07.6", "no option", "A narrows", "\nC. A narrows the gap; B may or may not\n"),
    accepted(
        "07.1",
        "lists of one element",
        lambda logits, is_b, temperature: [
            np.mean([1 / (1 + np.exp(-x / temperature)) for x, b in zip(logits, is_b, strict=True) if not b])
            - np.mean([1 / (1 + np.exp(-x / temperature)) for x, b in zip(logits, is_b, strict=True) if b])
        ],
    ),
    rejected("07.1", "a tuple of two", lambda logits, is_b, temperature: (0.1, 0.2), never=("2 values; .* 3 values",)),
]
