"""Decisions for tests of cards: three groups, one of them small, made without chance."""

import numpy as np
import pandas as pd

SENTENCE = "Eight plain words say who, what, when, why."


def make_decisions(sizes=None):
    """Return labels, decisions and scores by group: rates differ, and nobody in "few" is labeled 0."""
    rows = []
    for place, (group, n) in enumerate((sizes or {"men": 120, "women": 100, "few": 6}).items()):
        at = np.arange(n)
        y = np.ones(n, int) if group == "few" else (at % 2)
        yhat = np.where(at % (3 + place) == 0, 1 - y, y)
        rows.append(pd.DataFrame({"y": y, "yhat": yhat, "p": np.where(yhat == 1, 0.7, 0.2), "sex": group}))
    return pd.concat(rows, ignore_index=True)
