"""Exact coverage of the intervals that are stated as 95%: enumerated over all outcomes of two groups, not simulated.

``python -m tests.audit.coverage`` writes the table beside this file, in about two minutes; ``test_coverage.py``
recomputes a part of it.
"""

from itertools import combinations_with_replacement, product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binom

from labkit.audit.between.ratios import ratio_interval
from labkit.audit.intervals import newcombe_interval, wilson_interval

TABLE = Path(__file__).with_suffix(".csv")
SIZES, RATES = (30, 50, 100, 200, 500, 1000), (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
CONFIDENCE, LEFT_OUT = 0.95, 1e-9  # more successes than this probability allows at the highest rate are left out


def find_cells(sizes):
    """List the pairs of rates (n1, n2, p1, p2) of two groups of these sizes; equal sizes have each pair once."""
    same = sizes[0] == sizes[1]
    return [(*sizes, *pair) for pair in product(RATES, RATES) if not same or pair[0] <= pair[1]]


def compute_pairs(sizes):
    """Return the rows of the table for two groups of these sizes: intervals of the difference and of the ratio."""
    outcomes = [np.arange(binom.isf(LEFT_OUT, n, max(RATES)) + 1) for n in sizes]
    first, second = (outcomes[0][:, None], sizes[0]), (outcomes[1][None], sizes[1])  # together (x1, x2)
    limits = {"difference": newcombe_interval(first, second, confidence=CONFIDENCE)}
    limits["ratio"] = ratio_interval(first, second, confidence=CONFIDENCE)
    chances = [{p: binom.pmf(x, n, p) for p in RATES} for x, n in zip(outcomes, sizes, strict=True)]
    rows = []
    for n1, n2, p1, p2 in find_cells(sizes):
        for interval, truth in (("difference", p1 - p2), ("ratio", p1 / p2)):
            low, high = limits[interval]
            coverage = chances[0][p1] @ ((low <= truth) & (truth <= high)) @ chances[1][p2]
            rows.append((interval, n1, n2, p1, p2, coverage, expects_two((n1, p1), (n2, p2))))
    return rows


def compute_rates():
    """Return the rows for Wilson's interval of one rate; n2 and p2 are 0."""
    rows = []
    for n, p in product(SIZES, RATES):
        x = np.arange(n + 1)
        low, high = wilson_interval(x, np.full(n + 1, n), confidence=CONFIDENCE)
        coverage = binom.pmf(x, n, p) @ ((low <= p) & (p <= high))
        rows.append(("rate", n, 0, p, 0, coverage, expects_two((n, p))))
    return rows


def expects_two(*sides):
    """Say whether each group expects at least two successes and two failures."""
    return all(n * min(p, 1 - p) >= 2 - 1e-9 for n, p in sides)


def tabulate(rows):
    """Put rows into a table."""
    return pd.DataFrame(rows, columns=["interval", "n1", "n2", "p1", "p2", "coverage", "expects_two"])


if __name__ == "__main__":
    found = [row for sizes in combinations_with_replacement(SIZES, 2) for row in compute_pairs(sizes)]
    table = tabulate(found + compute_rates())
    table.to_csv(TABLE, index=False, float_format="%.5g")
    print(table.groupby(["interval", "expects_two"])["coverage"].agg(["size", "min", "mean"]).round(4))
