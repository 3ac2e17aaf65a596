"""Exercises of notebook 03, part two: repairs of evaluation code."""

import numpy as np

from labkit.exercises.answers import Fault, outputs_of
from labkit.exercises.checking import compare_answers

LAB = {"points": 1, "objective": "03-debug"}


def accuracy_of_all(batches):
    """Pool the batches."""
    right = [p == t for predictions, labels in batches for p, t in zip(predictions, labels, strict=True)]
    return sum(right) / len(right)


def accuracy_of_last(batches):
    """Uses the last batch."""
    return accuracy_of_all(batches[-1:])


def mean_of_accuracies(batches):
    """Averages batches of unequal sizes."""
    return np.mean([accuracy_of_all([batch]) for batch in batches])


def first_against_last(batches):
    """Compares all predictions with the last batch's labels."""
    predictions, labels = [p for batch, _ in batches for p in batch], batches[-1][1]
    return sum(p == t for p, t in zip(predictions, labels, strict=False)) / len(labels)


compare_answers(
    "03.9",
    **LAB,
    collect=outputs_of(([([1, 0, 1, 1], [1, 1, 0, 1]), ([0, 1], [0, 1])],), ([([1], [1]), ([0, 0, 1], [1, 1, 1])],)),
    reference=accuracy_of_all,
    wrong=[
        (accuracy_of_last, "Only the last batch is counted. Collect the labels of all batches, as the predictions."),
        (mean_of_accuracies, "Batches differ in size: a mean of their accuracies weighs people unequally."),
        (first_against_last, "First predictions meet the last batch's labels: the name `labels` was overwritten."),
    ],
    otherwise="Of all predictions in all batches: the share that equals its own label.",
    hints=("Keep labels of all batches under a name of their own.", "Count right answers and people, divide once."),
    idea="Pool predictions and labels over the batches, then divide the number of equal pairs by the number of pairs.",
)


def right_auc(y_true, y_score):
    """AUC of scores."""
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(y_true, y_score)


def auc_of_decisions(y_true, y_score):
    """Decides first."""
    return right_auc(y_true, np.asarray(y_score) >= 0.5)


def auc_exchanged(y_true, y_score):
    """Exchanges the arguments."""
    return right_auc(np.asarray(y_score) >= 0.5, y_true)


def only_accuracy(y_true, y_score):
    """Computes accuracy."""
    return np.mean((np.asarray(y_score) >= 0.5) == np.asarray(y_true))


compare_answers(
    "03.10",
    **LAB,
    collect=outputs_of(([1, 1, 1, 1, 0, 0], [0.9, 0.8, 0.7, 0.76, 0.75, 0.1])),
    reference=right_auc,
    wrong=[
        (auc_of_decisions, "You rank decisions, which have two values only. Hand the scores to the AUC."),
        (auc_exchanged, "Decisions play the truth here. The order is (y_true, y_score)."),
        (only_accuracy, "That is accuracy at one threshold. The AUC asks how scores rank people."),
    ],
    otherwise="`roc_auc_score(y_true, y_score)`: the truth first, then scores that were not rounded.",
    hints=("What does the AUC rank?", "Look at the order of the arguments in scikit-learn's documentation."),
    idea="roc_auc_score(y_true, y_score)",
)


def by_epoch(epochs, batches, rate):
    """Divide by ten after each epoch."""
    return [rate * 0.1**epoch for epoch in range(epochs) for _ in range(batches)]


def by_batch(epochs, batches, rate):
    """Divides after each batch."""
    return [rate * 0.1**step for step in range(epochs * batches)]


def too_early(epochs, batches, rate):
    """Divides before the first epoch."""
    return [rate * 0.1 ** (epoch + 1) for epoch in range(epochs) for _ in range(batches)]


def never(epochs, batches, rate):
    """Keeps the rate."""
    return [rate] * (epochs * batches)


compare_answers(
    "03.11",
    **LAB,
    tolerance=1e-9,
    collect=outputs_of((3, 2, 1.0), (2, 3, 0.5)),
    reference=by_epoch,
    wrong=[
        (by_batch, "The rate falls with every batch: after a few of them nothing is learned any more."),
        (too_early, "The first epoch already trains at a tenth. Divide *after* each epoch."),
        (never, "The rate never falls. Divide it by ten after each epoch."),
    ],
    otherwise="One rate a batch, in order; batches of an epoch share one; each epoch has a tenth of the one before.",
    hints=("What is the unit of a scheduler's step?", "A loop over epochs, and in it one over batches."),
    idea="[rate * 0.1 ** epoch for epoch in range(epochs) for _ in range(batches)]",
)


def draw_from_seed(seed):
    """Three numbers from a seed."""
    return np.random.default_rng(seed).normal(size=3).tolist()


def draw_by_chance(seed):
    """Uses no seed."""
    return np.random.default_rng().normal(size=3).tolist()


def draw_always_alike(seed):
    """Ignores the argument."""
    return np.random.default_rng(0).normal(size=3).tolist()


def draw_nothing(seed):
    """Returns the seed itself."""
    return [seed, seed, seed]


def repeated(function):
    """Collect whether draws repeat with a seed, change with another, and are random numbers at all."""
    if function is ... or not callable(function):
        return function
    draws = [function(seed) for seed in (0, 0, 1)]
    if any(draw is ... for draw in draws):
        return ...
    if any(draw is None or len(np.ravel(draw)) != 3 for draw in draws):
        raise Fault("The function should return three numbers.")
    first, again, other = (np.ravel(draw).astype(float).tolist() for draw in draws)
    return {"repeats": first == again, "changes with the seed": first != other, "varies": len(set(first)) > 1}


compare_answers(
    "03.12",
    **LAB,
    collect=repeated,
    reference=draw_from_seed,
    wrong=[
        (draw_by_chance, "Two calls with one seed differ. Make the generator from the seed, inside the function."),
        (draw_always_alike, "Every seed gives the same numbers: the argument is ignored, and no run can be varied."),
        (draw_nothing, "These are not random numbers: all three are alike. Draw them from a seeded generator."),
    ],
    otherwise="The same seed must give the same three random numbers, another seed other ones.",
    hints=("Where does the generator get its seed?", "`np.random.default_rng(seed)` inside the function."),
    idea="np.random.default_rng(seed).normal(size=3)",
)


def kept(evaluate, epochs):
    """Keep every result."""
    return [evaluate(epoch) for epoch in range(1, epochs + 1)]


def last_only(evaluate, epochs):
    """Keeps the last result."""
    return [evaluate(epoch) for epoch in range(1, epochs + 1)][-1:]


def best_only(evaluate, epochs):
    """Keeps the best result."""
    return [max(evaluate(epoch) for epoch in range(1, epochs + 1))]


def from_zero(evaluate, epochs):
    """Counts epochs from zero."""
    return [evaluate(epoch) for epoch in range(epochs)]


def accuracy_after(epoch):
    """Stand in for an evaluation: rises, then falls."""
    return [0.5, 0.6, 0.8, 0.7][epoch]


compare_answers(
    "03.13",
    **LAB,
    any_length=True,
    collect=outputs_of((accuracy_after, 3)),
    reference=kept,
    wrong=[
        (last_only, "Only the last result is kept. A curve needs one for each epoch."),
        (best_only, "Keeping the best one hides what happened, and chooses by the data you report on."),
        (from_zero, "Epochs are counted from 1 here: you evaluated before training, and not at the end."),
    ],
    otherwise="A list with `evaluate(1)`, `evaluate(2)` ... up to the last epoch, in order.",
    hints=("Where do the results go?", "A list comprehension over range(1, epochs + 1)."),
    idea="return [evaluate(epoch) for epoch in range(1, epochs + 1)]",
)
