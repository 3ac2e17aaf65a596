"""Types of columns: those that engines compare badly are made numbers, and those that cannot be groups are refused."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Number
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.errors import UserError

# What cannot be the name of a group, and what to do about it.
REMEDIES = {
    "lists": "make a column of text or numbers from it, one value per row",
    "structs": "name one of its fields: turn it into its own column first",
    "tuples": "put each part into its own column, and name those columns",
    "bytes": "decode it to text first, such as frame[{name!r}].str.decode('utf-8') in pandas",
}
KINDS = {list: "lists", set: "lists", np.ndarray: "lists", dict: "structs", tuple: "tuples", bytes: "bytes"}


def is_missing(value: Any) -> bool:
    """Say whether a value of any type is missing; a list, of which pandas would look at each item, is not."""
    return not isinstance(value, tuple(KINDS)) and bool(pd.isna(value))


def check_flat(names: Iterable[Any]) -> None:
    """Reject a table whose columns have several levels, since no column has a name then."""
    if any(isinstance(name, tuple) for name in names):
        raise UserError(
            "the columns of the frame have several levels; give each one name first: "
            "frame.columns = ['_'.join(map(str, name)) for name in frame.columns]"
        )


def check_groupable(frame: Any, schema: nw.Schema, sensitive: Sequence[str]) -> None:
    """Reject sensitive columns whose values cannot be groups, before an engine stumbles over them.

    pandas says ``object`` of almost anything, so that its values are looked at; `check_values` does the rest.
    """
    for name in sensitive:
        dtype = schema[name]
        if dtype in (nw.List, nw.Array):
            _reject(name, "lists")
        if dtype in (nw.Struct, nw.Map):
            _reject(name, "structs")
        if dtype == nw.Binary:
            _reject(name, "bytes")
        if dtype == nw.Object and frame.implementation.is_pandas():
            values = frame[name].to_native()
            if pd.api.types.infer_dtype(values) == "mixed":
                check_values(name, values)


def check_values(name: str, values: Iterable[Any]) -> None:
    """Reject values that cannot be the name of a group."""
    values = list(values)
    if not any(issubclass(of_type, tuple(KINDS)) for of_type in set(map(type, values))):
        return
    for value in values:
        if isinstance(value, tuple(KINDS)):
            _reject(name, next(kind for of_type, kind in KINDS.items() if isinstance(value, of_type)), value)


def _reject(name: str, kind: str, example: Any = None) -> None:
    """Raise a UserError on a column that cannot be the name of a group."""
    shown = "" if example is None else f", such as {example!r:.60}"
    raise UserError(f"sensitive column {name!r} holds {kind}{shown}; {REMEDIES[kind].format(name=name)}")


def with_numbers(frame: Any, schema: nw.Schema, names: Sequence[str]) -> Any:
    """Turn columns that hold numbers of a rare type into numbers that every engine compares with 0 and 1.

    pyarrow does not compare 16-bit floats with whole numbers, and narwhals finds no ``Decimal`` of a pandas column
    equal to 1: SQL drivers give such columns.
    """
    for name in dict.fromkeys(names):
        if schema[name] == nw.Float16:
            frame = frame.with_columns(nw.col(name).cast(nw.Float32))
        elif schema[name] == nw.Object and frame.implementation.is_pandas() and _has_decimals(name, frame[name]):
            frame = frame.with_columns(nw.col(name).cast(nw.Float64))
    return frame


def check_amounts(frame: Any, roles: dict[str, Sequence[str]]) -> None:
    """Reject columns of Python objects in pandas, which may be numbers, that hold text or bytes."""
    schema = frame.collect_schema()
    for role in ("score", "count", "weight"):
        for name in roles.get(role, ()):
            if schema[name] == nw.Object and frame.implementation.is_pandas():
                kind = pd.api.types.infer_dtype(frame[name].to_native())
                if kind in ("string", "bytes", "mixed", "mixed-integer"):
                    raise UserError(f"{role} column {name!r} holds Object, not numbers; name a column of numbers")


def _has_decimals(name: str, column: nw.Series) -> bool:
    """Say whether a column of objects holds numbers only, some of them decimals; reject lists and the like."""
    values = column.to_native()
    kind = pd.api.types.infer_dtype(values)
    if kind not in ("mixed", "mixed-integer"):
        return kind == "decimal"
    present = [value for value in values if not is_missing(value)]
    for value in present:
        if isinstance(value, tuple(KINDS)):
            raise UserError(
                f"column {name!r} must hold numbers, but it has {value!r:.60}; make one number of each first"
            )
    return all(isinstance(value, Number) for value in present) and any(isinstance(v, Decimal) for v in present)
