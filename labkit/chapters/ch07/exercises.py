"""Exercises of notebook 07: soft decisions, halves of a batch, multipliers, criteria and verdicts."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, compare_answers


# ---- 07.1 write a function -------------------------------------------------------------------------------------------
def soft_gap(logits, is_b, temperature):
    """Mean soft decision in a less mean soft decision in b."""
    soft, is_b = 1 / (1 + np.exp(-np.asarray(logits) / temperature)), np.asarray(is_b, dtype=bool)
    return soft[~is_b].mean() - soft[is_b].mean()


def score_gap(logits, is_b, temperature):
    """Forgets the temperature."""
    return soft_gap(logits, is_b, 1.0)


def hard_gap(logits, is_b, temperature):
    """Takes the decisions themselves."""
    decided, is_b = np.asarray(logits) >= 0, np.asarray(is_b, dtype=bool)
    return decided[~is_b].mean() - decided[is_b].mean()


def heated_gap(logits, is_b, temperature):
    """Multiplies by the temperature."""
    return soft_gap(logits, is_b, 1 / temperature)


def turned_gap(logits, is_b, temperature):
    """Takes b less a."""
    return -soft_gap(logits, is_b, temperature)


compare_answers(
    "07.1",
    points=1,
    objective="07-penalty",
    collect=outputs_of(
        ([2.0, 0.1, -0.2, -1.0, 0.3], [False, False, True, True, True], 0.5),
        ([0.05, 0.04, -0.05, -0.01], [False, True, False, True], 0.02),
    ),
    reference=soft_gap,
    wrong=[
        (score_gap, "That is the gap in mean scores: the temperature does not enter. Divide the logits by it first."),
        (hard_gap, "That is the hard gap. It is what we report, but a step has no gradient: soften the step."),
        (heated_gap, "You multiply by the temperature. A small temperature should make the step *steeper*: divide."),
        (turned_gap, "The sign is turned: group a less group b."),
    ],
    otherwise="Divide the logits by the temperature, apply the sigmoid, and subtract b's mean from a's.",
    hints=(
        "Three steps: make each logit a soft decision, average within each group, subtract.",
        "A soft decision is 1 / (1 + exp(-logit / temperature)).",
    ),
    idea="soft = 1 / (1 + np.exp(-logits / temperature)); then soft[~is_b].mean() - soft[is_b].mean().",
)


# ---- 07.2 repair code ------------------------------------------------------------------------------------------------
def gap_of(half):
    """Mean of a less mean of b."""
    return np.mean(half["a"]) - np.mean(half["b"])


def product(first, second):
    """The product of two gaps."""
    return gap_of(first) * gap_of(second)


def pooled_square(first, second):
    """Squares the gap of the whole batch."""
    return gap_of({name: [*first[name], *second[name]] for name in "ab"}) ** 2


def mean_square(first, second):
    """Averages two squares."""
    return (gap_of(first) ** 2 + gap_of(second) ** 2) / 2


def product_of_sizes(first, second):
    """Multiplies gaps without signs."""
    return abs(product(first, second))


def cut_at_zero(first, second):
    """Cuts negative products off."""
    return max(0.0, product(first, second))


compare_answers(
    "07.2",
    points=2,
    objective="07-penalty",
    collect=outputs_of(
        ({"a": [0.9, 0.5], "b": [0.2]}, {"a": [0.4, 0.6], "b": [0.4]}),
        ({"a": [0.5, 0.7], "b": [0.2]}, {"a": [0.4, 0.2], "b": [0.7]}),
    ),
    reference=product,
    wrong=[
        (
            pooled_square,
            "That is the square of the whole batch's gap: its noise is squared with it and stays positive.",
        ),
        (mean_square, "Each square is biased by its own variance; averaging two biased numbers does not help."),
        (
            product_of_sizes,
            "Keep the signs. Where there is no gap, halves disagree in sign as often as not, and the products average "
            "to zero. Without signs they cannot.",
        ),
        (cut_at_zero, "A single product may be negative. Cutting it off at 0 makes the average too large again."),
    ],
    otherwise="One gap a half (a less b), and their product.",
    hints=(
        "When is the mean of a product the product of the means?",
        "Noise of one half must meet *other* noise, not itself.",
    ),
    idea="The gap of the first half times the gap of the second half: independent errors average out in a product.",
)


# ---- 07.3 write a function -------------------------------------------------------------------------------------------
def raised(multiplier, strength, gap, tolerance):
    """Raise by the violation, never below zero."""
    return max(0.0, multiplier + strength * (gap - tolerance))


def below_zero(multiplier, strength, gap, tolerance):
    """Lets it fall below zero."""
    return multiplier + strength * (gap - tolerance)


def without_tolerance(multiplier, strength, gap, tolerance):
    """Forgets the tolerance."""
    return max(0.0, multiplier + strength * gap)


def only_up(multiplier, strength, gap, tolerance):
    """Never lowers it."""
    return multiplier + strength * max(0.0, gap - tolerance)


def forgetful(multiplier, strength, gap, tolerance):
    """Forgets the old multiplier."""
    return max(0.0, strength * (gap - tolerance))


compare_answers(
    "07.3",
    points=1,
    objective="07-lagrangian",
    collect=outputs_of((0.2, 0.5, 0.3, 0.1), (0.4, 0.5, 0.02, 0.1), (0.01, 2.0, 0.02, 0.1), (0.0, 1.0, 0.05, 0.05)),
    reference=raised,
    wrong=[
        (below_zero, "A multiplier below zero would *reward* a gap. It stops at 0."),
        (without_tolerance, "Only what lies above the tolerance is a violation: subtract the tolerance from the gap."),
        (only_up, "Where the constraint is slack the push must ease off again: the multiplier falls, down to 0."),
        (forgetful, "That is the push of a penalty. A multiplier remembers: start from its old value."),
    ],
    otherwise="The old multiplier plus strength times (gap less tolerance), and 0 where that is negative.",
    hints=(
        "What should happen when the gap is below the tolerance?",
        "It goes up and down by the same rule; 0 ends it.",
    ),
    idea="max(0, multiplier + strength * (gap - tolerance)).",
)


# ---- 07.4 predict ----------------------------------------------------------------------------------------------------
choice(
    "07.4",
    points=1,
    objective="07-lagrangian",
    options={
        "it stays 0": None,
        "it grows, more slowly": "It grows only where the gap is above the tolerance; here it is below it throughout.",
        "it equals the tight run's": "The multiplier answers to the violation, and the two runs allow different gaps.",
        "it falls below 0": "A multiplier never goes below 0: a gap is not rewarded.",
    },
    praise="A constraint that does not bind costs nothing: that is complementary slackness.",
    hints=(
        "Is anything violated in this run?",
        "Put a gap below the tolerance into the rule of exercise 07.3, from 0.",
    ),
    idea="With gap < tolerance the rule gives max(0, 0 + something negative) = 0, epoch after epoch.",
)


# ---- 07.5 decide ----------------------------------------------------------------------------------------------------
choice(
    "07.5",
    points=1,
    objective="07-criterion",
    options={
        "equalized odds on the recorded labels": (
            "Its rates are taken among people *recorded* ill or not ill. Part of b's ill patients are recorded as not "
            "ill: finding them counts as a false alarm."
        ),
        "equal opportunity on the recorded labels": (
            "It looks only at people recorded ill. Those of b whose illness was never recorded are not among them, and "
            "nothing is asked for them."
        ),
        "demographic parity": None,
        "none: the model should follow the records": (
            "The records are what is wrong here; who follows them passes the error on."
        ),
    },
    praise="It needs no labels, and here we have reason to think that both groups are ill equally often. Elsewhere "
    "that reason may be missing.",
    hints=("Which criterion does not look at labels at all?", "Who is missing among b's patients *recorded* ill?"),
    idea="Where labels of one group are wrong in one direction, criteria that are built on them inherit the error.",
)


# ---- 07.6 read and judge ---------------------------------------------------------------------------------------------
choice(
    "07.6",
    points=2,
    objective="07-judge",
    options={
        "A and B close the gap": (
            "B's interval reaches from -0.15 to 0.01: narrowing is one possibility, no change another."
        ),
        "A closes the gap, and harms accuracy": (
            "On the records A loses 0.02, but they are known to be wrong; on the truth its interval starts at -0.01 "
            "and reaches to 0.03: no harm is shown."
        ),
        "A closes the gap; B may or may not": None,
        "B is better: it loses nothing on the records": (
            "It was not asked whether records are followed. And whether B narrows the gap at all cannot be told from "
            "three runs."
        ),
    },
    praise="Yes. More seeds would tell more about B; and whether parity is the right aim, no table tells.",
    hints=("Which intervals of the change in gap contain 0?", "Judge accuracy by the labels that can be trusted."),
    idea="A's change of the gap is clearly below 0; its accuracy on the truth is not clearly lower. B's contains 0.",
)
