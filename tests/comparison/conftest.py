"""What the tests of comparisons share: runs with differences of each kind."""

import pandas as pd
import pytest


@pytest.fixture
def runs():
    """Three methods and the baseline, three seeds: one clearly smaller, one clearly larger, one neither."""
    values = {
        "untouched": [0.30, 0.32, 0.34],
        "fair": [0.10, 0.13, 0.13],
        "worse": [0.40, 0.43, 0.44],
        "idle": [0.31, 0.31, 0.34],
    }
    rows = [{"method": name, "seed": seed, "gap": v} for name, own in values.items() for seed, v in enumerate(own)]
    return pd.DataFrame(rows)
