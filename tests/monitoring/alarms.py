"""Alarms in simulated streams of 10,000 decisions: false ones, and how late true ones come.

``python -m tests.monitoring.alarms`` writes the table beside this file, in a few minutes; ``test_alarms.py`` holds it
to its limits and recomputes a part of it. One row per setting and method, 1,000 streams each:

- ``gap_from``: after how many decisions a gap of .1 begins, empty where there is none;
- ``base_rate``: the rate of both groups, or the mean of two that differ by the gap; with ``drift`` both rise together,
  in a straight line from a fifth of it to nine fifths;
- ``arrival``: how many decisions about the first group there are for one about the second, on average;
- ``method``: the monitor with restarts or without, or a z test at 100 looks, all at alpha = .05;
- ``false_alarms``: streams with an alarm before there was a gap;
- ``found``: share of the other streams with an alarm later;
- ``median_delay``: decisions from the beginning of the gap to the alarm, empty where fewer than half were found.

When later bettors start, and with how much, was chosen on other streams, with the same gaps.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from labkit.monitoring._betting import Bettors
from labkit.monitoring._pairing import find_pairs
from labkit.monitoring.looks import LOOKS, count_at, z_of

TABLE = Path(__file__).with_suffix(".csv")
STREAMS, DECISIONS, ALPHA, GAP, SEED = 1_000, 10_000, 0.05, 0.1, 21
RATES, ARRIVALS, METHODS = (0.1, 0.3, 0.5), (1, 10), ("restarts", "no restarts", "z test")
NEVER = DECISIONS + 1  # the time of an alarm that there was not
SETTINGS = [  # (gap_from, base rate, drift, arrival)
    *product([None], RATES, [False, True], ARRIVALS),
    *product([0, DECISIONS // 2], RATES, [False], ARRIVALS),
]


def make_streams(gap_from, rate, drift, arrival, *, streams=STREAMS):
    """Simulate streams: whether each decision is about the second group, and what it was; (streams, decisions) each."""
    rng = np.random.default_rng([SEED, SETTINGS.index((gap_from, rate, drift, arrival))])
    second = rng.random((streams, DECISIONS)) < 1 / (1 + arrival)
    rates = rate * np.linspace(0.2, 1.8, DECISIONS) if drift else np.full(DECISIONS, rate)
    gaps = np.zeros(DECISIONS)
    if gap_from is not None:
        gaps[gap_from:] = GAP
    decisions = rng.random((streams, DECISIONS)) < rates + np.where(second, -gaps / 2, gaps / 2)
    return second, decisions.astype(int)


def pair_recent(second, decisions):
    """Return the pairs of each stream as the monitor makes them: differences and times, (most pairs, streams) each.

    A stream with fewer pairs has differences of 0 at its end, which change no wealth.
    """
    marks = find_pairs(second)
    stream, place = np.nonzero(marks)
    number = (np.cumsum(marks, axis=1) - 1)[stream, place]
    differences, times = np.zeros((2, number.max() + 1, len(second)), int)
    signs = np.where(second[stream, place], -1, 1)
    differences[number, stream] = signs * (decisions[stream, place] - decisions[stream, place - 1])
    times[number, stream] = place + 1
    return differences, times


def pair_in_queues(second, decisions):
    """Return pairs of each stream first in, first out, as the monitor never makes them; shapes as `pair_recent`."""
    least = min(second.sum(axis=1).min(), (~second).sum(axis=1).min())  # pairs that every stream has
    places = [np.stack([np.flatnonzero(row)[:least] for row in side]) for side in (~second, second)]
    first, other = (np.take_along_axis(decisions, place, axis=1) for place in places)
    return (first - other).T, np.maximum(*places).T + 1


def bet_on(differences, times, *, restarts):
    """Return after how many decisions each stream's wealth reaches 1 / alpha; NEVER where it does not."""
    bettors = Bettors(differences.shape[1], restarts=restarts)
    alarms = np.full(differences.shape[1], NEVER)
    for difference, time in zip(differences, times, strict=True):
        reached = (bettors.bet(difference) >= -np.log(ALPHA)) & (alarms == NEVER)
        alarms[reached] = time[reached]
    return alarms


def look_often(second, decisions):
    """Return after how many decisions a repeated z test first says p < .05; NEVER where it does not."""
    looks = np.arange(1, LOOKS + 1) * (DECISIONS // LOOKS)
    _, z = z_of(*count_at(second, decisions, looks))  # (streams, looks)
    below = np.abs(z) > ndtri(1 - ALPHA / 2)
    return np.where(below.any(axis=1), looks[below.argmax(axis=1)], NEVER)


def compute(setting):
    """Return the rows of the table for one setting, one per method."""
    gap_from = setting[0]
    second, decisions = make_streams(*setting)
    pairs = pair_recent(second, decisions)
    alarms = {
        "restarts": bet_on(*pairs, restarts=True),
        "no restarts": bet_on(*pairs, restarts=False),
        "z test": look_often(second, decisions),
    }
    return [(*setting, method, STREAMS, *_summarize(alarms[method], gap_from)) for method in METHODS]


def _summarize(alarms, gap_from):
    """Return false alarms, the share of the others that were found, and their median delay."""
    if gap_from is None:
        return (alarms < NEVER).sum(), np.nan, np.nan
    others = alarms[alarms > gap_from]
    delay = np.median(others) - gap_from
    found = (others < NEVER).mean()
    return (alarms <= gap_from).sum(), found, delay if found > 0.5 else np.nan


def tabulate(rows):
    """Put rows into a table."""
    names = ["gap_from", "base_rate", "drift", "arrival", "method", "streams", "false_alarms", "found", "median_delay"]
    return pd.DataFrame(rows, columns=names).astype({"gap_from": float})


if __name__ == "__main__":
    table = tabulate([row for setting in SETTINGS for row in compute(setting)])
    table.to_csv(TABLE, index=False, float_format="%.5g")
    print(table.to_string())
