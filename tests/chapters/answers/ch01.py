"""Right answers to the exercises of notebook 01, as students write them."""

import math
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import torch
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from labkit.chapters.ch01.exercises_tables import ANSWERS, MEANINGS, ROOM
from labkit.data import load_rand_hie
from labkit.data.datasheets import write_datasheet
from tests.chapters.answers.forms import chosen, numbers


# ---- 01.2 which knob was it ------------------------------------------------------------------------------------------
def knob_by_returns(rates):
    """Ask in the order of the idea."""
    if rates["share_b"] < 0.4 or rates["share_b"] > 0.6:
        return "representation"
    if abs(rates["true"]["a"] - rates["true"]["b"]) > 0.1:
        return "collection_bias"
    if abs(rates["recorded"]["a"] - rates["recorded"]["b"]) > 0.1:
        return "label_bias"
    if abs(rates["written"]["a"] - rates["written"]["b"]) > 0.1:
        return "measurement_bias"
    if rates["guess"] - 0.5 > 0.1:
        return "proxy_strength"
    return "none"


def knob_by_argmax(rates):
    """Find the first trace that moved."""
    names = ["representation", "collection_bias", "label_bias", "measurement_bias", "proxy_strength", "none"]
    pairs = [rates[name]["a"] - rates[name]["b"] for name in ("true", "recorded", "written")]
    moved = np.abs(np.array([rates["share_b"] - 0.5, *pairs, rates["guess"] - 0.5, 1.0])) > 0.1
    return names[np.argmax(moved)]


def knob_by_table(rates):
    """Compare a table of both groups, by differences of records and truth."""
    table = pd.DataFrame({name: rates[name] for name in ("recorded", "true", "written")})
    gaps = table.loc["a"] - table.loc["b"]
    if abs(rates["share_b"] - 0.5) > 0.1:
        return "representation"
    missed = gaps["recorded"] - gaps["true"]
    found = pd.Series({"collection_bias": gaps["true"], "label_bias": missed, "measurement_bias": gaps["written"]})
    found["proxy_strength"] = rates["guess"] - 0.5
    clear = found[found.abs() > 0.1]
    return clear.abs().idxmax() if len(clear) else "none"


def knob_by_tensor(rates):
    """Choose the first place that is not zero."""
    traces = [rates["share_b"] - 0.5]
    traces += [rates[name]["a"] - rates[name]["b"] for name in ("true", "recorded", "written")]
    places = torch.nonzero(torch.tensor([*traces, rates["guess"] - 0.5]).abs() > 0.1).flatten()
    names = ("representation", "collection_bias", "label_bias", "measurement_bias", "proxy_strength")
    return names[places[0]] if len(places) else "none"


# ---- 01.3 weighted rates ---------------------------------------------------------------------------------------------
def rates_by_loops(table):
    """Add up counts in dicts."""
    applied, admitted, total = defaultdict(int), defaultdict(int), defaultdict(int)
    for row in table.to_dict("records"):
        applied[row["gender"], row["department"]] += row["n"]
        admitted[row["gender"], row["department"]] += row["n"] * row["admitted"]
        total[row["department"]] += row["n"]

    def average(gender):
        rates = {name: admitted[gender, name] / applied[gender, name] for name in total}
        return sum(rates[name] * n for name, n in total.items()) / sum(total.values())

    return {"male": average("male"), "female": average("female")}


def rates_by_masks(table):
    """Use boolean arrays."""
    department, gender = table["department"].to_numpy(), table["gender"].to_numpy()
    admitted, n = table["admitted"].to_numpy() == 1, table["n"].to_numpy()
    found = {}
    for name in ("male", "female"):
        rates, weights = [], []
        for each in np.unique(department):
            own = (department == each) & (gender == name)
            rates.append(n[own & admitted].sum() / n[own].sum())
            weights.append(n[department == each].sum())
        found[name] = np.average(rates, weights=weights)
    return found


def rates_by_pivot(table):
    """Pivot once, and return a Series by gender."""
    counts = table.pivot_table(index="department", columns=["gender", "admitted"], values="n", aggfunc="sum")
    applied = counts.T.groupby(level="gender").sum().T
    rates = counts.xs(1, level="admitted", axis=1) / applied
    share = applied.sum(axis=1) / applied.to_numpy().sum()
    return rates.mul(share, axis=0).sum()


def rates_by_expanding(table):
    """Give every application a row, and average over the rows of everybody."""
    people = table.loc[table.index.repeat(table["n"])]
    rate = people.groupby(["gender", "department"])["admitted"].mean()
    return {gender: people["department"].map(rate[gender]).mean() for gender in ("male", "female")}


def rates_by_torch(table):
    """Sum a cube of counts."""
    places = [pd.factorize(table[name], sort=True)[0] for name in ("department", "gender", "admitted")]
    cube = torch.zeros([place.max() + 1 for place in places], dtype=torch.float64)
    cube.index_put_(tuple(map(torch.tensor, places)), torch.tensor(table["n"].tolist(), dtype=torch.float64))
    applied = cube.sum(dim=2)
    weights = applied.sum(dim=1, keepdim=True)
    female, male = (cube[:, :, 1] / applied * weights).sum(dim=0) / weights.sum()  # in order of the alphabet
    return {"male": male, "female": female}


# ---- 01.4 a measure of need ------------------------------------------------------------------------------------------
def share_in_programme(measure, *, ascending):
    """Rank adults with the sort that keeps the order of ties, as the notebook does."""
    people = load_rand_hie().frame
    adults = people[(people["xage"] >= 18) & people["black"].isin([0, 1])]
    adults = adults.sort_values(["person", "year"]).drop_duplicates("person")
    ranked = adults.sort_values(measure, ascending=ascending, kind="stable")
    return ranked["black"].head(int(0.2 * len(ranked))).mean()


def measures():
    """Return an answer for each of the three measures."""
    health = share_in_programme("xghindx", ascending=True)
    cost = share_in_programme("meddol", ascending=False)
    disease = share_in_programme("disea", ascending=False)
    health_answer = {
        "measure": "xghindx",
        "share": health,
        "compared": "more",
        "counts": "health as people state it",
    }
    return {
        "by health": health_answer | {"share": round(health, 3)},
        "by cost": {
            "measure": "meddol",
            "share": cost,
            "compared": "less",
            "counts": "care that was received",
        },
        "by illness": {
            "measure": "disea",
            "share": disease,
            "compared": "less",
            "counts": "chronic illnesses on an index",
        },
        "by letters": {"measure": "C", "share": health, "compared": "A", "counts": "C"},
        **numbers(health_answer),
    }


# ---- 01.5 the smallest cell ------------------------------------------------------------------------------------------
def wilson(ones, n):
    """Wilson's interval by its formula."""
    z, share = 1.959964, ones / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def cell_by_counter(table, columns, label):
    """Count cells and ones in dicts."""
    people = Counter(zip(*(table[column] for column in columns), strict=True))
    ones = Counter(zip(*(table.loc[table[label] == 1, column] for column in columns), strict=True))
    cell = min(people, key=people.get)
    n, found = people[cell], ones[cell]
    low, high = wilson(found, n)
    return {"n": n, "rate": found / n, "low": low, "high": high}


def cell_by_unique(table, columns, label):
    """Let numpy count rows."""
    keys = table[columns].astype(str).to_numpy(dtype="U20")
    _, place, sizes = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    own = table[label].to_numpy()[place.ravel() == sizes.argmin()]
    low, high = wilson(own.sum(), len(own))
    return {"n": len(own), "rate": own.mean(), "low": low, "high": high}


def cell_by_groupby(table, columns, label):
    """Write what the hints say; a Series by name."""
    cell = table.groupby(columns)[label].agg(["size", "sum"]).sort_values("size").iloc[0]
    low, high = proportion_confint(cell["sum"], cell["size"], method="wilson")
    return pd.Series({"n": cell["size"], "rate": cell["sum"] / cell["size"], "low": low, "high": high})


def cell_by_scipy(table, columns, label):
    """Use the binomial test of scipy."""
    counts = table.groupby(columns).agg(n=(label, "count"), ones=(label, "sum"))
    n, ones = counts.nsmallest(1, "n").iloc[0]
    limits = binomtest(int(ones), int(n)).proportion_ci(method="wilson")
    return {"n": n, "rate": ones / n, "low": limits.low, "high": limits.high}


def cell_by_torch(table, columns, label):
    """Count with bincount."""
    codes = torch.tensor(table.groupby(columns).ngroup().to_numpy())
    sizes = torch.bincount(codes)
    ones = torch.bincount(codes, weights=torch.tensor(table[label].to_numpy(dtype=float)))
    place = sizes.argmin()
    low, high = wilson(ones[place].item(), sizes[place].item())
    return {"n": sizes[place], "rate": ones[place] / sizes[place], "low": low, "high": high}


# ---- 01.6 a datasheet ------------------------------------------------------------------------------------------------
def in_other_words():
    """Write the sheet with other sentences."""
    answers = {
        "What it is": "One clinic's waiting room: 300 people with their note, age, smoking and recorded diagnosis.",
        "Who collected it and why": "Staff who were treating the patients wrote it down; money and research unstated.",
        "Source and licence": "It comes from the clinic; under which terms it may be used is unstated.",
        "Sensitive attributes and how they were recorded": "The district, read off the address; nobody chose it.",
        "Known harms and limits": "Few people of Birch, and some of their illnesses may not have been recorded.",
        "Do not use it for": "Ranking patients, or saying which of the two districts is the healthier one.",
    }
    return write_datasheet(ROOM, title="Waiting room", sensitive=["group"], meanings=MEANINGS, answers=answers)


def by_hand():
    """Write the page as one text, with the headings in capitals of another kind and a section of one's own."""
    sheet = write_datasheet(ROOM, title="Page", sensitive=["group"], meanings=MEANINGS, answers=ANSWERS)
    return f"{sheet}\n\n## Contact\n\nThe clinic's office answers questions about these records on weekdays.\n"


RIGHT = {
    "01.1": chosen("rises", "C"),
    "01.2": {
        "plain Python": knob_by_returns,
        "numpy": knob_by_argmax,
        "pandas": knob_by_table,
        "torch": knob_by_tensor,
    },
    "01.3": {
        "plain Python": rates_by_loops,
        "numpy": rates_by_masks,
        "pandas": rates_by_pivot,
        "torch": rates_by_torch,
        "rows for people": rates_by_expanding,
    },
    "01.4": measures,
    "01.5": {
        "plain Python": cell_by_counter,
        "numpy": cell_by_unique,
        "pandas": cell_by_groupby,
        "scipy": cell_by_scipy,
        "torch": cell_by_torch,
    },
    "01.6": {"other words": in_other_words(), "by hand": by_hand()},
}
