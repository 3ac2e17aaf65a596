"""What reviewers found in the exercises of notebook 03."""

import numpy as np

from labkit.exercises.judging import NOT_ATTEMPTED
from tests.chapters.findings.finding import Finding, rejected


# ---- 03.2 ------------------------------------------------------------------------------------------------------------
def kept_rates(record):
    """Return the selection rates of both groups at the step with the smallest validation loss."""
    by_step = record.pivot(index="step", columns="tag", values="value")
    kept = by_step.loc[by_step["validation/loss"].idxmin()]
    return kept["validation/selection_rate/a"], kept["validation/selection_rate/b"]


# ---- 03.7 ------------------------------------------------------------------------------------------------------------
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


def as_in_the_notebook(logits, labels, is_b, weight):
    """Return what the untouched notebook computes."""
    import torch

    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
    with torch.no_grad():
        scores = torch.sigmoid(logits)
        gap = scores[~is_b].mean() - scores[is_b].mean()
    return loss + weight * gap**2


def only_marked(logits, labels, is_b, weight):
    """Make a new tensor of the right number, and mark it as one that has a gradient."""
    import torch

    value = loss_with(squared)(logits, labels, is_b, weight)
    return torch.tensor(value.item(), requires_grad=True)


# ---- 03.8 to 03.13 ---------------------------------------------------------------------------------------------------
def cross_entropy_of_two(two_logits, labels):
    """Return the right loss as a number."""
    from torch.nn.functional import cross_entropy

    return cross_entropy(two_logits, labels).item()


def auc(y_true, y_score):
    """Return the AUC."""
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(y_true, y_score)


def only_step_marked(two_logits, labels):
    """Return the right number as a new tensor."""
    import torch

    return torch.tensor(cross_entropy_of_two(two_logits, labels), requires_grad=True)


def batch_of_three_axes(items):
    """Pad, and keep each item's own axis."""
    import torch

    longest = max(item.shape[1] for item in items)
    ids = torch.stack([torch.nn.functional.pad(item, (0, longest - item.shape[1])) for item in items])
    return ids, (ids > 0).long()


def batch_with_last_axis(items):
    """Pad, and add an axis for nothing."""
    ids, mask = batch_of_three_axes(items)
    return ids.transpose(1, 2), mask.transpose(1, 2)


def split_by_decision(y_true, y_pred):
    """Return people and shares of right answers among those called 0 and 1."""
    return {name: (np.sum(y_pred == name), np.mean(y_true[y_pred == name] == name)) for name in (0, 1)}


def seed_by_counting(inputs, labels, seed, steps, device):
    """Repair nothing but the number of losses."""
    import torch

    head = torch.nn.Linear(inputs.shape[1], 1)
    torch.manual_seed(seed)
    return head.to(device)


FINDINGS = [
    rejected("03.7", "detached scores", loss_with(lambda s, b, w: squared(s.detach(), b, w)), "no gradient"),
    rejected("03.7", "a penalty without gradients", loss_with(without_gradients), "no gradient"),
    Finding("03.7", "the program of the notebook", as_in_the_notebook, NOT_ATTEMPTED),
    rejected("03.7", "a new tensor marked as differentiable", only_marked, "no gradient"),
    rejected("03.7", "the size of the gap", loss_with(lambda s, b, w: w * squared(s, b, 1) ** 0.5), never=("reward",)),
    rejected("03.8", "a number", cross_entropy_of_two, "tensor that can be differentiated"),
    rejected("03.8", "a new tensor marked as differentiable", only_step_marked, "no gradient"),
    rejected("03.9", "three axes", batch_of_three_axes, "axis of its own"),
    rejected("03.9", "a third axis at the end", batch_with_last_axis, "shape"),
    rejected(
        "03.6", "the decisions for groups", lambda y_true, y_pred, group: split_by_decision(y_true, y_pred), "decisions"
    ),
    rejected("03.13", "a seed after the draw", seed_by_counting, "drawn before the seed"),
    rejected("03.6", "a list", lambda y_true, y_pred, group: [0.5, 0.25], never=("shape",)),
    rejected("03.2", "without its sign", lambda record: abs(np.subtract(*kept_rates(record))), "sign"),
    rejected("03.2", "by place", lambda record: record["value"].iloc[-3] - record["value"].iloc[-1], "belong together"),
    rejected(
        "03.6",
        "the accuracy of everybody",
        lambda y_true, y_pred, group: {
            name: ((group == name).sum(), np.mean(y_true == y_pred)) for name in np.unique(group)
        },
        "everyone",
        never=("selection rates", "positive decisions"),
    ),
    rejected(
        "03.11",
        "rounded scores",
        lambda y_true, y_score, threshold: {
            "auc": auc(y_true, np.round(y_score, 1)),
            "precision": np.mean(y_true[y_score >= threshold]),
            "recall": np.mean((y_score >= threshold)[y_true == 1]),
        },
        "round",
    ),
    rejected("03.3", "a dict", lambda *team: {"error": 0.1}, never=("shape",)),
    rejected(
        "03.1",
        "a ratio",
        lambda y_true, y_pred: np.mean(np.equal(y_true, y_pred)) / max(np.mean(y_true), 1 - np.mean(y_true)),
        "times as accurate",
    ),
    rejected("03.1", "something else", lambda y_true, y_pred: 0.123 * len(y_true), never=("[Ss]ubtract",)),
]
