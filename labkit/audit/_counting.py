"""Count the rows of a dataframe of any engine by group, label and prediction, and reject what cannot be counted.

One narwhals expression runs on pandas, polars, DuckDB, Dask, PySpark and pyarrow. Lazy frames stay lazy: only the
counts, a few numbers per group, are ever collected. From top to bottom: counting decisions, the steps that counting
scores needs as well (``score_histogram.py``), errors, and a fast path for pandas.
"""

import functools
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.audit.inputs._groups import clean_groups
from labkit.audit.inputs._types import check_amounts, check_flat, check_groupable, is_missing, with_numbers
from labkit.audit.sampling._identifiers import note_identifiers
from labkit.audit.sampling._persons import (
    check_persons,
    name_moments,
    note_several_groups,
    spread_columns,
    sum_groups,
    sum_persons,
)
from labkit.audit.sampling._roles import CountedRows, Roles
from labkit.audit.sampling._rows import (
    count_sums,
    decide,
    note_weights,
    reject_count,
    reject_score,
    reject_weight,
    weight_sums,
)
from labkit.errors import UserError
from labkit.validation import check_columns, list_some, sorted_groups

MAX_GROUPS = 10_000  # a column with more values holds names or scores, named as sensitive by mistake
EXAMPLES = 5  # wrong values that an error shows

MOST_CELLS = 2**20  # combinations that the fast path keeps a table of counts for: 8 MB
MOST_VALUES = 2**12  # a column of whole numbers in so small a range is its own code
BLOCK = 2**16  # rows whose combined codes stay in the processor's cache


def count_rows(frame: Any, roles: Roles, *, notes: list[str]) -> CountedRows:
    """Count the cells of each group, in sorted order; several sensitive columns give tuples as groups.

    What is odd about the rows, though they can be counted, is added to ``notes``, a sentence each.
    """
    wrapped, schema = open_frame(frame, roles.by_role)
    if roles.person is not None:
        distinct = wrapped.lazy().select(nw.col(roles.person).n_unique().alias("distinct"))
        counted = gather_persons(sum_person_rows(frame, roles), roles, rows=frame)
        note_several_groups(counted, roles, distinct.collect()["distinct"].to_list()[0], notes)
        return counted
    if roles.count is None:
        note_identifiers(wrapped, roles.columns, notes)
    cells = _count_by_roles(wrapped, schema, roles)
    if roles.count is not None:
        note_weights(cells, roles.count, notes)
    labels = cells.get("label", [0] * len(cells["prediction"]))
    places = [2 * label + prediction for label, prediction in zip(labels, cells["prediction"], strict=True)]
    gather = functools.partial(gather_by_group, cells, places, roles.sensitive, size=roles.cells)
    if roles.weight is None:
        return CountedRows(gather())
    weighted, squares = gather(of="mass", dtype=float), gather(of="squares", dtype=float)
    return CountedRows(gather(of="rows"), weighted, {group: np.diag(each) for group, each in squares.items()})


def _count_by_roles(frame: Any, schema: nw.Schema, roles: Roles) -> dict[str, list]:
    """Count by group, label and prediction, and reject the first column with a value that cannot be counted."""
    keys, sums = group_keys(roles.sensitive) | _decisions(roles, schema, frame), _sums(roles, schema)
    # labels and predictions are 1, 0 or neither: nine combinations in each group
    cells = count_by(frame, keys, sums=sums, most=9 * MAX_GROUPS)
    if -1 in cells.get("label", ()):
        reject_values(roles.label, schema, frame)
    if -1 in cells["prediction"]:
        reject_score(roles.score, frame) if roles.prediction is None else reject_values(roles.prediction, schema, frame)
    if any(int(rows) > 0 for rows in cells.get("unfit", ())):
        reject_weight(roles.weight, frame) if roles.count is None else reject_count(roles.count, frame, schema)
    return clean_groups(cells, name_keys(roles.sensitive), frame=frame, missing_group=roles.missing_group)


def _decisions(roles: Roles, schema: nw.Schema, frame: Any) -> dict[str, nw.Expr]:
    """Give expressions for label, if there is one, and prediction: 1, 0, or -1 where the value is neither."""
    decisions = {} if roles.label is None else {"label": binary(roles.label, schema, frame)}
    if roles.prediction is not None:
        return decisions | {"prediction": binary(roles.prediction, schema, frame)}
    return decisions | {"prediction": decide(roles.score, roles.threshold, schema)}


def _sums(roles: Roles, schema: nw.Schema) -> dict[str, nw.Expr]:
    """Give what is summed in place of counting rows."""
    if roles.count is not None:
        return count_sums(roles.count, schema)
    return {} if roles.weight is None else weight_sums(roles.weight, schema)


def sum_person_rows(frame: Any, roles: Roles) -> nw.LazyFrame:
    """Sum the rows of each person in each group, where the data is: the first of two steps, see ``_persons.py``."""
    frame, schema = open_frame(frame, roles.by_role)
    decisions = _decisions(roles, schema, frame)
    known, place = decisions["prediction"] >= 0, decisions["prediction"]
    if roles.label is not None:
        known, place = known & (decisions["label"] >= 0), 2 * decisions["label"] + place
    place = nw.when(known).then(place).otherwise(nw.lit(-1))
    groups, sums = group_keys(roles.sensitive), _sums(roles, schema)
    return sum_persons(frame, groups, person=nw.col(roles.person), place=place, cells=roles.cells, sums=sums)


def collect_person_rows(frame: Any, roles: Roles) -> pd.DataFrame:
    """Sum the rows of each person in a part of a file, and reject values that cannot be counted."""
    rows = sum_person_rows(frame, roles).collect().to_pandas()
    _reject_lost(rows, roles, frame)
    categories = rows.select_dtypes("category").columns
    return rows.astype(dict.fromkeys(categories, object))  # another part has others


def count_person_parts(parts: Sequence[pd.DataFrame], roles: Roles, *, notes: list[str]) -> CountedRows:
    """Count as `count_rows` does, from what `collect_person_rows` gives for each part of a file."""
    rows = pd.concat(parts, ignore_index=True)
    keys = [*group_keys(roles.sensitive), "person"]
    persons = rows.groupby(keys, dropna=False, sort=False).sum().reset_index()
    counted = gather_persons(nw.from_native(persons).lazy(), roles, rows=None)
    note_several_groups(counted, roles, rows["person"].nunique(), notes)
    return counted


def _reject_lost(counted: Mapping[str, Sequence], roles: Roles, rows: Any) -> None:
    """Reject ``rows`` if sums of persons, or of groups, say that some could not be counted."""
    if np.any(counted["lost"]) or np.any(counted.get("unfit", ())):
        _count_by_roles(*open_frame(rows, roles.by_role), roles)


def gather_persons(persons: Any, roles: Roles, *, rows: Any) -> CountedRows:
    """Sum persons by group, the second step, and reject what cannot be counted in the ``rows`` behind them."""
    groups, size = list(group_keys(roles.sensitive)), roles.cells
    counted = sum_groups(persons, groups, cells=size, most=MAX_GROUPS)
    _reject_lost(counted, roles, rows)
    frame = None if rows is None else nw.from_native(rows)
    counted = clean_groups(counted, name_keys(roles.sensitive), frame=frame, missing_group=roles.missing_group)

    def gather(columns: Sequence[str], dtype: type = int) -> dict[Hashable, np.ndarray]:
        spread = spread_columns(counted, groups, columns)
        return gather_by_group(spread, spread["place"], roles.sensitive, size=len(columns), of="number", dtype=dtype)

    cells = gather([f"rows_{cell}" for cell in range(size)])
    check_persons(roles.person, counted)
    weighted = gather([f"mass_{cell}" for cell in range(size)], float) if roles.weight else None
    moments = {group: each.reshape(size, size) for group, each in gather(name_moments(size), float).items()}
    return CountedRows(cells, weighted, moments, gather(["persons"]))


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
    others = [name for role, names in roles.items() if role not in ("sensitive", "person") for name in names]
    frame = with_numbers(frame, schema, others)
    check_amounts(frame, roles)
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
            "right; name the column that says what turned out to be true as label, or none (label=None) where nobody "
            "knows yet"
        )
    for role, wanted in (("count", "counts"), ("weight", "weights"), ("person", "identifiers")):
        for name in roles.get(role, ()):
            if name in (*roles["label"], *roles.get("prediction", ()), *roles.get("score", ())):
                raise UserError(
                    f"column {name!r} is named as {role} and as label or prediction; name a column of {wanted}"
                )
    if roles["label"] and roles["label"] == roles.get("score"):
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


def count_by(
    frame: Any, keys: dict[str, nw.Expr], *, most: int, sums: dict[str, nw.Expr] | None = None
) -> dict[str, list]:
    """Count rows by the values of expressions, where the data is; collect at most ``most`` + 1 combinations.

    Returns lists with one entry per combination: its keys and ``"people"``, the number of rows. With ``sums`` of
    expressions there is one for each of these instead, and ``"rows"``.
    """
    named = [expression.alias(name) for name, expression in keys.items()]
    if sums:
        rows = frame.lazy().select(*named, *(expression.alias(name) for name, expression in sums.items()))
        counted = rows.group_by(*keys).agg(nw.len().alias("rows"), *(nw.col(name).sum() for name in sums))
        return counted.head(most + 1).collect().to_dict(as_series=False)
    if frame.implementation.is_pandas():
        counted = count_combinations(frame.lazy().select(*named).collect().to_native())
        if counted is not None:
            return counted
    counted = frame.lazy().select(*named).group_by(*keys).agg(nw.len().alias("people"))
    return counted.head(most + 1).collect().to_dict(as_series=False)


def gather_by_group(
    cells: dict[str, list],
    places: Sequence[int],
    sensitive: Sequence[str],
    *,
    size: int,
    most: int = MAX_GROUPS,
    of: str = "people",
    dtype: type = int,
) -> dict[Hashable, np.ndarray]:
    """Turn collected combinations into one array of shape (size,) per group; ``places`` says where each number goes.

    The numbers are those of ``cells[of]``. More than ``most`` groups are rejected.
    """
    columns = [cells[name] for name in group_keys(sensitive)]
    keys = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    row_of = {group: row for row, group in enumerate(dict.fromkeys(keys))}
    if len(row_of) > most:
        raise UserError(
            f"sensitive columns {list(sensitive)} have more than {most} groups; name columns with few values, or "
            "cut numbers into ranges first"
        )
    numbers = np.zeros((len(row_of), size), dtype)
    rows, columns = [row_of[group] for group in keys], np.asarray(places, int)
    np.add.at(numbers, (rows, columns), np.array(cells[of], dtype))
    return {group: numbers[row_of[group]] for group in sorted_groups(row_of)}


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
