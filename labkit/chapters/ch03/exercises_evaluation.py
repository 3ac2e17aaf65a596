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


BATCHES = (
    ([([1, 0, 1, 1], [1, 1, 0, 1]), ([0, 1], [0, 1])],),
    ([([1], [1]), ([0, 0, 1], [1, 1, 1])],),
    ([([0, 1, 1], [0, 1, 1]), ([1, 0], [0, 0]), ([1], [0])],),
)


def accuracies(function):
    """Collect accuracies; a function that compares two lists as if they were tensors is told what they are."""
    try:
        return outputs_of(*BATCHES)(function)
    except Fault as fault:
        if "'bool' object has no attribute" not in str(fault):
            raise
        raise Fault(
            f"{fault}. Here predictions and labels are lists, not tensors: `==` says whether two lists are equal as a "
            "whole."
        ) from fault


accuracies.label = outputs_of(*BATCHES).label


compare_answers(
    "03.9",
    **LAB,
    collect=accuracies,
    reference=accuracy_of_all,
    wrong=[
        (accuracy_of_last, "Only the last batch is counted. Collect the labels of all batches, as the predictions."),
        (mean_of_accuracies, "Batches differ in size: a mean of their accuracies weighs people unequally."),
        (first_against_last, "First predictions meet the last batch's labels: the name `labels` was overwritten."),
    ],
    otherwise="Not the accuracy over everybody. Try two batches of different sizes: how many people are there in all, "
    "and for how many was the prediction right?",
    hints=(
        "Keep the labels of all batches under their own name. Predictions and labels are lists.",
        "Count right answers and people, divide once.",
    ),
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


def auc_of_rounded(y_true, y_score):
    """Rounds the scores first."""
    return right_auc(y_true, np.round(y_score, 1))


def only_accuracy(y_true, y_score):
    """Computes accuracy."""
    return np.mean((np.asarray(y_score) >= 0.5) == np.asarray(y_true))


compare_answers(
    "03.10",
    **LAB,
    collect=outputs_of(
        ([1, 1, 1, 1, 0, 0], [0.9, 0.83, 0.7, 0.76, 0.75, 0.1]),
        ([0, 1, 0, 1, 1, 0, 0], [0.24, 0.4, 0.35, 0.62, 0.21, 0.64, 0.4]),
    ),
    reference=right_auc,
    wrong=[
        (auc_of_decisions, "You rank decisions, which have two values only. Hand the scores to the AUC."),
        (
            auc_of_rounded,
            "You round the scores: people whose scores differ a little become equal. Rank them as they are.",
        ),
        (auc_exchanged, "Decisions play the truth here. The order is (y_true, y_score)."),
        (only_accuracy, "That is accuracy at one threshold. The AUC asks how scores rank people."),
    ],
    otherwise="Not the AUC. Where each ill person has a higher score than each healthy one it is 1, where all scores "
    "are equal it is one half: what do you get?",
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
    otherwise="Not these rates. Print them for 2 epochs of 3 batches: how many are there, and where do they change?",
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


def draw_by_formula(seed):
    """Counts on from the seed."""
    return [seed, seed + 1, seed + 2]


def draw_and_shift(seed):
    """Adds the seed to numbers that are always the same."""
    return (np.random.default_rng(0).normal(size=3) + seed).tolist()


SEEDS = 60


def follows_a_formula(draws):
    """Say whether draws (seeds, 3) can be told from the draws of the two seeds before them.

    A regression on these six numbers and on the seed explains lines, waves and shifts (R² near 1), and hardly anything
    of random numbers: about 8 / 58 by luck alone. Cleverer formulas pass, as any generator is one.
    """
    here, known = (
        draws[2:],
        np.column_stack([draws[1:-1], draws[:-2], np.arange(2, len(draws)), np.ones(len(draws) - 2)]),
    )
    left = here - known @ np.linalg.lstsq(known, here, rcond=None)[0]
    return bool((left.var(axis=0) < 0.1 * here.var(axis=0)).any())


def repeated(function):
    """Collect whether draws repeat with a seed, change with another, and are random numbers at all."""
    found = outputs_of((0,), (0,), *((seed,) for seed in range(1, SEEDS)))(function)
    if found is ... or found[0] is ...:
        return ...
    found = [list(draw.values()) if isinstance(draw, dict) else draw for draw in found]
    if any(not isinstance(draw, list) or len(np.ravel(draw)) != 3 for draw in found):
        raise Fault("the function should return three numbers, as a list or an array.")
    first, again, *others = (np.ravel(draw).astype(float) for draw in found)
    return {
        "repeats": bool((first == again).all()),
        "changes with the seed": bool((first != others[0]).any()),
        "varies": len(set(first.tolist())) > 1,
        "follows a formula": follows_a_formula(np.array([first, *others])),
    }


NOT_RANDOM = (
    "These numbers follow from the seed by a formula: who knows those of two seeds knows all others. Let a generator "
    "draw them, and give it the seed."
)


compare_answers(
    "03.12",
    **LAB,
    collect=repeated,
    reference=draw_from_seed,
    wrong=[
        (draw_by_formula, NOT_RANDOM),
        (draw_by_chance, "Two calls with one seed differ. Make the generator from the seed, inside the function."),
        (draw_always_alike, "Every seed gives the same numbers: the argument is ignored, and no run can be varied."),
        (draw_nothing, "These are not random numbers: all three are alike. Draw them from a seeded generator."),
    ],
    otherwise="Call your function twice with one seed and once with another: which results should be equal, which "
    "not, and could anybody foresee them?",
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
    collect=outputs_of((accuracy_after, 3), (accuracy_after, 2)),
    reference=kept,
    wrong=[
        (last_only, "Only the last result is kept. A curve needs one for each epoch."),
        (best_only, "Keeping the best one hides what happened, and chooses by the data you report on."),
        (from_zero, "Epochs are counted from 1 here: you evaluated before training, and not at the end."),
    ],
    otherwise="Not all results in order. Print the epochs with which `evaluate` is called: are all there, and no "
    "other?",
    hints=("Where do the results go?", "A list comprehension over range(1, epochs + 1)."),
    idea="return [evaluate(epoch) for epoch in range(1, epochs + 1)]",
)
