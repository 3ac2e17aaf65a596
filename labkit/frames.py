"""Counting rows of a dataframe of any engine by group, label and prediction, and refusing what cannot be counted.

One narwhals expression runs on pandas, polars, DuckDB, Dask, PySpark and pyarrow. Lazy frames stay lazy: only the
counts, a few numbers a group, are ever collected.
"""

import difflib
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

MAX_GROUPS = 10_000  # more is a column of names or scores, taken for groups by mistake
EXAMPLES = 5  # wrong values that an error shows


def check_columns(known: Iterable[str], wanted: Iterable[str], *, place: str = "the frame") -> None:
    """Raise a ValueError for the first wanted column that is not known, and suggest names that are close."""
    known = [str(name) for name in known]
    for name in wanted:
        if name not in known:
            lowered = {other.lower(): other for other in known}
            close = [lowered[match] for match in difflib.get_close_matches(str(name).lower(), lowered, n=3)]
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"it has {_listed(known)}"
            raise ValueError(f"unknown column {name!r}: {place} has no such column; {hint}")


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
    ValueError
        An unknown column, one column in two roles, values that are not 0/1, a missing group, a weight that is no
        count, or more than ``MAX_GROUPS`` groups.
    """
    try:
        frame = nw.from_native(frame)
    except TypeError:
        raise TypeError(
            f"cannot count a {type(frame).__name__}: pass a dataframe (pandas, polars, pyarrow, DuckDB, Dask, PySpark) "
            "or use audit(y_true=..., y_pred=..., sensitive_features=...) for arrays"
        ) from None
    schema = frame.collect_schema()
    roles = {"label": [label], "prediction": [prediction], "sensitive": sensitive, "weight": [weight] if weight else []}
    check_columns(schema.names(), [name for names in roles.values() for name in names])
    _check_roles(roles)
    keys = [f"group_{position}" for position in range(len(sensitive))]
    people, unfit = _weight(weight, schema)
    rows = frame.lazy().select(
        *[nw.col(name).alias(key) for name, key in zip(sensitive, keys, strict=True)],
        _binary(label, schema, frame).alias("label"),
        _binary(prediction, schema, frame).alias("prediction"),
        people.alias("people"),
        unfit.alias("unfit"),
    )
    counted = rows.group_by(*keys, "label", "prediction").agg(nw.col("people").sum(), nw.col("unfit").sum())
    # nine: label and prediction are 0, 1 or neither
    cells = counted.head(9 * MAX_GROUPS + 1).collect().to_dict(as_series=False)
    for name, role in ((label, "label"), (prediction, "prediction")):
        if -1 in cells[role]:
            _refuse_values(name, schema, frame)
    if sum(map(int, cells["unfit"])):
        _refuse_weight(weight, frame, unfit)
    return _by_group(cells, keys, sensitive)


def _check_roles(roles: dict[str, Sequence[str]]) -> None:
    if not roles["sensitive"]:
        raise ValueError("no sensitive column given; name one or several, such as sensitive='sex'")
    for name in roles["sensitive"]:
        # groups made of the label give recall by class, not an audit
        taken = [role for role in ("label", "prediction", "weight") if name in roles[role]]
        if taken or list(roles["sensitive"]).count(name) > 1:
            raise ValueError(
                f"column {name!r} is named as sensitive and as {(taken or ['sensitive'])[0]}; "
                "name the column that says which group a person belongs to"
            )
    for name in roles["weight"]:
        if name in (*roles["label"], *roles["prediction"]):
            raise ValueError(f"column {name!r} is named as weight and as label or prediction; name a column of counts")


def _binary(name: str, schema: nw.Schema, frame: Any) -> nw.Expr:
    """Give an expression that is 1, 0, or -1 where the value is neither; compared, so that scores make no groups."""
    dtype, column = schema[name], nw.col(name)
    if dtype == nw.Boolean:
        column = column.cast(nw.Int8)  # pyarrow does not compare booleans with numbers
    elif not (dtype.is_numeric() or dtype == nw.Object):
        _refuse_values(name, schema, frame)
    is_one, is_zero = ((column == value).fill_null(False) for value in (1, 0))
    return nw.when(is_one).then(nw.lit(1)).otherwise(nw.when(is_zero).then(nw.lit(0)).otherwise(nw.lit(-1)))


def _weight(name: str | None, schema: nw.Schema) -> tuple[nw.Expr, nw.Expr]:
    """Give expressions for the people a row stands for, and for 1 where that is no count."""
    if name is None:
        return nw.lit(1).cast(nw.Int64), nw.lit(0).cast(nw.Int64)
    if not schema[name].is_numeric():
        raise ValueError(f"weight column {name!r} holds {schema[name]}, not numbers; name a column of whole counts")
    column = nw.col(name)
    fit = (column >= 0).fill_null(False)
    if not schema[name].is_integer():
        fit = fit & (column % 1 == 0).fill_null(False)  # also False for NaN and infinity
    return (
        nw.when(fit).then(column).otherwise(nw.lit(0)).cast(nw.Int64),
        nw.when(fit).then(nw.lit(0)).otherwise(nw.lit(1)).cast(nw.Int64),
    )


def _refuse_values(name: str, schema: nw.Schema, frame: Any) -> None:
    column = nw.col(name)
    rows = frame.lazy().select(column)
    if schema[name].is_numeric() or schema[name] == nw.Object:
        rows = rows.filter(~column.is_in([0, 1]) | column.is_null())
    values = rows.head(200).collect()[name].to_list()
    if not values:
        raise ValueError(f"the frame is empty: column {name!r} has no row to count")
    shown = dict.fromkeys("missing" if pd.isna(value) else repr(value) for value in values)
    remedy = (
        "drop or fill those rows"
        if list(shown) == ["missing"]
        else "recode it as 0 and 1 (a score: score >= threshold)"
    )
    raise ValueError(
        f"column {name!r} must hold 0 and 1 or booleans, but it has {_listed(list(shown), EXAMPLES)}; {remedy} first"
    )


def _refuse_weight(name: str, frame: Any, unfit: nw.Expr) -> None:
    values = frame.lazy().filter(unfit == 1).select(name).head(EXAMPLES).collect()[name].to_list()
    raise ValueError(
        f"weight column {name!r} must hold counts of people, whole and not negative, "
        f"but it has {_listed([repr(value) for value in dict.fromkeys(values)])}; mend or drop those rows"
    )


def _by_group(cells: dict[str, list], keys: list[str], sensitive: Sequence[str]) -> dict[Hashable, np.ndarray]:
    groups: dict[Hashable, np.ndarray] = {}
    missing = dict.fromkeys(sensitive, 0)  # people whose group is not known
    counted = zip(*(cells[name] for name in (*keys, "label", "prediction", "people")), strict=True)
    for *group, label, prediction, people in counted:
        for name, value in zip(sensitive, group, strict=True):
            missing[name] += int(people) if pd.isna(value) else 0
        key = group[0] if len(group) == 1 else tuple(group)
        groups.setdefault(key, np.zeros(4, dtype=np.int64))[2 * label + prediction] += int(people)
    for name, people in missing.items():
        if people:
            raise ValueError(
                f"sensitive column {name!r} is missing for {people:,} people; drop those rows, or name their group, "
                "such as 'unknown'"
            )
    if len(groups) > MAX_GROUPS:
        raise ValueError(
            f"sensitive columns {list(sensitive)} have more than {MAX_GROUPS} groups; name columns with few values, or "
            "cut numbers into ranges first"
        )
    return {group: groups[group] for group in sorted_groups(groups)}


def sorted_groups(groups: Iterable[Hashable]) -> list[Hashable]:
    """Sort groups by value, or by their text where values of several types cannot be compared."""
    groups = list(groups)
    try:
        return sorted(groups)
    except TypeError:
        return sorted(groups, key=lambda group: str(group))


def _listed(names: Sequence[str], limit: int = 12) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more
