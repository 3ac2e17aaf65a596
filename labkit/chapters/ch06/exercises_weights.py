"""Exercises of notebook 06 on weights, repeated people and proxies."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, compare_answers, exercise


# ---- 06.1 write a function -------------------------------------------------------------------------------------------
def shares(groups, labels):
    """Return the share of each person's group, label, and both together."""
    people = list(zip(groups, labels, strict=True))
    of = [[list(column).count(value) / len(people) for value in column] for column in (groups, labels, people)]
    return np.array(of)


def reweigh(groups, labels):
    """Kamiran and Calders: expected over observed share."""
    group, label, both = shares(groups, labels)
    return group * label / both


def everybody_alike(groups, labels):
    """Gives everybody the same weight."""
    return np.ones(len(labels))


def equal_groups(groups, labels):
    """Gives each group the same total."""
    group, _, _ = shares(groups, labels)
    return 1 / (len(set(groups)) * group)


def equal_cells(groups, labels):
    """Gives each group and label the same total."""
    _, _, both = shares(groups, labels)
    return 1 / (len(set(zip(groups, labels, strict=True))) * both)


def upside_down(groups, labels):
    """Divides the observed share by the expected one."""
    return 1 / reweigh(groups, labels)


def label_within_group(groups, labels):
    """Divides by the share of the label within the group alone."""
    group, _, both = shares(groups, labels)
    return group / both


def draw_people(rng):
    """Draw groups and labels that depend on each other, in groups of unequal size, in a random order."""
    calls = []
    for names in ("ab", "xyz"):
        while True:
            counts = rng.integers(1, 6, size=(len(names), 2))
            expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
            uneven = np.ptp(counts.sum(axis=1)) > 1 and np.ptp(counts.sum(axis=0)) > 1
            if uneven and abs(counts / expected - 1).min() > 0.05:
                break
        people = [
            (name, label)
            for name, row in zip(names, counts, strict=True)
            for label in (0, 1)
            for _ in range(row[label])
        ]
        people = [people[place] for place in rng.permutation(len(people))]
        calls.append(([group for group, _ in people], [label for _, label in people]))
    return calls


compare_answers(
    "06.1",
    points=2,
    objective="06-weights",
    hidden=draw_people,
    collect=outputs_of(
        (["a", "a", "a", "a", "b", "b"], [1, 1, 1, 0, 1, 0]),
        (["x", "y", "y", "y", "x", "y", "y", "y"], [1, 1, 0, 0, 0, 0, 0, 1]),
    ),
    reference=reweigh,
    wrong=[
        (everybody_alike, "The same weight for everybody is ordinary training. It changes nothing at all."),
        (equal_groups, "Now each group counts the same, and within each group the labels are as unequal as before."),
        (
            equal_cells,
            "Each group and label has the same total now. That also changes how large the groups are, and how "
            "frequent the labels; reweighing keeps both and only makes them independent.",
        ),
        (upside_down, "Upside down: people who are rarer than independence says must weigh more than 1."),
        (label_within_group, "You left out P(label): the weights of a group must sum to its number of people."),
    ],
    otherwise="Not the reweighing weights. Add up yours within each group, and within each label: do they give the "
    "number of its people?",
    hints=(
        "Three shares are needed for each person: of their group, of their label, of both together.",
        "If group and label were independent, the share of both together would be the product of the other two.",
    ),
    idea="What independence would give, divided by what is there: P(group) P(label) / P(group, label).",
    praise="Rare combinations weigh more, frequent ones less, and no group or label grows.",
)


# ---- 06.2 repair broken code -----------------------------------------------------------------------------------------
def balance(people):
    """Repeat the people of the smaller group, in turn, until both groups are equally many."""
    members = [[person for person in people if person[0] == name] for name in "ab"]
    return [own[i % len(own)] for own in members for i in range(max(map(len, members)))]


def broken_prepare(people):
    """Balances first and splits then."""
    repeated = balance(people)
    return repeated[::2], repeated[1::2]


def prepare(people):
    """Splits first and balances the training part."""
    return balance(people[::2]), people[1::2]


def balance_both(people):
    """Balances the test part too."""
    return balance(people[::2]), balance(people[1::2])


def never_balance(people):
    """Forgets to balance."""
    return people[::2], people[1::2]


def train_on_all(people):
    """Trains on everybody."""
    return balance(people), people[1::2]


def test_on_one(people):
    """Tests on a single person."""
    return balance(people[1:]), people[:1]


def leave_out_at_random(people):
    """Leaves people of both groups out of the training part."""
    train = people[::2]
    return [next(person for person in train if person[0] == name) for name in "ab"], people[1::2]


def balance_test(people):
    """Balances the wrong part."""
    return people[::2], balance(people[1::2])


def lose_one(people):
    """Loses a person of the larger group, and repeats the others."""
    train = people[::2]
    names = [person[0] for person in train]
    larger = max("ab", key=names.count)
    place = names.index(larger)
    return balance(train[:place] + train[place + 1 :]), people[1::2]


LEAK = "Somebody is in both parts: the test asks the model about people whose answer it has seen."


REPEATED = "Somebody is in the test part twice. The test must be people as they come, each once."


UNBALANCED = "The training part does not hold both groups equally often. Count them in it, after everything was done."


LOST = (
    "Somebody of the smaller group is in neither part. Leaving people out can make groups equal, but only people of "
    "the larger one."
)


WASTED = (
    "Somebody of the larger group is in neither part, although others are repeated to make the groups equal. Nobody "
    "needs to be left out then."
)


FEW = "The test part has {} of {} people. Nobody could tell from so few how good the model is."


LEAST_TEST = 0.2  # of all people


def name_people(places, number, one="b", other="a"):
    """Return people by name, with those of one group at some places."""
    return [f"{one if place in places else other}{place}" for place in range(number)]


PEOPLE = (
    name_people((1, 4, 7, 10), 12),
    name_people((2, 3, 8, 15, 21), 30),
    name_people((1, 2, 8, 11, 12), 20, "a", "b"),
)


def draw_lists(rng):
    """Draw lists of people in which one group is rare, with somebody at an even and an odd place of either half."""
    lists = []
    for number, names in ((12, "ba"), (30, "ba"), (20, "ab")):
        rare = {start + 2 * int(rng.integers(number // 4)) for start in (0, 1, number // 2, number // 2 + 1)}
        lists.append((name_people(rare, number, *names),))
    return lists


@exercise(
    "06.2",
    points=2,
    objective="06-weights",
    hidden=draw_lists,
    collect=outputs_of(*((people,) for people in PEOPLE)),
    reference=prepare,
    wrong=[
        (balance_both, REPEATED),
        (never_balance, UNBALANCED),
        (train_on_all, LEAK),
        (balance_test, REPEATED),
        (test_on_one, FEW.format(1, 12)),
        (leave_out_at_random, LOST),
        (lose_one, WASTED),
    ],
    untouched=broken_prepare,
    any_length=True,
    hints=(
        "Print both parts for a few people: try it with three of b and five of a. Is the same number in both?",
        "What is repeated before the split can land on both sides of it.",
    ),
    idea="Split first. Then balance the training part, and leave the test part alone.",
    praise="Whatever you do to the data for training, the test part stays as people come.",
)
def judge_prepared(collected, asked):
    """Look for people in both parts, repeated in the test, unbalanced, and missing; their order does not matter."""
    for (train, test), (people,) in zip(collected, asked.calls, strict=True):
        if len(set(test)) < len(test):
            return REPEATED
        if set(train) & set(test):
            return LEAK
        if len(test) < int(LEAST_TEST * len(people)):
            return FEW.format(len(test), len(people))
        if set(train) - set(people) or set(test) - set(people):
            return "Somebody is in a part who is not among `people`."
        counts = {name: sum(person[0] == name for person in train) for name in "ab"}
        if len(set(counts.values())) > 1:
            return UNBALANCED
        left = {name: {person for person in people if person[0] == name} - set(test) for name in "ab"}
        smaller = min(left, key=lambda name: len(left[name]))
        if left[smaller] - set(train):
            return LOST
        if len(set(train)) < len(train) and set(people) - set(train) - set(test):
            return WASTED
    return None


# ---- 06.3 choose, after the figure -----------------------------------------------------------------------------------
choice(
    "06.3",
    points=1,
    objective="06-proxies",
    options={
        "how many notes name the district": "That number is the same at both strengths: every note names it, until it "
        "is left out of all of them.",
        "how many notes mention a pharmacy or a market": "Places are mentioned just as often at strength 0, "
        "where a coin chooses which. It does no harm that a place is mentioned; it matters which groups it goes with.",
        "how far apart the recorded base rates of the groups are": "They are as far apart at strength 0 as at "
        "strength 1: which places a note mentions changes nobody's record.",
        "how well the district can be guessed from the rest of a note": None,
    },
    hints=(
        "Which of the four changes when the places in the notes begin to go with the group?",
        "A model needs no word that names the group if other words tell it. What measures whether they do?",
    ),
    idea="Ask how well the group can be guessed from what the model may read: no better than by chance at strength 0, "
    "nearly always at strength 1.",
    praise="Below, the same question is asked of sentences and of tables, as an AUC.",
)
