"""Right answers to the exercises of notebook 00, as students write them."""

import math
import statistics
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from scipy.spatial import distance

from labkit.audit import audit
from labkit.data import load_compas
from tests.chapters.answers.forms import numbers


# ---- 00.1 the commands of the broken rows, each once, in order -------------------------------------------------------
def remedies_by_loop(table):
    """Collect row by row."""
    found = []
    for _, row in table.iterrows():
        if not row["ok"] and row["remedy"] not in found:
            found.append(row["remedy"])
    return found


def remedies_by_numpy(table):
    """Keep the first place of each unique command."""
    broken = table["remedy"].to_numpy()[~table["ok"].to_numpy(dtype=bool)]
    _, first = np.unique(broken.astype(str), return_index=True)
    return broken[np.sort(first)]


def remedies_by_query(table):
    """Query, then unique."""
    return table.query("not ok")["remedy"].unique()


def remedies_of_named_rows(table):
    """Return a Series whose index is `what`."""
    return table.set_index("what").query("ok == False")["remedy"].drop_duplicates()


def remedies_by_dict(table):
    """Let the keys of a dict keep the order."""
    pairs = zip(table["ok"], table["remedy"], strict=True)
    return tuple(dict.fromkeys(remedy for ok, remedy in pairs if not ok))


def remedies_by_torch(table):
    """Choose places with a tensor."""
    places = torch.nonzero(~torch.tensor(table["ok"].tolist())).flatten().tolist()
    return table["remedy"].iloc[places].drop_duplicates()


# ---- 00.3 the difference of two mean cosines -------------------------------------------------------------------------
def lean_by_hand(word, a, b):
    """Use sums of products and square roots alone."""

    def cosine(u, v):
        product = sum(x * y for x, y in zip(u, v, strict=True))
        return product / math.sqrt(sum(x * x for x in u) * sum(y * y for y in v))

    near_a = sum(cosine(word, other) for other in a) / len(a)
    near_b = sum(cosine(word, other) for other in b) / len(b)
    return near_a - near_b


def lean_by_matrices(word, a, b):
    """Normalize each set as a matrix."""

    def mean_cosine(vectors):
        matrix = np.stack(vectors)
        unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        return (unit @ word / np.linalg.norm(word)).mean()

    return mean_cosine(a) - mean_cosine(b)


def lean_by_series(word, a, b):
    """Group cosines by their set."""
    cosines = [1 - distance.cosine(word, other) for other in [*a, *b]]
    means = pd.Series(cosines).groupby(["a"] * len(a) + ["b"] * len(b)).mean()
    return means["a"] - means["b"]


def lean_by_torch(word, a, b):
    """Let torch take the cosines."""
    word, a, b = torch.as_tensor(word), torch.tensor(np.array(a)), torch.tensor(np.array(b))
    cosine = torch.nn.functional.cosine_similarity
    return cosine(word, a).mean() - cosine(word, b).mean()


def lean_by_means_of_unit_vectors(word, a, b):
    """Take the mean arrow of each set first: a cosine is linear in unit vectors."""

    def unit(vector):
        return vector / np.linalg.norm(vector)

    return unit(word) @ (sum(map(unit, a)) / len(a) - sum(map(unit, b)) / len(b))


# ---- 00.4 a p-value by hand ------------------------------------------------------------------------------------------
def share_by_loop():
    """Count divisions of whole tenths, whose sums need no rounding."""
    tenths = (9, 6, 7, 1)
    sums = [tenths[one] + tenths[other] for one, other in combinations(range(4), 2)]
    return sum(each >= 15 for each in sums) / len(sums)


# ---- 00.5 precision by sex -------------------------------------------------------------------------------------------
def by_hand():
    """Use two proportions and their normal interval."""
    people = load_compas().frame
    high = people[people["score_text"] != "Low"]
    sizes, means = high.groupby("sex")["two_year_recid"].count(), high.groupby("sex")["two_year_recid"].mean()
    difference = means["Female"] - means["Male"]
    half = 1.96 * math.sqrt(sum(means[sex] * (1 - means[sex]) / sizes[sex] for sex in means.index))
    return {"difference": difference, "low": difference - half, "high": difference + half}


def by_bootstrap():
    """Draw people of each sex."""
    people = load_compas().frame
    high = people[people["score_text"] != "Low"]
    generator = np.random.default_rng(0)
    draws, means = {}, {}
    for sex, label in high.groupby("sex")["two_year_recid"]:
        means[sex] = label.mean()
        draws[sex] = generator.binomial(len(label), means[sex], size=20_000) / len(label)
    low, upper = np.quantile(draws["Female"] - draws["Male"], [0.025, 0.975])
    return {"difference": means["Female"] - means["Male"], "low": low, "high": upper}


def by_rows_of_a_table():
    """Keep the one-row Series that a query gives."""
    people = load_compas().frame
    decided = people["score_text"].isin(["Medium", "High"]).astype(int)
    found = audit(y_true=people["two_year_recid"], y_pred=decided, sensitive_features=people["sex"])
    row = found.pairwise("precision").query("a == 'Female' and b == 'Male'")
    return {name: row[name] for name in ("difference", "low", "high")}


def precision_by_sex():
    """Return the answers, computed from the data."""
    answer = by_hand() | {"verdict": "lower for women"}
    return {
        "plain Python": answer,
        "numpy": answer | by_bootstrap(),
        "pandas": answer | by_rows_of_a_table(),
        "torch": answer | {name: torch.tensor(value) for name, value in by_hand().items()},
        "three decimals": answer | {name: round(value, 3) for name, value in by_hand().items()},
        "by letter": answer | {"verdict": "A"},
    }


RIGHT = {
    "00.1": {
        "plain Python": remedies_by_loop,
        "numpy": remedies_by_numpy,
        "pandas": remedies_by_query,
        "torch": remedies_by_torch,
        "a Series by what": remedies_of_named_rows,
        "a tuple": remedies_by_dict,
        "hint 2": lambda table: table.loc[~table["ok"], "remedy"].drop_duplicates(),
        "idea": lambda table: list(table.loc[~table["ok"], "remedy"].drop_duplicates()),
    },
    "00.2": {
        "lists": {
            "photos": ["fairness", "data"],
            "months": ["sustainability", "pretraining"],
            "names": ["safety", "fine-tuning"],
            "refusal": ["transparency", "decision"],
            "nobody": ["accountability", "monitoring"],
        },
        "a frame": pd.DataFrame(
            {
                "photos": ("Fairness", "Data"),
                "months": ("Sustainability", "Pretraining"),
                "names": ("Safety", "Fine-Tuning"),
                "refusal": ("Transparency", "Decision"),
                "nobody": ("Accountability", "Monitoring"),
            }
        ).to_dict("series"),
        "spelled differently": {
            "photos": ("fairness", "data"),
            "months": ("sustainability", "pre-training"),
            "names": ("safety", "fine tuning"),
            "refusal": ("transparency", "decision"),
            "nobody": ("accountability", "monitoring"),
        },
    },
    "00.3": {
        "plain Python": lean_by_hand,
        "numpy": lean_by_matrices,
        "pandas": lean_by_series,
        "torch": lean_by_torch,
        "mean arrows": lean_by_means_of_unit_vectors,
        "statistics": lambda word, a, b: (
            statistics.mean(1 - distance.cosine(word, other) for other in a)
            - statistics.mean(1 - distance.cosine(word, other) for other in b)
        ),
    },
    "00.4": {
        "plain Python": {"p_value": share_by_loop(), "says": "divisions"},
        "two decimals": {"p_value": 0.33, "says": "Divisions"},
        "a fraction": {"p_value": Fraction(1, 3), "says": "divisions"},
        "by letter": {"p_value": 2 / 6, "says": "B"},
        "a text in an array": {"p_value": np.mean([1, 0, 1, 0, 0, 0]), "says": np.array("divisions")},
        **numbers({"p_value": 1 / 3, "says": "divisions"}),
    },
    "00.5": precision_by_sex,
}
