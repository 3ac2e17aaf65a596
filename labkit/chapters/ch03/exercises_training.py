"""Exercises of notebook 03: baselines, training records, luck, designs."""

import numpy as np
import pandas as pd

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, compare_answers


def gain(y_true, y_pred):
    """Accuracy beyond the majority's answer."""
    share = np.mean(y_true)
    return np.mean(np.equal(y_true, y_pred)) - max(share, 1 - share)


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
    reference=gain,
    wrong=[
        (only_accuracy, "That is the accuracy alone. Subtract what saying the same of everybody would reach."),
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


def final_gap(record):
    """Read the last selection rates of both groups."""
    last = record.groupby("tag")["value"].last()
    return last["validation/selection_rate/a"] - last["validation/selection_rate/b"]


def first_gap(record):
    """Reads the first evaluation."""
    first = record.groupby("tag")["value"].first()
    return first["validation/selection_rate/a"] - first["validation/selection_rate/b"]


def mean_gap(record):
    """Averages over epochs."""
    mean = record.groupby("tag")["value"].mean()
    return mean["validation/selection_rate/a"] - mean["validation/selection_rate/b"]


def final_loss(record):
    """Reads the loss."""
    return record.groupby("tag")["value"].last()["train/loss"]


def last_rows(record):
    """Goes by the place of rows."""
    return record["value"].iloc[-3] - record["value"].iloc[-1]


OTHER_ORDER = pd.DataFrame(  # group b is written first, and is selected more often
    {
        "tag": ["validation/selection_rate/b", "validation/selection_rate/a", "train/loss", "test/selection_rate/a"] * 2
        + ["validation/selection_rate/b", "validation/accuracy", "validation/selection_rate/a", "train/loss"],
        "step": [1] * 4 + [2] * 4 + [3] * 4,
        "value": [0.41, 0.44, 0.7, 0.1, 0.47, 0.38, 0.62, 0.2, 0.52, 0.71, 0.35, 0.6],
    }
)


RECORD = pd.DataFrame(
    {
        "tag": ["train/loss"] * 3 + [f"validation/selection_rate/{group}" for group in "aabb"],
        "step": [1, 2, 3, 2, 3, 2, 3],
        "value": [0.7, 0.6, 0.55, 0.3, 0.45, 0.28, 0.2],
    }
)


compare_answers(
    "03.2",
    points=2,
    objective="03-finetune",
    collect=outputs_of((RECORD,), (OTHER_ORDER,)),
    reference=final_gap,
    wrong=[
        (first_gap, "That is the gap at the first evaluation. Take the last value of each group."),
        (mean_gap, "You average over epochs; the model that is used is the one at the end."),
        (last_rows, "You choose rows by their place. Records are written in different orders: choose by the tag."),
        (final_loss, "The loss knows no groups: it can fall while a gap opens. Read the selection rates."),
    ],
    otherwise="Not the gap at the last evaluation. Print the rows that your function uses: are they the right ones, "
    "one for each group?",
    hints=("Which tags of the record know the groups?", "Group the record by tag, and take the last value of each."),
    idea='`record.groupby("tag")["value"].last()`, then the value of group a minus the value of group b.',
)


def student_interval(gaps):
    """Student's t interval for the mean."""
    from scipy import stats

    half = stats.t.ppf(0.975, len(gaps) - 1) * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    return [np.mean(gaps) - half, np.mean(gaps) + half]


def normal_interval(gaps):
    """Takes the normal distribution's quantile."""
    half = 1.959964 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    return [np.mean(gaps) - half, np.mean(gaps) + half]


def spread_interval(gaps):
    """Forgets the root of n."""
    from scipy import stats

    half = stats.t.ppf(0.975, len(gaps) - 1) * np.std(gaps, ddof=1)
    return [np.mean(gaps) - half, np.mean(gaps) + half]


def ninety_percent(gaps):
    """Leaves 5% on each side."""
    from scipy import stats

    half = stats.t.ppf(0.95, len(gaps) - 1) * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    return [np.mean(gaps) - half, np.mean(gaps) + half]


def one_degree_too_many(gaps):
    """Takes n degrees of freedom."""
    from scipy import stats

    half = stats.t.ppf(0.975, len(gaps)) * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    return [np.mean(gaps) - half, np.mean(gaps) + half]


def population_interval(gaps):
    """Divides by n in the standard deviation."""
    from scipy import stats

    half = stats.t.ppf(0.975, len(gaps) - 1) * np.std(gaps) / np.sqrt(len(gaps))
    return [np.mean(gaps) - half, np.mean(gaps) + half]


compare_answers(
    "03.3",
    points=2,
    objective="03-uncertainty",
    collect=outputs_of(([0.25, 0.34, 0.28],), ([0.1, 0.2, 0.15, 0.12, 0.3],)),
    reference=student_interval,
    wrong=[
        (normal_interval, "1.96 is for many runs. With three, the standard deviation is itself a guess: Student's t."),
        (spread_interval, "That is where single runs lie. The mean of n runs varies less: divide by the root of n."),
        (ninety_percent, "That is the interval of 90%: 5% lie outside on each side. For 95% it is half as much."),
        (one_degree_too_many, "n runs leave n - 1 degrees of freedom: the mean took one of them."),
        (population_interval, "numpy divides by n; a sample's standard deviation divides by n - 1 (ddof=1)."),
    ],
    otherwise="Not Student's interval. For two runs with the gaps 0 and 1 it reaches about 6.35 to either side of one "
    "half: what does yours do?",
    hints=(
        "Three parts: a quantile, a standard deviation, and the root of the number of runs.",
        "`scipy.stats.t.ppf(0.975, n - 1)` is the quantile; the standard deviation needs `ddof=1`.",
    ),
    idea="half = t.ppf(0.975, n - 1) * std(gaps, ddof=1) / sqrt(n); the interval is mean - half to mean + half.",
)


choice(
    "03.4",
    points=1,
    objective="03-design",
    options={
        "head only is fairer": "Its gap is smaller, and so is its AUC. Whether that is fairer is not in the table.",
        "all blocks has no gap": "It is a single run, without an interval. Another seed could lie elsewhere.",
        "the designs do not differ": "The intervals of head only and of last block do not overlap, neither those of "
        "the gap nor those of the AUC.",
        "smaller gap and lower AUC": None,
    },
    praise="That is what the figures say; whether the exchange is worth it is a decision about people.",
    hints=(
        "Which intervals overlap, and which row has none?",
        "Leave out the row without intervals, then compare the two others column by column.",
    ),
    idea="Between head only and last block the intervals of both columns are apart: a smaller gap comes with a lower "
    "AUC.",
)
