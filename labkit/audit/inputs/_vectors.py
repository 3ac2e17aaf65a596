"""Vectors in memory: masks are missing values, and a pandas index in another order is a warning."""

from collections.abc import Hashable, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.audit.inputs._groups import declared_categories
from labkit.validation import sorted_groups, unmask, warn


def explicit(values: Any) -> Any:
    """Make explicit what ``np.asarray`` would lose: masked values become missing ones, pandas' own arrays columns."""
    values = unmask(values)
    return pd.Series(values) if isinstance(values, pd.api.extensions.ExtensionArray) else values


def as_vector(values: Any) -> pd.Series | np.ndarray:
    """Make a column without index of values in memory, where categories and the types of mixed values are kept."""
    values = explicit(values)
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return series.to_pandas().reset_index(drop=True)
    array = np.asarray(values)
    return pd.Series(values) if array.ndim == 1 and array.dtype.kind == "U" else array  # 1 beside "1" is no text


def encode_vector(values: pd.Series) -> tuple[np.ndarray, list[Hashable]]:
    """Return the position of each row's group, int array (rows,), and the groups in order."""
    codes, found = pd.factorize(values)
    found = list(found)
    declared = declared_categories(pd.DataFrame({"group": values}), ["group"]).get("group")
    groups = sorted_groups(found, [declared])
    place = {group: position for position, group in enumerate(groups)}
    return np.array([place[group] for group in found])[codes], groups


def warn_about_order(vectors: Mapping[str, Any]) -> None:
    """Warn where two pandas objects have the same index in another order: rows are matched by position alone.

    Parameters
    ----------
    vectors : mapping
        Name of an argument to what was given; anything without a pandas index is passed over.
    """
    indexed = {name: values for name, values in vectors.items() if isinstance(values, pd.Series | pd.DataFrame)}
    for place, (name, values) in enumerate(indexed.items()):
        for first, other in list(indexed.items())[:place]:
            mine, theirs = values.index, other.index
            if len(mine) != len(theirs) or mine.equals(theirs) or set(mine) != set(theirs):
                continue
            remedy = f"{name} = {name}.loc[{first}.index]" if mine.is_unique else "sort both in the same way"
            warn(
                f"{first} and {name} have the same index in another order, and rows are matched by position, not by "
                f"index; bring them into one order first: {remedy}"
            )
            return  # one pair is enough to see what happened
