"""Right answers to the exercises of notebook 06, as students write them."""

import re
from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd
import torch

from labkit.chapters.ch06.exercises_weights import balance
from tests.chapters.answers.forms import chosen, numbers


# ---- 06.1 reweighing -------------------------------------------------------------------------------------------------
def weights_by_counter(groups, labels):
    """Count in dicts."""
    n, group, label, both = len(labels), Counter(groups), Counter(labels), Counter(zip(groups, labels, strict=True))
    return [group[g] * label[y] / (n * both[g, y]) for g, y in zip(groups, labels, strict=True)]


def weights_by_masks(groups, labels):
    """Compare arrays."""
    groups, labels = np.array(groups), np.array(labels)
    weights = np.ones(len(labels))
    for group in np.unique(groups):
        for label in np.unique(labels):
            cell = (groups == group) & (labels == label)
            if cell.any():
                weights[cell] = np.mean(groups == group) * np.mean(labels == label) / np.mean(cell)
    return weights


def weights_by_transform(groups, labels):
    """Write the idea with shares; a Series by group."""
    people = pd.DataFrame({"group": groups, "label": labels})
    share = people["group"].map(people["group"].value_counts(normalize=True))
    share *= people["label"].map(people["label"].value_counts(normalize=True))
    both = people.groupby(["group", "label"])["label"].transform("size") / len(people)
    return (share / both).set_axis(people["group"].rename("group"))


def weights_by_crosstab(groups, labels):
    """Divide the expected table by the observed one."""
    observed = pd.crosstab(pd.Series(groups), pd.Series(labels), normalize=True)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    return [(expected / observed).loc[pair] for pair in zip(groups, labels, strict=True)]


def weights_by_torch(groups, labels):
    """Compare everybody with everybody."""
    codes = torch.tensor([sorted(set(groups)).index(group) for group in groups])
    labels = torch.tensor(labels)
    group, label = codes[:, None] == codes, labels[:, None] == labels
    sizes = [mask.sum(dim=1).double() for mask in (group, label, group & label)]
    return sizes[0] * sizes[1] / sizes[2] / len(labels)


# ---- 06.2 split, then balance ----------------------------------------------------------------------------------------
def halves_in_turn(people):
    """Split by place in a loop, then repeat by hand."""
    train, test = [], []
    for place, person in enumerate(people):
        (train if place % 2 == 0 else test).append(person)
    a, b = ([person for person in train if person[0] == name] for name in "ab")
    while len(a) != len(b):
        (a if len(a) < len(b) else b).append((a if len(a) < len(b) else b)[0])
    return a + b, test


def first_half_to_test(people):
    """Split in the middle."""
    middle = len(people) // 2
    return balance(people[middle:]), people[:middle]


def random_split(people):
    """Shuffle, test on a third, and draw from the smaller group with replacement."""
    generator = np.random.default_rng(0)
    shuffled = generator.permutation(people)
    test, train = shuffled[: len(people) // 3], shuffled[len(people) // 3 :]
    names = np.array([person[0] for person in train])
    members = [train[names == name] for name in "ab"]
    larger = max(map(len, members))
    more = [generator.choice(own, larger - len(own)) for own in members]
    return np.concatenate([*members, *more]), test


def fewer_of_the_larger_group(people):
    """Split, then leave people of the larger group out: under-sampling."""
    train = pd.Series(people[::2])
    fewest = train.str[0].value_counts().min()
    return train.groupby(train.str[0]).head(fewest), pd.Series(people[1::2])


def by_tensors(people):
    """Draw places with torch."""
    places = torch.randperm(len(people), generator=torch.Generator().manual_seed(1)).tolist()
    cut = int(0.8 * len(people))
    return balance([people[place] for place in places[:cut]]), [people[place] for place in places[cut:]]


# ---- 06.4 swap words -------------------------------------------------------------------------------------------------
def swap_by_letters(text, pairs):
    """Read letter by letter, and swap a word where it ends."""
    partner = {}
    for one, other in pairs:
        partner[one], partner[other] = other, one
    found, word = "", ""
    for letter in f"{text} ":
        if letter.isalpha():
            word += letter
        else:
            found += partner.get(word, word) + letter
            word = ""
    return found[:-1]


def swap_by_marks(text, pairs):
    """Mark what was swapped, so that it is not swapped back."""
    for one, other in pairs:
        text = re.sub(rf"\b{one}\b", "\0", text)
        text = re.sub(rf"\b{other}\b", one, text)
        text = text.replace("\0", other)
    return text


def swap_by_alternatives(text, pairs):
    """Search the words alone, whole ones."""
    partner = {one: other for one, other in pairs} | {other: one for one, other in pairs}
    pattern = r"\b(" + "|".join(partner) + r")\b"
    return re.sub(pattern, lambda found: partner[found.group(1)], text)


def swap_by_series(text, pairs):
    """Split into words and what is between them, and map a Series."""
    table = np.array(pairs)
    partner = pd.Series(table[:, ::-1].ravel(), index=table.ravel())
    pieces = pd.Series(re.split(r"(\W+)", text))
    return "".join(pieces.map(partner).fillna(pieces))


# ---- values ----------------------------------------------------------------------------------------------------------
HIDDEN = {"hidden": 195 / 0.65 - 195, "base_rate": 0.3}
DECISION = {
    "closed": ["under-sampling", "label repair"],
    "method": "label repair",
    "reason": "gap closed, truth not harmed",
}

RIGHT = {
    "06.1": {
        "plain Python": weights_by_counter,
        "numpy": weights_by_masks,
        "pandas": weights_by_transform,
        "torch": weights_by_torch,
        "a table": weights_by_crosstab,
    },
    "06.2": {
        "plain Python": halves_in_turn,
        "numpy": random_split,
        "pandas": fewer_of_the_larger_group,
        "torch": by_tensors,
        "the other half": first_half_to_test,
        "idea": lambda people: (balance(people[1::2]), people[::2]),
    },
    "06.3": chosen("how well the district can be guessed from the rest of a note", "D"),
    "06.4": {
        "plain Python": swap_by_letters,
        "numpy": lambda text, pairs: "".join(
            dict(np.vstack([pairs, np.fliplr(pairs)]).tolist()).get(piece, piece)
            for piece in re.findall(r"\w+|\W+", text)
        ),
        "pandas": swap_by_series,
        "marks": swap_by_marks,
        "alternatives": swap_by_alternatives,
    },
    "06.5": {
        "one decimal": {"hidden": 105.0, "base_rate": 0.3},
        "fractions": {"hidden": Fraction(195 * 100, 65) - 195, "base_rate": Fraction(3, 10)},
        "by the odds": {"hidden": 195 * 0.35 / 0.65, "base_rate": (195 + 195 * 0.35 / 0.65) / 1000},
        **numbers(HIDDEN),
    },
    "06.6": {
        "other order": DECISION | {"closed": ("label repair", "under-sampling")},
        "a set": DECISION | {"closed": {"label repair", "under-sampling"}},
        "an array": DECISION | {"closed": np.array(["Under-sampling", "Label repair"])},
        "an index": DECISION | {"closed": pd.Index(["under-sampling", "label repair"])},
        "undersampling": DECISION | {"closed": ["undersampling", "label repair"]},
        "letter": DECISION | {"reason": "C"},
    },
}
