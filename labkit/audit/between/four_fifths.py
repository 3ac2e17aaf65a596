"""The four-fifths rule: does a group receive the favorable outcome at less than 80% of the highest group's rate?

A screen for adverse impact (EEOC, Uniform Guidelines on Employee Selection Procedures, 1978, 29 CFR 1607.4 D), not a
definition of fairness. It says nothing about rates of an unfavorable outcome, whose ratio is another number.
"""

import numpy as np
import pandas as pd

from labkit.audit.between._equality import compare_pairs
from labkit.audit.between._extremes import limit_to_highest
from labkit.audit.between.ratios import ratio_interval
from labkit.audit.between.reference import adjust
from labkit.audit.intervals import is_imprecise
from labkit.audit.metrics import divide
from labkit.errors import UserError

FOUR_FIFTHS = 0.8
HIGHEST, BELOW, NOT_BELOW, CANNOT_TELL = "highest rate", "below four fifths", "not below four fifths", "cannot tell"
# What is found, as the guidelines ask: is the ratio as measured below four fifths, and is the gap more than chance?
CLEARLY_BELOW, PERHAPS_BELOW = "below, and more than chance", "below, but chance may explain it"
ABOVE, ABOVE_WITH_GAP, NO_RATIO = "not below", "not below, but the gap is more than chance", "no ratio"


def check_favorable(favorable: int) -> None:
    """Reject what is not a prediction."""
    if favorable not in (0, 1):
        raise UserError(
            f"favorable={favorable!r} is not a prediction: the four-fifths rule compares rates of the favorable "
            "outcome; pass 1 where a prediction of 1 is good for the person (hired), 0 where it is bad (denied)"
        )


def find_highest(selected: np.ndarray, people: np.ndarray, *, favorable: int) -> int | None:
    """Return the position of the group with the highest rate of the favorable outcome; None where nobody has a rate.

    Of groups with the same rate, it is the largest.
    """
    check_favorable(favorable)
    rate = divide(selected if favorable == 1 else people - selected, people)
    if np.isnan(rate).all():
        return None
    top = np.flatnonzero(rate == np.nanmax(rate))
    return int(top[np.argmax(people[top])])


def judge_four_fifths(selected: np.ndarray, people: np.ndarray, *, favorable: int, confidence: float) -> pd.DataFrame:
    """Compare each group's rate of the favorable outcome with the highest, and say what the interval allows to say.

    Parameters
    ----------
    selected, people : array of shape (groups,)
        Predicted positive, and all; whole or effective counts.
    favorable : int
        The prediction that is good for a person, 0 or 1.
    confidence : float
        Coverage of the interval of each ratio, between 0 and 1; of those called adjusted, of all groups at once.

    Returns
    -------
    pandas.DataFrame
        One row per group with columns n (as ``people``), favorable_rate, ratio, low, high, verdict, too_few,
        low_adjusted, high_adjusted, p_value, p_adjusted, finding.
    """
    highest = find_highest(selected, people, favorable=favorable) or 0
    favored = selected if favorable == 1 else people - selected
    rate = divide(favored, people)
    top = (np.broadcast_to(counted[highest : highest + 1], counted.shape) for counted in (favored, people))
    top_favored, top_people = top
    low, high = ratio_interval((favored, people), (top_favored, top_people), confidence=confidence)
    ratio = divide(rate, divide(top_favored, top_people))
    is_top = (np.arange(len(rate)) == highest) & ~np.isnan(ratio)
    known = ~np.isnan(ratio)
    verdict = np.select(
        [is_top, known & (high < FOUR_FIFTHS), known & (low >= FOUR_FIFTHS)],
        [HIGHEST, BELOW, NOT_BELOW],
        CANNOT_TELL,
    )
    pairs = known.sum() * (known.sum() - 1) // 2  # any of them could have become a comparison with the highest
    p_value = np.where(is_top, np.nan, compare_pairs((favored, people), (top_favored, top_people)))
    p_adjusted = adjust(p_value, int(pairs))
    limits = limit_to_highest(favored, people, confidence=confidence)
    is_below, is_gap = ratio < FOUR_FIFTHS - 1e-12, p_adjusted < 1 - confidence
    finding = np.select(
        [is_top, ~known, is_below & is_gap, is_below, is_gap],
        [HIGHEST, NO_RATIO, CLEARLY_BELOW, PERHAPS_BELOW, ABOVE_WITH_GAP],
        ABOVE,
    )
    adjusted = {
        f"{name}_adjusted": np.where(is_top | ~known, np.nan, limit)
        for name, limit in zip(("low", "high"), limits, strict=True)
    }
    return pd.DataFrame(
        {
            "n": people,
            "favorable_rate": rate,
            "ratio": ratio,
            "low": np.where(is_top, np.nan, low),  # a group is not compared with itself
            "high": np.where(is_top, np.nan, high),
            "verdict": verdict,
            "too_few": is_imprecise(favored, people) | is_imprecise(top_favored, top_people),
            **adjusted,
            "p_value": p_value,
            "p_adjusted": p_adjusted,
            "finding": finding,
        }
    )
