"""Exercises of notebook 04: an audit with intervals, and the largest gap that chance makes."""

import numpy as np

from labkit.audit import audit, newcombe_interval
from labkit.data import load_compas
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers

# ---- 04.3 audit by age -----------------------------------------------------------------------------------------------
YOUNG, OLD = "Less than 25", "Greater than 45"
CLOSEST = ("false positive rate", "false negative rate", "precision", "selection rate")


def audit_by_age():
    """Audit COMPAS alarms by age group."""
    people = load_compas().frame
    alarm = (people["score_text"] != "Low").astype(int)
    return audit(y_true=people["two_year_recid"], y_pred=alarm, sensitive_features=people["age_cat"])


def compare_ages(counts, first, second, part, whole):
    """Return one rate of two age groups as a difference with its interval, from their counts."""
    one, other = ((counts.loc[group, part].sum(), counts.loc[group, whole].sum()) for group in (first, second))
    low, high = newcombe_interval(one, other, confidence=0.95)
    return {"difference": one[0] / one[1] - other[0] / other[1], "low": float(low), "high": float(high)}


AGES = audit_by_age().counts.table
NEGATIVES, POSITIVES = ["tn", "fp"], ["fn", "tp"]
BY_AGE = compare_ages(AGES, YOUNG, OLD, ["fp"], NEGATIVES) | {"closest": "precision"}
WILSON = audit_by_age().intervals["false_positive_rate"]


def by_age(**changes):
    """Return the right answer with some parts changed."""
    return BY_AGE | changes


compare_answers(
    "04.3",
    points=3,
    objective="04-uncertainty",
    reference=BY_AGE,
    choices={"closest": CLOSEST},
    wrong=[
        (
            by_age(**compare_ages(AGES, OLD, YOUNG, ["fp"], NEGATIVES)),
            "This is the older group minus the younger one. `against` subtracts the reference; `pairwise` gives a − b. "
            "When you turn a difference around, the limits change places too.",
        ),
        (
            by_age(difference=BY_AGE["difference"], low=-BY_AGE["low"], high=-BY_AGE["high"]),
            "The difference has the sign that is asked for, but the limits still belong to the other sign.",
        ),
        (
            by_age(low=-BY_AGE["high"], high=-BY_AGE["low"]),
            "The difference has the sign that is asked for, but the limits still belong to the other sign.",
        ),
        (
            by_age(**compare_ages(AGES, YOUNG, OLD, ["fn"], POSITIVES)),
            "These are false *negative* rates. The exercise asks for the people not charged again.",
        ),
        (
            by_age(**compare_ages(AGES, YOUNG, "25 - 45", ["fp"], NEGATIVES)),
            "You compare the youngest group with the middle one.",
        ),
        (
            by_age(
                low=WILSON.loc[YOUNG, "low"] - WILSON.loc[OLD, "high"],
                high=WILSON.loc[YOUNG, "high"] - WILSON.loc[OLD, "low"],
            ),
            "You subtracted the limits of two intervals from each other. That takes both errors at their full length; "
            "the interval of a difference is narrower.",
        ),
        (
            by_age(closest="selection rate"),
            "The numbers are right. In the figure, look at the distance from the leftmost to the rightmost dot of each "
            "color. For alarms in general, the three age groups are far apart.",
        ),
        (
            by_age(closest="false positive rate"),
            "The numbers are right. But you have just found a large difference in this very rate.",
        ),
        (
            by_age(closest="false negative rate"),
            "The numbers are right. In the figure, look at the distance from the leftmost to the rightmost dot of each "
            "color. For misses it is one of the largest.",
        ),
    ],
    otherwise="Not these numbers. Check three things: which column holds the groups, which two groups are compared, "
    "and which rate.",
    hints=(
        '`audit(..., sensitive_features=people["age_cat"])`, then `.against(...)` as for the two races. Print the '
        "table.",
        "The reference is subtracted, so it is the group that comes after *minus*. Your numbers are in the row of the "
        "other group.",
    ),
    idea='`.against("false_positive_rate", reference="Greater than 45").loc["Less than 25"]` has the difference, low '
    "and high. In the figure, compare how far the dots of each color spread.",
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
