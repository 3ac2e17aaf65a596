"""Right answers to the exercises of notebook 05, as students write them."""

import statistics

import numpy as np
import pandas as pd
import torch

from tests.chapters.answers.forms import numbers

ODDS_ONLY, PARITY_ONLY = "only equalized odds", "only parity"
NO_USE, EQUAL_BASE = "both, TPR = FPR", "both, equal base rates"
VERDICTS = {"A": ODDS_ONLY, "B": NO_USE, "C": EQUAL_BASE, "D": ODDS_ONLY, "E": PARITY_ONLY, "refutes": "C"}
GAPS = {"mean_score_gap": 0.0, "gap_at_0.5": 0.96, "gap_at_0.6": -0.04}
CRITIQUE = {
    "step": 4,
    "valid_if": "equal base rates",
    "mean_error": 0.0,
    "absolute_error": 0.5,
    "mean_error_a": 0.3,
    "decision_gap": 1.0,
}


# ---- 05.1 the missing weight -----------------------------------------------------------------------------------------
def weight_from_parts(tpr_a, tpr_b, fpr_a, fpr_b):
    """Solve the equation: what a pair of base rates leaves of the gap."""
    base_a, base_b = 0.7, 0.2
    gap = tpr_a * base_a + fpr_a * (1 - base_a) - tpr_b * base_b - fpr_b * (1 - base_b)
    base = (base_a + base_b) / 2
    return (gap - base * (tpr_a - tpr_b) - (1 - base) * (fpr_a - fpr_b)) / (base_a - base_b)


# ---- 05.4 the least error --------------------------------------------------------------------------------------------
def error_by_ifs(base_a, base_b, allowed):
    """Ask which base rate is higher, and whether anything is forced."""
    gap = base_a - base_b if base_a > base_b else base_b - base_a
    if gap <= allowed:
        return 0
    return gap - allowed


# ---- 05.5 gaps of a list of people -----------------------------------------------------------------------------------
def gaps_of_people():
    """Make a hundred people of each group."""
    a, b = np.full(100, 0.51), np.repeat([0.49, 0.99], [96, 4])
    return {
        "mean_score_gap": a.mean() - b.mean(),
        "gap_at_0.5": np.mean(a >= 0.5) - np.mean(b >= 0.5),
        "gap_at_0.6": np.mean(a >= 0.6) - np.mean(b >= 0.6),
    }


def gaps_of_a_frame():
    """Group a frame of weighted people."""
    people = pd.DataFrame({"group": list("abb"), "score": [0.51, 0.49, 0.99], "share": [1, 0.96, 0.04]})
    columns = {"mean_score_gap": people["score"], "gap_at_0.5": people["score"] >= 0.5}
    columns["gap_at_0.6"] = people["score"] >= 0.6
    sums = pd.DataFrame(columns).mul(people["share"], axis=0).groupby(people["group"]).sum()
    return (sums.loc["a"] - sums.loc["b"]).to_dict()


# ---- 05.6 four people ------------------------------------------------------------------------------------------------
def critique_of_people():
    """Compute over a list of four people."""
    people = pd.DataFrame({"group": list("aabb"), "score": [0.8, 0.8, 0.2, 0.2], "label": [1, 0, 1, 0]})
    error, chosen = people["score"] - people["label"], (people["score"] >= 0.5).groupby(people["group"]).mean()
    return CRITIQUE | {
        "mean_error": error.mean(),
        "absolute_error": error.abs().mean(),
        "mean_error_a": error[people["group"] == "a"].mean(),
        "decision_gap": chosen["a"] - chosen["b"],
    }


def errors_of_tensors():
    """Compute with tensors."""
    score, label = torch.tensor([0.8, 0.8, 0.2, 0.2]), torch.tensor([1, 0, 1, 0])
    error = score - label
    return CRITIQUE | {
        "mean_error": error.mean(),
        "absolute_error": error.abs().mean(),
        "mean_error_a": error[:2].mean(),
        "decision_gap": (score[:2] >= 0.5).float().mean() - (score[2:] >= 0.5).float().mean(),
    }


RIGHT = {
    "05.1": {
        "plain Python": weight_from_parts,
        "numpy": lambda tpr_a, tpr_b, fpr_a, fpr_b: np.mean([tpr_a, tpr_b]) - np.mean([fpr_a, fpr_b]),
        "pandas": lambda tpr_a, tpr_b, fpr_a, fpr_b: pd.Series([tpr_a - fpr_a, tpr_b - fpr_b]).mean(),
        "torch": lambda tpr_a, tpr_b, fpr_a, fpr_b: (
            torch.tensor([[tpr_a, tpr_b], [-fpr_a, -fpr_b]], dtype=torch.float64).mean(dim=1).sum()
        ),
        "statistics": lambda tpr_a, tpr_b, fpr_a, fpr_b: statistics.mean([tpr_a - fpr_a, tpr_b - fpr_b]),
    },
    "05.2": {
        "two decimals": {"remaining": 0.03, "largest": "FPR"},
        "small letters": {"remaining": 0.034, "largest": "fpr"},
        "letter": {"remaining": 0.04, "largest": "B"},
        "long name": {"remaining": 0.03, "largest": "false positive rate"},
        **numbers({"remaining": 0.03, "largest": "FPR"}),
    },
    "05.3": {
        "capitals": {rule: verdict.upper() for rule, verdict in VERDICTS.items()},
        "no spaces": VERDICTS | {"B": "both,TPR=FPR", "refutes": "c"},
        "letters": {"A": "C", "B": "B", "C": "A", "D": "c", "E": "D", "refutes": "C"},
        "a Series": pd.Series(VERDICTS),
        "rule C in words": VERDICTS | {"refutes": "C."},
    },
    "05.4": {
        "plain Python": error_by_ifs,
        "numpy": lambda base_a, base_b, allowed: np.clip(np.abs(base_a - base_b) - allowed, 0, None),
        "pandas": lambda base_a, base_b, allowed: (pd.Series([base_a, base_b]).diff().abs() - allowed).clip(0).max(),
        "torch": lambda base_a, base_b, allowed: torch.relu(
            torch.tensor(base_a - base_b, dtype=torch.float64).abs() - allowed
        ),
        "idea": lambda base_a, base_b, allowed: max(0, abs(base_a - base_b) - allowed),
    },
    "05.5": {
        "by hand": GAPS,
        "numpy": gaps_of_people(),
        "pandas": gaps_of_a_frame(),
        "two decimals": {name: round(value, 2) for name, value in gaps_of_people().items()},
        **numbers(GAPS),
    },
    "05.6": {
        "by hand": CRITIQUE,
        "letter": CRITIQUE | {"valid_if": "A"},
        "pandas": critique_of_people(),
        "torch": errors_of_tensors(),
        **numbers(CRITIQUE),
    },
}
