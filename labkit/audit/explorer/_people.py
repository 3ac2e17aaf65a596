"""The people whose scores are explored: read from arrays, checked, and divided into two groups."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.audit.inputs._vectors import as_vector, encode_vector, explicit, warn_about_order
from labkit.errors import UserError
from labkit.validation import list_some


@dataclass(frozen=True)
class People:
    """Scores, labels and groups of people; each array is (rows,), and ``count`` says how many people a row is."""

    groups: tuple[Hashable, Hashable]
    score: np.ndarray
    label: np.ndarray
    group: np.ndarray  # 0 for the first of the groups, 1 for the second
    count: np.ndarray

    def tally(self, slot: np.ndarray, slots: int) -> np.ndarray:
        """Count people by group, label and the slot of each row: int array (2, 2, slots)."""
        place = (self.group * 2 + self.label) * slots + slot
        counted = np.zeros(4 * slots, dtype=np.int64)
        np.add.at(counted, place, self.count)  # not bincount, whose weights are floats
        return counted.reshape(2, 2, slots)


def read_people(
    y_score: Any, *, y_true: Any, sensitive_features: Any, count: Any, groups: Sequence[Hashable] | None
) -> People:
    """Check what `plot_threshold_explorer` was given, and keep the rows of the two groups."""
    given = {"y_score": y_score, "y_true": y_true, "count": count}
    given = {name: values for name, values in given.items() if values is not None}
    warn_about_order({**given, "sensitive_features": sensitive_features})
    columns = {name: np.asarray(explicit(values)) for name, values in given.items()}
    columns["sensitive_features"] = as_vector(sensitive_features)
    if "y_true" not in columns:
        raise UserError("y_true is None; without labels there are no error rates to explore: pass 0 and 1 for each row")
    if len({values.shape for values in columns.values()}) > 1 or columns["y_score"].ndim != 1:
        shapes = ", ".join(f"{name} has shape {values.shape}" for name, values in columns.items())
        raise UserError(f"lengths differ: {shapes}; pass one value per row in each")
    rows = pd.DataFrame(columns)
    if rows.empty:
        raise UserError("there are no rows; pass at least one person of each group")
    label = _read_labels(rows["y_true"])
    score = _read_scores(rows["y_score"])
    people = _read_counts(rows["count"]) if count is not None else np.ones(len(rows), dtype=np.int64)
    if rows["sensitive_features"].isna().any():
        raise UserError("sensitive_features holds a missing value; name that group, or drop its rows in all columns")
    code, known = encode_vector(rows["sensitive_features"])
    pair = _choose_groups(known, groups)
    place = np.full(len(known), -1)
    place[[known.index(group) for group in pair]] = [0, 1]
    group = place[code]
    kept = group >= 0
    found = People(pair, score[kept], label[kept], group[kept], people[kept])
    for position, name in enumerate(pair):
        if found.count[found.group == position].sum() == 0:
            raise UserError(f"group {name!r} has no people: the counts of its rows are 0; drop them, or choose another")
    if np.ptp(found.score) == 0:
        raise UserError(
            f"y_score is {found.score[0]:g} in every row: any threshold selects everybody or nobody; pass scores that "
            "differ"
        )
    return found


def _choose_groups(known: list[Hashable], groups: Sequence[Hashable] | None) -> tuple[Hashable, Hashable]:
    """Return the two groups, in order."""
    if groups is None:
        if len(known) != 2:
            number = "one group" if len(known) == 1 else f"{len(known)} groups"
            remedy = "groups=(a, b)" if len(known) > 2 else "another column"
            raise UserError(
                f"sensitive_features has {number}: {list_some(list(map(repr, known)))}; the explorer compares two: "
                f"pass {remedy}"
            )
        return known[0], known[1]
    pair = tuple(groups)
    if isinstance(groups, str) or len(pair) != 2 or pair[0] == pair[1]:
        raise UserError(f"groups={groups!r}; name two different groups, such as groups=({known[0]!r}, {known[-1]!r})")
    for group in pair:
        if group not in known:
            raise UserError(f"unknown group {group!r}; choose two of {list_some(list(map(repr, known)))}")
    return pair


def _read_labels(values: pd.Series) -> np.ndarray:
    """Return labels as 0 and 1."""
    if wrong := [value for value in values.unique().tolist() if pd.isna(value) or value not in (0, 1)]:
        raise UserError(f"y_true holds {wrong[0]!r}; code labels 0 and 1, and drop rows without a label")
    return values.to_numpy().astype(np.int64)


def _read_scores(values: pd.Series) -> np.ndarray:
    """Return scores as finite numbers."""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        raise UserError(
            f"y_score holds {values[wrong].tolist()[0]!r}; give a finite number in each row, or drop the row"
        )
    return numbers.to_numpy()


def _read_counts(values: pd.Series) -> np.ndarray:
    """Return numbers of people, whole and not negative."""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0) & (numbers % 1 == 0))
    if wrong.any():
        value = values[wrong].tolist()[0]
        raise UserError(f"count holds {value!r}; give whole numbers of people from 0 on, for example with round()")
    return numbers.to_numpy().astype(np.int64)
