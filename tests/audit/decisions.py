"""Tables of decisions and of scores, and their counts by other means: for the tests of counting."""

import numpy as np
import pandas as pd

from labkit.audit.counts import Counts
from labkit.audit.score_histogram import ScoreHistogram

NAMES = {"label": "y", "prediction": "yhat"}


def make_decisions(n=600):
    """Make a table of decisions with groups of several types."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "y": rng.integers(0, 2, n),
            "yhat": rng.random(n) < 0.4,
            "race": rng.choice(["blue", "green", "red"], n),
            "sex": rng.random(n) < 0.5,
            "site": rng.integers(1, 4, n),
            "name": [f"person {i}" for i in range(n)],
        }
    )


def count_by_hand(frame, sensitive):
    """Count decisions with pandas alone."""
    cells = {}
    for group, part in frame.groupby(sensitive):
        y, yhat = part["y"].astype(bool), part["yhat"].astype(bool)
        cells[group] = [(~y & ~yhat).sum(), (~y & yhat).sum(), (y & ~yhat).sum(), (y & yhat).sum()]
    return Counts.from_mapping(cells, names=[sensitive] if isinstance(sensitive, str) else sensitive)


def make_scores(n=900):
    """Make a table of scores that sort labels better in one group than in the others."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "race": rng.choice(["blue", "green", "red"], n)})
    noise = rng.normal(size=n) * np.where(frame["race"] == "red", 2.0, 0.7)
    frame["score"] = 1 / (1 + np.exp(-(2 * frame["y"] - 1 + noise)))
    frame.loc[:5, "score"] = [0.0, 1.0, 0.5, 0.25, 0.75, 1.0]
    frame["site"] = rng.integers(1, 3, n)
    return frame


def bin_by_hand(frame, bins):
    """Bin scores by race and label with numpy alone."""
    cells = {}
    for group, part in frame.groupby("race"):
        histogram = [np.histogram(part["score"][part["y"] == label], bins=bins, range=(0, 1))[0] for label in (0, 1)]
        cells[group] = np.array(histogram)
    return ScoreHistogram.from_cells(cells, names=["race"], shape=(2, bins))
