"""Exercises of notebook 04: an audit with intervals, and the largest gap that chance makes."""

from functools import cache
from itertools import permutations

import numpy as np

from labkit.audit import audit, newcombe_interval
from labkit.data import load_compas
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers
from labkit.exercises.variants import Variant

# ---- 04.3 audit by age -----------------------------------------------------------------------------------------------
AGES = ("Less than 25", "25 - 45", "Greater than 45")
CLOSEST = ("false positive rate", "false negative rate", "precision", "selection rate")
PARTS = {  # of each rate, as counts: those above the line, and those below
    "false positive rate": (["fp"], ["tn", "fp"]),
    "false negative rate": (["fn"], ["fn", "tp"]),
    "precision": (["tp"], ["tp", "fp"]),
    "selection rate": (["tp", "fp"], ["tn", "fp", "fn", "tp"]),
}
STARTS_FROM = {
    "false positive rate": "the people not charged again",
    "false negative rate": "the people charged again",
    "precision": "the people with an alarm",
    "selection rate": "all people",
}
ON_SIGN = "The difference has the sign that is asked for, but the limits still belong to the other sign."


@cache
def audit_by_age():
    """Audit COMPAS alarms by age group."""
    people = load_compas().frame
    alarm = (people["score_text"] != "Low").astype(int)
    return audit(y_true=people["two_year_recid"], y_pred=alarm, sensitive_features=people["age_cat"])


@cache
def count_ages():
    """Return the counts of each age group."""
    return audit_by_age().counts.table


@cache
def compare_ages(first, second, rate):
    """Return one rate of two age groups as a difference with its interval, from their counts."""
    counts, (part, whole) = count_ages(), PARTS[rate]
    one, other = ((counts.loc[group, part].sum(), counts.loc[group, whole].sum()) for group in (first, second))
    low, high = newcombe_interval(one, other, confidence=0.95)
    return {"difference": one[0] / one[1] - other[0] / other[1], "low": float(low), "high": float(high)}


@cache
def closest_rate():
    """Return the rate in which the largest and the smallest of the three age groups are closest."""
    counts = count_ages()
    spreads = {
        rate: np.ptp((counts[part].sum(axis=1) / counts[whole].sum(axis=1)).to_numpy())
        for rate, (part, whole) in PARTS.items()
    }
    return min(spreads, key=spreads.get)


def answer_by_age(first, second, rate):
    """Return the right answer for two age groups and a rate."""
    return compare_ages(first, second, rate) | {"closest": closest_rate()}


@cache
def wrong_by_age(first, second, rate):
    """Return wrong answers for two age groups and a rate, with their hints."""
    right = answer_by_age(first, second, rate)
    wilson = audit_by_age().intervals[rate.replace(" ", "_")]
    third = next(age for age in AGES if age not in (first, second))
    other = next(each for each in ("false negative rate", "false positive rate") if each != rate)
    far = [each for each in CLOSEST if each != right["closest"]]
    return [
        (
            right | compare_ages(second, first, rate),
            "The groups are exchanged. `against` subtracts the reference; `pairwise` gives a − b. "
            "When you turn a difference around, the limits change places too.",
        ),
        (right | {"low": -right["low"], "high": -right["high"]}, ON_SIGN),
        (right | {"low": -right["high"], "high": -right["low"]}, ON_SIGN),
        (
            right | compare_ages(first, second, other),
            f"These are {other}s. The exercise asks for a rate that starts from {STARTS_FROM[rate]}.",
        ),
        (
            right | compare_ages(first, third, rate),
            f"You compare with the group `{third!r}`. Which one does the exercise subtract?",
        ),
        (
            right
            | {
                "low": wilson.loc[first, "low"] - wilson.loc[second, "high"],
                "high": wilson.loc[first, "high"] - wilson.loc[second, "low"],
            },
            "You subtracted the limits of two intervals from each other. That takes both errors at their full length; "
            "the interval of a difference is narrower.",
        ),
        *(
            (
                right | {"closest": each},
                "The numbers are right. In the figure, look at the distance from the leftmost to the rightmost dot of "
                f"each color. There is a rate in which it is smaller than in the {each}.",
            )
            for each in far
        ),
    ]


def text_by_age(first, second, rate):
    """Return what the exercise asks for."""
    return f'Give the {rate} of `"{first}"` minus that of `"{second}"`'


def draw_ages(rng):
    """Draw two other age groups, or another rate."""
    asked = [(*pair, rate) for pair in permutations(AGES, 2) for rate in PARTS if rate != closest_rate()]
    asked.remove(BY_AGE)
    chosen = asked[rng.integers(len(asked))]
    return Variant(answer_by_age(*chosen), wrong_by_age(*chosen), [(text_by_age(*BY_AGE), text_by_age(*chosen))])


BY_AGE = ("Less than 25", "Greater than 45", "false positive rate")
compare_answers(
    "04.3",
    points=3,
    objective="04-uncertainty",
    reference=answer_by_age(*BY_AGE),
    wrong=wrong_by_age(*BY_AGE),
    variants=draw_ages,
    choices={"closest": CLOSEST},
    otherwise="Not these numbers. Check three things: which column holds the groups, which two groups are compared, "
    "and which rate.",
    hints=(
        '`audit(..., sensitive_features=people["age_cat"])`, then `.against(...)` as for the two races. Print the '
        "table.",
        "The reference is subtracted, so it is the group that comes after *minus*. Your numbers are in the row of the "
        "other group.",
    ),
    idea="`.against(rate, reference=subtracted).loc[other]`, with the names of the rate and of the two groups, has the "
    "difference, low and high. In the figure, compare how far the dots of each color spread.",
    praise="Alarms differ by age far more than what an alarm means, which differs a little too.",
)


# ---- 04.4 write a function -------------------------------------------------------------------------------------------
PROBES = (
    ([500, 500, 500, 500], 0.3),
    ([20, 20], 0.5),
    ([2000, 12, 8], 0.4),
    ([30] * 12, 0.4),
    ([25, 40, 25], 0.05),
    ([60, 15], 0.9),
)
DRAWS = 4000


def draw_rates(trials, rate):
    """Draw the rates that audits measure when every group has the same one: (draws, groups)."""
    counts = np.random.default_rng(0).binomial(trials, rate, size=(DRAWS, len(trials)))
    return counts / np.asarray(trials)


def null_gap(trials, rate):
    """Return the mean of max - min over draws in which every group has the same rate."""
    rates = draw_rates(trials, rate)
    return (rates.max(axis=1) - rates.min(axis=1)).mean()


def draw_audits(rng):
    """Draw sizes and rates that tell the known mistakes from each other.

    No group is smaller than 40, so that the difference of two right simulations has a standard deviation below 0.0018,
    less than a quarter of the tolerance.
    """
    small, few, many = (int(rng.integers(*limits)) for limits in ((40, 60), (40, 48), (8, 13)))
    return [
        ([100 * int(rng.integers(3, 8))] * 4, round(rng.uniform(0.25, 0.35), 2)),
        ([small, small], round(rng.uniform(0.45, 0.55), 2)),
        ([100 * int(rng.integers(20, 35)), few, few + 4], round(rng.uniform(0.35, 0.6), 2)),
        ([int(rng.integers(55, 75))] * many, round(rng.uniform(0.35, 0.45), 2)),
        ([60, int(rng.integers(80, 120)), 60], round(rng.uniform(0.03, 0.06), 2)),
        ([int(rng.integers(110, 160)), few], round(rng.uniform(0.88, 0.93), 2)),
    ]


def gap_of_means(trials, rate):
    """Average over draws before taking the gap."""
    return np.ptp(draw_rates(trials, rate).mean(axis=0))


def max_minus_rate(trials, rate):
    """Take the distance of the largest from the truth."""
    return draw_rates(trials, rate).max(axis=1).mean() - rate


def equal_sizes(trials, rate):
    """Give every group the mean size."""
    return null_gap([round(np.mean(trials))] * len(trials), rate)


def gap_of_counts(trials, rate):
    """Forget to divide."""
    return np.ptp(draw_rates(trials, rate) * np.asarray(trials), axis=1).mean()


def gap_over_all(trials, rate):
    """Take the largest and the smallest rate of all draws."""
    return np.ptp(draw_rates(trials, rate))


def spread_of_rates(trials, rate):
    """Take the standard deviation over groups."""
    return draw_rates(trials, rate).std(axis=1).mean()


def fixed_rate(trials, rate):
    """Ignore the rate."""
    return null_gap(trials, 0.4)


def first_and_last(trials, rate):
    """Compare two groups only."""
    rates = draw_rates(trials, rate)
    return abs(rates[:, 0] - rates[:, -1]).mean()


compare_answers(
    "04.4",
    points=3,
    objective="04-uncertainty",
    collect=outputs_of(*PROBES),
    hidden=draw_audits,
    always_apart=True,
    reference=null_gap,
    wrong=[
        (
            gap_of_means,
            "Nearly 0: either the sign was kept, or the rates were averaged over the draws before taking max − min. An "
            "auditor sees *one* draw. Take max − min in each draw, and average last.",
        ),
        (
            max_minus_rate,
            "This is how far the largest rate lies above the true one. The smallest is off as well: max minus *min*.",
        ),
        (equal_sizes, "You drew groups of equal size. Small groups make the gap: each needs its own number of people."),
        (gap_of_counts, "These are numbers of people. A gap between groups of different size needs shares."),
        (
            gap_over_all,
            "You took one maximum and one minimum over all draws together. Each audit has its own: go along its row.",
        ),
        (
            spread_of_rates,
            "This is a standard deviation over groups. The audit reports the largest minus the smallest.",
        ),
        (fixed_rate, "The result is the same whatever `rate` is. Does your function use its second argument?"),
        (first_and_last, "You compare two of the groups. Which two are furthest apart changes from draw to draw."),
    ],
    otherwise="Not the mean gap. Try two groups of equal size, and draw a histogram of the numbers that you average.",
    tolerance=0.008,
    hints=(
        "`rng.binomial(trials, rate, size=(4000, len(trials)))` draws all counts at once: a row is one audit.",
        "Divide by the sizes; then take the maximum minus the minimum along each row.",
    ),
    idea="Draw counts from a binomial distribution with the *same* rate for all groups, divide by each group's size, "
    "take max − min in each row, and return the mean over the rows.",
    praise="So a gap has to be compared with the gap that chance makes.",
)
