"""What is called levelling down."""

import numpy as np
import pandas as pd
import pytest

from labkit.comparison import LEVELLING_VERDICTS, judge_levelling

NARROWER, ZERO, UP, DOWN, UNSURE = (-0.3, -0.1), (0.0, 0.0), (0.01, 0.2), (-0.2, -0.01), (-0.1, 0.1)


@pytest.mark.parametrize(
    ("gap", "a", "b", "verdict"),
    [
        (NARROWER, DOWN, ZERO, "levelled down"),
        (NARROWER, DOWN, UNSURE, "levelled down"),
        (NARROWER, DOWN, DOWN, "levelled down"),
        (NARROWER, DOWN, UP, "moved"),
        (NARROWER, UNSURE, DOWN, "only others lost"),
        (NARROWER, UNSURE, UP, "a group gained"),
        (NARROWER, UP, UP, "a group gained"),
        (NARROWER, UNSURE, UNSURE, "narrowed, no group clearly changed"),
        ((-0.3, 0.0), DOWN, ZERO, "not clearly narrowed"),
        ((0.1, 0.3), DOWN, UP, "not clearly narrowed"),
        ((np.nan, np.nan), DOWN, UP, "not clearly narrowed"),
    ],
)
def test_verdict(gap, a, b, verdict):
    """It takes a narrower gap, and then depends on who clearly gained and who clearly lost."""
    benefits = pd.DataFrame([a, b], columns=["low", "high"], index=["a", "b"])
    assert judge_levelling(pd.Series(gap, index=["low", "high"]), benefits, better_off="a") == verdict
    assert verdict in LEVELLING_VERDICTS
