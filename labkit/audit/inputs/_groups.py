"""Values that were counted become groups: missing ones are named or refused, and numbers must be cut into ranges."""

import math
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.audit.inputs._types import check_values, is_missing
from labkit.errors import UserError
from labkit.validation import sorted_groups

if TYPE_CHECKING:
    import pyarrow as pa

MAX_NUMBERS = 20  # different numbers in a column of codes; a column with more of them holds amounts
PARTS = 4  # ranges that an error proposes


class NumbersAsGroups(UserError):
    """A column of amounts was named as sensitive; callers that hold no frame give the remedy in their own words.

    Parameters
    ----------
    name : str
        The column.
    different : int
        How many values it has.
    edges : str
        Edges of ranges that would do, as a list in Python.
    remedy : str
        What to do.
    """

    def __init__(self, name: str, different: int, edges: str, remedy: str):
        self.finding, self.edges = self.find(name, different), edges
        super().__init__(f"{self.finding}; {remedy}")

    @staticmethod
    def find(name: str, different: int) -> str:
        """Say what was found, without the remedy."""
        return (
            f"sensitive column {name!r} holds {different:,} different numbers, and each would be a group (the limit is "
            f"{MAX_NUMBERS})"
        )


def clean_groups(
    cells: dict[str, list], columns: Mapping[str, str], *, frame: Any = None, missing_group: str | None = None
) -> dict[str, list]:
    """Give what `count_by` collected with values that can be groups, or say which values cannot.

    Parameters
    ----------
    cells : dict of lists
        One entry per combination in each list; "people", "rows" or "persons" says how many it stands for.
    columns : mapping
        Key in ``cells`` to name of the sensitive column, in order.
    frame : narwhals frame, optional
        What was counted. Without it, nobody looks at how many different numbers there are.
    missing_group : str or None
        Name of the group of those whose group is missing; None refuses them.

    Returns
    -------
    dict of lists
        The same cells, missing values replaced.

    Raises
    ------
    UserError
        Values that cannot be groups, missing ones, or more than ``MAX_NUMBERS`` different numbers.
    """
    cleaned, schema = dict(cells), None if frame is None else frame.collect_schema()
    people = next(cells[name] for name in ("people", "rows", "persons") if name in cells)
    check_missing_group(missing_group)
    for key, name in columns.items():
        values = cells[key]
        check_values(name, values)
        # an empty name is no name, whatever holds it
        is_gap = {value: is_missing(value) or (isinstance(value, str) and not value.strip()) for value in set(values)}
        gaps = [is_gap[value] for value in values]
        if missing_group is None and any(gaps):
            number = sum(int(number) for number, gap in zip(people, gaps, strict=True) if gap)
            raise UserError(
                f"sensitive column {name!r} is missing for {number:,} people; drop those rows, or report them as a "
                "group: missing_group='not stated'"
            )
        present = [value for value, gap in zip(values, gaps, strict=True) if not gap]
        if missing_group is not None:
            _check_free(missing_group, name, present)
            cleaned[key] = [missing_group if gap else value for value, gap in zip(values, gaps, strict=True)]
        if schema and schema[name] not in (nw.Enum, nw.Categorical) and are_amounts(set(present)):
            counts = [float(number) for number, gap in zip(people, gaps, strict=True) if not gap]
            _reject_amounts(name, present, counts, frame)
    return cleaned


def check_missing_group(missing_group: str | None) -> None:
    """Reject a name for people without a group that is no name; None is none."""
    if missing_group is not None and (not isinstance(missing_group, str) or not missing_group.strip()):
        raise UserError(f"missing_group={missing_group!r} is no name; give one, such as 'not stated'")


def _check_free(missing_group: str, column: str, values: Sequence[Hashable]) -> None:
    """Reject a name for people without a group that another group has."""
    if any(str(value) == missing_group for value in values):
        raise UserError(
            f"missing_group={missing_group!r} is a group of column {column!r} already, and the two would be mixed; "
            "choose another name"
        )


def are_amounts(values: set) -> bool:
    """Say whether these are more numbers than a column of codes has; booleans are no numbers here."""
    return len(values) > MAX_NUMBERS and all(
        isinstance(value, Real | Decimal) and not isinstance(value, bool) for value in values
    )


def _reject_amounts(name: str, values: Sequence[Any], people: Sequence[int], frame: Any) -> None:
    """Raise a UserError with the line that cuts a column of numbers into ranges."""
    column = nw.col(name)
    ends = frame.lazy().select(low=column.min(), high=column.max()).collect().to_dict(as_series=False)
    seen = [float(value) for value in [*values, *ends["low"], *ends["high"]] if not is_missing(value)]
    weights = [*people, *[0] * (len(seen) - len(people))]
    edges = propose_edges(np.array(seen), np.array(weights) if any(weights) else np.ones(len(seen)))
    edges = "[" + ", ".join(f"{edge:.10g}" for edge in edges) + "]"
    remedy = f"cut it into ranges first, with the edges {edges} or others, or turn codes into text"
    if frame.implementation.is_pandas_like():
        remedy = (
            f"cut it into ranges first: frame[{name + '_group'!r}] = pd.cut(frame[{name!r}], {edges}) "
            f"(codes that are no amounts: frame[{name!r}].astype(str))"
        )
    raise NumbersAsGroups(name, len(set(values)), edges, remedy)


def propose_edges(values: np.ndarray, people: np.ndarray) -> list[float]:
    """Propose edges of ranges with about as many people in each: round numbers, the first below every value.

    ``values`` and ``people``, how many have each value, have shape (n,).
    """
    finite = np.isfinite(values)
    values, people = values[finite], people[finite]
    order = np.argsort(values, kind="stable")
    values, share = values[order], people[order].cumsum() / people.sum()
    rough = (values[-1] - values[0]) / (5 * PARTS)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    inner = [round(values[np.searchsorted(share, part / PARTS)] / step) for part in range(1, PARTS)]
    low, high = math.ceil(values[0] / step) - 1, math.ceil(values[-1] / step)  # a range leaves out its lower edge
    places = sorted({low, high, *(place for place in inner if low < place < high)})
    return [round(place * step, 12) for place in places]


def declared_categories(frame: Any, sensitive: Sequence[str]) -> dict[str, tuple]:
    """Return the categories that columns declare, in their order: those that no row has are declared, too.

    pandas' categories, polars' and DuckDB's enums, and Arrow's dictionaries declare. Categories that are not ordered
    and that are sorted already were never put into an order by anybody: they get that of `sorted_groups`.
    polars' ``Categorical`` declares nothing, since all columns share its categories.

    Parameters
    ----------
    frame : dataframe
        Of any engine that narwhals knows.
    sensitive : sequence of str
        Columns of it.

    Returns
    -------
    dict of str to tuple
        Columns that declare nothing are left out.
    """
    frame = nw.from_native(frame)
    schema, found = frame.collect_schema(), {}
    for name in sensitive:
        if schema[name] in (nw.Enum, nw.Categorical):
            values, is_order = _declared(frame, schema[name], name)
            if values:
                found[name] = tuple(values if is_order else sorted_groups(values))
    return found


def _declared(frame: Any, dtype: nw.dtypes.DType, name: str) -> tuple[list, bool]:
    """Return the declared categories of a column, and whether somebody chose their order."""
    engine, native = frame.implementation, frame.to_native()
    if engine.is_pyarrow():
        return _in_dictionaries(native.column(name))
    if engine.is_pandas_like() or engine.is_dask():
        kind = native[name].dtype
        if not isinstance(kind, pd.CategoricalDtype):
            return _in_dictionaries(native[name].array.__arrow_array__())
        if engine.is_dask() and not native[name].cat.known:
            return [], False
        values = kind.categories.tolist()
        return values, bool(kind.ordered) or not kind.categories.is_monotonic_increasing
    return (list(dtype.categories), True) if dtype == nw.Enum else ([], False)


def _in_dictionaries(column: "pa.ChunkedArray") -> tuple[list, bool]:
    """Return the values in the dictionaries of a column's chunks, and whether they are in order."""
    chunks = getattr(column, "chunks", [column])
    return list(dict.fromkeys(value for chunk in chunks for value in chunk.dictionary.to_pylist())), column.type.ordered


def join_declared(mine: Mapping[str, Sequence], theirs: Mapping[str, Sequence]) -> dict[str, tuple]:
    """Join what two parts of a log declare; categories that only the second has come last."""
    names = [*mine, *(name for name in theirs if name not in mine)]
    return {name: tuple(dict.fromkeys([*mine.get(name, ()), *theirs.get(name, ())])) for name in names}
