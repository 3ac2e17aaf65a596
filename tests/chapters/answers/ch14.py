"""Right answers to the exercises of notebook 14, as students write them."""

import hashlib
from itertools import pairwise

import numpy as np
import pandas as pd

from tests.chapters.answers.ch14_updates import UPDATES


def digest(text):
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


# ---- 14.1 a verifier that trusts too much ----------------------------------------------------------------------------
def break_by_index(entries, head):
    """Look back by index."""
    for place in range(len(entries)):
        before = entries[place - 1]["hash"] if place > 0 else "start"
        if entries[place]["previous"] != before:
            return place
        if digest(before + entries[place]["says"]) != entries[place]["hash"]:
            return place
    last = entries[-1]["hash"] if entries else "start"
    return len(entries) if last != head else -1


def break_by_recomputing(entries, head):
    """Compute the chain again from the beginning, and compare."""
    before = "start"
    for place, entry in enumerate(entries):
        if entry != {"says": entry["says"], "previous": before, "hash": digest(before + entry["says"])}:
            return place
        before = digest(before + entry["says"])
    return -1 if head == before else len(entries)


def break_by_arrays(entries, head):
    """Compare arrays of hashes."""
    known = np.array(["start", *(entry["hash"] for entry in entries)])
    named = np.array([*(entry["previous"] for entry in entries), head])
    own = np.array([digest(entry["previous"] + entry["says"]) == entry["hash"] for entry in entries] + [True])
    wrong = np.flatnonzero((known != named) | ~own)
    return wrong[0] if len(wrong) else -1


def break_by_frame(entries, head):
    """Shift a column."""
    table = pd.DataFrame([*entries, {"says": "", "previous": head, "hash": ""}])
    before = table["hash"].shift(fill_value="start")
    own = [digest(previous + says) for previous, says in zip(table["previous"], table["says"], strict=True)]
    fits = (table["previous"] == before) & ((table["hash"] == own) | (table.index == len(entries)))
    return -1 if fits.all() else int(fits.idxmin())


# ---- 14.2 your own four ----------------------------------------------------------------------------------------------
def forge_by_loops(lines):
    """Reverse a decision, swap two entries, delete one and cut off three."""
    changed, swapped = list(lines), list(lines)
    place = next(number for number, line in enumerate(lines) if '"decision":0' in line)
    changed[place] = lines[place].replace('"decision":0', '"decision":1')
    swapped[2], swapped[3] = lines[3], lines[2]
    return [changed, swapped, lines[:4] + lines[5:], lines[:-3]]


def forge_by_arrays(lines):
    """Delete and insert in arrays."""
    array = np.array(lines)
    changed = np.where(np.arange(len(lines)) == 3, np.char.replace(array, "pretrial", "another"), array)
    return [changed, np.delete(array, 5), np.insert(array, 4, array[2]), array[:-2]]


def forge_by_series(lines):
    """Select rows of a Series."""
    series = pd.Series(lines)
    moved = [*range(3), *range(4, len(lines) - 1), 3, len(lines) - 1]
    return [
        series.str.replace("pretrial office", "trial office").tolist(),
        series.drop(2).tolist(),
        series.iloc[moved].tolist(),
        series.head(6).tolist(),
    ]


def forge_an_incomplete_line(lines):
    """Tear the last line, and insert a line that is none."""
    return [
        [*lines[:-1], lines[-1][:40]],
        [*lines[:3], "an entry that was forgotten\n", *lines[3:]],
        [line for number, line in enumerate(lines) if number != 4],
        [first.replace("0.", "0.0") if "decision" in first else first for first, _ in pairwise([*lines, ""])],
    ]


REQUESTS = {"sex": "A", "bail": "C", "weights": "D", "young": "B", "phone": "B"}
APPEAL = {"used": "A", "true": "D", "model": "B", "edited": "C", "unlogged": "D", "broken": [2, 3]}

RIGHT = {
    "14.1": {
        "plain Python": break_by_index,
        "computed again": break_by_recomputing,
        "numpy": break_by_arrays,
        "pandas": break_by_frame,
    },
    "14.2": {
        "plain Python": forge_by_loops,
        "other kinds": forge_an_incomplete_line,
        "numpy": forge_by_arrays,
        "pandas": forge_by_series,
    },
    "14.3": {
        "letters": REQUESTS,
        "small letters": {name: letter.lower() for name, letter in REQUESTS.items()},
        "texts": {
            "sex": "The card gives the number that is asked for.",
            "bail": "the card rules out what is asked for",
            "weights": "the section that would answer it is missing",
            "young": "the card says that its data cannot answer it",
            "phone": "the card says that its data cannot answer it",
        },
    },
    **UPDATES,
    "14.7": {
        "letters": APPEAL,
        "small letters": {key: value.lower() if isinstance(value, str) else value for key, value in APPEAL.items()},
        "an array of steps": APPEAL | {"broken": np.array([2, 3])},
        "texts": APPEAL
        | {"used": "the log's hash of the inputs, and the kept inputs", "true": "none of these records"},
    },
}
