"""What reviewers found in the exercises of notebook 00."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import cosine

from tests.chapters.findings.finding import accepted, rejected


def places(**changes):
    """Return the right places, with some changed."""
    return {
        "photos": ("fairness", "data"),
        "months": ("sustainability", "pretraining"),
        "names": ("safety", "fine-tuning"),
        "refusal": ("transparency", "decision"),
        "nobody": ("accountability", "monitoring"),
    } | changes


def cosines(word, vectors):
    """Return the cosines between a vector and others."""
    return [1 - cosine(word, other) for other in vectors]


def divisions(p_value):
    """Return an answer to 00.4 with the right reading."""
    return {"p_value": p_value, "says": "divisions"}


def by_sex(**changes):
    """Return the right answer to 00.5, with some parts changed by functions of it."""
    from labkit.chapters.ch00.exercises_audit import BY_SEX

    answer = BY_SEX.reference
    return answer | {name: change(answer[name]) for name, change in changes.items()}


def rounded(decimals):
    """Round all three numbers."""
    return lambda: by_sex(**dict.fromkeys(("difference", "low", "high"), lambda value: round(value, decimals)))


FINDINGS = [
    rejected("00.1", "a set", lambda table: list(set(table.loc[~table["ok"], "remedy"])), "order"),
    rejected(
        "00.1", "sorted backwards", lambda table: sorted(set(table.loc[~table["ok"], "remedy"]), reverse=True), "order"
    ),
    accepted(
        "00.1",
        "a Series whose index is `what`",
        lambda table: table.set_index("what").query("not ok")["remedy"].drop_duplicates(),
    ),
    accepted("00.2", "names are removed from the notes", places(names=("safety", "data"))),
    accepted("00.2", "fine tuning with a blank", places(names=("safety", "fine tuning"))),
    accepted("00.2", "finetuning in one word", places(names=("safety", "finetuning"))),
    rejected(
        "00.2", "privacy", places(names=("privacy", "fine-tuning")), "privacy", never=("transparency, safety, account",)
    ),
    rejected("00.2", "a threshold at fine-tuning", places(refusal=("transparency", "fine-tuning")), "threshold"),
    rejected(
        "00.3",
        "a ratio of means",
        lambda word, a, b: np.mean(cosines(word, a)) / np.mean(cosines(word, b)),
        "divide one mean by the other",
        never=("infinite",),
    ),
    rejected(
        "00.3",
        "the mean of vectors",
        lambda word, a, b: cosine(word, np.mean(b, axis=0)) - cosine(word, np.mean(a, axis=0)),
        "arrows first",
    ),
    rejected(
        "00.3",
        "medians",
        lambda word, a, b: np.median(cosines(word, a)) - np.median(cosines(word, b)),
        "medians",
    ),
    rejected("00.4", "percent", divisions(33), "100 times too large"),
    rejected("00.4", "rounded to one decimal", divisions(0.3), "rounded"),
    rejected("00.4", "one division too few", divisions(0.17), "left ours out"),
    rejected("00.5", "two decimals", rounded(2), "rounded", never=("Not the difference",), made=True),
    accepted(
        "00.5",
        "three one-row Series",
        lambda: by_sex(**dict.fromkeys(("difference", "low", "high"), lambda value: pd.Series([value], index=[1]))),
        made=True,
    ),
]
