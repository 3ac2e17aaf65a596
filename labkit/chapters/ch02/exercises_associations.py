"""Exercises of notebook 02 on word lists, guesses behind a mask, and correlations."""

import math

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, compare_answers

# ---- 02.1 decide what a table supports -------------------------------------------------------------------------------
choice(
    "02.1",
    points=1,
    objective="02-associations",
    options={
        "no association in 1998": "That interval reaches from -0.25 to 0.71: it fits no association, and it fits "
        "quite a strong one. Not to see something is not to see that it is absent.",
        "2004 is the right test": "Because it found something? If you pick the list with the smallest p-value, you "
        "will always find something. Nothing in the table makes one list righter than the other.",
        "harm to people": "The targets are names, the measure is a cosine. No person was in it, and no decision.",
        "the lists differ": "One interval contains zero and the other does not, but that says nothing about their "
        "*difference*, whose interval is in neither row. The two intervals share a good part.",
        "open whether the lists differ": None,
    },
    written={
        "no association in 1998": "no association in 1998: with the names of 1998 the model shows no association",
        "2004 is the right test": "2004 is the right test: the second list is the better one, because its interval "
        "does not contain zero",
        "harm to people": "harm to people: the model harms people with names of the second list",
        "the lists differ": "the lists differ: the names of 2004 have a stronger association than those of 1998",
        "open whether the lists differ": "open whether the lists differ: these two rows do not tell",
    },
    praise="Both lists claim to measure the same thing. A report owes its readers both, and an interval of the "
    "difference.",
    hints=(
        "The two intervals overlap. What would you have to know about the difference of the two numbers?",
        "Which statement needs neither people, nor a reason to prefer a list, nor an interval that is not there?",
    ),
    idea="A difference between a clear and an unclear result is not itself clear: it needs an interval of its own.",
)


# ---- 02.2 write a function -------------------------------------------------------------------------------------------
def p_she(logits):
    """Softmax over two words."""
    return 1 / (1 + math.exp(logits["he"] - logits["she"]))


def draw_logits(rng):
    """Draw logits of he, she and other words, in any order; those of he and she never cancel each other."""
    found = []
    for extra in (["they", "mary"], ["it"], ["one", "john", "who"]):
        he, she = rng.uniform(0.3, 2.5, 2) * rng.choice([(1, 1), (-1, -1)])
        values = {"he": he, "she": she} | dict(zip(extra, rng.uniform(-1, 3, len(extra)), strict=True))
        order = rng.permutation(list(values)).tolist()
        found.append(({word: round(float(values[word]), 2) for word in order},))
    return found


def among_all(logits):
    """Softmax over all words."""
    return math.exp(logits["she"]) / sum(map(math.exp, logits.values()))


def without_exponential(logits):
    """Divides logits."""
    return logits["she"] / (logits["he"] + logits["she"])


def p_he(logits):
    """The other pronoun."""
    return 1 - p_she(logits)


def odds(logits):
    """Odds instead of a probability."""
    return math.exp(logits["she"] - logits["he"])


compare_answers(
    "02.2",
    points=1,
    objective="02-masked",
    collect=outputs_of(
        ({"he": 2.0, "she": 1.0, "they": 1.5, "mary": 0.2},),
        ({"he": -1.0, "she": 0.5, "it": 3.0},),
        ({"he": 0.3, "she": 0.3},),
    ),
    hidden=draw_logits,
    reference=p_she,
    wrong=[
        (among_all, "That is P(she) among *all* words. We condition on he or she: only these two enter the sum below."),
        (without_exponential, "Logits are logarithms: they can be negative, and cannot be divided. Take exp of each."),
        (p_he, "That is P(he). Which of the two stands above the fraction line?"),
        (odds, "Those are the odds, she to he; they can exceed 1. A probability is odds / (1 + odds)."),
    ],
    otherwise="Not the probability of *she*. Try two equal logits, then add 5 to both: what should come out each "
    "time? Does your answer change when a third word comes in?",
    hints=(
        "A softmax makes probabilities of logits. Over how many words does this one go?",
        "exp(she) / (exp(he) + exp(she)); nothing else is in the sum.",
    ),
    idea="Condition on two words, so apply the softmax to two logits. It is the sigmoid of their difference.",
    praise="A softmax over all words would mix two questions: whether a pronoun comes next, and which one.",
)


# ---- 02.3 compute an interval ----------------------------------------------------------------------------------------
def fisher_interval(r, n):
    """Fisher's z interval."""
    half = 1.959964 / math.sqrt(n - 3)
    return [math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)]


def draw_correlations(rng):
    """Draw a strong correlation of few roles, a weaker one of more, and one of many."""
    strong, weak, other = (round(float(rng.uniform(*limits)), 2) for limits in ((0.7, 0.9), (0.2, 0.5), (0.3, 0.8)))
    few, more, many = (int(rng.integers(*limits)) for limits in ((9, 15), (12, 25), (40, 80)))
    sign = int(rng.choice([-1, 1]))
    return [(sign * strong, few), (-sign * weak, more), (other, many)]


def no_way_back(r, n):
    """Forgets to transform back."""
    half = 1.959964 / math.sqrt(n - 3)
    return [math.atanh(r) - half, math.atanh(r) + half]


def symmetric(r, n):
    """Does not transform at all."""
    half = 1.959964 / math.sqrt(n - 3)
    return [r - half, r + half]


def all_counted(r, n):
    """Divides by the root of n."""
    half = 1.959964 / math.sqrt(n)
    return [math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)]


def with_another_root(lost):
    """Return Fisher's interval with n - lost in the standard error."""

    def interval(r, n):
        half = 1.959964 / math.sqrt(n - lost)
        return [math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)]

    return interval


def around_r(r, n):
    """Uses the standard error of r itself."""
    half = 1.959964 * math.sqrt((1 - r * r) / (n - 2))
    return [r - half, r + half]


def ninety_percent(r, n):
    """Takes the quantile of a 90% interval."""
    half = 1.644854 / math.sqrt(n - 3)
    return [math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)]


def one_standard_error(r, n):
    """Forgets the quantile."""
    half = 1 / math.sqrt(n - 3)
    return [math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)]


compare_answers(
    "02.3",
    points=2,
    objective="02-corpus",
    collect=outputs_of((0.9, 12), (-0.3, 52)),
    hidden=draw_correlations,
    reference=fisher_interval,
    wrong=[
        (no_way_back, "These limits are on the z scale, and can lie above 1. Go back with tanh at the end."),
        (symmetric, "Around r itself the interval would reach beyond 1 for r = 0.9. First z = atanh(r), then back."),
        (all_counted, "Fisher's standard error is 1 / sqrt(n - 3), not 1 / sqrt(n): with 12 professions it matters."),
        (
            with_another_root(1),
            "You divide by the root of n - 1, as for a mean. The transformed correlation has another standard error.",
        ),
        (
            with_another_root(2),
            "You divide by the root of n - 2, as for a slope. The transformed correlation has another standard error.",
        ),
        (around_r, "A symmetric interval around r, by a standard error of r itself. Fisher's way leads over z."),
        (ninety_percent, "That is the interval of 90%: 5% lie outside on each side. For 95% it is half as much."),
        (one_standard_error, "That is one standard error on either side. For 95% it takes 1.96 of them."),
    ],
    otherwise="Not Fisher's interval. Try r = 0 and 103 professions: the limits are about 0.19 on either side. Then "
    "try r = 0.99: no limit may lie beyond 1.",
    hints=(
        "Three steps: to the z scale, an ordinary interval there, and back.",
        "`np.arctanh(r)` and `np.tanh(z)`; the standard error of z is 1 / sqrt(n - 3).",
    ),
    idea="np.tanh(np.arctanh(r) + np.array([-1.96, 1.96]) / np.sqrt(n - 3)).",
    praise="With a dozen professions even a strong correlation has a wide interval: print it next to each one.",
)
