"""How inputs and scores have changed between two periods: a description, which judges nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.validation import check_columns

FEW = 20  # numbers with at most so many different values are described value by value


@dataclass(frozen=True)
class DriftDescription:
    """How columns of one table differ from those of another.

    Parameters
    ----------
    columns : pandas.DataFrame
        One row per column, the index: ``n_reference`` and ``n_current`` (values that are not missing),
        ``missing_reference`` and ``missing_current`` (shares of the rows, 0 to 1), ``psi`` (population stability index,
        from 0), ``psi_by_chance`` (about what it would be on average if nothing had changed), and ``ks`` (largest
        difference of the two cumulative shares, 0 to 1; NaN for categories, which have no order).
    shares : pandas.DataFrame
        One row per column and bin: ``column``, ``bin``, ``reference`` and ``current``, the shares of the values that
        are not missing.
    """

    columns: pd.DataFrame
    shares: pd.DataFrame


def describe_drift(
    reference: pd.DataFrame, current: pd.DataFrame, *, columns: Sequence[str] | None = None, bins: int = 10
) -> DriftDescription:
    """Describe how inputs and scores have changed since a reference period.

    There is no verdict here, on purpose. The usual limits for the population stability index (.1 and .25) are habits
    without an error rate, its size depends on bins and on n, and a test at some level would find any change at all in
    enough data. Whether a change matters is a question about decisions, which `FairnessMonitor` watches: inputs may
    drift while treatment stays equal, and treatment may become unequal while inputs stay as they are.

    Parameters
    ----------
    reference, current : pandas.DataFrame
        The two periods, one row per person or decision.
    columns : sequence of str, optional
        Which columns; by default all that both tables have.
    bins : int
        Bins for numbers, at least 2. They have equal shares of the reference where its values allow it.

    Returns
    -------
    DriftDescription
        A row per column, and shares per bin. Half a person is added to each bin for the index alone, which would be
        infinite where a bin is empty.

    Raises
    ------
    UserError
        Unknown columns or none, too few bins, a column without values in one of the tables, or numbers in one and text
        in the other.

    Examples
    --------
    >>> before, now = pd.DataFrame({"score": range(100)}), pd.DataFrame({"score": range(50, 150)})
    >>> described = describe_drift(before, now, bins=4)
    >>> float(described.columns.loc["score", "ks"])
    0.5
    >>> described.shares["current"].tolist()
    [0.0, 0.0, 0.25, 0.75]
    """
    if bins < 2:
        raise UserError(f"bins is {bins}; a distribution needs at least 2")
    if columns is None:
        columns = [column for column in reference.columns if column in current.columns]
    elif isinstance(columns, str):
        columns = [columns]
    if not len(columns):
        raise UserError("the tables share no columns; name them alike, and list them in columns=")
    check_columns(reference.columns, columns, place="the reference")
    check_columns(current.columns, columns, place="the current table")
    summaries, shares = {}, []
    for column in columns:
        pair = (reference[column], current[column])
        binned, ks = _bin(column, *(values.dropna() for values in pair), bins)
        numbers, missing = [int(values.notna().sum()) for values in pair], [values.isna().mean() for values in pair]
        summaries[column] = (*numbers, *missing, *_stability(binned), ks)
        shares.append(binned.div(binned.sum()).rename_axis("bin").reset_index().assign(column=column))
    names = ["n_reference", "n_current", "missing_reference", "missing_current", "psi", "psi_by_chance", "ks"]
    table = pd.DataFrame.from_dict(summaries, orient="index", columns=names).rename_axis("column")
    return DriftDescription(table, pd.concat(shares, ignore_index=True)[["column", "bin", "reference", "current"]])


def _bin(column: str, before: pd.Series, now: pd.Series, bins: int) -> tuple[pd.DataFrame, float]:
    """Count values of both tables by bin, and return the distance of Kolmogorov and Smirnov for numbers."""
    for values, place in ((before, "reference"), (now, "current table")):
        if values.empty:
            raise UserError(f"column {column!r} of the {place} has no values; leave it out of columns=")
    kinds = [
        pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) for values in (before, now)
    ]
    if kinds[0] != kinds[1]:
        raise UserError(f"column {column!r} holds numbers in one table only; bring both to the same type")
    ks = np.nan
    if kinds[0]:
        ks = _largest_distance(before.to_numpy(float), now.to_numpy(float))
        if before.nunique() > FEW:
            edges = np.unique(np.quantile(before.to_numpy(float), np.linspace(0, 1, bins + 1)[1:-1]))
            places = [np.searchsorted(edges, values.to_numpy(float), side="right") for values in (before, now)]
            counts = [np.bincount(place, minlength=len(edges) + 1) for place in places]
            names = [f"[{low:.4g}, {high:.4g})" for low, high in pairwise([-np.inf, *edges, np.inf])]
            return pd.DataFrame(dict(zip(("reference", "current"), counts, strict=True)), index=names), ks
    counted = _count_values(before, now)
    return (counted.sort_index() if kinds[0] else counted.sort_index(key=lambda names: names.astype(str))), ks


def _count_values(before: pd.Series, now: pd.Series) -> pd.DataFrame:
    """Count each value in both tables; a category that does not occur in either is left out."""
    counted = pd.DataFrame({"reference": before.value_counts(), "current": now.value_counts()}).fillna(0)
    return counted[counted.sum(axis=1) > 0]


def _stability(counted: pd.DataFrame) -> tuple[float, float]:
    """Return the population stability index, and about what chance alone would give on average."""
    shares = (counted + 0.5) / (counted + 0.5).sum()
    index = ((shares["current"] - shares["reference"]) * np.log(shares["current"] / shares["reference"])).sum()
    return float(index), float((len(counted) - 1) * (1 / counted.sum()).sum())


def _largest_distance(before: np.ndarray, now: np.ndarray) -> float:
    """Return the largest difference of the shares of values up to any point."""
    points = np.union1d(before, now)
    shares = [np.searchsorted(np.sort(values), points, side="right") / len(values) for values in (before, now)]
    return float(np.abs(shares[0] - shares[1]).max())
