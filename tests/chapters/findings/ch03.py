"""What reviewers found in the exercises of notebook 03."""

import math

import numpy as np

from tests.chapters.findings.finding import accepted, rejected


# ---- 03.2 ------------------------------------------------------------------------------------------------------------
def last_values(record):
    """Return the last selection rates of both groups."""
    last = record.groupby("tag")["value"].last()
    return last["validation/selection_rate/a"], last["validation/selection_rate/b"]


# ---- 03.6 ------------------------------------------------------------------------------------------------------------
def loss_with(penalty):
    """Return a loss whose penalty is made by a function of (scores, is_b, weight)."""

    def loss(logits, labels, is_b, weight):
        import torch

        found = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
        return found + penalty(torch.sigmoid(logits), is_b, weight)

    return loss


def squared(scores, is_b, weight):
    """Return the right penalty."""
    return weight * (scores[~is_b].mean() - scores[is_b].mean()) ** 2


def without_gradients(scores, is_b, weight):
    """Compute the penalty where torch keeps no gradients."""
    import torch

    with torch.no_grad():
        return squared(scores, is_b, weight)


def only_marked(logits, labels, is_b, weight):
    """Make a new tensor of the right number, and mark it as one that has a gradient."""
    import torch

    value = loss_with(squared)(logits, labels, is_b, weight)
    return torch.tensor(value.item(), requires_grad=True)


# ---- 03.7 to 03.11 ---------------------------------------------------------------------------------------------------
def cross_entropy_of_two(two_logits, labels):
    """Write what hint 2 and the idea say, word for word."""
    from torch.nn.functional import cross_entropy

    return cross_entropy(two_logits, labels).item()


def pad_with_truth_values(ids):
    """Return a mask of True and False."""
    longest = max(map(len, ids))
    padded = [row + [0] * (longest - len(row)) for row in ids]
    return padded, [[place < len(row) for place in range(longest)] for row in ids]


def auc(y_true, y_score):
    """Return the AUC."""
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(y_true, y_score)


FINDINGS = [
    rejected("03.6", "detached scores", loss_with(lambda s, b, w: squared(s.detach(), b, w)), "does not feel"),
    rejected("03.6", "a penalty without gradients", loss_with(without_gradients), "does not feel"),
    rejected("03.6", "a new tensor marked as differentiable", only_marked, "gradient"),
    rejected("03.6", "the size of the gap", loss_with(lambda s, b, w: w * squared(s, b, 1) ** 0.5), never=("favou?r",)),
    rejected("03.12", "counting on", lambda seed: [seed, seed + 1, seed + 2], "formula"),
    rejected("03.12", "a wave", lambda seed: [math.sin(seed), math.sin(seed + 1), math.sin(seed + 2)], "formula"),
    rejected("03.12", "lines", lambda seed: [0.1 * seed, 2 * seed + 7, 3], "formula"),
    rejected("03.12", "shifted", lambda seed: np.random.default_rng(0).normal(size=3) + seed, "formula"),
    rejected("03.2", "without its sign", lambda record: abs(np.subtract(*last_values(record))), "sign"),
    rejected("03.2", "by place", lambda record: record["value"].iloc[-3] - record["value"].iloc[-1], "place"),
    accepted("03.7", "the idea, word for word", cross_entropy_of_two),
    rejected(
        "03.9",
        "lists taken for tensors",
        lambda batches: sum((p == t).sum() for p, t in batches) / 6,
        "lists",
    ),
    accepted("03.8", "a mask of True and False", pad_with_truth_values),
    rejected(
        "03.5",
        "the accuracy of everybody",
        lambda y_true, y_pred, group: dict.fromkeys(np.unique(group), np.mean(y_true == y_pred)),
        "everybody",
        never=("selection rates",),
    ),
    rejected(
        "03.10",
        "rounded scores",
        lambda y_true, y_score: auc(y_true, np.round(y_score, 1)),
        "round",
        never=("rank decisions",),
    ),
    rejected(
        "03.11",
        "one rate per epoch",
        lambda epochs, batches, rate: [rate / 10**epoch for epoch in range(epochs)],
        never=("shape", "2 values; "),
    ),
    rejected("03.5", "a list", lambda y_true, y_pred, group: [0.5, 0.25], "dict|named", never=("shape",)),
    rejected("03.3", "a dict", lambda gaps: {"mean": 0.1, "half": 0.2}, never=("shape",)),
    rejected(
        "03.1",
        "a ratio",
        lambda y_true, y_pred: np.mean(np.equal(y_true, y_pred)) / max(np.mean(y_true), 1 - np.mean(y_true)),
        "times as accurate",
    ),
    rejected("03.1", "something else", lambda y_true, y_pred: 0.123 * len(y_true), never=("[Ss]ubtract",)),
]
