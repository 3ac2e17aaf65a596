"""Right answers to the exercises of notebook 08, as students write them."""

import statistics
from fractions import Fraction

import numpy as np
import pandas as pd
import torch

from labkit.chapters.ch08.exercises_criteria import evidence
from tests.chapters.answers.forms import chosen, numbers

LOTTERY = {"share": 0.75, "fpr": 0.25}


def solve_for_the_share():
    """Solve the equation of the TPR as a system of linear equations."""
    low, high = np.linalg.solve([[0.70, 0.40], [1, 1]], [0.625, 1])
    return {"share": low, "fpr": low * 0.30 + high * 0.10}


# ---- 08.2 the chance of a decision -----------------------------------------------------------------------------------
def chance_by_ifs(rule, score):
    """Go through the lotteries one after the other."""
    chance = 0
    if score > rule["threshold0"]:
        chance = chance + rule["p0"]
    if score > rule["threshold1"]:
        chance = chance + rule["p1"]
    return rule["p_ignore"] * rule["constant"] + (1 - rule["p_ignore"]) * chance


def chance_by_attributes(rule, score):
    """Use the rule as a row of a table, with attributes."""
    rule = pd.Series(rule)
    seen = rule.p0 * (score > rule.threshold0) + rule.p1 * (score > rule.threshold1)
    return rule.p_ignore * rule.constant + (1 - rule.p_ignore) * seen


def chance_by_dot(rule, score):
    """Weigh decisions in a dot product."""
    above = np.greater(score, [rule["threshold0"], rule["threshold1"]])
    return np.average(
        [rule["constant"], above @ [rule["p0"], rule["p1"]]], weights=[rule["p_ignore"], 1 - rule["p_ignore"]]
    )


def chance_by_torch(rule, score):
    """Do the same with tensors."""
    thresholds = torch.tensor([rule["threshold0"], rule["threshold1"]], dtype=torch.float64)
    chances = torch.tensor([rule["p0"], rule["p1"]], dtype=torch.float64)
    seen = (chances * (torch.tensor(score, dtype=torch.float64) > thresholds)).sum()
    return torch.lerp(seen, torch.tensor(rule["constant"], dtype=torch.float64), rule["p_ignore"])


# ---- 08.6 choose on one part, report on the other --------------------------------------------------------------------
def gap_by_lists(score, group, part):
    """Collect each group's scores in lists."""
    shares = []
    for name in ("a", "b"):
        people = list(zip(score, group, part, strict=True))
        first = [value for value, own, where in people if own == name and where == 0]
        second = [value for value, own, where in people if own == name and where == 1]
        cut = statistics.median(first)
        shares.append(sum(value > cut for value in second) / len(second))
    return shares[0] - shares[1]


def gap_by_idea(score, group, part):
    """Write the idea."""
    shares = {}
    for name in ("a", "b"):
        own = group == name
        cut = np.median(score[own & (part == 0)])
        shares[name] = np.mean(score[own & (part == 1)] > cut)
    return shares["a"] - shares["b"]


def gap_by_frame(score, group, part):
    """Subtract each person's cut in a frame."""
    people = pd.DataFrame({"score": score, "group": group, "part": part})
    cuts = people[people["part"] == 0].groupby("group")["score"].median()
    later = people[people["part"] == 1]
    rates = (later["score"] > later["group"].map(cuts)).groupby(later["group"]).mean()
    return rates["a"] - rates["b"]


def gap_by_torch(score, group, part):
    """Use quantiles of tensors, since torch's median takes the lower of two."""
    score, part = torch.tensor(score), torch.tensor(part)
    own = {name: torch.tensor(group == name) for name in "ab"}
    cuts = {name: torch.quantile(score[mask & (part == 0)], 0.5) for name, mask in own.items()}
    rates = {name: (score[mask & (part == 1)] > cuts[name]).double().mean() for name, mask in own.items()}
    return rates["a"] - rates["b"]


# ---- 08.3 two draws --------------------------------------------------------------------------------------------------
def disagree_exactly(chances):
    """Sum over the four outcomes of two draws."""
    total = 0
    for chance in chances:
        outcomes = {1: chance, 0: 1 - chance}
        total += sum(p * q for first, p in outcomes.items() for second, q in outcomes.items() if first != second)
    return total / len(chances)


# ---- 08.4 a criterion, with its evidence -----------------------------------------------------------------------------
def lender():
    """Return the answer with the table's values, whole percent and shorter names."""
    profit, gap = evidence()["equal opportunity"]
    answer = {"criterion": "equal opportunity", "profit": profit, "gap": gap}
    return {
        "three decimals": {"criterion": "Equal opportunity", "profit": round(profit, 3), "gap": round(gap, 3)},
        "one decimal": answer | {"profit": round(profit, 1)},
        "row of a table": answer | {"profit": pd.Series([profit]), "gap": np.array([gap])},
        **numbers(answer),
    }


RIGHT = {
    "08.1": {
        "by hand": LOTTERY,
        "fractions": {"share": Fraction(3, 4), "fpr": Fraction(1, 4)},
        "numpy": solve_for_the_share(),
        "interpolation": {
            "share": np.interp(0.625, [0.40, 0.70], [0, 1]),
            "fpr": np.interp(0.625, [0.40, 0.70], [0.10, 0.30]),
        },
        **numbers(LOTTERY),
    },
    "08.2": {
        "plain Python": chance_by_ifs,
        "numpy": chance_by_dot,
        "pandas": chance_by_attributes,
        "torch": chance_by_torch,
        "idea": lambda rule, score: (
            rule["p_ignore"] * rule["constant"]
            + (1 - rule["p_ignore"])
            * (rule["p0"] * (score > rule["threshold0"]) + rule["p1"] * (score > rule["threshold1"]))
        ),
    },
    "08.3": {
        "plain Python": disagree_exactly,
        "numpy": lambda chances: 2 * (np.mean(chances) - np.mean(np.square(chances))),
        "pandas": lambda chances: pd.Series(chances).map(lambda p: p * (1 - p) + (1 - p) * p).mean(),
        "torch": lambda chances: 1 - (torch.tensor(chances) ** 2 + (1 - torch.tensor(chances)) ** 2).mean(),
        "idea": lambda chances: np.mean(2 * np.array(chances) * (1 - np.array(chances))),
    },
    "08.4": lender,
    "08.5": chosen("worse on records, better on truth", "C"),
    "08.6": {
        "plain Python": gap_by_lists,
        "numpy": gap_by_idea,
        "pandas": gap_by_frame,
        "torch": gap_by_torch,
    },
}
