"""Exercises of notebook 03, part two: the nine repairs of the debugging lab."""

import numpy as np

from labkit.exercises.answers import Fault, outputs_of
from labkit.exercises.checking import compare_answers

LAB = {"points": 1, "objective": "03-debug"}


def by_group(y_true, y_pred, group):
    """Accuracy of each sensitive group."""
    return {name: np.mean((y_true == y_pred)[group == name]) for name in np.unique(group)}


def by_label(y_true, y_pred, group):
    """Splits by the label."""
    return {name: np.mean((y_true == y_pred)[y_true == name]) for name in np.unique(y_true)}


def by_decision(y_true, y_pred, group):
    """Splits by the decision."""
    return {name: np.mean((y_true == y_pred)[y_pred == name]) for name in np.unique(y_pred)}


def selected(y_true, y_pred, group):
    """Returns selection rates."""
    return {name: np.mean(y_pred[group == name]) for name in np.unique(group)}


compare_answers(
    "03.5",
    **LAB,
    collect=outputs_of(
        (np.array([1, 0, 1, 0, 1, 1]), np.array([1, 0, 0, 1, 1, 0]), np.array(["a", "a", "b", "b", "b", "b"]))
    ),
    reference=by_group,
    wrong=[
        (by_label, "The groups are still 0 and 1: you split by the label. Split by `group`."),
        (by_decision, "The groups are still 0 and 1: you split by the decision. Split by `group`."),
        (selected, "These are selection rates. Accuracy compares `y_pred` with `y_true`."),
    ],
    otherwise="For each value in `group`: the share of its people whose prediction equals the label.",
    hints=("Which of the three arguments says who belongs together?", "`for name in np.unique(group)`."),
    idea="{name: ((y_true == y_pred)[group == name]).mean() for name in np.unique(group)}",
)


def constrained(logits, labels, is_b, weight):
    """Loss plus weight times the squared gap in mean scores."""
    import torch

    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels) + weight * gap**2


def unable(logits, labels, is_b, weight):
    """Computes without gradients."""
    import torch

    with torch.no_grad():
        return constrained(logits, labels, is_b, weight)


def signed(logits, labels, is_b, weight):
    """Adds the signed gap."""
    import torch

    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels) + weight * gap


def penalty_alone(logits, labels, is_b, weight):
    """Forgets the loss."""
    import torch

    scores = torch.sigmoid(logits)
    return weight * (scores[~is_b].mean() - scores[is_b].mean()) ** 2


def loss_and_gradient(function):
    """Collect the loss on a probe, and whether training could act on it."""
    import torch

    if function is ... or not callable(function):
        return function
    logits = torch.tensor([2.0, -1.0, 0.5, -2.0], requires_grad=True)
    loss = function(logits, torch.tensor([1.0, 0.0, 0.0, 1.0]), torch.tensor([False, False, True, True]), 10.0)
    if loss is ...:
        return ...
    if not isinstance(loss, torch.Tensor):
        raise Fault(f"The function returns {type(loss).__name__}; a loss is a tensor that can be differentiated.")
    return {"loss": loss.item(), "has a gradient": loss.requires_grad}


compare_answers(
    "03.6",
    **LAB,
    collect=loss_and_gradient,
    reference=constrained,
    wrong=[
        (
            unable,
            "The number is right, but it has no gradient: nothing can be trained with it. Drop `torch.no_grad()`.",
        ),
        (signed, "The signed gap rewards favouring group b. Square it, so that zero is best."),
        (penalty_alone, "Only the penalty is left: a model that says the same of everybody would be perfect."),
    ],
    otherwise="Binary cross-entropy, plus weight times the squared difference of the groups' mean scores.",
    hints=("Two terms are added, and both must have a gradient.", "The gap is squared before it is weighted."),
    idea="binary_cross_entropy_with_logits(logits, labels) + weight * gap ** 2, outside of torch.no_grad().",
)


def two_logit_loss(two_logits, labels):
    """Cross-entropy of both logits."""
    import torch

    return torch.nn.functional.cross_entropy(torch.as_tensor(two_logits), torch.as_tensor(labels)).item()


def second_logit_only(two_logits, labels):
    """Uses one of the two logits."""
    import torch

    one, labels = torch.as_tensor(two_logits)[:, 1], torch.as_tensor(labels).float()
    return torch.nn.functional.binary_cross_entropy_with_logits(one, labels).item()


def both_alike(two_logits, labels):
    """Copies the labels to both columns."""
    import torch

    wide = torch.as_tensor(labels).float()[:, None].expand(-1, 2)
    return torch.nn.functional.binary_cross_entropy_with_logits(torch.as_tensor(two_logits), wide).item()


def exchanged(two_logits, labels):
    """Takes the logits' difference the wrong way round."""
    import torch

    logits, labels = torch.as_tensor(two_logits), torch.as_tensor(labels).float()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0] - logits[:, 1], labels).item()


compare_answers(
    "03.7",
    **LAB,
    collect=outputs_of((np.array([[0.2, 1.0], [1.5, -0.5], [0.0, 0.3]]), np.array([1, 0, 0]))),
    reference=two_logit_loss,
    wrong=[
        (second_logit_only, "You use one logit and ignore the other. Cross-entropy takes one logit a class."),
        (both_alike, "With the labels copied, both logits learn the same thing. Cross-entropy takes both as they are."),
        (exchanged, "The log-odds of class 1 are logit 1 less logit 0, not the other way round."),
    ],
    otherwise="Use cross_entropy on the two logits and whole-number labels, or the binary one on their difference.",
    hints=("How many logits a text does each loss want?", "cross_entropy(two_logits, labels), labels as integers."),
    idea="cross_entropy(two_logits, labels).item(), or the binary loss of two_logits[:, 1] - two_logits[:, 0].",
)


def pad_batch(ids):
    """Pad to the batch's longest text, with a mask."""
    longest = max(map(len, ids))
    padded = [row + [0] * (longest - len(row)) for row in ids]
    return padded, [[1] * len(row) + [0] * (longest - len(row)) for row in ids]


def mask_of_ones(ids):
    """Marks padding as text."""
    padded, _ = pad_batch(ids)
    return padded, [[1] * len(row) for row in padded]


def cut_to_shortest(ids):
    """Cuts instead of padding."""
    shortest = min(map(len, ids))
    return [row[:shortest] for row in ids], [[1] * shortest for _ in ids]


def mask_of_padding(ids):
    """Turns the mask round."""
    padded, mask = pad_batch(ids)
    return padded, [[1 - value for value in row] for row in mask]


compare_answers(
    "03.8",
    **LAB,
    any_length=True,
    collect=outputs_of(([[101, 7, 102], [101, 7, 8, 9, 102]],), ([[101, 102], [101, 5, 102], [101, 102]],)),
    reference=pad_batch,
    wrong=[
        (mask_of_ones, "The mask calls the padding text: the model would read it. It is 0 where there is padding."),
        (cut_to_shortest, "Texts were cut to the shortest one. Pad to the longest, so that nothing is lost."),
        (mask_of_padding, "The mask is turned round: 1 stands for a token that counts."),
    ],
    otherwise="Fill every row with 0 up to the longest row of this batch, and mark real tokens with 1 in the mask.",
    hints=("How long is the longest text of this batch?", "row + [0] * (longest - len(row)), and a mask like it."),
    idea="longest = max(map(len, ids)); pad each row with zeros to it; the mask has 1 for tokens and 0 for padding.",
)
