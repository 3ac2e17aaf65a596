"""Checks of a table of decisions: each error names the first row that is wrong, counted from 1, and what to do."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.files import first
from labkit.validation import check_columns, format_group, list_some, sorted_groups

OFFSET = r":\d\d(?:[.,]\d+)?\s*(?:Z|[+-]\d\d(?::?\d\d)?)$"  # the end of a time that says its difference to UTC


def check_stream(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Reject a table without one of the columns, without rows, or with missing values in one of the columns."""
    check_columns(frame.columns, columns)
    if frame.empty:
        raise UserError("the stream has no decisions; give a table with one row for each")
    for column in columns:
        missing = frame[column].isna().to_numpy()
        if missing.any():
            raise UserError(
                f"column {column!r} has {missing.sum():,} missing values, the first in row {first(missing):,}; "
                "complete them, or remove these rows if what is missing has nothing to do with the decisions"
            )


def choose_two(values: pd.Series, groups: Sequence[Hashable] | None) -> tuple[Hashable, Hashable]:
    """Return the two groups to compare: those named, or the only two that there are."""
    declared = [values.cat.categories.tolist()] if isinstance(values.dtype, pd.CategoricalDtype) else ()
    found = sorted_groups(values.unique().tolist(), declared)
    listed = list_some([format_group(group) for group in found])
    if groups is not None:
        groups = tuple(groups)
        for group in groups:
            if group not in found:
                raise UserError(f"no decision is about group {group!r}; column {values.name!r} has {listed}")
        if len(groups) != 2 or groups[0] == groups[1]:
            raise UserError(f"groups are {list(groups)}; name two different ones of {listed}")
        return groups
    if len(found) == 1:
        raise UserError(f"column {values.name!r} has one group only, {listed}; a comparison needs decisions about two")
    if len(found) > 2:
        raise UserError(
            f"column {values.name!r} has {len(found)} groups: {listed}; name the two to compare with groups=; "
            "decisions about others are then left out, and counted"
        )
    return found[0], found[1]


def read_times(values: pd.Series) -> pd.Series:
    """Return times as timestamps or numbers; text must be written as ISO 8601 has it, or be numbers."""
    if pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return values
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().all():
        return numbers
    texts = values.astype(str).str.strip()
    offsets = texts.str.contains(OFFSET).to_numpy()
    if 0 < offsets.sum() < len(offsets):
        raise UserError(
            f"column {values.name!r} has times with a difference to UTC and times without, the first in row "
            f"{first(~offsets):,}; write all of them alike"
        )
    times = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=bool(offsets.any()))
    wrong = times.isna().to_numpy()
    if wrong.any():
        row = first(wrong)
        raise UserError(
            f"column {values.name!r} holds {values.iloc[row - 1]!r} in row {row:,}; write times as 2026-03-01 "
            "09:30:00, with the difference to UTC if the clock is ever set back (2026-03-01T09:30:00+01:00), or as "
            "numbers"
        )
    return times


def check_order(times: pd.Series, column: str) -> None:
    """Reject times that go back, since pairs are made of decisions that follow each other."""
    back = np.r_[False, (times.to_numpy()[1:] < times.to_numpy()[:-1])]
    if back.any():
        row = first(back)
        raise UserError(
            f"row {row:,} is out of order: its {column!r} is {times.iloc[row - 1]}, and the row before has "
            f"{times.iloc[row - 2]} (so do {back.sum():,} rows in all, of {len(times):,}); sort=True sorts the rows by "
            "time; if a clock was set back and the rows are in the order of the decisions, leave out the time="
        )
