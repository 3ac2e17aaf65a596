"""What reviewers found in the exercises of notebook 05."""

from tests.chapters.findings.finding import accepted, rejected


def verdicts(**changes):
    """Return the right verdicts, with some changed."""
    right = {
        "A": "only equalized odds",
        "B": "both, TPR = FPR",
        "C": "both, equal base rates",
        "D": "only equalized odds",
        "E": "only parity",
        "refutes": "C",
    }
    return right | changes


FINDINGS = [
    rejected("05.2", "a bar of the clinic", {"remaining": 0.05, "largest": "FPR"}, "color"),
    rejected("05.2", "half of the bar", {"remaining": 0.015, "largest": "FPR"}),
    rejected(
        "05.2",
        "the label in the figure",
        {"remaining": 0.03, "largest": "negatives selected at different rates"},
        "none of the options",
        "B. FPR",
    ),
    accepted("05.3", "no blanks", verdicts(B="both, TPR=FPR")),
    rejected("05.3", "a verdict without a hint of its own", verdicts(B="only parity"), "^B: "),
    rejected("05.4", "rounded to one decimal", lambda a, b, allowed: round(max(0, abs(a - b) - allowed), 1), "rounded"),
]
