"""Counting rows of a dataframe of any engine by group, label and prediction, and refusing what cannot be counted.

One narwhals expression runs on pandas, polars, DuckDB, Dask, PySpark and pyarrow. Lazy frames stay lazy: only the
counts, a few numbers a group, are ever collected.
"""

import math
from collections.abc import Hashable, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.validation import check_columns, list_some, sorted_groups

MAX_GROUPS = 10_000  # more is a column of names or scores, taken for groups by mistake


EXAMPLES = 5  # wrong values that an error shows


def count_rows(
    frame: Any, *, label: str, prediction: str, sensitive: Sequence[str], weight: str | None
) -> dict[Hashable, np.ndarray]:
    """Count (tn, fp, fn, tp) by group.

    Parameters
    ----------
    frame : any frame that narwhals knows
        Eager or lazy.
    label, prediction : str
        Columns of 0 and 1, or of booleans.
    sensitive : sequence of str
        Columns whose combinations of values are the groups.
    weight : str or None
        A column of counts, where a row stands for several people.

    Returns
    -------
    dict
        Group (a value, or a tuple of values for several columns) to int array (4,), in sorted order.

    Raises
    ------
    TypeError
        Not a dataframe.
    UserError
        An unknown column, one column in two roles, values that are not 0/1, a missing group, a weight that is no
        count, or more than ``MAX_GROUPS`` groups.
    """
    roles = {"label": [label], "prediction": [prediction], "sensitive": sensitive, "weight": [weight] if weight else []}
    frame, schema = open_frame(frame, roles)
    keys = {f"group_{position}": nw.col(name) for position, name in enumerate(sensitive)}
    keys |= {"label": binary(label, schema, frame), "prediction": binary(prediction, schema, frame)}
    people, unfit = _weight(weight, schema)
    cells = count_by(frame, keys, people=people, unfit=unfit, most=9 * MAX_GROUPS)  # nine: 0, 1 or neither, twice
    for name, role in ((label, "label"), (prediction, "prediction")):
        if -1 in cells[role]:
            refuse_values(name, schema, frame)
    if weight and sum(map(int, cells["unfit"])):
        _refuse_weight(weight, frame, unfit)
    places = [2 * label + prediction for label, prediction in zip(cells["label"], cells["prediction"], strict=True)]
    return by_group(cells, places, sensitive, shape=4)


def open_frame(frame: Any, roles: dict[str, Sequence[str]]) -> tuple[Any, nw.Schema]:
    """Take a frame of any engine, and refuse what is none, columns it has not, and a column in two roles."""
    try:
        frame = nw.from_native(frame)
    except TypeError:
        raise TypeError(
            f"cannot count a {type(frame).__name__}: pass a dataframe (pandas, polars, pyarrow, DuckDB, Dask, PySpark) "
            "or use audit(y_true=..., y_pred=..., sensitive_features=...) for arrays"
        ) from None
    schema = frame.collect_schema()
    check_columns(schema.names(), [name for names in roles.values() for name in names])
    _check_roles(roles)
    return frame, schema


def count_by(
    frame: Any, keys: dict[str, nw.Expr], *, most: int, people: nw.Expr | None = None, unfit: nw.Expr | None = None
) -> dict[str, list]:
    """Count rows by the values of expressions where the data is, and collect at most ``most`` + 1 counts.

    Parameters
    ----------
    frame : narwhals frame
        Eager or lazy.
    keys : dict
        Name to the expression that is counted by.
    most : int
        Combinations after which it is no use to collect more.
    people, unfit : narwhals expressions, optional
        Summed instead of counting rows.

    Returns
    -------
    dict
        Each name, ``"people"`` and, with weights, ``"unfit"`` to a list: a place a combination.
    """
    named = [expression.alias(name) for name, expression in keys.items()]
    if people is None:
        if frame.implementation.is_pandas():
            counted = count_combinations(frame.lazy().select(*named).collect().to_native())
            if counted is not None:
                return counted
        counted = frame.lazy().select(*named).group_by(*keys).agg(nw.len().alias("people"))
    else:
        rows = frame.lazy().select(*named, people.alias("people"), unfit.alias("unfit"))
        counted = rows.group_by(*keys).agg(nw.col("people").sum(), nw.col("unfit").sum())
    return counted.head(most + 1).collect().to_dict(as_series=False)


def _check_roles(roles: dict[str, Sequence[str]]) -> None:
    if not roles["sensitive"]:
        raise UserError("no sensitive column given; name one or several, such as sensitive='sex'")
    for name in roles["sensitive"]:
        # groups made of the label give recall by class, not an audit
        taken = [role for role, columns in roles.items() if role != "sensitive" and name in columns]
        if taken or list(roles["sensitive"]).count(name) > 1:
            raise UserError(
                f"column {name!r} is named as sensitive and as {(taken or ['sensitive'])[0]}; "
                "name the column that says which group a person belongs to"
            )
    for name in roles.get("weight", ()):
        if name in (*roles["label"], *roles["prediction"]):
            raise UserError(f"column {name!r} is named as weight and as label or prediction; name a column of counts")
    if roles["label"] == roles.get("score"):
        raise UserError(f"column {roles['label'][0]!r} is named as label and as score; name a column of scores")


def binary(name: str, schema: nw.Schema, frame: Any) -> nw.Expr:
    """Give an expression that is 1, 0, or -1 where the value is neither; compared, so that scores make no groups."""
    dtype, column = schema[name], nw.col(name)
    if dtype == nw.Boolean:
        column = column.cast(nw.Int8)  # pyarrow does not compare booleans with numbers
    elif not (dtype.is_numeric() or dtype == nw.Object):
        refuse_values(name, schema, frame)
    engine = frame.implementation
    if engine.is_pandas_like() or engine.is_pyarrow() or engine.is_dask():
        # arithmetic: choosing takes pandas ten times as long
        is_one, is_zero = ((column == value).fill_null(False).cast(nw.Int8) for value in (1, 0))
        return is_one * 2 + is_zero - 1
    # a choice: arithmetic takes DuckDB twice as long; a comparison with a missing value chooses the last branch
    return nw.when(column == 1).then(nw.lit(1)).otherwise(nw.when(column == 0).then(nw.lit(0)).otherwise(nw.lit(-1)))


def _weight(name: str | None, schema: nw.Schema) -> tuple[nw.Expr | None, nw.Expr | None]:
    """Give expressions for the people a row stands for, and for 1 where that is no count; None without a column."""
    if name is None:
        return None, None
    if not schema[name].is_numeric():
        raise UserError(f"weight column {name!r} holds {schema[name]}, not numbers; name a column of whole counts")
    column = nw.col(name)
    fit = (column >= 0).fill_null(False)
    if not schema[name].is_integer():
        fit = fit & (column % 1 == 0).fill_null(False)  # also False for NaN and infinity
    return (
        nw.when(fit).then(column).otherwise(nw.lit(0)).cast(nw.Int64),
        nw.when(fit).then(nw.lit(0)).otherwise(nw.lit(1)).cast(nw.Int64),
    )


def refuse_values(name: str, schema: nw.Schema, frame: Any) -> None:
    """Raise a ValueError that shows what a column holds beside 0 and 1."""
    column = nw.col(name)
    rows = frame.lazy().select(column)
    if schema[name].is_numeric() or schema[name] == nw.Object:
        rows = rows.filter(~column.is_in([0, 1]) | column.is_null())
    values = rows.head(200).collect()[name].to_list()
    if not values:
        raise UserError(f"the frame is empty: column {name!r} has no row to count")
    shown = dict.fromkeys("missing" if pd.isna(value) else repr(value) for value in values)
    remedy = (
        "drop or fill those rows"
        if list(shown) == ["missing"]
        else "recode it as 0 and 1 (a score: score >= threshold)"
    )
    raise UserError(
        f"column {name!r} must hold 0 and 1 or booleans, but it has {list_some(list(shown), EXAMPLES)}; {remedy} first"
    )


def _refuse_weight(name: str, frame: Any, unfit: nw.Expr) -> None:
    values = frame.lazy().filter(unfit == 1).select(name).head(EXAMPLES).collect()[name].to_list()
    raise UserError(
        f"weight column {name!r} must hold counts of people, whole and not negative, "
        f"but it has {list_some([repr(value) for value in dict.fromkeys(values)])}; mend or drop those rows"
    )


def by_group(
    cells: dict[str, list], places: Sequence[int], sensitive: Sequence[str], *, shape: int, most: int = MAX_GROUPS
) -> dict[Hashable, np.ndarray]:
    """Gather collected counts by group, each an int array of so many places; missing or too many groups are refused."""
    groups: dict[Hashable, np.ndarray] = {}
    missing = dict.fromkeys(sensitive, 0)  # people whose group is not known
    columns = [cells[f"group_{position}"] for position in range(len(sensitive))]
    for group, place, people in zip(zip(*columns, strict=True), places, cells["people"], strict=True):
        for name, value in zip(sensitive, group, strict=True):
            missing[name] += int(people) if pd.isna(value) else 0
        key = group[0] if len(group) == 1 else group
        if key not in groups:
            groups[key] = np.zeros(shape, dtype=np.int64)
        groups[key][place] += int(people)
    for name, people in missing.items():
        if people:
            raise UserError(
                f"sensitive column {name!r} is missing for {people:,} people; drop those rows, or name their group, "
                "such as 'unknown'"
            )
    if len(groups) > most:
        raise UserError(
            f"sensitive columns {list(sensitive)} have more than {most} groups; name columns with few values, or "
            "cut numbers into ranges first"
        )
    return {group: groups[group] for group in sorted_groups(groups)}


MOST_CELLS = 2**20  # combinations that a table of counts is kept for: 8 MB


BLOCK = 2**16  # rows whose combined codes stay in the processor's cache


MOST_VALUES = 2**12  # a column of whole numbers in so small a range is its own code


def count_combinations(frame: pd.DataFrame) -> dict[Hashable, list] | None:
    """Count how often each combination of values occurs.

    Where pandas' ``groupby`` finds a hash for every row and every column, this codes a column by its categories or by
    its range, and counts the combined codes with one ``bincount``: 1,000,000 rows take milliseconds.

    Parameters
    ----------
    frame : pandas.DataFrame
        The columns to count by.

    Returns
    -------
    dict or None
        Columns to lists, a place a combination that occurs, and ``"people"``, how often it does; a missing value is
        None. None in place of the dict where the columns have too many combinations for a table.
    """
    coded = [_code(frame[name]) for name in frame]
    sizes = [len(values) for _, values in coded]
    cells = math.prod(sizes)
    if cells > MOST_CELLS:
        return None
    counts, block = np.zeros(cells, np.int64), max(BLOCK, cells)
    for start in range(0, len(frame), block):
        key = np.zeros(min(block, len(frame) - start), np.int64)
        for (codes, _), size in zip(coded, sizes, strict=True):
            key *= size
            key += codes[start : start + block]
        counts += np.bincount(key, minlength=cells)
    seen = np.flatnonzero(counts)
    columns = {
        name: [values[i] for i in place]
        for name, (_, values), place in zip(frame, coded, np.unravel_index(seen, sizes), strict=True)
    }
    return columns | {"people": counts[seen].tolist()}


def _code(column: pd.Series) -> tuple[np.ndarray, list]:
    """Give each row the position of its value, and the values; the last of them is None, for what is missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories.tolist()
    elif isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu" and len(column):
        codes, low = column.to_numpy(), int(column.min())
        span = int(column.max()) - low + 1
        if span <= MOST_VALUES:
            wide = codes if codes.itemsize == 8 else codes.astype(np.int64)  # 127 less -128 is no int8
            codes = (wide - wide.dtype.type(low)).astype(np.int64, copy=False)
            return codes, [*range(low, low + span)]  # nothing is missing among whole numbers
        codes, values = pd.factorize(codes)
        values = values.tolist()
    else:
        codes, values = pd.factorize(column)
        values = values.tolist()
    return np.where(codes < 0, len(values), codes), [*values, None]
