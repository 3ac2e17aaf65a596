"""What reviewers found in the exercises of notebook 02."""

import numpy as np
from scipy import stats

from tests.chapters.findings.finding import accepted, rejected

RECIPE_02_2 = (r"\bexp\b", "divided by the sum")
RECIPE_02_3 = ("atanh", "tanh", "1.96", "n - 3")
RECIPE_02_4 = ("pair", "look up")


def fisher(r, n, *, quantile=1.96, lost=3):
    """Return Fisher's interval with another quantile or standard error."""
    half = quantile / np.sqrt(n - lost)
    return [np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)]


def around_r(r, n):
    """Use the standard error of r."""
    half = 1.96 * np.sqrt((1 - r**2) / (n - 2))
    return [r - half, r + half]


def by_place(words):
    """Go by the place of *her* in the sentence."""
    partner = {"she": "he", "he": "she", "him": "her", "his": "her"}
    return [
        ("his" if i > 2 else "him") if word == "her" else partner.get(word, word) for i, (word, _) in enumerate(words)
    ]


def change(*, decimals=None, ddof=1, level=0.975, turn=False):
    """Return an answer to 02.5."""
    changes = np.subtract([0.40, 0.29, 0.35, 0.32, 0.33], [0.44, 0.30, 0.41, 0.33, 0.38])
    half = stats.t.ppf(level, 4) * changes.std(ddof=ddof) / np.sqrt(5)
    low, high = changes.mean() - half, changes.mean() + half
    numbers = {"change": changes.mean(), "low": high if turn else low, "high": low if turn else high}
    if decimals is not None:
        numbers = {name: round(value, decimals) for name, value in numbers.items()}
    return numbers | {"verdict": "smaller"}


FINDINGS = [
    accepted("02.1", "a full stop at the end", "Open whether the lists differ."),
    rejected("02.1", "the rows do not support that the names matter", "the lists differ", "difference"),
    rejected("02.2", "an unknown mistake", lambda logits: logits["she"] ** 2 / 9, never=RECIPE_02_2),
    rejected("02.3", "an unknown mistake", lambda r, n: [r - 0.1, r + 0.2], never=RECIPE_02_3),
    rejected("02.4", "an unknown mistake", lambda words: [word.upper() for word, _ in words], never=RECIPE_02_4),
    rejected(
        "02.3",
        "a dict of limits",
        lambda r, n: dict(zip(("low", "high"), fisher(r, n, quantile=5), strict=True)),
        never=(r"shape \(2, 2\)",),
    ),
    rejected("02.3", "one half-width", lambda r, n: 1.96 / np.sqrt(n - 3), "your function|lambda", never=("shape",)),
    rejected("02.4", "one text", lambda words: " ".join(word for word, _ in words), never=("shape",)),
    rejected("02.3", "the standard error of r", around_r, "around r"),
    rejected("02.3", "n - 2", lambda r, n: fisher(r, n, lost=2), "n - 2"),
    rejected("02.3", "n - 1", lambda r, n: fisher(r, n, lost=1), "n - 1"),
    rejected("02.3", "90%", lambda r, n: fisher(r, n, quantile=1.645), "90%"),
    rejected("02.3", "reversed limits", lambda r, n: fisher(r, n)[::-1], "another order|exchanged"),
    rejected("02.3", "rounded", lambda r, n: [round(limit, 2) for limit in fisher(r, n)], "rounded"),
    rejected("02.4", "the place in place of the role", by_place),
    rejected("02.5", "two decimals", change(decimals=2), "decimals"),
    rejected("02.5", "swapped limits", change(turn=True), "exchanged"),
    rejected("02.5", "a population's deviation", change(ddof=0), "ddof"),
    rejected("02.5", "90%", change(level=0.95), "90%"),
]
