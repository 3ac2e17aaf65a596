"""Count the rows of a dataframe of any engine by group, label and prediction, and reject what cannot be counted.

One narwhals expression runs on pandas, polars, DuckDB, Dask, PySpark and pyarrow. Lazy frames stay lazy: only the
counts, a few numbers per group, are ever collected. From top to bottom: counting decisions, the steps that counting
scores needs as well (``score_histogram.py``), errors, and a fast path for pandas.
"""

import math
from collections.abc import Hashable, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.audit.inputs._groups import clean_groups
from labkit.audit.inputs._types import check_flat, check_groupable, is_missing, with_numbers
from labkit.errors import UserError
from labkit.validation import check_columns, list_some

MAX_GROUPS = 10_000  # a column with more values holds names or scores, named as sensitive by mistake
EXAMPLES = 5  # wrong values that an error shows

MOST_CELLS = 2**20  # combinations that the fast path keeps a table of counts for: 8 MB
MOST_VALUES = 2**12  # a column of whole numbers in so small a range is its own code
BLOCK = 2**16  # rows whose combined codes stay in the processor's cache


def count_rows(
    frame: Any,
    *,
    label: str,
    prediction: str,
    sensitive: Sequence[str],
    weight: str | None,
    notes: list[str],
    missing_group: str | None = None,
) -> dict[Hashable, np.ndarray]:
    """Count (tn, fp, fn, tp) by group, in any order; several sensitive columns give tuples as groups.

    What is odd about the rows, though they can be counted, is added to ``notes``, a sentence each.
    """
    roles = {"label": [label], "prediction": [prediction], "sensitive": sensitive, "weight": [weight] if weight else []}
    frame, schema = open_frame(frame, roles)
    keys = group_keys(sensitive)
    keys["label"] = binary(label, schema, frame)
    keys["prediction"] = binary(prediction, schema, frame)
    people, unfit = _weight(weight, schema)
    # labels and predictions are 1, 0 or neither: nine combinations in each group
    cells = count_by(frame, keys, people=people, unfit=unfit, most=9 * MAX_GROUPS)
    for name, role in ((label, "label"), (prediction, "prediction")):
        if -1 in cells[role]:
            reject_values(name, schema, frame)
    if weight and any(int(rows) > 0 for rows in cells["unfit"]):
        _reject_weight(weight, frame, unfit)
    cells = clean_groups(cells, name_keys(sensitive), frame, schema, missing_group=missing_group)
    places = [2 * label + prediction for label, prediction in zip(cells["label"], cells["prediction"], strict=True)]
    return gather_by_group(cells, places, sensitive, size=4)


def open_frame(frame: Any, roles: dict[str, Sequence[str]]) -> tuple[Any, nw.Schema]:
    """Wrap a frame of any engine; reject other objects, unknown columns, and a column with two roles."""
    try:
        frame = nw.from_native(frame)
    except TypeError:
        raise TypeError(
            f"cannot count a {type(frame).__name__}: pass a dataframe (pandas, polars, pyarrow, DuckDB, Dask, PySpark) "
            "or use audit(y_true=..., y_pred=..., sensitive_features=...) for arrays"
        ) from None
    schema = frame.collect_schema()
    wanted = [name for names in roles.values() for name in names]
    check_flat(schema.names())
    check_columns(schema.names(), wanted)
    for name in wanted:
        if frame.implementation.is_polars() and (name == "*" or (name.startswith("^") and name.endswith("$"))):
            raise UserError(f"polars reads the name of column {name!r} as a pattern for other columns; rename it")
    _check_roles(roles)
    check_groupable(frame, schema, roles["sensitive"])
    frame = with_numbers(frame, schema, [name for name in wanted if name not in roles["sensitive"]])
    return frame, frame.collect_schema()


def _check_roles(roles: dict[str, Sequence[str]]) -> None:
    """Reject a column that is named for two roles that exclude each other."""
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
    if roles["label"] and list(roles["label"]) == list(roles.get("prediction", ())):
        raise UserError(
            f"column {roles['label'][0]!r} is named as label and as prediction, so that every prediction would be "
            "right; name the column that says what turned out to be true as label"
        )
    for name in roles.get("weight", ()):
        if name in (*roles["label"], *roles["prediction"]):
            raise UserError(f"column {name!r} is named as weight and as label or prediction; name a column of counts")
    if roles["label"] == roles.get("score"):
        raise UserError(f"column {roles['label'][0]!r} is named as label and as score; name a column of scores")


def group_keys(sensitive: Sequence[str]) -> dict[str, nw.Expr]:
    """Name the sensitive columns by position, so that no name of the user's clashes with one of ours."""
    return {key: nw.col(name) for key, name in name_keys(sensitive).items()}


def name_keys(sensitive: Sequence[str]) -> dict[str, str]:
    """Return our name for each sensitive column, and its own."""
    return {f"group_{position}": name for position, name in enumerate(sensitive)}


def binary(name: str, schema: nw.Schema, frame: Any) -> nw.Expr:
    """Give an expression that is 1, 0, or -1 where the value is neither.

    Values are compared, not used as keys: a column of scores, named by mistake, makes three groups and not millions.
    """
    dtype, column = schema[name], nw.col(name)
    if dtype == nw.Boolean:
        column = column.cast(nw.Int8)  # pyarrow does not compare booleans with numbers
    elif not (dtype.is_numeric() or dtype == nw.Object):
        reject_values(name, schema, frame)
    engine = frame.implementation
    if engine.is_pandas_like() or engine.is_pyarrow() or engine.is_dask():
        # arithmetic: a choice takes pandas ten times as long
        is_one, is_zero = ((column == value).fill_null(False).cast(nw.Int8) for value in (1, 0))
        return is_one * 2 + is_zero - 1
    # a choice: arithmetic takes DuckDB twice as long; a comparison with a missing value chooses the last branch
    return nw.when(column == 1).then(nw.lit(1)).otherwise(nw.when(column == 0).then(nw.lit(0)).otherwise(nw.lit(-1)))


def _weight(name: str | None, schema: nw.Schema) -> tuple[nw.Expr | None, nw.Expr | None]:
    """Give two expressions: how many people a row stands for, and 1 where its weight is not a count."""
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


def count_by(
    frame: Any, keys: dict[str, nw.Expr], *, most: int, people: nw.Expr | None = None, unfit: nw.Expr | None = None
) -> dict[str, list]:
    """Count rows by the values of expressions, where the data is; collect at most ``most`` + 1 combinations.

    Returns lists with one entry per combination: its keys, ``"people"``, and with weights (``people`` and ``unfit``,
    which are summed instead of counting rows) ``"unfit"``.
    """
    named = [expression.alias(name) for name, expression in keys.items()]
    if people is not None:
        rows = frame.lazy().select(*named, people.alias("people"), unfit.alias("unfit"))
        counted = rows.group_by(*keys).agg(nw.col("people").sum(), nw.col("unfit").sum())
        return counted.head(most + 1).collect().to_dict(as_series=False)
    if frame.implementation.is_pandas():
        counted = count_combinations(frame.lazy().select(*named).collect().to_native())
        if counted is not None:
            return counted
    counted = frame.lazy().select(*named).group_by(*keys).agg(nw.len().alias("people"))
    return counted.head(most + 1).collect().to_dict(as_series=False)


def gather_by_group(
    cells: dict[str, list], places: Sequence[int], sensitive: Sequence[str], *, size: int, most: int = MAX_GROUPS
) -> dict[Hashable, np.ndarray]:
    """Turn collected combinations into one int array of shape (size,) per group; ``places`` says where each count goes.

    More than ``most`` groups are rejected.
    """
    groups: dict[Hashable, np.ndarray] = {}
    columns = [cells[name] for name in group_keys(sensitive)]
    for group, place, people in zip(zip(*columns, strict=True), places, cells["people"], strict=True):
        key = group[0] if len(group) == 1 else group
        if key not in groups:
            groups[key] = np.zeros(size, dtype=np.int64)
        groups[key][place] += int(people)
    if len(groups) > most:
        raise UserError(
            f"sensitive columns {list(sensitive)} have more than {most} groups; name columns with few values, or "
            "cut numbers into ranges first"
        )
    return groups


def reject_values(name: str, schema: nw.Schema, frame: Any) -> None:
    """Raise a UserError that shows what a column holds besides 0 and 1."""
    column = nw.col(name)
    rows = frame.lazy().select(column)
    if schema[name].is_numeric() or schema[name] == nw.Object:
        rows = rows.filter(~column.is_in([0, 1]) | column.is_null())
    values = rows.head(200).collect()[name].to_list()
    if not values and frame.lazy().select(column).head(1).collect()[name].to_list():
        raise UserError(f"column {name!r} must hold 0 and 1, but it holds {schema[name]}; turn it into numbers first")
    if not values:
        raise UserError(f"the frame is empty: column {name!r} has no row to count")
    shown = list(dict.fromkeys("missing" if is_missing(value) else repr(value) for value in values))
    remedy = "recode it as 0 and 1 (a score: score >= threshold)"
    if shown == ["missing"]:
        remedy = "drop or fill those rows"
    raise UserError(
        f"column {name!r} must hold 0 and 1 or booleans, but it has {list_some(shown, EXAMPLES)}; {remedy} first"
    )


def _reject_weight(name: str, frame: Any, unfit: nw.Expr) -> None:
    """Raise a UserError that shows weights that are not counts."""
    values = frame.lazy().filter(unfit == 1).select(name).head(EXAMPLES).collect()[name].to_list()
    raise UserError(
        f"weight column {name!r} must hold counts of people, whole and not negative, "
        f"but it has {list_some([repr(value) for value in dict.fromkeys(values)])}; fix or drop those rows"
    )


def count_combinations(frame: pd.DataFrame) -> dict[Hashable, list] | None:
    """Count how often each combination of values occurs; None where there are too many for a table.

    pandas' ``groupby`` hashes every row of every column. This codes a column by its categories or its range, and counts
    the combined codes with one ``bincount``: 1,000,000 rows take milliseconds. Missing values come out as None.
    """
    coded = [_code(frame[name]) for name in frame]
    sizes = [len(values) for _, values in coded]
    cells = math.prod(sizes)
    if cells > MOST_CELLS:
        return None
    counts = np.zeros(cells, np.int64)
    block = max(BLOCK, cells)
    for start in range(0, len(frame), block):
        key = np.zeros(min(block, len(frame) - start), np.int64)  # position of a row's combination in the table
        for (codes, _), size in zip(coded, sizes, strict=True):
            key *= size
            key += codes[start : start + block]
        counts += np.bincount(key, minlength=cells)
    seen = np.flatnonzero(counts)
    columns: dict[Hashable, list] = {}
    for name, (_, values), positions in zip(frame, coded, np.unravel_index(seen, sizes), strict=True):
        columns[name] = [values[position] for position in positions]
    columns["people"] = counts[seen].tolist()
    return columns


def _code(column: pd.Series) -> tuple[np.ndarray, list]:
    """Give the position of each row's value, int array (rows,), and the values; None, for missing, is the last."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories.tolist()
    elif isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu" and len(column):
        numbers, low = column.to_numpy(), int(column.min())
        span = int(column.max()) - low + 1
        if span <= MOST_VALUES:
            wide = numbers if numbers.itemsize == 8 else numbers.astype(np.int64)  # 127 - (-128) overflows int8
            codes = (wide - wide.dtype.type(low)).astype(np.int64, copy=False)
            return codes, [*range(low, low + span)]  # whole numbers are never missing
        codes, values = pd.factorize(numbers)
        values = values.tolist()
    else:
        codes, values = pd.factorize(column)
        values = values.tolist()
    return np.where(codes < 0, len(values), codes), [*values, None]
