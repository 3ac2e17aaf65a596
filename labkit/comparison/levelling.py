"""Levelling down: a gap that closes because the better-off group loses, while nobody gains.

The term is from Mittelstadt, Wachter and Russell (2023), "The unfairness of fair machine learning: levelling down
and strict egalitarianism by default".
"""

from collections.abc import Hashable

import pandas as pd

LEVELLING_VERDICTS = {
    "levelled down": "the gap narrowed, the better-off group lost and no group gained",
    "a group gained": "the gap narrowed, a group gained and none lost, by the one rate that is counted",
    "moved": "the gap narrowed, one group gained and another lost",
    "only others lost": "the gap narrowed, a group lost that was not the better-off one, and none gained",
    "narrowed, no group clearly changed": "the gap narrowed, and no group's change is clear",
    "not clearly narrowed": "the interval of the gap's change contains zero or is above it",
}


def judge_levelling(gap: pd.Series, benefits: pd.DataFrame, *, better_off: Hashable | None = None) -> str:
    """Say whether a gap narrowed because the better-off group is treated worse, and whether any group gained.

    "Gained", "lost" and "narrowed" mean that a 95% interval does not contain zero. So *levelled down* means that no
    gain is shown, not that there is none: look at the intervals. And it is a verdict on one rate: a group of which more
    ill people are found may get more false alarms too.

    Parameters
    ----------
    gap : Series
        "low" and "high" of the change of the gap, signed so that below zero is towards equality.
    benefits : DataFrame
        One row per group, with "low" and "high" of the change in what the rule gives to people of the group, such as
        the share of the ill who are found; above zero is better for them.
    better_off : hashable, optional
        The group that had more before, a label of the index of ``benefits``. Default: any group that lost counts as the
        better-off one, as it must where the gap is in the rate of ``benefits`` itself.

    Returns
    -------
    str
        A key of `LEVELLING_VERDICTS`.

    Examples
    --------
    >>> judge_levelling(pd.Series({"low": -0.3, "high": -0.1}),
    ...                 pd.DataFrame({"low": [-0.3, 0.0], "high": [-0.1, 0.0]}, index=["a", "b"]), better_off="a")
    'levelled down'
    """
    if not gap["high"] < 0:
        return "not clearly narrowed"
    lost = benefits["high"] < 0
    gained = (benefits["low"] > 0).any()
    if gained and lost.any():
        return "moved"
    if gained:
        return "a group gained"
    if lost.any():
        return "levelled down" if better_off is None or lost[better_off] else "only others lost"
    return "narrowed, no group clearly changed"
