"""What reviewers found in the exercises of notebook 04."""

import numpy as np

from tests.chapters.findings.finding import accepted, rejected


def voices(**changes):
    """Return the right voices, with some changed."""
    right = {
        "patient": ("false_negative_rate", "broad"),
        "neighbour": ("false_positive_rate", "strict"),
        "surgeon": ("precision", "strict"),
    }
    return right | changes


def doctor(**changes):
    """Return the right audit of the doctor, with some parts changed."""
    right = {"counts": [700, 120, 0, 180], "false_positive_rate": 120 / 820, "seems": "too many alarms"}
    return right | changes


def draw_with_a_fixed_rate(trials, rate):
    """Ignore the rate."""
    drawn = np.random.default_rng(1).binomial(trials, 0.4, size=(4000, len(trials)))
    return np.ptp(drawn / np.array(trials), axis=1).mean()


def half_repaired(counts):
    """Change the denominator, and leave the condition as it was."""
    return {group: fp / (tn + fp) if fp + tp > 0 else float("nan") for group, (tn, fp, fn, tp) in counts.items()}


FINDINGS = [
    rejected("04.1", "half of the repair", half_repaired, "nobody labeled negative", "another number"),
    accepted("04.2", "FNR", voices(patient=("FNR", "broad"))),
    accepted("04.2", "a name with hyphens", voices(patient=("false-negative-rate", "broad"))),
    accepted("04.2", "PPV", voices(surgeon=("PPV", "strict"))),
    rejected("04.2", "no rate at all", voices(patient=("harm", "broad")), "false_negative_rate", "'harm'"),
    rejected("04.4", "a rate of its own", draw_with_a_fixed_rate, "whatever `rate` is"),
    accepted("04.6", "counts by name", doctor(counts={"tn": 700, "fp": 120, "fn": 0, "tp": 180})),
    rejected("04.6", "two decimals", doctor(false_positive_rate=0.15), "decimals", never=(r"fp / \(tn",)),
    rejected("04.6", "percent", doctor(false_positive_rate=14.6), "percent", never=(r"fp / \(tn",)),
]
