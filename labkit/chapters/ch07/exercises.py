"""Exercises of notebook 07: soft decisions, halves of a batch, multipliers, criteria and verdicts."""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, compare_answers, exercise


# ---- 07.1 write a function -------------------------------------------------------------------------------------------
def soft_gap(logits, is_b, temperature):
    """Mean soft decision in a minus mean soft decision in b."""
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
    """Takes b minus a."""
    return -soft_gap(logits, is_b, temperature)


compare_answers(
    "07.1",
    points=1,
    objective="07-penalty",
    collect=outputs_of(
        ([2.0, 0.1, -0.2, -1.0, 0.3], [False, False, True, True, True], 0.5),
        ([0.05, 0.04, -0.05, -0.01], [False, True, False, True], 0.02),
        ([-1.5, 0.7, 1.2, 0.4], [True, True, False, True], 3.0),
    ),
    reference=soft_gap,
    wrong=[
        (score_gap, "That is the gap in mean scores: the temperature does not enter. Divide the logits by it first."),
        (hard_gap, "That is the hard gap. It is what we report, but a step has no gradient: soften the step."),
        (heated_gap, "You multiply by the temperature. A small temperature should make the step *steeper*."),
        (turned_gap, "The sign is turned: group a minus group b."),
    ],
    otherwise="Not the soft gap. At a tiny temperature it comes near the hard gap, and at a huge one near 0: does "
    "yours? And does it change its sign when the groups are exchanged?",
    hints=(
        "Three steps: make each logit a soft decision, average within each group, subtract.",
        "A soft decision is 1 / (1 + exp(-logit / temperature)).",
    ),
    idea="soft = 1 / (1 + np.exp(-logits / temperature)); then soft[~is_b].mean() - soft[is_b].mean().",
)


# ---- 07.2 repair code ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Population:
    """People to draw batches from: two soft decisions in each group, and how many people each half has of it."""

    in_a: tuple[float, float]
    in_b: tuple[float, float]
    sizes_a: tuple[int, int]
    sizes_b: tuple[int, int]
    rare: float = 0.5  # share of the people of either group who have the first of their two decisions

    def draw(self):
        """Return every batch, as a pair of halves, and how likely it is (batches,)."""
        batches, chances = [], []
        sizes = (*self.sizes_a, *self.sizes_b)
        values = [sorted({*decisions}) for decisions in (self.in_a, self.in_b)]  # one, where all people are alike
        drawn = [product(values[position // 2], repeat=size) for position, size in enumerate(sizes)]
        for first_a, second_a, first_b, second_b in product(*map(list, drawn)):
            batches.append(({"a": list(first_a), "b": list(first_b)}, {"a": list(second_a), "b": list(second_b)}))
            chances.append(self.chance(self.in_a, first_a + second_a) * self.chance(self.in_b, first_b + second_b))
        return batches, np.array(chances)

    def chance(self, decisions, people):
        """Return how likely these people of one group are."""
        if decisions[0] == decisions[1]:
            return 1.0
        return np.prod([self.rare if one == decisions[0] else 1 - self.rare for one in people])


POPULATIONS = (
    Population((0.2, 0.8), (0.1, 0.5), (2, 1), (1, 1)),
    Population((0.9, 0.3), (0.5, 0.5), (3, 1), (1, 1), rare=0.2),  # three people: their median is not their mean
    Population((0.5, 0.5), (0.9, 0.3), (1, 1), (1, 3), rare=0.2),
    Population((0.316, 0.316), (0.211, 0.211), (1, 1), (1, 1)),  # no noise: any estimate should be exact
)
DRAWN = [population.draw() for population in POPULATIONS]


def gap_of(half):
    """Mean of a minus mean of b."""
    return np.mean(half["a"]) - np.mean(half["b"])


def product_of_gaps(first, second):
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
    return abs(product_of_gaps(first, second))


def cut_at_zero(first, second):
    """Cuts negative products off."""
    return max(0.0, product_of_gaps(first, second))


def first_half_alone(first, second):
    """Squares the gap of one half."""
    return gap_of(first) ** 2


def first_people_alone(first, second):
    """Looks at the first person of each group only."""
    return product_of_gaps(*({name: values[:1] for name, values in half.items()} for half in (first, second)))


def summarize(estimates):
    """Return the mean and the variance of the estimates of each population (populations,)."""
    means, variances, start = [], [], 0
    for batches, chances in DRAWN:
        own = np.ravel(estimates)[start : start + len(batches)]
        start += len(batches)
        means.append(chances @ own)
        variances.append(chances @ (own - means[-1]) ** 2)
    return np.array(means), np.array(variances)


BATCHES = outputs_of(*(batch for batches, _ in DRAWN for batch in batches))


@cache
def estimates_of(penalty):
    """Return what one of our own penalties gives for each batch."""
    return BATCHES(penalty)


MOST_VARIANCE = 1.02  # of that of the product; other unbiased estimates have less


PENALTIES = (
    (
        pooled_square,
        "That is the square of the whole batch's gap: its noise is squared with it and stays positive.",
    ),
    (mean_square, "Each square is biased by its own variance; averaging two biased numbers does not help."),
    (
        product_of_sizes,
        "Keep the signs. Where there is no gap, halves disagree in sign as often as not, and what you multiply "
        "averages to zero. Without signs it cannot.",
    ),
    (cut_at_zero, "A single estimate may be negative. Cutting it off at 0 makes the average too large again."),
    (first_half_alone, "You use one half alone, and square its gap: the noise of one half is squared with it."),
    (
        first_people_alone,
        "On average this is the squared gap. But it varies more than it has to: does it use every person of the batch?",
    ),
)


@exercise(
    "07.2",
    points=2,
    objective="07-penalty",
    collect=BATCHES,
    reference=product_of_gaps,
    wrong=PENALTIES,
    hints=(
        "When is the mean of a product the product of the means?",
        "Noise of one half must meet *other* noise, not itself.",
    ),
    idea="The gap of the first half times the gap of the second half: independent errors average out in a product.",
    praise="Right on average, over every batch that can be drawn. A penalty that is not would push on when no gap is "
    "left.",
)
def judge_penalty(collected):
    """Average over all batches that can be drawn: any estimate of the squared gap without bias is right."""
    mean, variance = summarize(collected)
    right_mean, right_variance = summarize(estimates_of(product_of_gaps))
    if np.allclose(mean, right_mean, atol=1e-4):
        return None if (variance <= MOST_VARIANCE * right_variance + 1e-9).all() else PENALTIES[-1][1]
    for wrong, hint in PENALTIES:
        if np.allclose(collected, estimates_of(wrong), atol=1e-4):
            return hint
    if np.allclose(collected, estimates_of(product_of_gaps), atol=0.006):
        return "Nearly. Return the number as it is, without rounding."
    if (mean > right_mean - 1e-4).all():
        return "On average over all batches this is too large. What does it give on average where there is no gap?"
    return "On average over all batches this is not the squared gap. Try two halves whose gaps have different signs."


# ---- 07.3 write a function -------------------------------------------------------------------------------------------
def raised(multiplier, strength, gap, tolerance):
    """Raise by the violation in one direction, never below zero."""
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


def without_sign(multiplier, strength, gap, tolerance):
    """Takes the size of the gap."""
    return max(0.0, multiplier + strength * (abs(gap) - tolerance))


compare_answers(
    "07.3",
    points=1,
    objective="07-lagrangian",
    collect=outputs_of(
        (0.213, 0.5, 0.3, 0.1),
        (0.4, 0.5, 0.02, 0.1),
        (0.01, 2.0, 0.02, 0.1),
        (0.3, 1.0, 0.05, 0.05),
        (1.5, 2.0, 0.6, 0.1),
        (4.0, 10.0, 0.05, 0.1),
        (0.9, 0.5, -0.3, 0.1),
    ),
    reference=raised,
    wrong=[
        (below_zero, "A multiplier below zero would *reward* a gap. It stops at 0."),
        (without_tolerance, "Only what lies above the tolerance is a violation: subtract the tolerance from the gap."),
        (only_up, "Where the constraint is slack the push must ease off again: the multiplier falls, down to 0."),
        (forgetful, "That is the push of a penalty. A multiplier remembers: start from its old value."),
        (
            without_sign,
            "A gap of the other direction is no violation here: there is another multiplier for it. Keep the sign.",
        ),
    ],
    otherwise="Not the rule. Try a gap far below the tolerance, one far above it, and one equal to it, each from an "
    "old value of 2: should it fall, rise or stay?",
    hints=(
        "What should happen when the gap is below the tolerance, or below zero?",
        "It goes up and down by the same rule; 0 ends it.",
    ),
    idea="max(0, multiplier + strength * (gap - tolerance)).",
)


# ---- 07.4 read a multiplier ------------------------------------------------------------------------------------------
choice(
    "07.4",
    points=1,
    objective="07-lagrangian",
    options={
        "the violations so far have added up": None,
        "how much loss a larger tolerance would save": (
            "That is the reading of a multiplier at the solution, where it no longer changes. Does it change here?"
        ),
        "the constraint binds and is met": (
            "Compare the gap with the tolerance. It is larger, so the constraint is not met."
        ),
        "the constraint is slack": (
            "Slack means that the gap is below the tolerance. Then the multiplier falls, or stays 0."
        ),
    },
    praise="The rule adds strength times violation after every epoch. Only where the gap has settled at the tolerance, "
    "and the multiplier no longer moves, could it be read as a price.",
    hints=(
        "Is the constraint met after the last epoch?",
        "Put gap and tolerance into the rule of exercise 07.3: what would the next epoch do to the multiplier?",
    ),
    idea="The gap is above the tolerance, so the multiplier rises again: it is a sum of violations, not yet a price.",
)


# ---- 07.5 decide ----------------------------------------------------------------------------------------------------
choice(
    "07.5",
    points=1,
    objective="07-criterion",
    options={
        "demographic parity alone": (
            "It needs no labels, so it survives. But look again at equal opportunity: the patients of b who are "
            "*recorded* ill are a random part of those who *are* ill, so what share of each is found?"
        ),
        "demographic parity and equal opportunity": None,
        "equal opportunity and equalized odds": (
            "Equalized odds asks for false positive rates, too. Among b's patients recorded as *not ill* there are "
            "ill ones: finding them counts as a false alarm."
        ),
        "none of the three": (
            "Take the ill patients of b, and cross out 35% of them at random. Does the share that a model finds "
            "change among those who are left?"
        ),
    },
    praise="Demographic parity needs no labels, and equal opportunity asks only about people recorded ill, who are a "
    "random part of all the ill. False positive rates, precision, accuracy and calibration do inherit the error. All "
    "this ends where illnesses are not missed at random, for example the mild ones.",
    hints=(
        "For each criterion ask: among whom is its rate taken, and are these the right people?",
        "35% of b's ill patients move from *recorded ill* to *recorded not ill*, whoever they are. Which of the two "
        "groups stays a fair sample, and which one gets people who do not belong there?",
    ),
    idea="TPR is taken among people recorded ill. If illnesses are missed at random, these are a random part of the "
    "ill, so TPR survives. FPR is taken among people recorded not ill, and the missed ones are now among them.",
)


# ---- 07.6 read and judge ---------------------------------------------------------------------------------------------
choice(
    "07.6",
    points=2,
    objective="07-judge",
    options={
        "A and B narrow the gap": (
            "B's interval reaches from -0.15 to 0.01: narrowing is one possibility, no change another."
        ),
        "A narrows the gap, and harms accuracy on the truth": (
            "On the records A loses 0.02, but they are known to be wrong; on the truth its interval starts at -0.01 "
            "and reaches to 0.03: no harm is shown."
        ),
        "A narrows the gap; B may or may not": None,
        "B is better: it loses nothing on the records": (
            "It was not asked whether records are followed. And whether B narrows the gap at all cannot be told from "
            "three runs."
        ),
    },
    praise="Yes. More seeds would tell more about B; and whether parity is the right aim, no table tells.",
    hints=("Which intervals of the change in gap contain 0?", "Judge accuracy by the labels that can be trusted."),
    idea="A's change of the gap is clearly below 0; its accuracy on the truth is not clearly lower. B's contains 0.",
)
