"""Right answers to the repairs of notebook 03, exercises 03.5 to 03.13, as students write them."""

import itertools
import math
import random
from collections import defaultdict

import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn import metrics
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, log_softmax, nll_loss


# ---- 03.5 accuracy by group ------------------------------------------------------------------------------------------
def accuracy_by_loop(y_true, y_pred, group):
    """Count in dicts."""
    right, people = defaultdict(int), defaultdict(int)
    for truth, found, name in zip(y_true, y_pred, group, strict=True):
        right[name] += int(truth == found)
        people[name] += 1
    return {name: right[name] / people[name] for name in people}


def accuracy_by_groupby(y_true, y_pred, group):
    """Group a Series of hits."""
    return pd.Series(y_true == y_pred).groupby(group).mean()


def accuracy_by_torch(y_true, y_pred, group):
    """Mask a tensor of hits."""
    right = torch.as_tensor(y_true == y_pred).float()
    return {name: right[torch.as_tensor(group == name)].mean() for name in set(group.tolist())}


# ---- 03.6 a loss with its constraint ---------------------------------------------------------------------------------
def loss_by_formula(logits, labels, is_b, weight):
    """Write the cross-entropy out."""
    scores = 1 / (1 + torch.exp(-logits))
    loss = -(labels * torch.log(scores) + (1 - labels) * torch.log(1 - scores)).mean()
    return loss + weight * (scores[~is_b].mean() - scores[is_b].mean()).square()


def loss_by_sums(logits, labels, is_b, weight):
    """Weigh people in place of masks; group b less group a has the same square."""
    in_b = is_b.float()
    scores = logits.sigmoid()
    gap = (scores * in_b).sum() / in_b.sum() - (scores * (1 - in_b)).sum() / (1 - in_b).sum()
    return torch.nn.BCELoss()(scores, labels) + weight * gap * gap


# ---- 03.7 cross-entropy of two logits --------------------------------------------------------------------------------
def loss_of_lists(two_logits, labels):
    """Sum logarithms in a loop."""
    total = 0.0
    for (zero, one), label in zip(two_logits.tolist(), labels.tolist(), strict=True):
        total += math.log(math.exp(zero) + math.exp(one)) - (one if label else zero)
    return total / len(labels)


def loss_of_arrays(two_logits, labels):
    """Choose each row's log-probability."""
    logits, labels = np.asarray(two_logits), np.asarray(labels)
    log_sum = np.log(np.exp(logits).sum(axis=1))
    return (log_sum - logits[np.arange(len(labels)), labels]).mean()


def loss_of_frame(two_logits, labels):
    """Let scikit-learn take the log loss of probabilities in a frame."""
    powers = np.exp(pd.DataFrame(np.asarray(two_logits)))
    return metrics.log_loss(np.asarray(labels), powers.div(powers.sum(axis=1), axis=0)[1])


def loss_of_difference(two_logits, labels):
    """Use the binary loss of the difference."""
    difference = torch.as_tensor(two_logits)[:, 1] - torch.as_tensor(two_logits)[:, 0]
    return binary_cross_entropy_with_logits(difference, torch.as_tensor(labels).to(difference.dtype))


# ---- 03.8 padding ----------------------------------------------------------------------------------------------------
def pad_by_loop(ids):
    """Append zeros one by one."""
    longest = max(len(row) for row in ids)
    padded, mask = [], []
    for row in ids:
        row, marks = list(row), [1] * len(row)
        while len(row) < longest:
            row.append(0)
            marks.append(0)
        padded.append(row)
        mask.append(marks)
    return padded, mask


def pad_by_zip(ids):
    """Zip to the longest, and turn the table round."""
    padded = list(zip(*itertools.zip_longest(*ids, fillvalue=0), strict=True))
    mask = list(zip(*itertools.zip_longest(*[[1] * len(row) for row in ids], fillvalue=0), strict=True))
    return padded, mask


def pad_by_arange(ids):
    """Compare places with lengths; the mask holds True and False."""
    lengths = np.array([len(row) for row in ids])
    mask = np.arange(lengths.max()) < lengths[:, None]
    padded = np.zeros(mask.shape, dtype=int)
    padded[mask] = np.concatenate(ids)
    return padded, mask


def pad_by_frame(ids):
    """Let pandas fill short rows with missing values."""
    table = pd.concat([pd.Series(row) for row in ids], axis=1).T
    return table.fillna(0).astype(int).to_numpy(), table.notna().astype(int).to_numpy()


def pad_by_torch(ids):
    """Use torch's own padding."""
    rows = [torch.tensor(row) for row in ids]
    pad = torch.nn.utils.rnn.pad_sequence
    return pad(rows, batch_first=True), pad([torch.ones_like(row) for row in rows], batch_first=True)


# ---- 03.9 accuracy over batches --------------------------------------------------------------------------------------
def accuracy_by_counting(batches):
    """Count right answers and people, divide once: hint 2."""
    right = people = 0
    for predictions, labels in batches:
        right += sum(found == truth for found, truth in zip(predictions, labels, strict=True))
        people += len(labels)
    return right / people


def accuracy_of_arrays(batches):
    """Pool arrays."""
    found = np.concatenate([batch[0] for batch in batches])
    return (found == np.concatenate([batch[1] for batch in batches])).mean()


def accuracy_of_tensors(batches):
    """Add up over tensors."""
    right = sum((torch.tensor(found) == torch.tensor(truth)).sum() for found, truth in batches)
    return right / sum(len(truth) for _, truth in batches)


def accuracy_of_frames(batches):
    """Stack frames."""
    people = pd.concat([pd.DataFrame({"found": found, "truth": truth}) for found, truth in batches])
    return people.eval("found == truth").mean()


# ---- 03.10 AUC -------------------------------------------------------------------------------------------------------
def auc_by_pairs(y_true, y_score):
    """Count pairs in the right order, ties as half."""
    ones = [score for score, label in zip(y_score, y_true, strict=True) if label]
    zeros = [score for score, label in zip(y_score, y_true, strict=True) if not label]
    return sum((one > zero) + (one == zero) / 2 for one in ones for zero in zeros) / len(ones) / len(zeros)


def auc_by_ranks(y_true, y_score):
    """Sum the ranks of the positives."""
    labels, ranks = pd.Series(y_true), pd.Series(y_score).rank()
    n = labels.sum()
    return (ranks[labels == 1].sum() - n * (n + 1) / 2) / (n * (len(labels) - n))


def auc_by_curve(y_true, y_score):
    """Take the area under the points of the curve."""
    fpr, tpr, _ = metrics.roc_curve(y_true, y_score)
    return np.trapezoid(tpr, fpr)


def auc_by_torch(y_true, y_score):
    """Compare all pairs of tensors."""
    labels, scores = torch.as_tensor(y_true), torch.as_tensor(y_score)
    difference = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return ((difference > 0).double() + (difference == 0).double() / 2).mean()


# ---- 03.11 learning rates --------------------------------------------------------------------------------------------
def rates_by_division(epochs, batches, rate):
    """Divide after each epoch."""
    found = []
    for _ in range(epochs):
        found += [rate] * batches
        rate = rate / 10
    return found


def rates_by_tensors(epochs, batches, rate):
    """Repeat the rate of each epoch."""
    return (rate * 0.1 ** torch.arange(epochs, dtype=torch.float64)).repeat_interleave(batches)


# ---- 03.12 three numbers from a seed ---------------------------------------------------------------------------------
def three_by_random(seed):
    """Use the standard library's generator."""
    generator = random.Random(seed)
    return [generator.random() for _ in range(3)]


def three_by_state(seed):
    """Use numpy's old generator."""
    return tuple(np.random.RandomState(seed).uniform(-1, 1, size=3))


def three_by_torch(seed):
    """Use a generator of torch."""
    return torch.randn(3, generator=torch.Generator().manual_seed(seed))


def three_by_sample(seed):
    """Draw rows of a Series: whole numbers out of many."""
    return pd.Series(range(1000)).sample(3, random_state=seed)


# ---- 03.13 a history -------------------------------------------------------------------------------------------------
def history_by_loop(evaluate, epochs):
    """Append result after result."""
    history = []
    for epoch in range(1, epochs + 1):
        history.append(evaluate(epoch))
    return history


def history_by_while(evaluate, epochs):
    """Count up in a while loop, and give a Series by epoch."""
    epoch, history = 1, {}
    while epoch <= epochs:
        history[epoch] = evaluate(epoch)
        epoch += 1
    return pd.Series(history, name="accuracy").rename_axis("epoch")


REPAIRS = {
    "03.5": {
        "plain Python": accuracy_by_loop,
        "numpy": lambda y_true, y_pred, group: {
            name: ((y_true == y_pred)[group == name]).mean() for name in np.unique(group)
        },
        "pandas": accuracy_by_groupby,
        "torch": accuracy_by_torch,
        "scikit-learn": lambda y_true, y_pred, group: {
            name: metrics.accuracy_score(y_true[group == name], y_pred[group == name]) for name in sorted(set(group))
        },
    },
    "03.6": {
        "by formula": loss_by_formula,
        "by sums": loss_by_sums,
        "idea": lambda logits, labels, is_b, weight: (
            binary_cross_entropy_with_logits(logits, labels)
            + weight * (torch.sigmoid(logits)[~is_b].mean() - torch.sigmoid(logits)[is_b].mean()) ** 2
        ),
    },
    "03.7": {
        "plain Python": loss_of_lists,
        "numpy": loss_of_arrays,
        "pandas": loss_of_frame,
        "torch": lambda two_logits, labels: nll_loss(log_softmax(two_logits, dim=1), labels).item(),
        "idea": lambda two_logits, labels: cross_entropy(two_logits, labels).item(),
        "binary": loss_of_difference,
    },
    "03.8": {
        "plain Python": pad_by_loop,
        "numpy": pad_by_arange,
        "pandas": pad_by_frame,
        "torch": pad_by_torch,
        "zip_longest": pad_by_zip,
    },
    "03.9": {
        "plain Python": accuracy_by_counting,
        "numpy": accuracy_of_arrays,
        "pandas": accuracy_of_frames,
        "torch": accuracy_of_tensors,
    },
    "03.10": {
        "plain Python": auc_by_pairs,
        "numpy": auc_by_curve,
        "pandas": auc_by_ranks,
        "torch": auc_by_torch,
        "idea": metrics.roc_auc_score,
        "Mann-Whitney": lambda y_true, y_score: (
            stats.mannwhitneyu(
                np.array(y_score)[np.array(y_true) == 1], np.array(y_score)[np.array(y_true) == 0]
            ).statistic
            / (sum(y_true) * (len(y_true) - sum(y_true)))
        ),
    },
    "03.11": {
        "plain Python": rates_by_division,
        "numpy": lambda epochs, batches, rate: np.repeat(rate * 0.1 ** np.arange(epochs), batches),
        "pandas": lambda epochs, batches, rate: rate / 10 ** pd.Series(np.arange(epochs * batches) // batches),
        "torch": rates_by_tensors,
    },
    "03.12": {
        "plain Python": three_by_random,
        "numpy": three_by_state,
        "pandas": three_by_sample,
        "torch": three_by_torch,
        "idea": lambda seed: np.random.default_rng(seed).normal(size=3),
    },
    "03.13": {
        "plain Python": history_by_loop,
        "numpy": lambda evaluate, epochs: np.array([evaluate(epoch) for epoch in np.arange(epochs) + 1]),
        "pandas": history_by_while,
        "torch": lambda evaluate, epochs: torch.tensor(list(map(evaluate, range(1, epochs + 1)))),
    },
}
