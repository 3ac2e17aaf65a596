"""Exercises of notebook 03, part two: cases 1, 4 and 5, which count people, tokens and answers."""

from itertools import combinations

import numpy as np

from labkit.chapters.ch03.probing import batch_items, evaluate_above, report_groups
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers

LAB = {"objective": "03-debug"}


# ---- 03.6 an audit ---------------------------------------------------------------------------------------------------
def audit_groups(y_true, y_pred, group):
    """Return {group: (people, accuracy)}."""
    report = {}
    for name in np.unique(group):
        members = group == name
        report[name] = (members.sum(), (y_pred[members] == y_true[members]).mean())
    return report


def audit_labels(y_true, y_pred, group):
    """Take the values of the label for groups: as the notebook shows it."""
    report = {}
    for name in np.unique(y_true):
        members = y_true == name
        report[name] = (members.sum(), (y_pred[members] == name).mean())
    return report


def audit_names(y_true, y_pred, group):
    """Find the members, and compare their decisions with the name of the group."""
    return {name: ((group == name).sum(), 0.0) for name in np.unique(group)}


def audit_decisions(y_true, y_pred, group):
    """Take the decisions for groups: the rows are shares of right answers among those called 0 and 1."""
    return audit_labels(y_pred, y_true, group)


def audit_selected(y_true, y_pred, group):
    """Report selection rates."""
    return {name: ((group == name).sum(), y_pred[group == name].mean()) for name in np.unique(group)}


def audit_recall(y_true, y_pred, group):
    """Look only at people with a positive label."""
    return audit_groups(y_true[y_true == 1], y_pred[y_true == 1], group[y_true == 1])


def audit_everybody(y_true, y_pred, group):
    """Repeat the accuracy of everyone."""
    return {name: ((group == name).sum(), (y_true == y_pred).mean()) for name in np.unique(group)}


PEOPLE = (
    ([1, 0, 1, 0, 1, 1, 0, 1], [1, 0, 0, 1, 1, 0, 0, 1], ["a", "a", "b", "b", "b", "b", "a", "b"]),
    ([0, 0, 1, 1, 1, 1, 0], [1, 0, 1, 1, 0, 0, 1], ["z", "y", "x", "y", "z", "x", "y"]),
)


def draw_people(rng):
    """Draw labels, decisions and groups, so that each group has both labels, right decisions and wrong ones."""
    found = []
    for names in (["a", "b"], ["x", "y", "z"], ["east", "west"]):
        sizes = [int(rng.integers(4, 8)) for _ in names]
        group = np.repeat(names, sizes)
        y_true = np.concatenate([np.arange(size) % 2 for size in sizes])
        wrong = np.concatenate([np.arange(size) < rng.integers(1, 4) for size in sizes])
        y_pred = np.where(wrong, 1 - y_true, y_true)
        order = rng.permutation(len(group))
        found.append(tuple(each[order].tolist() for each in (y_true, y_pred, group)))
    return found


compare_answers(
    "03.6",
    **LAB,
    points=1,
    collect=outputs_of(*PEOPLE, through=report_groups),
    hidden=draw_people,
    reference=audit_groups,
    untouched=audit_labels,
    wrong=[
        (
            audit_decisions,
            "Your rows are the decisions, 0 and 1: among the people called ill, the share who are. Which argument says "
            "what group a person belongs to?",
        ),
        (
            audit_names,
            "The people are counted right, and no accuracy is above 0: what do you compare the decisions of a group's "
            "members with?",
        ),
        (
            audit_everybody,
            "The people are counted right, but every group has the accuracy of everyone. Whose decisions do you "
            "compare?",
        ),
        (audit_selected, "These are shares of positive decisions. An accuracy compares decisions with labels."),
        (audit_recall, "You left out the people whose label is 0. A group's accuracy is about all of its people."),
    ],
    otherwise="Not the people and the accuracy of each group. Take a group of three people and count by hand: how many "
    "decisions about them were right?",
    hints=(
        "What do the numbers of people in the first table and in the second one add up to, and what are the rows?",
        "Which of the three arguments does the loop never look at?",
    ),
    idea="Loop over `np.unique(group)`, take `members = group == name`, and compare `y_pred[members]` with "
    "`y_true[members]`.",
    praise="Now the rows are groups of people.",
)


# ---- 03.9 a batch ----------------------------------------------------------------------------------------------------
def pad_items(items):
    """Return ids and mask (n, longest) of tensors (1, length)."""
    rows = [item[0].tolist() for item in items]
    longest = max(map(len, rows))
    ids = [row + [0] * (longest - len(row)) for row in rows]
    return ids, [[1] * len(row) + [0] * (longest - len(row)) for row in rows]


def cut_items(items):
    """Cut to the shortest and keep the extra axis: as the notebook shows it."""
    rows = [item[0].tolist() for item in items]
    shortest = min(map(len, rows))
    return [[row[:shortest]] for row in rows], [[[1] * shortest] for _ in rows]


def cut_rows(items):
    """Cut to the shortest."""
    return [row[0] for row in cut_items(items)[0]], [row[0] for row in cut_items(items)[1]]


def pad_unmarked(items):
    """Mark padding as tokens."""
    ids, mask = pad_items(items)
    return ids, [[1] * len(row) for row in mask]


def pad_reversed(items):
    """Turn the mask round."""
    ids, mask = pad_items(items)
    return ids, [[1 - value for value in row] for row in mask]


def pad_left(items):
    """Pad at the beginning."""
    ids, mask = pad_items(items)
    empty = [row.count(0) for row in mask]
    ids = [[0] * n + row[: len(row) - n] for row, n in zip(ids, empty, strict=True)]
    return ids, [sorted(row) for row in mask]


def pad_deep(items):
    """Keep each item's own axis."""
    return [[row] for row in pad_items(items)[0]], [[row] for row in pad_items(items)[1]]


def pad_wide(items):
    """Pad to a fixed width."""
    width = 12
    ids, mask = pad_items(items)
    return [[*row, *[0] * (width - len(row))] for row in ids], [[*row, *[0] * (width - len(row))] for row in mask]


ITEMS = (
    ([[101, 7, 102]], [[101, 7, 8, 9, 102]]),
    ([[101, 102]], [[101, 5, 6, 102]], [[101, 4, 102]]),
    ([[101, 9]], [[9, 102]]),
)


def draw_items(rng):
    """Draw notes of unequal lengths, and some that are equally long; no token is 0, which fills rows."""

    def note(length):
        return [[101, *rng.integers(1, 100, length - 2).tolist(), 102]]

    first, second, third = (rng.permutation(np.arange(2, 10))[:n].tolist() for n in (2, 3, 4))
    equal = int(rng.integers(3, 6))
    return [([note(length) for length in lengths],) for lengths in (first, second, [*third, third[0]], [equal] * 2)]


compare_answers(
    "03.9",
    **LAB,
    points=2,
    any_length=True,
    collect=outputs_of(*((items,) for items in ITEMS), through=batch_items),
    hidden=draw_items,
    reference=pad_items,
    untouched=cut_items,
    wrong=[
        (
            cut_rows,
            "The batch has two axes now. But longer notes are still cut: count the tokens that go in and come out.",
        ),
        (
            pad_deep,
            "No token is lost now. But each note has an axis of its own, so that the batch has three. Print its shape.",
        ),
        (pad_unmarked, "The batch is right. But its mask says that the filling should be read. Where should it be 0?"),
        (pad_reversed, "The batch is right. But its mask is turned round: 1 is for a token that should be read."),
        (pad_left, "The filling is at the beginning of the rows. Fill their ends."),
        (pad_wide, "The batch is wider than its longest note, so part of the work is wasted on filling."),
    ],
    otherwise="Not the batch and its mask. Print both for two items, one of them short: are all rows equally long, is "
    "no token lost, and does each row of the mask add up to the number of tokens of its note?",
    hints=(
        "Two things are wrong: the number of axes, and what happens to notes of different lengths.",
        "The rows are `item[0]`. How wide must the batch be for the longest of them, and what tells filling from text?",
    ),
    idea="Make `ids` and `mask` of zeros, (notes, longest); for each row, copy `item[0]` to its beginning and set the "
    "mask to 1 there.",
    praise="Every token is in, and the mask says where the notes end.",
)


# ---- 03.10 an evaluation ---------------------------------------------------------------------------------------------
def share_right(predict, batches, labels):
    """Compare all answers with all labels."""
    answers = []
    for inputs, _ in batches:
        answers += predict(inputs)
    return sum(answer == label for answer, label in zip(answers, labels, strict=True)) / len(labels)


def share_shadowed(predict, batches, labels):
    """Let the batch's labels take the name of all: as the notebook shows it."""
    answers = []
    for inputs, labels in batches:  # noqa: B007  the mistake of the notebook
        answers += predict(inputs)
    right = [answer == label for answer, label in zip(answers, labels, strict=False)]
    return sum(right) / len(right)


def share_of_last(predict, batches, labels):
    """Count the last batch alone."""
    return share_right(predict, batches[-1:], batches[-1][1])


def share_by_batch(predict, batches, labels):
    """Average the accuracies of batches of unequal sizes."""
    return np.mean([share_right(predict, [batch], batch[1]) for batch in batches])


def share_of_last_over_all(predict, batches, labels):
    """Divide the right answers among those compared by everyone."""
    answers = [answer for inputs, _ in batches for answer in predict(inputs)]
    return sum(answer == label for answer, label in zip(answers, batches[-1][1], strict=False)) / len(labels)


def share_of_first(predict, batches, labels):
    """Keep the answers of the last batch, and compare them with the first labels."""
    answers = predict(batches[-1][0])
    return np.mean([answer == label for answer, label in zip(answers, labels, strict=False)])


def draw_evaluations(rng):
    """Draw inputs, labels, and a size of batches that leaves fewer for the last one, until every mistake shows."""
    found = []
    while len(found) < 4:
        size = int(rng.integers(3, 6))
        n = size + int(rng.integers(1, size)) if len(found) % 2 else 2 * size + int(rng.integers(1, size))
        inputs = (rng.integers(1, 9, n) * rng.choice([-1, 1], n)).tolist()
        call = (inputs, rng.integers(0, 2, n).tolist(), size, int(rng.choice([0, 2])))
        shares = [evaluate_above(each, *call) for each in (share_right, *MISTAKEN_SHARES)]
        if min(abs(one - other) for one, other in combinations(shares, 2)) > 0.01:
            found.append(call)
    return found


MISTAKEN_SHARES = (share_shadowed, share_of_last, share_by_batch, share_of_last_over_all, share_of_first)
compare_answers(
    "03.10",
    **LAB,
    points=1,
    collect=outputs_of(
        ([2, -1, 3, 4, -2, 5, -6], [1, 1, 0, 1, 0, 0, 1], 4, 0),
        ([1, 2, -3, 4, 5, 6, -7, 8, -9, 1], [1, 0, 1, 1, 1, 1, 0, 0, 0, 1], 4, 0),
        ([1, -2, -3], [0, 0, 1], 2, 0),
        ([1, 2, -3, 4, -5, 6, 7, 8], [1, 1, 0, 1, 0, 0, 0, 0], 5, 2),
        through=evaluate_above,
    ),
    hidden=draw_evaluations,
    reference=share_right,
    untouched=share_shadowed,
    wrong=[
        (share_of_last, "Answers and labels belong together now, but only those of the last batch are counted."),
        (share_by_batch, "That is the mean over batches. They differ in size, so some people count for more."),
        (
            share_of_last_over_all,
            "You divide by everyone, but only as many answers are compared as the last batch has labels.",
        ),
        (share_of_first, "The answers of the last batch are compared with the first labels."),
    ],
    otherwise="Not the share of right answers. Take two batches of different sizes: how many people are there in all, "
    "and about how many of them was the answer right?",
    hints=(
        "Print `len(answers)` and `len(labels)` before they are compared. Are they equal?",
        "What does the name `labels` stand for before the loop, in it, and after it?",
    ),
    idea="The batch's labels need a name of their own, `for inputs, _ in batches`, so that `labels` keeps meaning all.",
    praise="The accuracy no longer depends on the batches.",
)
