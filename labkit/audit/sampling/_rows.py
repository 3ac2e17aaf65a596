"""What a row stands for, as expressions on any engine: counts of people, survey weights, decisions from scores."""

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from labkit.errors import UserError
from labkit.validation import list_some

LARGEST = 1.7976931348623157e308  # the largest finite number; NaN is above it on some engines, and nothing on others
LARGEST_COUNT = 2**53  # above it, a float is not a count to the last person
MANY_ROWS, ROWS_PER_COMBINATION, PEOPLE_PER_ROW = 1000, 100, 5  # from which on counts look like survey weights
EXAMPLES = 5  # wrong values that an error shows


def count_sums(name: str, schema: nw.Schema) -> dict[str, nw.Expr]:
    """Give what is summed of a column of counts: people, their squares, and rows whose count is not one."""
    check_numbers(name, schema, "count", "a column of whole counts")
    column = nw.col(name)
    if not schema[name].is_integer():
        column = column.cast(nw.Float64)
    fit = ((column >= 0) & (column <= LARGEST_COUNT)).fill_null(False)  # also False for NaN
    if not schema[name].is_integer():
        fit = fit & (column == column.floor()).fill_null(False)
    people = nw.when(fit).then(column).otherwise(nw.lit(0))
    return {
        "people": people.cast(nw.Int64),
        "squares": people.cast(nw.Float64) * people.cast(nw.Float64),
        "unfit": nw.when(fit).then(nw.lit(0)).otherwise(nw.lit(1)).cast(nw.Int64),
    }


def weight_sums(name: str, schema: nw.Schema) -> dict[str, nw.Expr]:
    """Give what is summed of a column of weights: weights, their squares, and rows whose weight is not one."""
    check_numbers(name, schema, "weight", "a column of survey weights")
    fit = _is_weight(name)
    weight = nw.when(fit).then(nw.col(name).cast(nw.Float64)).otherwise(nw.lit(0.0))
    unfit = nw.when(fit).then(nw.lit(0)).otherwise(nw.lit(1)).cast(nw.Int64)
    return {"mass": weight, "squares": weight * weight, "unfit": unfit}


def _is_weight(name: str) -> nw.Expr:
    """Give an expression for whether a value is a finite number from 0 on."""
    column = nw.col(name).cast(nw.Float64)
    return ((column >= 0) & (column <= LARGEST)).fill_null(False)


def decide(score: str, threshold: float, schema: nw.Schema) -> nw.Expr:
    """Give an expression that is 1 where a score reaches the threshold, 0 below it, and -1 where there is no score."""
    check_numbers(score, schema, "score", "a column of scores")
    column = nw.col(score).cast(nw.Float64)
    known = ((column >= -LARGEST) & (column <= LARGEST)).fill_null(False)
    reached = (column >= float(threshold)).fill_null(False)
    return nw.when(known & reached).then(nw.lit(1)).otherwise(nw.when(known).then(nw.lit(0)).otherwise(nw.lit(-1)))


def check_numbers(name: str, schema: nw.Schema, role: str, wanted: str) -> None:
    """Reject a column of something else than numbers."""
    if not schema[name].is_numeric() and schema[name] != nw.Object:
        raise UserError(f"{role} column {name!r} holds {schema[name]}, not numbers; name {wanted}")


def reject_count(name: str, frame: Any, schema: nw.Schema) -> None:
    """Raise a UserError that shows counts that are not counts, and points to weights where they are fractions."""
    shown, values = _show(name, frame, count_sums(name, schema)["unfit"] == 1)
    remedy = "fix or drop those rows"
    if any(value > 0 for value in values if not pd.isna(value)):
        remedy = f"if a row has a survey weight, pass weight={name!r} instead"
    raise UserError(
        f"count column {name!r} must hold counts of people, whole and not negative, but it has {shown}; {remedy}"
    )


def reject_weight(name: str, frame: Any) -> None:
    """Raise a UserError that shows weights that are negative, not finite or missing."""
    shown, _ = _show(name, frame, ~_is_weight(name))
    raise UserError(
        f"weight column {name!r} must hold finite numbers from 0 on, but it has {shown}; fix or drop those rows"
    )


def reject_score(name: str, frame: Any) -> None:
    """Raise a UserError that shows scores that are missing or not finite."""
    column = nw.col(name).cast(nw.Float64)
    shown, _ = _show(name, frame, ~((column >= -LARGEST) & (column <= LARGEST)).fill_null(False))
    raise UserError(
        f"score column {name!r} must hold finite numbers, but it has {shown}; drop rows without a score, since nothing "
        "says what was decided there"
    )


def _show(name: str, frame: Any, wrong: nw.Expr) -> tuple[str, Sequence]:
    """Write the first wrong values for an error; also return them."""
    values = frame.lazy().filter(wrong).select(name).head(EXAMPLES).collect()[name].to_list()
    return list_some(list(dict.fromkeys("missing" if pd.isna(value) else repr(value) for value in values))), values


def note_weights(cells: dict[str, list], name: str, notes: list[str]) -> None:
    """Note that counts look like survey weights: thousands of rows, the same few kinds of people, large unequal counts.

    ``cells`` has sums by combination of group, label and prediction. A table of counts has a row for each combination
    of its columns; only many further columns would give it as many rows for one of these.
    """
    rows, people = sum(cells["rows"]), sum(cells["people"])
    # (rows * sum of squares) > (sum)^2 unless all counts are equal
    unequal = any(
        number * squares > (1 + 1e-9) * float(total) ** 2
        for number, squares, total in zip(cells["rows"], cells["squares"], cells["people"], strict=True)
    )
    if (
        unequal
        and rows >= max(MANY_ROWS, ROWS_PER_COMBINATION * len(cells["rows"]))
        and people >= PEOPLE_PER_ROW * rows
    ):
        notes.append(
            f"count column {name!r} turns {rows:,} rows into {people:,} people, though they hold only "
            f"{len(cells['rows'])} combinations of group, label and prediction: that looks like survey weights, and "
            f"intervals would be far too narrow; if it is one, pass weight={name!r} instead"
        )
