"""Coverage, by simulation, of the intervals over crossed factors that are stated as 95%, and of the bootstrap's.

``python -m tests.comparison.crossed`` writes the table beside this file, in about four minutes; ``test_clusters.py``
simulates a part of it anew.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from labkit.comparison import correlation_over_clusters, difference_over_clusters, mean_over_clusters

TABLE = Path(__file__).with_suffix(".csv")
SIZES = [(4, 20), (8, 20), (8, 40), (16, 40)]  # templates, names
MATTERS = {  # standard deviations of what templates, names and single sentences add
    "templates": (1.0, 0.0, 0.3),
    "names": (0.0, 1.0, 0.3),
    "noise": (0.0, 0.0, 1.0),
    "a little of all": (0.3, 0.3, 1.0),
    "all": (1.0, 1.0, 1.0),
}
KINDS = ("mean", "share", "difference", "correlation")
FACTORS = ["template", "name"]
CORRELATION = 0.5


def lay_out(templates, names):
    """Return the frame of all combinations, with the group of each name."""
    codes = {"template": np.repeat(np.arange(templates), names), "name": np.tile(np.arange(names), templates)}
    frame = pd.DataFrame(codes)
    return frame.assign(group=np.where(frame["name"] % 2, "f", "m"))


def draw(frame, sds, generator):
    """Return what a draw of templates, names and sentences adds to each row."""
    of_template, of_name = (
        generator.normal(0, sd, frame[factor].max() + 1)[frame[factor]]
        for factor, sd in zip(FACTORS, sds[:2], strict=True)
    )
    return of_template + of_name + generator.normal(0, sds[2], len(frame))


def bootstrap_mean(values, templates, names, generator, n_boot=400):
    """Return the percentile interval of the mean over resampled templates and names."""
    drawn = [generator.multinomial(k, np.full(k, 1 / k), size=n_boot) / k for k in (templates, names)]
    means = np.einsum("kt,tn,kn->k", drawn[0], values.reshape(templates, names), drawn[1])
    return np.quantile(means, [0.025, 0.975])


def simulate(kind, sizes, matters, *, runs, seed=0):
    """Return how often the interval covers, how often the bootstrap's does (NaN except for means), and the width."""
    generator, frame, sds = np.random.default_rng(seed), lay_out(*sizes), MATTERS[matters]
    covered, boot, width = [], [], []
    for _ in range(runs):
        added = draw(frame, sds, generator)
        if kind == "mean":
            found, truth = mean_over_clusters(frame.assign(y=added), "y", clusters=FACTORS), 0.0
            low, high = bootstrap_mean(added, *sizes, generator)
            boot.append(low <= 0 <= high)
        elif kind == "share":
            truth = norm.cdf(-1 / np.sqrt(np.square(sds).sum()))
            found = mean_over_clusters(frame.assign(y=added > 1), "y", clusters=FACTORS)
        elif kind == "difference":
            truth = 0.5
            y = added + 0.5 * (frame["group"] == "f")
            found = difference_over_clusters(frame.assign(y=y), "y", group="group", a="f", b="m", clusters=FACTORS)
        else:
            x = generator.normal(size=sizes[1])[frame["name"]]
            noise = np.sqrt(1 - CORRELATION**2) * generator.normal(size=sizes[1])[frame["name"]]
            slope = CORRELATION + 0.2 * sds[0] * generator.normal(size=sizes[0])[frame["template"]]
            y = slope * x + noise + 0.3 * sds[2] * generator.normal(size=len(frame))
            truth = CORRELATION / np.sqrt(1 + (0.3 * sds[2]) ** 2 / sizes[0])
            found = correlation_over_clusters(frame.assign(x=x, y=y), "x", "y", unit="name", clusters="template")
        covered.append(found.low <= truth <= found.high)
        width.append(found.high - found.low)
    return np.mean(covered), np.mean(boot) if boot else np.nan, np.mean(width)


def tabulate(kinds=KINDS, sizes=SIZES, matters=tuple(MATTERS), *, runs=500):
    """Return the table: a row for each setting."""
    rows = [
        (kind, *size, what, *np.round(simulate(kind, size, what, runs=runs), 3))
        for kind in kinds
        for size in sizes
        for what in matters
    ]
    return pd.DataFrame(rows, columns=["kind", "templates", "names", "matters", "coverage", "bootstrap", "width"])


if __name__ == "__main__":
    table = tabulate()
    table.to_csv(TABLE, index=False)
    print(table.to_string())
