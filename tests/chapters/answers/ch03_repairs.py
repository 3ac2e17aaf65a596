"""Right answers to the repairs of notebook 03, exercises 03.6 to 03.15, as students write them."""

import numpy as np
import pandas as pd
import torch
from sklearn import metrics
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, log_softmax, nll_loss


# ---- 03.6 an audit ---------------------------------------------------------------------------------------------------
def audit_by_loop(y_true, y_pred, group):
    """Count in dicts."""
    people, right = {}, {}
    for truth, found, name in zip(y_true, y_pred, group, strict=True):
        people[name] = people.get(name, 0) + 1
        right[name] = right.get(name, 0) + int(truth == found)
    return {name: (people[name], right[name] / people[name]) for name in people}


def audit_by_groupby(y_true, y_pred, group):
    """Group a Series of hits."""
    table = pd.Series(y_true == y_pred).groupby(group).agg(["size", "mean"])
    return {name: [row["size"], row["mean"]] for name, row in table.iterrows()}


def audit_by_metric(y_true, y_pred, group):
    """Let scikit-learn compute accuracies."""
    masks = {name: group == name for name in set(group)}
    return {name: [own.sum(), metrics.accuracy_score(y_true[own], y_pred[own])] for name, own in masks.items()}


def audit_by_numpy(y_true, y_pred, group):
    """Mask an array of hits."""
    right = y_true == y_pred
    return {name: np.array([np.sum(group == name), right[group == name].mean()]) for name in np.unique(group)}


# ---- 03.7 a penalty --------------------------------------------------------------------------------------------------
def loss_by_formula(logits, labels, is_b, weight):
    """Write the cross-entropy out."""
    scores = 1 / (1 + torch.exp(-logits))
    loss = -(labels * torch.log(scores) + (1 - labels) * torch.log(1 - scores)).mean()
    return loss + weight * (scores[~is_b].mean() - scores[is_b].mean()).square()


def loss_by_sums(logits, labels, is_b, weight):
    """Weigh people in place of masks; group b minus group a has the same square."""
    in_b = is_b.float()
    scores = logits.sigmoid()
    gap = (scores * in_b).sum() / in_b.sum() - (scores * (1 - in_b)).sum() / (1 - in_b).sum()
    return torch.nn.BCELoss()(scores, labels) + weight * gap * gap


# ---- 03.9 a batch ----------------------------------------------------------------------------------------------------
def batch_by_torch(items):
    """Use torch's own padding."""
    rows = [item.squeeze(0) for item in items]
    pad = torch.nn.utils.rnn.pad_sequence
    return pad(rows, batch_first=True), pad([torch.ones_like(row) for row in rows], batch_first=True)


def batch_by_lengths(items):
    """Compare places with lengths; the mask holds True and False."""
    lengths = torch.tensor([item.shape[1] for item in items])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    ids = torch.zeros(mask.shape, dtype=torch.long)
    ids[mask] = torch.cat([item[0] for item in items])
    return ids, mask


def batch_of_lists(items):
    """Append zeros one by one."""
    longest = max(item.shape[1] for item in items)
    ids, mask = [], []
    for item in items:
        row = item[0].tolist()
        mask.append([1] * len(row) + [0] * (longest - len(row)))
        while len(row) < longest:
            row.append(0)
        ids.append(row)
    return ids, mask


# ---- 03.10 an evaluation ---------------------------------------------------------------------------------------------
def share_by_counting(predict, batches, labels):
    """Count right answers and people, divide once."""
    right = people = 0
    for inputs, own in batches:
        right += sum(answer == label for answer, label in zip(predict(inputs), own, strict=True))
        people += len(own)
    return right / people


def share_of_arrays(predict, batches, labels):
    """Pool arrays."""
    answers = np.concatenate([predict(inputs) for inputs, _ in batches])
    return (answers == np.array(labels)).mean()


def share_of_series(predict, batches, labels):
    """Put answers and labels side by side in a frame."""
    answers = [answer for batch in batches for answer in predict(batch[0])]
    return pd.DataFrame({"answer": answers, "label": labels}).eval("answer == label").mean()


def share_of_tensors(predict, batches, labels):
    """Pool tensors."""
    answers = torch.cat([torch.tensor(predict(inputs)) for inputs, _ in batches])
    return (answers == torch.tensor(labels)).double().mean()


# ---- 03.11 three metrics ---------------------------------------------------------------------------------------------
def metrics_by_hand(y_true, y_score, threshold):
    """Count pairs and people."""
    ill, well = y_score[y_true == 1], y_score[y_true == 0]
    pairs = (ill[:, None] > well).mean() + (ill[:, None] == well).mean() / 2
    found = y_score >= threshold
    hits = (found & (y_true == 1)).sum()
    return {"auc": pairs, "precision": hits / found.sum(), "recall": hits / len(ill)}


def metrics_by_curve(y_true, y_score, threshold):
    """Take the area under the curve, and both rates by name."""
    fpr, tpr, _ = metrics.roc_curve(y_true, y_score)
    y_pred = y_score >= threshold
    return pd.Series(
        {
            "recall": metrics.recall_score(y_true=y_true, y_pred=y_pred),
            "precision": metrics.precision_score(y_pred=y_pred, y_true=y_true),
            "auc": np.trapezoid(tpr, fpr),
        }
    )


def metrics_by_loop(y_true, y_score, threshold):
    """Count in loops."""
    ill = [score for score, label in zip(y_score, y_true, strict=True) if label]
    well = [score for score, label in zip(y_score, y_true, strict=True) if not label]
    pairs = sum((one > zero) + (one == zero) / 2 for one in ill for zero in well) / len(ill) / len(well)
    hits = sum(score >= threshold for score in ill)
    alarms = hits + sum(score >= threshold for score in well)
    return {"auc": pairs, "precision": hits / alarms, "recall": hits / len(ill)}


def metrics_by_frame(y_true, y_score, threshold):
    """Rank a Series."""
    table = pd.DataFrame({"label": y_true, "score": y_score})
    table["found"] = table["score"] >= threshold
    n, ranks = table["label"].sum(), table["score"].rank()
    auc = (ranks[table["label"] == 1].sum() - n * (n + 1) / 2) / (n * (len(table) - n))
    return {
        "auc": auc,
        "precision": table["label"][table["found"]].mean(),
        "recall": table.query("label == 1").found.mean(),
    }


# ---- 03.12 the learning rate -----------------------------------------------------------------------------------------
def step(head, optimizer, inputs, labels):
    """Take one step, and return its loss."""
    optimizer.zero_grad()
    loss = binary_cross_entropy_with_logits(head(inputs).reshape(-1), labels)
    loss.backward()
    optimizer.step()
    return loss.detach()


def epochs_by_function(head, optimizer, scheduler, batches, epochs):
    """Take the steps in a function."""
    losses = []
    for _ in range(epochs):
        losses.extend(step(head, optimizer, inputs, labels) for inputs, labels in batches)
        scheduler.step()
    return torch.stack(losses)


def epochs_by_count(head, optimizer, scheduler, batches, epochs):
    """Step the scheduler after the last batch of an epoch."""
    losses = []
    for _ in range(epochs):
        for place, (inputs, labels) in enumerate(batches, start=1):
            losses.append(step(head, optimizer, inputs, labels).item())
            if place == len(batches):
                scheduler.step()
    return np.array(losses)


# ---- 03.13 a run that can be repeated --------------------------------------------------------------------------------
def run_on_device(inputs, labels, seed, steps, device):
    """Draw the head on the device."""
    torch.manual_seed(seed)
    head = torch.nn.Linear(inputs.shape[1], 1, device=device)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.5)
    for _ in range(steps):
        step(head, optimizer, inputs.to(device), labels.to(device))
    return head


def run_by_generator(inputs, labels, seed, steps, device):
    """Draw the weights with a generator of their own, and step by hand."""
    generator = torch.Generator().manual_seed(seed)
    head = torch.nn.Linear(inputs.shape[1], 1)
    with torch.no_grad():
        head.weight.normal_(generator=generator)
        head.bias.zero_()
    head, inputs, labels = head.to(device), inputs.to(device), labels.to(device)
    for _ in range(steps):
        loss = binary_cross_entropy_with_logits(head(inputs)[:, 0], labels)
        gradients = torch.autograd.grad(loss, list(head.parameters()))
        with torch.no_grad():
            for weights, gradient in zip(head.parameters(), gradients, strict=True):
                weights -= 0.5 * gradient
    return head


# ---- 03.14 a history -------------------------------------------------------------------------------------------------
def history_by_function(head, inputs, labels, epochs):
    """Take the steps in a function, and measure without gradients."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.05)
    history = []
    for _ in range(epochs):
        step(head, optimizer, inputs, labels)
        with torch.inference_mode():
            answers = (torch.sigmoid(head(inputs)[:, 0]) > 0.5).float()
        history.append((answers == labels).float().mean())
    return history


def history_as_series(head, inputs, labels, epochs):
    """Let scikit-learn measure, and return a Series."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.05)
    history = {}
    for epoch in range(1, epochs + 1):
        step(head, optimizer, inputs, labels)
        answers = (head(inputs).squeeze(1) > 0).int()
        history[epoch] = metrics.accuracy_score(labels.int().numpy(), answers.numpy())
    return pd.Series(history)


def proof(log, epoch, highest):
    """Return an answer about the logs."""
    return {"log": log, "epoch": epoch, "highest_accuracy": highest}


REPAIRS = {
    "03.6": {
        "plain Python": audit_by_loop,
        "pandas": audit_by_groupby,
        "numpy": audit_by_numpy,
        "scikit-learn": audit_by_metric,
    },
    "03.7": {
        "by formula": loss_by_formula,
        "by sums": loss_by_sums,
        "idea": lambda logits, labels, is_b, weight: (
            binary_cross_entropy_with_logits(logits, labels)
            + weight * (torch.sigmoid(logits)[~is_b].mean() - torch.sigmoid(logits)[is_b].mean()) ** 2
        ),
    },
    "03.8": {
        "idea": lambda two_logits, labels: cross_entropy(two_logits, labels),
        "logarithms": lambda two_logits, labels: nll_loss(log_softmax(two_logits, dim=1), labels),
        "binary": lambda two_logits, labels: binary_cross_entropy_with_logits(
            two_logits[:, 1] - two_logits[:, 0], labels.float()
        ),
    },
    "03.9": {"torch": batch_by_torch, "lengths": batch_by_lengths, "plain Python": batch_of_lists},
    "03.10": {
        "plain Python": share_by_counting,
        "numpy": share_of_arrays,
        "pandas": share_of_series,
        "torch": share_of_tensors,
    },
    "03.11": {
        "plain Python": metrics_by_loop,
        "numpy": metrics_by_hand,
        "pandas": metrics_by_frame,
        "scikit-learn": metrics_by_curve,
    },
    "03.12": {"a function": epochs_by_function, "a count": epochs_by_count},
    "03.13": {"torch": run_on_device, "a generator": run_by_generator},
    "03.14": {"a function": history_by_function, "pandas": history_as_series},
    "03.15": {
        "by counting": proof("C", 4, 74 / 100),
        "by formula": proof("c", 4.0, 1 - abs(0.56 - 0.30)),
        "rounded": proof("C.", 4, 0.74),
    },
}
