"""Exercises of notebook 03, part two: case 6, three metrics and their arguments."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers

LAB = {"objective": "03-debug"}


# ---- 03.11 three metrics ---------------------------------------------------------------------------------------------
def metrics_right(y_true, y_score, threshold):
    """Return AUC of scores, precision and recall."""
    from sklearn.metrics import precision_score, recall_score, roc_auc_score

    y_pred = (y_score >= threshold).astype(int)
    return {
        "auc": roc_auc_score(y_true, y_score),
        "precision": precision_score(y_true, y_pred),
        "recall": recall_score(y_true, y_pred),
    }


def metrics_with(auc, *, exchanged=False):
    """Return the function with another AUC, and with precision and recall exchanged."""

    def metrics(y_true, y_score, threshold):
        found = metrics_right(y_true, y_score, threshold)
        if exchanged:
            found["precision"], found["recall"] = found["recall"], found["precision"]
        return found | {"auc": auc(y_true, y_score, threshold)}

    return metrics


def auc_right(y_true, y_score, threshold):
    """Rank people by their scores."""
    return metrics_right(y_true, y_score, threshold)["auc"]


def auc_of_decisions(y_true, y_score, threshold):
    """Rank people by decisions."""
    return auc_right(y_true, y_score >= threshold, threshold)


def auc_exchanged(y_true, y_score, threshold):
    """Let the decisions play the truth."""
    return auc_right((y_score >= threshold).astype(int), y_true, threshold)


def auc_rounded(y_true, y_score, threshold):
    """Round the scores first."""
    return auc_right(y_true, np.round(y_score, 1), threshold)


def say_order(fault):
    """Return what a metric that refuses its arguments does not say."""
    if "continuous" not in str(fault):
        return None
    return "Somewhere scores are given in a place where a metric wants labels or decisions. Which argument comes first?"


def auc_of_two(labels, decisions):
    """Return the AUC of scores that are 0 or 1: the mean of the shares of both labels that are decided rightly."""
    return np.mean([(decisions[labels == label] == label).mean() for label in (0, 1)])


def draw_scores(rng):
    """Draw labels, scores that all differ, and a threshold with people of both labels on both sides of it.

    Some scores of people with different labels are equal when they are rounded, so that rounding shows.
    """
    found = []
    while len(found) < 3:
        n = int(rng.integers(7, 10))
        y_true = (rng.permutation(n) < n // 2).astype(int)
        scores = rng.choice(np.arange(12, 58), n, replace=False) / 100
        low = round(float(rng.uniform(0.6, 0.9)), 1)  # what is from here to 0.04 more is rounded to it
        ill, well = (np.flatnonzero(y_true == label)[:2] for label in (1, 0))
        scores[[ill[0], well[0]]] = low + 0.01 * rng.permutation([0, 2])
        scores[well[1]], scores[ill[1]] = 0.05, 0.07
        call = (y_true, scores.round(2), round(float(rng.uniform(0.3, 0.4)), 2))
        decided = (call[1] >= call[2]).astype(int)
        if abs(auc_of_two(y_true, decided) - auc_of_two(decided, y_true)) > 0.01:  # else two mistakes are the same
            found.append(call)
    return found


SCORES = (
    (np.array([1, 1, 1, 1, 0, 0, 0]), np.array([0.9, 0.83, 0.7, 0.36, 0.75, 0.1, 0.2]), 0.25),
    (np.array([0, 1, 0, 1, 1, 0, 0, 0]), np.array([0.24, 0.4, 0.35, 0.62, 0.21, 0.64, 0.4, 0.5]), 0.3),
    (np.array([0, 1, 1, 0, 1]), np.array([0.31, 0.58, 0.93, 0.61, 0.28]), 0.6),
)


compare_answers(
    "03.11",
    **LAB,
    points=2,
    collect=outputs_of(*SCORES, explain=say_order),
    hidden=draw_scores,
    reference=metrics_right,
    untouched=metrics_with(auc_exchanged, exchanged=True),
    wrong=[
        (
            metrics_with(auc_exchanged),
            "Precision and recall are repaired. The AUC is not: it still takes the decisions for the truth.",
        ),
        (
            metrics_with(auc_of_decisions),
            "Precision and recall are repaired, and the truth is where it belongs. But the AUC still changes with the "
            "threshold. What does it rank people by?",
        ),
        (
            metrics_with(auc_of_decisions, exchanged=True),
            "The truth is where it belongs in the AUC, but it still changes with the threshold; and precision and "
            "recall are not repaired.",
        ),
        (
            metrics_with(auc_right, exchanged=True),
            "The AUC is repaired. Precision and recall still change places: should recall rise with the threshold?",
        ),
        (
            metrics_with(auc_rounded),
            "Precision and recall are repaired. In the AUC, people whose scores differ a little became equal: the "
            "scores are rounded.",
        ),
    ],
    otherwise="Not these three. Raise the threshold for a few people: recall must not rise, and the AUC must not "
    "change. Does your function keep to that?",
    hints=(
        "Write recall as a sentence, *of the people who ..., the share that ...*, and work it out for five people.",
        "In scikit-learn's metrics the truth is the first argument. And what has an AUC to do with a threshold?",
    ),
    idea="`roc_auc_score(y_true, y_score)`, `precision_score(y_true, y_pred)` and `recall_score(y_true, y_pred)`.",
    praise="Recall falls with the threshold, and the AUC has none.",
)
