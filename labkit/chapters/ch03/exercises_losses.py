"""Exercises of notebook 03, part two: cases 2 and 3, two losses that are judged by their gradients too."""

import numpy as np

from labkit.chapters.ch03.probing import feel_pair_loss, feel_penalty, penalty_as_shown
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers

LAB = {"points": 1, "objective": "03-debug"}


# ---- 03.7 a penalty --------------------------------------------------------------------------------------------------
def penalized(logits, labels, is_b, weight):
    """Return cross-entropy plus weight times the squared gap in mean scores."""
    import torch

    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels) + weight * gap**2


def unfelt(logits, labels, is_b, weight):
    """Cut the penalty off in another way."""
    whole, loss = (penalized(logits, labels, is_b, each) for each in (weight, 0.0))
    return loss + (whole - loss).detach()


def all_unfelt(logits, labels, is_b, weight):
    """Cut everything off."""
    return penalized(logits, labels, is_b, weight).detach()


def half_felt(logits, labels, is_b, weight):
    """Let one group feel the penalty only: the mean of the other one is a number."""
    import torch

    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean().detach() - scores[is_b].mean()
    return penalized(logits, labels, is_b, 0.0) + weight * gap**2


def other_half_felt(logits, labels, is_b, weight):
    """Let the other group feel it only."""
    return half_felt(logits, labels, ~is_b, weight)


def signed(logits, labels, is_b, weight):
    """Add the gap with its sign."""
    import torch

    scores = torch.sigmoid(logits)
    return penalized(logits, labels, is_b, 0.0) + weight * (scores[~is_b].mean() - scores[is_b].mean())


def absolute(logits, labels, is_b, weight):
    """Add the size of the gap."""
    import torch

    scores = torch.sigmoid(logits)
    return penalized(logits, labels, is_b, 0.0) + weight * (scores[~is_b].mean() - scores[is_b].mean()).abs()


def penalty_alone(logits, labels, is_b, weight):
    """Forget the cross-entropy."""
    return penalized(logits, labels, is_b, weight) - penalized(logits, labels, is_b, 0.0)


def of_logits(logits, labels, is_b, weight):
    """Compare mean logits in place of mean scores."""
    return penalized(logits, labels, is_b, 0.0) + weight * (logits[~is_b].mean() - logits[is_b].mean()) ** 2


PENALTIES = (  # logits, labels, groups and weights, with a gap of either sign
    ([2.0, -1.0, 0.5, -2.0], [1.0, 0.0, 0.0, 1.0], [False, False, True, True], 10.0),
    ([-1.5, 0.2, 2.0, 1.0], [1.0, 0.0, 0.0, 1.0], [False, False, True, True], 3.0),
    ([0.5, -1.0, 1.5, 2.0, -0.3], [1.0, 1.0, 0.0, 1.0, 0.0], [True, False, True, True, False], 5.0),
)


def draw_penalties(rng):
    """Draw logits, labels, groups and weights, with a gap of either sign."""
    found = []
    for sign in (1, -1, 1):
        n = int(rng.integers(5, 8))
        is_b = rng.permutation(n) < n // 2
        logits = rng.uniform(-1, 1, n) + sign * np.where(is_b, -0.8, 0.8)
        labels = (rng.permutation(n) < int(rng.integers(2, n - 1))).astype(float)
        weight = round(float(rng.uniform(2, 9)), 1)
        found.append((logits.round(2).tolist(), labels.tolist(), is_b.tolist(), weight))
    return found


HALF = "The penalty is connected to the scores of one group only; training does not feel the other group's part of it."


compare_answers(
    "03.7",
    **LAB,
    collect=outputs_of(*PENALTIES, through=feel_penalty),
    hidden=draw_penalties,
    always_apart=True,
    reference=penalized,
    untouched=penalty_as_shown,
    wrong=[
        (
            unfelt,
            "The penalty still has no gradient: the loss has one, but it is that of the cross-entropy, whatever the "
            "weight. Where is the penalty cut off from the logits?",
        ),
        (
            all_unfelt,
            "The number is right, but the loss has no gradient at all now: nothing can be trained with it.",
        ),
        (half_felt, HALF),
        (other_half_felt, HALF),
        (
            signed,
            "You add the gap with its sign, which rewards a gap in one direction. Which power of it is asked for?",
        ),
        (absolute, "You add the size of the gap. Which power of it is asked for?"),
        (penalty_alone, "The cross-entropy is missing: a model that gives everyone the same answer would be perfect."),
        (of_logits, "You compare mean logits. Scores are what `torch.sigmoid` makes of them."),
    ],
    otherwise="Not this loss, or not with this gradient. Compute both for two weights, and for 0: does the gradient "
    "change with the weight, and is the loss for 0 the cross-entropy?",
    hints=(
        "The loss has a gradient. Of which of its two parts? Compare the gradients for weights 0 and 100.",
        "Whatever is computed under `torch.no_grad()`, or was detached, is a constant to the optimizer.",
    ),
    idea="Compute scores and gap outside of `torch.no_grad()`, without `.detach()` or `.item()`.",
    praise="Training feels the penalty now.",
)


# ---- 03.8 two logits -------------------------------------------------------------------------------------------------
def pair_loss(two_logits, labels):
    """Return the mean cross-entropy of two logits."""
    import torch

    return torch.nn.functional.cross_entropy(two_logits, labels)


def binary(logits, labels):
    """Return the mean binary cross-entropy."""
    import torch

    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.float())


def copied(two_logits, labels):
    """Copy the labels into both columns: as the notebook shows it."""
    return binary(two_logits, labels[:, None].expand(-1, 2))


def one_hot(two_logits, labels):
    """Ask each logit about its own class, by itself."""
    import torch

    return binary(two_logits, torch.nn.functional.one_hot(labels, 2))


def twice_softmax(two_logits, labels):
    """Hands shares to a loss that takes logits."""
    import torch

    return torch.nn.functional.cross_entropy(torch.softmax(two_logits, dim=1), labels)


def second_only(two_logits, labels):
    """Use the second logit alone."""
    return binary(two_logits[:, 1], labels)


def turned(two_logits, labels):
    """Take the difference the wrong way round."""
    return binary(two_logits[:, 0] - two_logits[:, 1], labels)


def summed(two_logits, labels):
    """Sum over people."""
    return pair_loss(two_logits, labels) * len(labels)


def cut_off(two_logits, labels):
    """Lose the gradient."""
    return pair_loss(two_logits, labels).detach()


def draw_pairs(rng):
    """Draw two logits for each of a few people, and their labels, both of which occur."""
    found = []
    for n in (2, 3, 4):
        logits = rng.uniform(-1.5, 1.5, (n, 1)) + rng.uniform(0.3, 1, (n, 1)) * rng.choice([(-1, 1), (1, -1)], n)
        found.append((logits.round(2).tolist(), (rng.permutation(n) < int(rng.integers(1, n))).astype(int).tolist()))
    return found


compare_answers(
    "03.8",
    **LAB,
    collect=outputs_of(
        ([[0.2, 1.0], [1.5, -0.5], [0.0, 0.3]], [1, 0, 0]), ([[-1.0, 2.0], [0.5, 0.5]], [0, 1]), through=feel_pair_loss
    ),
    hidden=draw_pairs,
    always_apart=True,
    reference=pair_loss,
    untouched=copied,
    wrong=[
        (
            one_hot,
            "Each logit is asked about its own class now, but each by itself: nothing compares the two. Which loss "
            "takes one logit per class?",
        ),
        (
            twice_softmax,
            "`cross_entropy` takes logits and turns them into shares itself. You hand it shares: however sure the "
            "model is, its loss cannot come near 0.",
        ),
        (second_only, "You use one of the two logits, and the other one is never trained."),
        (turned, "Person (0, 3) should be one of class 1. Your loss says that she is one of class 0."),
        (summed, "That is the sum over people. The mean is asked for."),
        (cut_off, "The number is right, but it has no gradient: nothing can be trained with it."),
    ],
    otherwise="Not the mean cross-entropy. For two equal logits it is about 0.69, whatever the label, and it should "
    "only depend on their difference. Is that so?",
    hints=(
        "For logits (3, 3) the model cannot decide. What does the loss say about label 1 there?",
        "One loss takes one logit per person, another takes one logit per class. Which is which?",
    ),
    idea="`cross_entropy(two_logits, labels)`, or the binary loss of `two_logits[:, 1] - two_logits[:, 0]`.",
    praise="The two logits are compared with each other now.",
)
