"""Exercises of notebook 03, part two: the nine repairs of the debugging lab."""

import functools

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


def of_everybody(y_true, y_pred, group):
    """Repeats the accuracy of everybody."""
    return dict.fromkeys(np.unique(group).tolist(), np.mean(y_true == y_pred))


compare_answers(
    "03.5",
    **LAB,
    collect=outputs_of(
        (
            np.array([1, 0, 1, 0, 1, 1, 0]),
            np.array([1, 0, 0, 1, 1, 0, 0]),
            np.array(["a", "a", "b", "b", "b", "b", "a"]),
        ),
        (np.array([0, 0, 1, 1, 1]), np.array([1, 0, 1, 1, 0]), np.array(["z", "y", "x", "y", "z"])),
    ),
    reference=by_group,
    wrong=[
        (by_label, "The groups are still 0 and 1: you split by the label. Split by `group`."),
        (by_decision, "The groups are still 0 and 1: you split by the decision. Split by `group`."),
        (of_everybody, "That is the accuracy of everybody, given to each group. Each group has its own."),
        (selected, "These are selection rates. Accuracy compares `y_pred` with `y_true`."),
    ],
    otherwise="Not the accuracy of each sensitive group. Count one of them by hand: who belongs to it, and for how "
    "many of them was the prediction right?",
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


def detached(logits, labels, is_b, weight):
    """Cuts the penalty off from the logits."""
    import torch

    scores = torch.sigmoid(logits).detach()
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels) + weight * gap**2


def signed(logits, labels, is_b, weight):
    """Adds the signed gap."""
    import torch

    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels) + weight * gap


def absolute(logits, labels, is_b, weight):
    """Adds the size of the gap."""
    import torch

    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels) + weight * gap.abs()


def penalty_alone(logits, labels, is_b, weight):
    """Forgets the loss."""
    import torch

    scores = torch.sigmoid(logits)
    return weight * (scores[~is_b].mean() - scores[is_b].mean()) ** 2


def loss_and_gradient(function):
    """Collect for each probe the loss and its gradient, by which training acts; no gradient is an empty list."""
    import torch

    def differentiated(logits, labels, is_b, weight):
        logits = logits.requires_grad_()
        loss = function(logits, labels, is_b, weight)
        if loss is ... or loss is None:
            return loss
        if not isinstance(loss, torch.Tensor):
            raise TypeError(
                f"the function returns {type(loss).__name__}; a loss is a tensor that can be differentiated"
            )
        if loss.numel() != 1:
            raise TypeError(f"the function returns {loss.numel()} numbers; a loss is a single one")
        gradient = torch.autograd.grad(loss.sum(), logits, allow_unused=True)[0] if loss.requires_grad else None
        return {"loss": loss.item(), "gradient": [] if gradient is None else gradient}

    if function is ... or not callable(function):
        return outputs_of()(function)
    is_b, labels = torch.tensor([False, False, True, True]), torch.tensor([1.0, 0.0, 0.0, 1.0])
    scores = torch.tensor([2.0, -1.0, 0.5, -2.0]), torch.tensor([-1.5, 0.2, 2.0, 1.0])  # a gap of either sign
    probes = [(logits, labels, is_b, weight) for logits, weight in zip(scores, (10.0, 3.0), strict=True)]
    return outputs_of(*probes)(functools.update_wrapper(differentiated, function))


compare_answers(
    "03.6",
    **LAB,
    collect=loss_and_gradient,
    reference=constrained,
    wrong=[
        (unable, "The number is right, but it has no gradient: nothing can be trained with it. What takes it away?"),
        (
            detached,
            "The number is right, but its gradient is that of the cross-entropy alone: training does not feel the "
            "penalty. Where are its scores cut off from the logits?",
        ),
        (signed, "You add the gap with its sign, which rewards favoring group b. Which power of it is asked for?"),
        (absolute, "You add the size of the gap. Which power of it is asked for?"),
        (penalty_alone, "Only the penalty is left: a model that gives everyone the same answer would be perfect."),
    ],
    otherwise="Not this loss, or not with this gradient. Try `weight=0`: what is left? Then exchange the groups: what "
    "should change?",
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


def loss_of_tensors(function):
    """Collect the losses of tensors, as in the notebook; of arrays, where a function wants those."""
    import torch

    arrays = [
        (np.array([[0.2, 1.0], [1.5, -0.5], [0.0, 0.3]]), np.array([1, 0, 0])),
        (np.array([[-1.0, 2.0], [0.5, 0.5]]), np.array([0, 1])),
    ]
    tensors = [(torch.tensor(logits, dtype=torch.float32), torch.tensor(labels)) for logits, labels in arrays]
    try:
        return outputs_of(*tensors)(function)
    except Fault:
        if not callable(function):
            raise
        try:
            return outputs_of(*arrays)(function)
        except Fault:
            pass
        raise  # what is said of tensors: that is what the notebook has


compare_answers(
    "03.7",
    **LAB,
    collect=loss_of_tensors,
    reference=two_logit_loss,
    wrong=[
        (second_logit_only, "You use one logit and ignore the other. Cross-entropy takes one logit per class."),
        (both_alike, "With the labels copied, both logits learn the same thing. Cross-entropy takes both as they are."),
        (exchanged, "The log-odds of class 1 are logit 1 minus logit 0, not the other way round."),
    ],
    otherwise="Not the mean cross-entropy. For two equal logits it is about 0.69, whatever the label: what do you get?",
    hints=(
        "How many logits per text does each loss want?",
        "`cross_entropy(two_logits, labels)`, with labels as whole numbers.",
    ),
    idea="`cross_entropy(two_logits, labels).item()`, or the binary loss of `two_logits[:, 1] - two_logits[:, 0]`.",
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


BATCHES = (([[101, 7, 102], [101, 7, 8, 9, 102]],), ([[101, 102], [101, 5, 102], [101, 102]],), ([[101, 9], [9, 102]],))


def padded_batches(function):
    """Collect rows and masks, with True and False of a mask as 1 and 0."""

    def numbers(value):
        if isinstance(value, list):
            return [numbers(each) for each in value]
        return int(value) if isinstance(value, bool) else value

    return numbers(outputs_of(*BATCHES)(function))


padded_batches.label = outputs_of(*BATCHES).label


compare_answers(
    "03.8",
    **LAB,
    any_length=True,
    collect=padded_batches,
    reference=pad_batch,
    wrong=[
        (mask_of_ones, "The mask calls the padding text: the model would read it. It is 0 where there is padding."),
        (cut_to_shortest, "Texts were cut to the shortest one. Pad to the longest, so that nothing is lost."),
        (mask_of_padding, "The mask is turned round: 1 is for a token that counts."),
    ],
    otherwise="Not the batch and its mask. Are all rows equally long, is no token lost, and does each row of the mask "
    "sum to the number of tokens of its text?",
    hints=("How long is the longest text of this batch?", "row + [0] * (longest - len(row)), and a mask like it."),
    idea="longest = max(map(len, ids)); pad each row with zeros to it; the mask has 1 for tokens and 0 for padding.",
)
