"""Exercises of notebook 04: what max - min does under parity, and reading a calibration figure."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, compare_answers, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_percent

# ---- 04.3 predict before running -------------------------------------------------------------------------------------
choice(
    "04.3",
    points=1,
    objective="04-uncertainty",
    options={
        "all": "Look at what is drawn: in each draw of the bootstrap the largest rate minus the smallest. How "
        "often is that "
        "exactly 0 or below?",
        "about 95": "That is what 95% promises, and what holds for a single rate. But what is the smallest value that "
        "max - min can take in a draw, and how many draws lie below it?",
        "about half": "Nothing is symmetric here: a rate can be drawn too high or too low, max - min only at 0 "
        "or above.",
        "none": None,
    },
    praise="A draw of max - min is never below 0 and hardly ever 0, so the lower limit lies above the true value.",
    hints=(
        "Take four groups with rates 0.29, 0.30, 0.30, 0.31 in one draw. What is max - min? Could it ever be below 0?",
        "The interval runs from the 2.5% point of the draws to the 97.5% point. Where must the 2.5% point lie?",
    ),
    idea="Max - min is positive unless all groups have exactly the same rate in a draw. So the 2.5% point of "
    "the draws is "
    "positive as well, and 0 is never inside.",
)


# ---- 04.4 write a function -------------------------------------------------------------------------------------------
PROBES = (([500, 500, 500, 500], 0.3), ([20, 20], 0.5), ([2000, 12, 8], 0.4), ([30] * 12, 0.4), ([40, 30, 40], 0.05))


DRAWS = 4000


def draw_counts(trials, rate):
    """Draw how many of each group are selected when all have the same rate: (draws, groups)."""
    return np.random.default_rng(0).binomial(trials, rate, size=(DRAWS, len(trials)))


def null_gap(trials, rate):
    """Return the mean of max - min over draws in which every group has the same rate."""
    return np.ptp(draw_counts(trials, rate) / np.asarray(trials), axis=1).mean()


def gap_of_means(trials, rate):
    """Averages over draws before it takes the gap."""
    return np.ptp((draw_counts(trials, rate) / np.asarray(trials)).mean(axis=0))


def max_less_rate(trials, rate):
    """Takes the distance of the largest from the truth."""
    return (draw_counts(trials, rate) / np.asarray(trials)).max(axis=1).mean() - rate


def always_the_same_rate(trials, rate):
    """Draws with a rate of its own."""
    return null_gap(trials, 0.4)


def equal_sizes(trials, rate):
    """Gives every group the mean size."""
    return null_gap([round(np.mean(trials))] * len(trials), rate)


def gap_of_counts(trials, rate):
    """Forgets to divide."""
    return np.ptp(draw_counts(trials, rate), axis=1).mean()


def spread_of_rates(trials, rate):
    """Takes the standard deviation over groups."""
    return (draw_counts(trials, rate) / np.asarray(trials)).std(axis=1).mean()


compare_answers(
    "04.4",
    points=3,
    objective="04-uncertainty",
    collect=outputs_of(*PROBES),
    reference=null_gap,
    wrong=[
        (
            gap_of_means,
            "Nearly 0: either the sign was kept, or the rates were averaged over the draws before taking max - min. An "
            "auditor sees *one* draw. Take max - min in each draw, and average these last.",
        ),
        (
            max_less_rate,
            "This is how far the largest rate lies above the true one. The smallest errs too: max minus *min*.",
        ),
        (equal_sizes, "You drew groups of equal size. The small ones make the gap: each group needs its own number."),
        (
            always_the_same_rate,
            "Your function draws with the same chance whatever `rate` is. Rare events vary less than frequent ones.",
        ),
        (gap_of_counts, "This is a number of people. Divide each count by the size of its own group before max - min."),
        (spread_of_rates, "This is a standard deviation over groups. The audit reports max - min (`np.ptp` takes it)."),
    ],
    otherwise="Not the gap of an average audit. For two groups of 20 people at a rate of 0.5 it is about 0.13, and "
    "about half as large for two groups of 80: what do you get?",
    tolerance=0.015,
    hints=(
        "`rng.binomial(trials, rate, size=(4000, len(trials)))` draws all counts at once: a row is one audit.",
        "Divide by the sizes, then take max - min along each row: `np.ptp(rates, axis=1)`.",
    ),
    idea="Counts from a binomial with the *same* rate for all groups, divided by each group's size; max - min in each "
    "row; the mean over the rows.",
    praise="So a gap has to be compared with the gap that nobody made.",
)


# ---- 04.5 read a figure ----------------------------------------------------------------------------------------------
SEEN = {"african_american": 227 / 286, "caucasian": 45 / 64, "first_over_half": 6, "overlapping": 10}


EYE = 0.04  # as far as an eye may be off


def seen(**changes):
    """Return an answer with some parts changed."""
    return SEEN | changes


SWAPPED = "You read each line for the other group. The legend says which colour and which marker is whose."


OTHER_DECILE = "That is where the dots stand at decile 9. Decile 10 is the last one on the right."


TOO_EARLY = "At decile 5 both dots lie just under the line of one half. Which is the next?"


TOO_LATE = "Both dots already lie above one half at decile 6, one of them with a good part of its interval."


DOTS = (
    "Two *intervals* overlap when they share some height, even where the dots are clearly apart, as at decile "
    "10. Count "
    "the deciles again."
)


PERCENT = recognize_percent(
    {"african_american": 79, "caucasian": 70}, {"african_american": 0.79, "caucasian": 0.70}, tolerance=EYE
)


@exercise(
    "04.5",
    points=2,
    objective="04-calibration",
    reference={"african_american": 0.79, "caucasian": 0.70, "first_over_half": 6, "overlapping": 10},
    wrong=[
        (seen(african_american=0.70, caucasian=0.79), SWAPPED),
        (seen(african_american=79, caucasian=70), PERCENT),
        (seen(african_american=0.708, caucasian=0.694), OTHER_DECILE),
        (seen(first_over_half=5), TOO_EARLY),
        (seen(first_over_half=7), TOO_LATE),
        (seen(overlapping=9), DOTS),
        (seen(overlapping=0), DOTS),
    ],
    hints=(
        "Follow the last pair of dots to the left axis. The dotted line marks one half.",
        "Move your finger along the bars: at which decile does the bar of one group end before the other's begins?",
    ),
    idea="At decile 10 the dots stand near 0.79 and 0.70. From decile 6 on both are above one half. Every pair of bars "
    "shares some height.",
    praise="At no single score do the intervals come apart. Overlapping intervals alone prove nothing, which is "
    "why a test "
    "over all deciles follows.",
)
def judge_reading(collected):
    """Look at the shares first, then at the half, then at the intervals."""
    pair = collected["african_american"], collected["caucasian"]
    right = SEEN["african_american"], SEEN["caucasian"]
    if not all(map(lambda value, share: close(value, share, EYE), pair, right)):
        if max(pair) > 1:
            return PERCENT
        if all(map(lambda value, share: close(value, share, EYE), pair, right[::-1])):
            return SWAPPED
        if all(map(lambda value, share: close(value, share, EYE), pair, (0.708, 0.694))):
            return OTHER_DECILE
        return "Not the shares at decile 10. Which pair of dots is the last one, and on which axis is its height?"
    if (first := collected["first_over_half"]) != SEEN["first_over_half"]:
        return TOO_EARLY if first < SEEN["first_over_half"] else TOO_LATE
    return None if collected["overlapping"] == SEEN["overlapping"] else DOTS
