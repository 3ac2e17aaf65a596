"""Exercises of notebook 12, part two: benchmarks, many tests, and temperature."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers

# ---- 12.4 which number may you read? ---------------------------------------------------------------------------------
PREFERS, WITHIN, UNABLE, WIDE = (
    "it prefers the stereotype by more than the margin",
    "its preference is within the margin",
    "it cannot do the task",
    "the interval is too wide to decide",
)
SAID = {"north": PREFERS, "south": UNABLE, "east": WITHIN, "west": WIDE}

compare_answers(
    "12.4",
    points=2,
    objective="12-benchmarks",
    reference=SAID,
    choices=dict.fromkeys(SAID, (PREFERS, WITHIN, UNABLE, WIDE)),
    wrong=[
        (
            SAID | {"south": WITHIN},
            "`south`: look at its competence first. What would a coin have in both columns?",
        ),
        (
            SAID | {"west": PREFERS},
            "`west`: the estimate is beyond the margin. Is the whole interval?",
        ),
        (
            SAID | {"west": WITHIN},
            "`west`: *no clear preference* is not *no preference*. How large a preference does the interval allow?",
        ),
        (
            SAID | {"south": WITHIN, "west": WITHIN},
            "`south` and `west`: an interval that contains one half is not enough. One of them guesses, and the "
            "interval of the other allows much more than the margin.",
        ),
        (
            SAID | {"north": WIDE},
            "`north`: where does the interval begin, and where does the margin end?",
        ),
        (
            SAID | {"east": WIDE},
            "`east`: compare both ends of the interval with the margin around one half.",
        ),
        (
            SAID | {"south": WIDE},
            "`south`: the interval is no wider than that of `north`. Look at its competence.",
        ),
    ],
    otherwise="Not yet. For each model, ask in this order: can it do the task? Is the whole interval beyond the "
    "margin? Is the whole interval inside it?",
    hints=(
        "Begin with the competence: one of the four models does no better than a coin.",
        "The margin goes from 0.45 to 0.55. Draw it, and the interval of each model below it.",
    ),
    idea="`south` guesses. Of the others: an interval beyond the margin is a preference, one inside it is a preference "
    "too small to matter, and one that lies on both sides of an end decides nothing.",
    praise="Two models have a share of exactly one half, and only one of them has shown anything.",
)


# ---- 12.5 many tests -------------------------------------------------------------------------------------------------
P_VALUES = (
    ([0.04, 0.01, 0.03],),
    ([0.2, 0.001, 0.6, 0.012],),
    ([0.5],),
    ([0.013, 0.014, 0.02, 0.3, 0.9],),
    ([0.9, 0.35, 0.011, 0.7, 0.002, 0.04],),
    ([0.45, 0.45],),
)


def holm(p_values):
    """Return p-values adjusted by Holm's method, in the order given."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, largest)
    return adjusted


def bonferroni(p_values):
    """Multiply all by their number."""
    return [min(1.0, len(p_values) * p) for p in p_values]


def holm_in_order(p_values):
    """Return sorted values."""
    return sorted(holm(p_values))


def holm_without_running_maximum(p_values):
    """Let a later one be smaller."""
    adjusted = [0.0] * len(p_values)
    for rank, place in enumerate(np.argsort(p_values)):
        adjusted[place] = min(1.0, (len(p_values) - rank) * p_values[place])
    return adjusted


def holm_without_bound(p_values):
    """Let values pass 1."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values)):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = largest
    return adjusted


def benjamini_hochberg(p_values):
    """Control the share of false discoveries."""
    order, m, smallest = np.argsort(p_values)[::-1], len(p_values), 1.0
    adjusted = [0.0] * m
    for position, place in enumerate(order):
        smallest = min(smallest, p_values[place] * m / (m - position))
        adjusted[place] = smallest
    return adjusted


def holm_backward(p_values):
    """Multiply the largest by m."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values)):
        largest = max(largest, (rank + 1) * p_values[place])
        adjusted[place] = min(1.0, largest)
    return adjusted


def not_adjusted(p_values):
    """Return what was given."""
    return list(p_values)


compare_answers(
    "12.5",
    points=3,
    objective="12-letters",
    collect=outputs_of(*P_VALUES),
    reference=holm,
    wrong=[
        (
            bonferroni,
            "You multiply all p-values by their number: Bonferroni's method. In Holm's, only the smallest one is.",
        ),
        (
            holm_in_order,
            "The numbers are right, but sorted. Return them in the order in which the p-values were given.",
        ),
        (
            holm_without_running_maximum,
            "A larger p-value has got a smaller adjusted one. None may be smaller than one before it.",
        ),
        (holm_without_bound, "Some adjusted p-values are larger than 1, and no probability is."),
        (
            benjamini_hochberg,
            "This is Benjamini and Hochberg's method, which controls the share of false findings among all findings. "
            "Holm's controls the chance of *any* false finding.",
        ),
        (holm_backward, "You multiply the smallest p-value by 1. It is the one that is multiplied by their number."),
        (not_adjusted, "You return the p-values as they came."),
    ],
    otherwise="Not Holm's values. Try three p-values on paper, in an order in which they are not sorted.",
    hints=(
        "`np.argsort` gives the places of the values, the smallest first. Go through these places and count them.",
        "While you go from the smallest to the largest, remember the largest product so far.",
    ),
    idea="For rank 0, 1, 2, ... in sorted order: the product (m − rank) × p, or the largest product before it if that "
    "is larger, at most 1; write it at the place where p came from.",
    praise="Unlike with Bonferroni's method, nothing is lost: it finds at least as much, with the same guarantee.",
)


# ---- 12.6 the gap at a temperature -----------------------------------------------------------------------------------
ODDS = (
    ([-0.9, -0.4, 0.2], [-1.1, -0.6], 1.0),
    ([-0.9, -0.4, 0.2], [-1.1, -0.6], 0.5),
    ([1.5, -2.0], [0.3, 0.8, -1.2, 2.2], 2.0),
    ([0.7], [-0.7], 0.25),
    ([-3.0, 0.4, -1.0], [-2.0, 0.9, -0.1], 1.5),
)


def gap_at(women, men, temperature):
    """Return the difference of mean shares of Yes."""
    yes_of_women = 1 / (1 + np.exp(-np.array(women) / temperature))
    yes_of_men = 1 / (1 + np.exp(-np.array(men) / temperature))
    return yes_of_women.mean() - yes_of_men.mean()


def gap_of_mean_odds(women, men, temperature):
    """Average the log odds first."""
    return gap_at([np.mean(women)], [np.mean(men)], temperature)


def gap_times_temperature(women, men, temperature):
    """Multiply by the temperature."""
    return gap_at(women, men, 1 / temperature)


def gap_without_temperature(women, men, temperature):
    """Ignore the temperature."""
    return gap_at(women, men, 1.0)


def gap_of_no(women, men, temperature):
    """Take the share of No, or men minus women."""
    return -gap_at(women, men, temperature)


def gap_of_odds(women, men, temperature):
    """Stay with odds."""
    return np.mean(np.exp(np.array(women) / temperature)) - np.mean(np.exp(np.array(men) / temperature))


def gap_of_log_odds(women, men, temperature):
    """Stay with log odds."""
    return (np.mean(women) - np.mean(men)) / temperature


def gap_divided_last(women, men, temperature):
    """Divide the gap by the temperature."""
    return gap_at(women, men, 1.0) / temperature


compare_answers(
    "12.6",
    points=2,
    objective="12-prompts",
    collect=outputs_of(*ODDS),
    reference=gap_at,
    wrong=[
        (
            gap_of_mean_odds,
            "You averaged log odds before taking shares. The share of an average is not the average of shares: the "
            "curve between them is not a line.",
        ),
        (
            gap_times_temperature,
            "At a low temperature answers should become more certain. Yours become less certain: is it multiplied or "
            "divided?",
        ),
        (gap_without_temperature, "The result is the same at every temperature. Does your function use it?"),
        (gap_of_no, "The sign is wrong: either this is the gap in *No*, or it is men minus women."),
        (gap_of_odds, "These are odds, P(Yes) divided by P(No). A share of *Yes* lies between 0 and 1."),
        (gap_of_log_odds, "These are log odds. The exercise asks for shares of *Yes*, which lie between 0 and 1."),
        (gap_divided_last, "You divided the gap. It is each name's log odds that the temperature acts on."),
    ],
    otherwise="Not the gap in shares. Try one woman's name with log odds of 0: half of her answers are *Yes*.",
    hints=(
        "The formula above the table gives the share of one name. Which numbers change from name to name, and which "
        "is the same for all?",
        "First a share for every name, then a mean for each group, then one difference.",
    ),
    idea="1 / (1 + exp(−log odds / temperature)) for every name; the mean over women's names minus that over men's.",
    praise="So a vendor who lowers the temperature changes the gap in answers, and has changed nothing in the model.",
)
