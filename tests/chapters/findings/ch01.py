"""What reviewers found in the exercises of notebook 01."""

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from labkit.data.datasheets import write_datasheet
from tests.chapters.findings.finding import accepted, rejected


# ---- 01.2 ------------------------------------------------------------------------------------------------------------
def knob(threshold, *, exactly=False, few_only=False):
    """Return a function that asks in the right order, with another threshold or other comparisons."""

    def find(rates):
        gap = {name: rates[name]["a"] - rates[name]["b"] for name in ("recorded", "true", "written")}
        away = 0.5 - rates["share_b"] if few_only else abs(rates["share_b"] - 0.5)
        if away > threshold:
            return "representation"
        if abs(gap["true"]) > threshold:
            return "collection_bias"
        if (rates["recorded"] != rates["true"]) if exactly else gap["recorded"] > threshold:
            return "label_bias"
        if (rates["written"]["b"] < 1) if exactly else gap["written"] > threshold:
            return "measurement_bias"
        return "proxy_strength" if rates["guess"] - 0.5 > threshold else "none"

    return find


# ---- 01.3 ------------------------------------------------------------------------------------------------------------
def weighted_rates(table):
    """Return the right rates."""
    applied = table.groupby(["department", "gender"])["n"].sum().unstack()
    admitted = table[table["admitted"] == 1].groupby(["department", "gender"])["n"].sum().unstack()
    return {name: np.average((admitted / applied)[name], weights=applied.sum(axis=1)) for name in ("male", "female")}


def of_the_textbook(table):
    """Use a table of the notebook, whatever the argument is."""
    return {"male": 0.387, "female": 0.430}


# ---- 01.4 ------------------------------------------------------------------------------------------------------------
def programme(measure, share=None, **changes):
    """Return an answer with the shares that plain `sort_values` gives, which breaks ties in its own order."""
    answers = {
        "disea": {"share": 0.113, "compared": "less", "counts": "chronic illnesses on an index"},
        "xghindx": {"share": 0.257, "compared": "more", "counts": "health as people state it"},
    }
    answer = {"measure": measure, **answers[measure], **changes}
    return answer if share is None else answer | {"share": share}


# ---- 01.5 ------------------------------------------------------------------------------------------------------------
def smallest_cell(method="wilson", *, columns=None, swapped=False):
    """Return a function that reports the smallest cell."""

    def report(table, given, label):
        cells = table.groupby(columns or given)[label].agg(["size", "sum"])
        n, ones = cells.loc[cells["size"].idxmin()]
        low, high = proportion_confint(*((n, ones) if swapped else (ones, n)), method=method)
        return {"n": n, "rate": ones / n, "low": low, "high": high}

    return report


# ---- 01.6 ------------------------------------------------------------------------------------------------------------
def datasheet(**changes):
    """Return the datasheet of the waiting room with every answer, or some, replaced."""
    from labkit.chapters.ch01.exercises_tables import ANSWERS, MEANINGS, ROOM

    answers = {section: changes.get("every", changes.get(section, text)) for section, text in ANSWERS.items()}
    return write_datasheet(ROOM, title="The waiting room", sensitive=["group"], meanings=MEANINGS, answers=answers)


FINDINGS = [
    rejected(
        "01.1",
        "a word that is no option",
        "increases",
        "none of the options",
        never=("^rises",),
    ),
    rejected("01.2", "threshold 0.15", knob(0.15)),
    rejected("01.2", "threshold 0.3", knob(0.3)),
    rejected("01.2", "threshold 0.05", knob(0.05)),
    rejected("01.2", "exact comparisons", knob(0.1, exactly=True)),
    rejected("01.2", "only small shares of b", knob(0.1, few_only=True)),
    rejected("01.3", "a global table", of_the_textbook, "does not use its argument", never=("Not the",)),
    rejected(
        "01.3",
        "a tuple",
        lambda table: tuple(weighted_rates(table).values()),
        "male",
        never=("shape",),
    ),
    rejected(
        "01.3",
        "percent",
        lambda table: {name: 100 * rate for name, rate in weighted_rates(table).items()},
        "percent",
    ),
    rejected(
        "01.3",
        "rounded",
        lambda table: {name: round(rate, 2) for name, rate in weighted_rates(table).items()},
        "rounded",
    ),
    rejected("01.3", "another mistake", lambda table: {"male": 0.1, "female": len(table) / 100}, never=("np.average",)),
    accepted("01.4", "ties in the order of plain sort_values", programme("disea")),
    accepted("01.4", "ties of the health index", programme("xghindx")),
    rejected(
        "01.4",
        "the difference of two shares",
        lambda: programme("xghindx", share=0.097),
        "share itself",
        never=("round",),
        made=True,
    ),
    rejected(
        "01.4",
        "copied from the sentence above",
        programme("xghindx", share=0.244),
    ),
    rejected("01.5", "two columns typed in", smallest_cell(columns=["race", "city"])),
    rejected("01.5", "Agresti-Coull", smallest_cell("agresti_coull"), "Agresti", "Wilson"),
    rejected("01.5", "Jeffreys", smallest_cell("jeffreys"), "Jeffreys"),
    rejected("01.5", "Clopper-Pearson", smallest_cell("beta"), "Clopper"),
    rejected("01.5", "swapped arguments", smallest_cell(swapped=True), "order of the arguments", never=("empty cell",)),
    accepted(
        "01.6",
        "unstated, as the draft tells one to write",
        lambda: datasheet(**{"Source and licence": "Unstated."}),
        made=True,
    ),
    accepted(
        "01.6",
        "licence unstated",
        lambda: datasheet(**{"Source and licence": "From the clinic, licence unstated."}),
        made=True,
    ),
    rejected(
        "01.6",
        "lorem ipsum",
        lambda: datasheet(every="Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod."),
        "patients of Birch",
        made=True,
    ),
    rejected(
        "01.6",
        "no known harms",
        lambda: datasheet(**{"Known harms and limits": "There are no known harms and no limits of this data set."}),
        "patients of Birch",
        made=True,
    ),
    rejected(
        "01.6",
        "for everything",
        lambda: datasheet(**{"Do not use it for": "It can be used for everything without any restriction."}),
        "names no use",
        made=True,
    ),
]
