"""Exercises of notebook 07 that ask for functions: soft decisions, halves of a batch, and multipliers."""

from itertools import groupby, product

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise


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


def draw_logits(rng):
    """Draw logits of two groups, and temperatures below and above 1."""
    calls = []
    for number, scale, temperatures in ((5, 2.0, (0.3, 0.7)), (4, 0.1, (0.02, 0.05)), (6, 2.0, (2.0, 4.0))):
        is_b = rng.permutation([True, True, False, False, *(rng.random(number - 4) < 0.5)]).tolist()
        logits = rng.uniform(-scale, scale, size=number).round(3).tolist()
        calls.append((logits, is_b, round(rng.uniform(*temperatures), 3)))
    return calls


compare_answers(
    "07.1",
    points=1,
    objective="07-penalty",
    hidden=draw_logits,
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
LARGER_IS_RARE = 0.2  # how often a person has the larger of two decisions, where a half has three people of a group


def draw_batches(in_a, in_b, sizes):
    """Return every batch that can be drawn from a population, as a pair of halves.

    `in_a` and `in_b` are the soft decisions that people have, one or two, and `sizes` says how many people of a the two
    halves have, and how many of b.
    """
    drawn = [product(values, repeat=size) for values, size in zip((in_a, in_a, in_b, in_b), sizes, strict=True)]
    return [
        ({"a": list(first_a), "b": list(first_b)}, {"a": list(second_a), "b": list(second_b)})
        for first_a, second_a, first_b, second_b in product(*map(list, drawn))
    ]


def weigh_batches(batches):
    """Return how likely each of the batches of one population is (batches,), from the batches alone."""
    chances = np.ones(len(batches))
    rare = LARGER_IS_RARE if max(count_people(batches[0])) > 2 else 0.5
    for name in "ab":
        people = np.array([first[name] + second[name] for first, second in batches])  # (batches, people)
        if np.ptp(people) > 0:
            chances *= np.where(people == people.max(), rare, 1 - rare).prod(axis=1)
    return chances


def count_people(batch):
    """Return the sizes of the groups in the halves of a batch, which tell the populations apart."""
    first, second = batch
    return len(first["a"]), len(second["a"]), len(first["b"]), len(second["b"])


SIZES = ((2, 1, 1, 1), (3, 1, 1, 1), (1, 1, 1, 3), (1, 1, 1, 1))  # of three people the median is not the mean


def draw_populations(decisions):
    """Return the calls for four populations, from the decisions of their people in a and in b."""
    populations = zip(decisions, SIZES, strict=True)
    return [batch for (in_a, in_b), sizes in populations for batch in draw_batches(in_a, in_b, sizes)]


def draw_decisions(rng):
    """Draw populations in which halves disagree about the sign of the gap, and one without noise."""

    def near(*values):
        return tuple(round(value + rng.uniform(-0.08, 0.08), 3) for value in values)

    return draw_populations(
        (
            (near(0.2, 0.8), near(0.12, 0.5)),
            (near(0.3, 0.9), near(0.5)),
            (near(0.5), near(0.3, 0.9)),
            (near(0.5), near(0.3)),
        )
    )


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


def summarize(estimates, calls):
    """Return the mean and the variance of the estimates of each population (populations,)."""
    means, variances, estimates = [], [], np.ravel(estimates)
    for _, batches in groupby(calls, key=count_people):
        chances = weigh_batches(list(batches))
        own, estimates = estimates[: len(chances)], estimates[len(chances) :]
        means.append(chances @ own)
        variances.append(chances @ (own - means[-1]) ** 2)
    return np.array(means), np.array(variances)


BATCHES = draw_populations(
    (
        ((0.2, 0.8), (0.1, 0.5)),
        ((0.3, 0.9), (0.5,)),
        ((0.5,), (0.3, 0.9)),
        ((0.316,), (0.211,)),  # no noise: any estimate should be exact
    )
)
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
    collect=outputs_of(*BATCHES),
    hidden=draw_decisions,
    always_apart=True,
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
def judge_penalty(collected, asked):
    """Average over all batches that can be drawn: any estimate of the squared gap without bias is right."""
    mean, variance = summarize(collected, asked.calls)
    right_mean, right_variance = summarize(asked.model, asked.calls)
    if np.allclose(mean, right_mean, atol=1e-4):
        return None if (variance <= MOST_VARIANCE * right_variance + 1e-9).all() else PENALTIES[-1][1]
    for mistake, hint in asked.mistakes:
        if np.allclose(collected, mistake, atol=1e-4):
            return hint
    if np.allclose(collected, asked.model, atol=0.006):
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


def draw_epochs(rng):
    """Draw multipliers that rise, fall, end at zero and stay, and gaps of either sign."""
    old, strength, gap = rng.uniform(0.2, 2, size=7), rng.uniform(0.4, 3, size=7), rng.uniform(0.2, 0.6, size=7)
    tolerance = rng.uniform(0.05, 0.12, size=7)
    gap[1], gap[5] = tolerance[1] / 3, tolerance[5] / 2  # slack
    old[2], gap[2], strength[2] = 0.01, 0.005, 2 + strength[2]  # down to zero
    gap[3] = tolerance[3] = round(tolerance[3], 3)
    gap[6] *= -1
    return [tuple(each) for each in np.column_stack([old, strength, gap, tolerance]).round(3).tolist()]


compare_answers(
    "07.3",
    points=1,
    objective="07-lagrangian",
    hidden=draw_epochs,
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
