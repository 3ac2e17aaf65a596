"""What the intervals cost once the rows are counted: the same for any number of rows."""

import time

from .audits import decisions, find_intervals


def after_counting(n):
    """Return the milliseconds for the intervals of n rows that are counted already."""
    from labkit.audit.counts import count

    counts, best = count(decisions("integer", n), label="y_true", prediction="y_pred", sensitive="group"), float("inf")
    for _ in range(20):
        start = time.perf_counter()
        find_intervals(counts)
        best = min(best, time.perf_counter() - start)
    return 1000 * best


TITLE = "Intervals of eight metrics, after counting"
UNIT = "ms"
BETTER = "lower"
BASELINE = "1,000,000 rows"
LINES = {BASELINE: lambda: after_counting(1_000_000), "10,000,000 rows": lambda: after_counting(10_000_000)}
