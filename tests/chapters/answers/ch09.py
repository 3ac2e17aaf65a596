"""Right answers to the exercises of notebook 09, as students write them."""

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import torch

from tests.chapters.answers.forms import chosen


# ---- 09.1 the front --------------------------------------------------------------------------------------------------
def front_by_sorting(points):
    """Walk from the most accurate point on, and keep what has a smaller gap than all before."""
    kept, smallest = set(), float("inf")
    for accuracy, gap in sorted(points, key=lambda point: (-point[0], point[1])):
        if gap < smallest:
            smallest = gap
            kept.add((accuracy, gap))
    return [tuple(point) in kept for point in points]


def front_by_arrays(points):
    """Compare all pairs at once."""
    accuracy, gap = np.array(points).T
    as_good = (accuracy[:, None] >= accuracy) & (gap[:, None] <= gap)
    better = (accuracy[:, None] > accuracy) | (gap[:, None] < gap)
    return ~(as_good & better).any(axis=0)


def front_by_frame(points):
    """Compare each row with the best gap of what is at least as accurate."""
    table = pd.DataFrame(points, columns=["accuracy", "gap"])
    best = table.groupby("accuracy")["gap"].min().sort_index(ascending=False)
    ahead = best.cummin().shift(fill_value=np.inf)
    own = table["accuracy"].map(best)
    return ((table["gap"] == own) & (table["gap"] < table["accuracy"].map(ahead))).tolist()


def front_by_torch(points):
    """Compare all pairs of a tensor whose second column is turned."""
    better = torch.tensor(points, dtype=torch.float64) * torch.tensor([1.0, -1.0])
    as_good = (better[:, None, :] >= better[None, :, :]).all(dim=2)
    beaten = as_good & (better[:, None, :] > better[None, :, :]).any(dim=2)
    return ~beaten.any(dim=0)


def front_by_hint(points):
    """Write what the hints say."""
    found = []
    for point in points:
        beaten = False
        for other in points:
            as_good = other[0] >= point[0] and other[1] <= point[1]
            if as_good and (other[0] > point[0] or other[1] < point[1]):
                beaten = True
        found.append(not beaten)
    return found


# ---- 09.3 levelling down ---------------------------------------------------------------------------------------------
def levelled_by_loop(before, after):
    """Ask group by group."""
    lost = False
    for group in before:
        if after[group] > before[group]:
            return False
        if after[group] < before[group]:
            lost = True
    gaps = [max(rates.values()) - min(rates.values()) for rates in (before, after)]
    return lost and gaps[1] < gaps[0]


def levelled_by_arrays(before, after):
    """Subtract arrays in the same order."""
    change = np.array([after[group] for group in before]) - np.array(list(before.values()))
    narrower = np.ptp(list(after.values())) < np.ptp(list(before.values()))
    return narrower and change.max() <= 0 and change.min() < 0


def levelled_by_series(before, after):
    """Subtract Series."""
    before, after = pd.Series(before), pd.Series(after)
    narrower = after.max() - after.min() < before.max() - before.min()
    return bool(narrower & (after <= before).all() & (after < before).any())


def levelled_by_torch(before, after):
    """Subtract tensors; a 0-d tensor of True or False."""
    first = torch.tensor([before[group] for group in before], dtype=torch.float64)
    second = torch.tensor([after[group] for group in before], dtype=torch.float64)
    narrower = second.max() - second.min() < first.max() - first.min()
    return narrower & (second <= first).all() & (second < first).any()


# ---- 09.4 flips between refits ---------------------------------------------------------------------------------------
def flips_by_counter(refits):
    """Count decisions of each person: pairs that differ are ones times zeros."""
    pairs = len(refits) * (len(refits) - 1) / 2
    rates = []
    for decisions in zip(*refits, strict=True):
        counts = Counter(decisions)
        rates.append(counts[0] * counts[1] / pairs)
    return sum(rates) / len(rates)


def flips_by_frame(refits):
    """Compare columns of a frame."""
    table = pd.DataFrame(refits).T
    return pd.Series([(table[one] != table[other]).mean() for one, other in combinations(table.columns, 2)]).mean()


def flips_by_torch(refits):
    """Compare all pairs of a tensor, above the diagonal."""
    decided = torch.tensor(refits)
    different = (decided[:, None, :] != decided[None, :, :]).double().mean(dim=2)
    one, other = torch.triu_indices(len(refits), len(refits), offset=1)
    return different[one, other].mean()


# ---- 09.5 a report ---------------------------------------------------------------------------------------------------
def report_by_loop(points, tolerance):
    """Keep the best point so far."""
    best = None
    for point in points:
        found = point["validation"]
        if -tolerance <= found["gap"] <= tolerance:
            if best is None or found["accuracy"] > best["validation"]["accuracy"]:
                best = point
    return {"name": best["name"], "accuracy": best["test"]["accuracy"], "gap": best["test"]["gap"]}


def report_by_arrays(points, tolerance):
    """Mask accuracies of points with a large gap."""
    accuracy, gap = np.array([[point["validation"][key] for key in ("accuracy", "gap")] for point in points]).T
    best = points[int(np.where(np.abs(gap) <= tolerance, accuracy, -np.inf).argmax())]
    return {"name": np.str_(best["name"]), **best["test"]}


def report_by_frame(points, tolerance):
    """Query a flat table; a Series by name."""
    table = pd.json_normalize(points).set_index("name")
    allowed = table[table["validation.gap"].abs() <= tolerance]
    best = allowed.loc[allowed["validation.accuracy"].idxmax()]
    return pd.Series({"name": best.name, "accuracy": best["test.accuracy"], "gap": best["test.gap"]})


def report_by_torch(points, tolerance):
    """Let tensors choose, and return 0-d tensors."""
    found = torch.tensor([[p["validation"]["accuracy"], p["validation"]["gap"]] for p in points], dtype=torch.float64)
    accuracy = found[:, 0].masked_fill(found[:, 1].abs() > tolerance, -1.0)
    best = points[accuracy.argmax().item()]
    return {"name": best["name"], **{key: torch.tensor(value) for key, value in best["test"].items()}}


RIGHT = {
    "09.1": {
        "plain Python": front_by_sorting,
        "numpy": front_by_arrays,
        "pandas": front_by_frame,
        "torch": front_by_torch,
        "hint 2": front_by_hint,
    },
    "09.2": chosen("by the truth, closing the gap costs less than by the records", "B"),
    "09.3": {
        "plain Python": levelled_by_loop,
        "numpy": levelled_by_arrays,
        "pandas": levelled_by_series,
        "torch": levelled_by_torch,
    },
    "09.4": {
        "plain Python": flips_by_counter,
        "numpy": lambda refits: np.mean([np.mean(np.not_equal(*pair)) for pair in combinations(refits, 2)]),
        "pandas": flips_by_frame,
        "torch": flips_by_torch,
    },
    "09.5": {
        "plain Python": report_by_loop,
        "numpy": report_by_arrays,
        "pandas": report_by_frame,
        "torch": report_by_torch,
    },
    "09.6": {
        "texts": {"gains": "nobody", "loses": "only a", "gap": "cannot tell"},
        "letters": {"gains": "D", "loses": "A", "gap": "C"},
        "small letters in lists": {"gains": ["d"], "loses": ["a"], "gap": ["c"]},
        "capitals": {"gains": "Nobody.", "loses": np.str_("Only a"), "gap": "Cannot tell"},
    },
}
