"""Persons with several rows: their rows are summed person by person, then the persons are summed group by group.

Both steps run where the data is. Of a file that is read in parts, the sums of persons are kept, so that a person whose
rows are in several parts stays one.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

import narwhals as nw

from labkit.audit.sampling._roles import CountedRows, Roles
from labkit.errors import UserError


def sum_persons(
    frame: Any,
    groups: Mapping[str, nw.Expr],
    *,
    person: nw.Expr,
    place: nw.Expr,
    cells: int,
    sums: Mapping[str, nw.Expr],
) -> Any:
    """Sum the rows of each person in each group, lazily.

    Parameters
    ----------
    frame : narwhals frame
        Rows.
    groups : mapping of str to expression
        The sensitive columns.
    person, place : expression
        Who a row is about; and which cell it belongs to, below 0 where that is not known.
    cells : int
        How many cells there are.
    sums : mapping of str to expression
        What is summed besides: "mass" (of each cell), and numbers of rows.

    Returns
    -------
    narwhals LazyFrame
        One row per person and group: the groups, "person", "rows_0" and so on, "lost" (rows in no cell), "mass_0" and
        so on with "mass", and what else is summed.
    """
    others = [name for name in sums if name != "mass"]
    rows = frame.lazy().select(
        *(expression.alias(name) for name, expression in groups.items()),
        person.alias("person"),
        place.alias("place"),
        *(expression.alias(name) for name, expression in sums.items()),
    )
    inside = {cell: (nw.col("place") == cell).cast(nw.Int64) for cell in range(cells)}
    columns = [inside[cell].alias(f"rows_{cell}") for cell in inside]
    columns.append((nw.col("place") < 0).cast(nw.Int64).alias("lost"))
    names = [*(f"rows_{cell}" for cell in inside), "lost", *others]
    if "mass" in sums:
        columns += [(inside[cell].cast(nw.Float64) * nw.col("mass")).alias(f"mass_{cell}") for cell in inside]
        names += [f"mass_{cell}" for cell in inside]
    keys = [*groups, "person"]
    rows = rows.select(*keys, *columns, *others)
    return rows.group_by(*keys).agg(*(nw.col(name).sum() for name in names))


def sum_groups(persons: Any, groups: Sequence[str], *, cells: int, most: int) -> dict[str, list]:
    """Sum persons by group and collect at most ``most`` + 1 groups; ``persons`` is what `sum_persons` gives.

    Returns lists with one entry per group: the groups, "persons", "unknown" (rows whose person is missing), sums of the
    columns of ``persons``, and "moment_i_j" for each pair of cells.
    """
    columns = persons.collect_schema()
    sums = [name for name in columns.names() if name not in (*groups, "person")]
    value = "mass" if f"mass_{cells - 1}" in sums else "rows"
    unknown = nw.col("person").is_null()
    if columns["person"].is_float():
        unknown = unknown | nw.col("person").is_nan()  # not null to polars
    moments = {
        f"moment_{i}_{j}": nw.col(f"{value}_{i}").cast(nw.Float64) * nw.col(f"{value}_{j}").cast(nw.Float64)
        for i, j in combinations_with_replacement(range(cells), 2)
    }
    in_rows = sum((nw.col(f"rows_{cell}") for cell in range(1, cells)), nw.col("rows_0")) + nw.col("lost")
    rows = persons.select(
        *groups,
        *sums,
        *(product.alias(name) for name, product in moments.items()),
        (unknown.cast(nw.Int64) * in_rows).alias("unknown"),
        nw.lit(1).alias("persons"),
    )
    totals = [*sums, *moments, "unknown", "persons"]
    counted = rows.group_by(*groups).agg(*(nw.col(name).sum() for name in totals))
    return counted.head(most + 1).collect().to_dict(as_series=False)


def spread_columns(counted: dict[str, list], groups: Sequence[str], columns: Sequence[str]) -> dict[str, list]:
    """Write some columns of sums by group below one another: an entry per column and group, with the column's place."""
    return {
        **{name: list(counted[name]) * len(columns) for name in groups},
        "place": [place for place in range(len(columns)) for _ in counted["persons"]],
        "number": [number for name in columns for number in counted[name]],
    }


def name_moments(cells: int) -> list[str]:
    """Name the moments of all pairs of cells, row by row of their matrix."""
    return [f"moment_{min(i, j)}_{max(i, j)}" for i in range(cells) for j in range(cells)]


def check_persons(name: str, counted: dict[str, list]) -> None:
    """Reject rows whose person is not known."""
    if rows := int(sum(counted["unknown"])):
        raise UserError(
            f"person column {name!r} is missing for {rows:,} rows; drop those rows, or give each person an identifier"
        )


def note_several_groups(counted: CountedRows, roles: Roles, distinct: int, notes: list[str]) -> None:
    """Note that persons have rows in several groups, where they do; ``distinct`` is how many persons there are."""
    if (repeated := sum(int(persons[0]) for persons in counted.persons.values()) - distinct) > 0:
        notes.append(
            f"persons of column {roles.person!r} have rows in several groups, and are counted {repeated:,} times more "
            "than once: comparisons take them for different people; give each person one group where that is a mistake"
        )
