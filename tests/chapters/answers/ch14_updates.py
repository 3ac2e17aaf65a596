"""Right answers to the exercises of notebook 14, part two, as students write them."""

import numpy as np
import pandas as pd
import torch

from tests.chapters.answers.forms import numbers


# ---- 14.4 pairs of the most recent decisions -------------------------------------------------------------------------
def pairs_by_last(stream):
    """Remember the last decision that is in no pair."""
    last, found = None, []
    for group, decision in stream:
        if last is not None and last[0] != group:
            found.append(last[1] - decision if last[0] == "a" else decision - last[1])
            last = None
        else:
            last = (group, decision)
    return found


def pairs_by_numpy(stream):
    """Write signed decisions, and look at the one before."""
    if not stream:
        return np.array([])
    sign = np.array([1 if group == "a" else -1 for group, _ in stream])
    signed = sign * np.array([decision for _, decision in stream])
    found, place = [], 1
    while place < len(sign):
        if sign[place] != sign[place - 1]:
            found.append(signed[place] + signed[place - 1])
            place += 1
        place += 1
    return np.array(found)


def pairs_by_frame(stream):
    """Number the runs of alternating groups."""
    table = pd.DataFrame(stream, columns=["group", "decision"])
    changed = table["group"].ne(table["group"].shift()) & (table.index > 0)
    run = (~changed).cumsum()
    place = table.groupby(run).cumcount()
    signed = table["decision"].where(table["group"] == "a", -table["decision"])
    return (signed + signed.shift())[place % 2 == 1].astype(int)


def pairs_by_torch(stream):
    """Fill a tensor with two places."""
    waiting, found = torch.full((2,), -1), []
    for group, decision in stream:
        waiting["ab".index(group)] = decision
        if (waiting >= 0).all():
            found.append(waiting[0] - waiting[1])
            waiting = torch.full((2,), -1)
    return torch.stack(found) if found else torch.tensor([])


# ---- 14.5 flips by group ---------------------------------------------------------------------------------------------
def flips_by_loop(old, new, groups):
    """Count in lists."""
    found = {}
    for name in set(groups):
        pairs = [(o, n) for o, n, group in zip(old, new, groups, strict=True) if group == name]
        up = sum(n > o for o, n in pairs)
        down = sum(n < o for o, n in pairs)
        found[name] = (up / len(pairs), down / len(pairs))
    return found


def flips_by_numpy(old, new, groups):
    """Use masks."""
    change, groups = np.subtract(new, old), np.array(groups)
    return {
        str(name): np.array([(change[groups == name] == 1).mean(), (change[groups == name] == -1).mean()])
        for name in np.unique(groups)
    }


def flips_by_frame(old, new, groups):
    """Group a column of changes."""
    change = pd.Series(new) - pd.Series(old)
    shares = pd.DataFrame({"up": change.eq(1), "down": change.eq(-1)}).groupby(pd.Series(groups)).mean()
    return {name: list(row) for name, row in zip(shares.index, shares.to_numpy(), strict=True)}


def flips_by_torch(old, new, groups):
    """Use tensors."""
    change = torch.tensor(new) - torch.tensor(old)
    found = {}
    for name in dict.fromkeys(groups):
        own = change[torch.tensor([group == name for group in groups])].double()
        found[name] = torch.stack([(own == 1).double().mean(), (own == -1).double().mean()])
    return found


# ---- 14.6 one year by hand -------------------------------------------------------------------------------------------
YEAR = {"a": 3.6, "b": -0.1, "gap": "widens"}

UPDATES = {
    "14.4": {
        "plain Python": pairs_by_last,
        "numpy": pairs_by_numpy,
        "pandas": pairs_by_frame,
        "torch": pairs_by_torch,
    },
    "14.5": {
        "plain Python": flips_by_loop,
        "numpy": flips_by_numpy,
        "pandas": flips_by_frame,
        "torch": flips_by_torch,
    },
    "14.6": {
        "letter": YEAR | {"gap": "a"},
        "text": YEAR,
        **numbers(YEAR),
    },
}
