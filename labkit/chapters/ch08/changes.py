"""What a change of rule does to people: whom it moves, and how much gaps and accuracy change, with intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from labkit.comparison.seeds import accuracy_change, is_right, summarise
from labkit.comparison.tables import LIMITS
from labkit.errors import UserError

MOVES = ("found", "lost", "alarmed", "cleared", "net")

CHANGE = ("change", "low", "high")  # keys of `accuracy_change`, in the order of LIMITS


def people_moved(
    before: pd.DataFrame, after: pd.DataFrame, *, true_labels: Any = None, sensitive: str = "group"
) -> pd.DataFrame:
    """Count whom a change of rule moves, by group and label: a gap can close from either side.

    Parameters
    ----------
    before, after : DataFrame
        Predictions tables of n rows: the same people in the same order.
    true_labels : array-like of shape (n,), optional
        True labels, where ``y_true`` holds records that may be wrong.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        Columns group, moved and share (of all people of the group). ``moved``: "found" and "lost" are positives newly
        decided 1 and 0, "alarmed" and "cleared" negatives newly decided 1 and 0; "net" is found minus lost.

    Raises
    ------
    UserError
        The tables hold different people, or the labels do not fit.

    Examples
    --------
    >>> before = pd.DataFrame({"y_true": [1, 1, 0, 0], "y_pred": [1, 0, 0, 0], "group": ["a", "b", "a", "b"]})
    >>> people_moved(before, before.assign(y_pred=[0, 1, 0, 0])).query("moved == 'net'")["share"].tolist()
    [-0.5, 0.5]
    """
    if len(before) != len(after) or not np.array_equal(before[sensitive].to_numpy(), after[sensitive].to_numpy()):
        raise UserError("before and after hold different people; give two tables of the same people in the same order")
    positive = is_right(before.assign(y_pred=1), true_labels)
    was, now = before["y_pred"].to_numpy(), after["y_pred"].to_numpy()
    moves = {
        "found": positive & (now > was),
        "lost": positive & (now < was),
        "alarmed": ~positive & (now > was),
        "cleared": ~positive & (now < was),
    }
    moves["net"] = moves["found"].astype(int) - moves["lost"]
    shares = pd.DataFrame(moves).astype(float).groupby(before[sensitive].to_numpy()).mean()
    shares = shares.rename_axis(index="group", columns="moved")[list(MOVES)]
    return shares.stack().rename("share").reset_index()


def compare_decisions(tables: Mapping[str, pd.DataFrame], *, baseline: str, sensitive: str = "group") -> pd.DataFrame:
    """Compare rules on the same people: gaps, and the change in accuracy from a baseline, with intervals.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Predictions tables by rule: the same people in the same order, two groups.
    baseline : str
        The rule to compare with.
    sensitive : str
        Column with the group.

    Returns
    -------
    DataFrame
        One row per rule. Columns in two levels: "accuracy" (mean), and "gap" (selection rates), "TPR gap" and "change
        in accuracy", each with mean, low and high. Gaps are the first group minus the second, with Newcombe's interval;
        the change has the paired interval of `accuracy_change`.

    Raises
    ------
    UserError
        The baseline is unknown; otherwise as `summarise` and `accuracy_change`.
    """
    if baseline not in tables:
        raise UserError(f"no table of the baseline {baseline!r}; there are {list(tables)}")
    rows = {}
    for name, table in tables.items():
        found = {("accuracy", "mean"): float(is_right(table).mean())}
        for kind, metric in (("gap", "selection_rate"), ("TPR gap", "true_positive_rate")):
            gap = summarise(table, sensitive=sensitive, metric=metric)
            found |= {(kind, "mean"): gap["gap"], (kind, "low"): gap["gap_low"], (kind, "high"): gap["gap_high"]}
        change = accuracy_change(tables[baseline], table)
        found |= {("change in accuracy", end): change[key] for end, key in zip(LIMITS, CHANGE, strict=True)}
        rows[name] = found
    return pd.DataFrame(rows).T
