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
        "2004 is the right test": "Because it found something? Who picks the list with the smallest p-value will "
        "always find something. Nothing in the table makes one list righter than the other.",
        "harm to people": "The targets are names, the measure is a cosine. No person was in it, and no decision.",
        "depends on the names": None,
    },
    praise="Both lists claim to measure the same thing. A report owes its readers both.",
    hints=(
        "The two rows share everything but one set of words. Which?",
        "Which statement needs neither more people, nor another interval, nor a reason to prefer a list?",
    ),
    idea="Same model, same attributes, same question, other names: what differs comes from the names.",
)


# ---- 02.2 write a function -------------------------------------------------------------------------------------------
def p_she(logits):
    """Softmax over two words."""
    return 1 / (1 + math.exp(logits["he"] - logits["she"]))


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
    reference=p_she,
    wrong=[
        (among_all, "That is P(she) among *all* words. We condition on he or she: only these two enter the sum below."),
        (without_exponential, "Logits are logarithms: they can be negative, and cannot be divided. Take exp of each."),
        (p_he, "That is P(he). Which of the two stands above the fraction line?"),
        (odds, "Those are the odds, she to he; they can exceed 1. A probability is odds / (1 + odds)."),
    ],
    otherwise="exp of she's logit, divided by the sum of exp of he's and of she's.",
    hints=(
        "A softmax makes probabilities of logits. Over how many words does this one go?",
        "exp(she) / (exp(he) + exp(she)); nothing else is in the sum.",
    ),
    idea="Condition on two words, so apply the softmax to two logits. It is the sigmoid of their difference.",
)


# ---- 02.3 compute an interval ----------------------------------------------------------------------------------------
def fisher_interval(r, n):
    """Fisher's z interval."""
    half = 1.959964 / math.sqrt(n - 3)
    return [math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)]


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


def one_standard_error(r, n):
    """Forgets the quantile."""
    half = 1 / math.sqrt(n - 3)
    return [math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)]


compare_answers(
    "02.3",
    points=2,
    objective="02-corpus",
    collect=outputs_of((0.9, 12), (-0.3, 52)),
    reference=fisher_interval,
    wrong=[
        (no_way_back, "These limits are on the z scale, and can lie above 1. Go back with tanh at the end."),
        (symmetric, "Around r itself the interval would reach beyond 1 for r = 0.9. First z = atanh(r), then back."),
        (all_counted, "Fisher's standard error is 1 / sqrt(n - 3), not 1 / sqrt(n): with 12 professions it matters."),
        (one_standard_error, "That is one standard error on either side. For 95% it takes 1.96 of them."),
    ],
    otherwise="z = atanh(r); z plus and minus 1.96 / sqrt(n - 3); tanh of both.",
    hints=(
        "Three steps: to the z scale, an ordinary interval there, and back.",
        "`np.arctanh(r)` and `np.tanh(z)`; the standard error of z is 1 / sqrt(n - 3).",
    ),
    idea="np.tanh(np.arctanh(r) + np.array([-1.96, 1.96]) / np.sqrt(n - 3)).",
)
