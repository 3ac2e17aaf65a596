"""Exercises of notebook 03, part one: baselines and training records."""

import numpy as np
import pandas as pd

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers


def gain(y_true, y_pred):
    """Accuracy beyond the majority's answer."""
    share = np.mean(y_true)
    return np.mean(np.equal(y_true, y_pred)) - max(share, 1 - share)


def draw_labels(rng):
    """Draw labels and predictions, lists in which ones, or zeros, are the majority; never half of each."""
    found = []
    for rarer, label in ((0.2, 1), (0.35, 0), (0.2, 0), (0.35, 1)):
        n = int(rng.integers(7, 12))
        y_true = np.where(rng.permutation(n) < round(rarer * n), 1 - label, label)
        found.append((y_true.tolist(), np.where(rng.random(n) < 0.3, 1 - y_true, y_true).tolist()))
    return found


def only_accuracy(y_true, y_pred):
    """Forgets the baseline."""
    return np.mean(np.equal(y_true, y_pred))


def beyond_positives(y_true, y_pred):
    """Takes the positives for the majority."""
    return np.mean(np.equal(y_true, y_pred)) - np.mean(y_true)


def beyond_minority(y_true, y_pred):
    """Takes the rarer answer for the baseline."""
    share = np.mean(y_true)
    return np.mean(np.equal(y_true, y_pred)) - min(share, 1 - share)


def times_majority(y_true, y_pred):
    """Divides by the baseline."""
    share = np.mean(y_true)
    return np.mean(np.equal(y_true, y_pred)) / max(share, 1 - share)


def beyond_coin(y_true, y_pred):
    """Compares with a coin."""
    return np.mean(np.equal(y_true, y_pred)) - 0.5


compare_answers(
    "03.1",
    points=1,
    objective="03-baselines",
    collect=outputs_of(
        ([1, 1, 0, 0, 0], [1, 0, 0, 0, 0]), ([1, 1, 1, 0], [1, 1, 1, 1]), ([0, 0, 0, 1, 0, 0], [1, 1, 0, 1, 0, 1])
    ),
    hidden=draw_labels,
    reference=gain,
    wrong=[
        (only_accuracy, "That is the accuracy alone. Subtract what giving everyone the same answer would reach."),
        (beyond_positives, "You subtract the share of ones. Where zeros are the majority, saying 0 reaches more."),
        (beyond_minority, "You subtract what the *rarer* answer reaches. Which constant answer is the harder to beat?"),
        (times_majority, "That is how many times as accurate. Asked is the difference: by how much it lies above."),
        (beyond_coin, "A coin is not the baseline: the majority's answer does better whenever labels are unequal."),
    ],
    otherwise="Not what is asked for. Try predictions that are all 0, then all 1, for labels 1, 1, 0, 0, 0: what "
    "should come out for each?",
    hints=(
        "What does a model reach that gives everyone the same answer?",
        "The better of two constant answers: the share of ones, or of zeros.",
    ),
    idea="Accuracy, minus the larger of the share of ones and the share of zeros.",
)


# ---- 03.2 the gap of the model that is kept --------------------------------------------------------------------------
LOSS, RATE_A, RATE_B = "validation/loss", "validation/selection_rate/a", "validation/selection_rate/b"


def gap_at_best(record):
    """Return the gap at the step with the smallest validation loss."""
    by_step = record.pivot(index="step", columns="tag", values="value")
    kept = by_step.loc[by_step[LOSS].idxmin()]
    return kept[RATE_A] - kept[RATE_B]


def gap_when(find_step):
    """Return the gap at the step that a function finds in a table with one row per step and one column per tag."""

    def gap(record):
        by_step = record.pivot(index="step", columns="tag", values="value")
        kept = by_step.loc[find_step(by_step)]
        return kept[RATE_A] - kept[RATE_B]

    return gap


def last_step(by_step):
    """Return the last step at which the validation notes were measured."""
    return by_step[LOSS].dropna().index[-1]


def mean_gap(record):
    """Average over all evaluations."""
    mean = record.groupby("tag")["value"].mean()
    return mean[RATE_A] - mean[RATE_B]


def smallest_loss(record):
    """Return the loss."""
    return record.loc[record["tag"] == LOSS, "value"].min()


def make_record(steps, *, order):
    """Return a record of evaluations (step, training loss, validation loss, rate of a, rate of b), rows in an order."""
    rows = []
    for step, *values in steps:
        for tag, value in zip(("train/loss", LOSS, RATE_A, RATE_B), values, strict=True):
            rows.append({"tag": tag, "step": step, "value": value})
    rows.append({"tag": "train/loss", "step": steps[0][0] - 5, "value": 0.95})  # measured without the validation notes
    return pd.DataFrame(rows).iloc[[place % len(rows) for place in order]].reset_index(drop=True)


RECORDS = (
    make_record(  # the first and the last row belong to the step that is kept
        [
            (10, 0.69, 0.68, 0.10, 0.08),
            (20, 0.6, 0.59, 0.3125, 0.2461),
            (30, 0.44, 0.64, 0.47, 0.18),
            (40, 0.5, 0.62, 0.5, 0.2),
        ],
        order=[5, *range(5), 6, *range(8, 17), 7],
    ),
    make_record(  # b is called ill more often where the loss is smallest; steps are not in order
        [
            (30, 0.5, 0.72, 0.52, 0.35),
            (6, 0.7, 0.66, 0.05, 0.21),
            (12, 0.63, 0.57, 0.2235, 0.4119),
            (24, 0.41, 0.6, 0.4, 0.36),
        ],
        order=[(5 * place) % 17 for place in range(17)],
    ),
)


def draw_records(rng):
    """Draw records of seven evaluations: each mistake finds another one than that with the smallest loss.

    The gap is positive in one record and negative in the other.
    """
    found = []
    for sign in (1, -1):
        steps = np.sort(rng.choice(np.arange(2, 40), 7, replace=False)) * 5
        kept, closest, steepest, highest = rng.permutation(np.arange(1, 6))[:4]  # neither the first nor the last
        train, loss = rng.uniform(0.45, 0.7, 7), rng.uniform(0.6, 0.68, 7)
        train[steepest], loss[kept], loss[highest] = 0.38, rng.uniform(0.5, 0.57), rng.uniform(0.7, 0.75)
        gap = rng.permutation(np.linspace(0.08, 0.26, 7))
        gap[closest] = 0.02
        gap *= sign * np.where(np.arange(7) == highest, -1, 1)
        rate = rng.uniform(0.35, 0.6, 7)
        rows = np.column_stack([train, loss, rate, rate - gap]).round(4).tolist()
        measured = [(int(step), *row) for step, row in zip(steps, rows, strict=True)]
        found.append((make_record(measured, order=rng.permutation(4 * len(steps) + 1).tolist()),))
    return found


compare_answers(
    "03.2",
    points=2,
    objective="03-finetune",
    collect=outputs_of(*((record,) for record in RECORDS)),
    hidden=draw_records,
    always_apart=True,
    reference=gap_at_best,
    wrong=[
        (gap_when(last_step), "That is the gap at the last evaluation. Which model would you keep?"),
        (gap_when(lambda by_step: by_step[LOSS].dropna().index[0]), "That is the gap at the first evaluation."),
        (
            gap_when(lambda by_step: by_step.loc[by_step[LOSS].notna(), "train/loss"].idxmin()),
            "You look for the smallest *training* loss. It falls even where the model only learns its notes by heart.",
        ),
        (
            gap_when(lambda by_step: (by_step[RATE_A] - by_step[RATE_B]).abs().idxmin()),
            "You choose the step with the smallest gap: that rewards a model which calls nobody ill.",
        ),
        (
            gap_when(lambda by_step: by_step[LOSS].idxmax()),
            "That is the step with the largest loss.",
        ),
        (
            lambda record: abs(gap_at_best(record)),
            "The gap has a sign: it is negative where *b* is called ill more often.",
        ),
        (lambda record: -gap_at_best(record), "The sign is the other way round: group a minus group b."),
        (mean_gap, "You average over all evaluations. The model that you keep is one of them."),
        (smallest_loss, "That is the smallest loss. Find the step where it was measured, and read the rates there."),
    ],
    otherwise="Not the gap at the step with the smallest validation loss. Print the step that your function finds, and "
    "the two rates that it reads: do all three belong together?",
    hints=(
        "Three things have the same step: a validation loss, and a selection rate for each group.",
        '`record.pivot(index="step", columns="tag", values="value")` has one row per step.',
    ),
    idea="In the pivoted table, `idxmin()` of the column `validation/loss` is the step; subtract the two rates there.",
)
