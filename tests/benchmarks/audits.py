"""Intervals of eight metrics on 1,000,000 rows: fairlearn resamples rows, labkit counts once and needs no draws.

fairlearn's figure is scaled: it computes the metrics once for the data and once for a single replicate, and half of
that time stands for each of 1,000 replicates (a replicate costs more than the data itself, since rows are copied: the
scaled figure is rather too small). labkit's figure includes counting the rows. Both are processor time, so that
whatever else the machine does meanwhile favours neither.
"""

import time

N, N_BOOT, GROUPS = 1_000_000, 1_000, ("Asian", "Black", "Hispanic", "White")


def decisions(kind, n=N):
    """Make labels, decisions and groups as whole numbers, categories or strings."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    group, y_true = rng.integers(0, len(GROUPS), n), rng.integers(0, 2, n)
    y_pred = (rng.random(n) < 0.3 + 0.025 * group + 0.3 * y_true).astype(int)
    names = {
        "integer": lambda: group,
        "categorical": lambda: pd.Categorical.from_codes(group, GROUPS),
        "string": lambda: np.array(GROUPS, dtype=object)[group],
    }
    return pd.DataFrame({"y_true": y_true, "y_pred": y_pred, "group": names[kind]()})


def fairlearn(kind):
    """Return the processor seconds that fairlearn takes for N_BOOT replicates, scaled from two passes over the rows."""
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score, precision_score

    eight = {name: getattr(metrics, name) for name in ("selection_rate", "true_positive_rate", "false_positive_rate")}
    eight |= {name: getattr(metrics, name) for name in ("true_negative_rate", "false_negative_rate")}
    eight |= {"accuracy": accuracy_score, "precision": precision_score, "base_rate": lambda y, _: y.mean()}
    frame = decisions(kind)
    start = time.process_time()
    result = metrics.MetricFrame(
        metrics=eight, y_true=frame["y_true"], y_pred=frame["y_pred"], sensitive_features=frame["group"],
        n_boot=1, ci_quantiles=[0.025, 0.975], random_state=0,
    )  # fmt: skip
    result.difference_ci(), result.ratio_ci(), result.by_group_ci
    return (time.process_time() - start) / 2 * N_BOOT


def labkit(kind):
    """Return the processor seconds of labkit for counting and for intervals of rates, differences and ratios."""
    from labkit.audit.counts import count

    frame, best = decisions(kind), float("inf")
    for _ in range(5):  # the first one also imports scipy and statsmodels
        start = time.process_time()
        counts = count(frame, label="y_true", prediction="y_pred", sensitive="group")
        find_intervals(counts)
        best = min(best, time.process_time() - start)
    return best


def find_intervals(counts):
    """Ask an audit for all of its intervals."""
    result = counts.audit()
    return result.difference_interval(), result.ratio_interval(), result.intervals


SCALED = "(scaled from 2 passes)"
TITLE = f"Intervals of eight metrics, of {N_BOOT:,} replicates with fairlearn, {N:,} rows, {len(GROUPS)} groups"
UNIT = "CPU s"
BETTER = "lower"
REPEATS = 1
LINES = {
    f"{name}, {kind} groups{more}": lambda run=run, kind=kind: run(kind)
    for kind in ("integer", "categorical", "string")
    for name, run, more in (("fairlearn MetricFrame(n_boot=)", fairlearn, f" {SCALED}"), ("labkit", labkit, ""))
}
BASELINE = [line for line in LINES if line.endswith(SCALED)]
