"""What reviewers found in the exercises of notebook 06."""

import re

import pandas as pd

from labkit.chapters.ch06.exercises_weights import balance
from tests.chapters.findings.finding import accepted, rejected

HIDDEN = 195 / 0.65 - 195


def reweigh(groups, labels):
    """Return the right weights, in a Series whose index has the groups' names."""
    people = pd.DataFrame({"group": groups, "label": labels})
    sizes = [people.groupby(key)["label"].transform("size") for key in ("group", "label", ["group", "label"])]
    return (sizes[0] * sizes[1] / sizes[2] / len(people)).set_axis(people["group"].rename("group"))


def under_sample(people):
    """Split, and leave out people of the larger group."""
    train = {name: [person for person in people[::2] if person[0] == name] for name in "ab"}
    fewest = min(map(len, train.values()))
    return train["a"][:fewest] + train["b"][:fewest], people[1::2]


def sort_parts(people):
    """Split, balance, and put both parts in the order of their names."""
    return sorted(balance(people[1::2])), sorted(people[::2])


def lose_the_first(people):
    """Lose somebody of the larger group before the groups are made equal by repeating."""
    train = people[::2]
    larger = max("ab", key=[person[0] for person in train].count)
    train.remove(next(person for person in train if person[0] == larger))
    return balance(train), people[1::2]


def split_repeated(people):
    """Repeat before the split as the broken code does, and keep each person of the test once."""
    repeated = balance(people)
    return repeated[::2], sorted(set(repeated[1::2]))


def title(text, pairs):
    """Swap rightly, and write every word with a capital."""
    partner = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
    return re.sub(r"\w+", lambda word: partner.get(word[0], word[0]), text).title()


FINDINGS = [
    accepted("06.1", "a Series whose index has a name", reweigh),
    rejected(
        "06.1",
        "two decimals",
        lambda groups, labels: [round(weight, 2) for weight in reweigh(groups, labels)],
        "rounded",
        never=(r"P\(group\)",),
    ),
    accepted("06.2", "under-sampling", under_sample),
    accepted("06.2", "sorted parts", sort_parts),
    rejected("06.2", "a lost person of the larger group", lose_the_first, "neither part"),
    rejected("06.2", "a test of one person", lambda people: (balance(people[1:]), people[:1]), "has 1 of"),
    rejected("06.2", "repeated before the split, each once in the test", split_repeated, "in both parts"),
    accepted("06.3", "a small letter", "d"),
    rejected("06.4", "capitals", title, "capitals"),
    rejected("06.5", "35% of the recorded, exactly", {"hidden": 68.25, "base_rate": 0.26325}, "truly ill"),
    rejected("06.5", "35% of the others, exactly", {"hidden": 281.75, "base_rate": 0.47675}, "not ill"),
    *(
        rejected("06.5", f"a base rate of {rate:.3g}", {"hidden": HIDDEN, "base_rate": rate}, never=("[Tt]ake all",))
        for rate in (105 / 805, 0.105, 0.35, 30)
    ),
    rejected("06.5", "a base rate in percent", {"hidden": HIDDEN, "base_rate": 30}, "percent"),
]
