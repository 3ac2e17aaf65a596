"""Counts of a binary classifier by group: they add up, and an audit needs nothing else."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from labkit.audit._counting import count_rows
from labkit.audit.intervals import check_draws, draw_cells, percentile_limits
from labkit.audit.metrics import CELLS, PARTS, decompose_gap
from labkit.audit.results import Audit
from labkit.errors import UserError
from labkit.validation import sorted_groups


@dataclass(frozen=True, eq=False, repr=False)
class GroupedCounts:
    """Whole, non-negative counts by group; what the cells of a group mean is for the class that inherits.

    Parameters
    ----------
    groups : pandas.Index
        Names of the groups, all different, without missing values; a MultiIndex for intersections.
    cells : int array of shape (groups, ...)
        Counts of people.

    Raises
    ------
    UserError
        A shape that does not fit, a group named twice or missing, a count that is negative or not whole.
    """

    groups: pd.Index
    cells: np.ndarray

    cells_of_a_group: ClassVar[str] = "cells"

    def __post_init__(self):
        given = np.asarray(self.cells)
        if given.shape[:1] != (len(self.groups),) or not self._fits(given.shape[1:]):
            raise UserError(
                f"cells have shape {given.shape}; {len(self.groups)} groups need one row of "
                f"{self.cells_of_a_group} each"
            )
        if self.groups.has_duplicates or any(pd.isna(part) for group in self.groups for part in np.atleast_1d(group)):
            raise UserError(f"groups {self.groups.tolist()} must differ and none may be missing; name each group once")
        with np.errstate(invalid="ignore"):  # NaN has no integer; the comparison finds it
            cells = given.astype(np.int64)
        if (cells != given).any() or (cells < 0).any():
            wrong = given[(cells != given) | (cells < 0)][0]
            raise UserError(f"{wrong} is not a count of people; counts are whole and not negative (not rates)")
        cells.setflags(write=False)
        object.__setattr__(self, "cells", cells)

    def _fits(self, shape: tuple[int, ...]) -> bool:
        return True

    @classmethod
    def from_cells(
        cls, cells: Mapping[Hashable, Sequence | np.ndarray], *, names: Sequence[str], shape: tuple[int, ...]
    ) -> Self:
        """Make counts from a mapping of groups to their cells; ``shape`` is that of a group's cells, if there is none.

        Parameters
        ----------
        cells : mapping
            Group to its counts; a group is a tuple where ``names`` has several entries.
        names : sequence of str
            What the groups are groups of, such as ``("race", "sex")``.
        shape : tuple of int
            Shape of one group's cells.
        """
        if len(names) == 1:
            index = pd.Index(list(cells), name=names[0])
        else:
            index = pd.MultiIndex.from_tuples(list(cells), names=list(names))
        return cls(index, np.array(list(cells.values())) if cells else np.zeros((0, *shape), np.int64))

    def cells_by_group(self) -> dict[Hashable, np.ndarray]:
        """Return the cells of each group by its name."""
        return dict(zip(self.groups.tolist(), self.cells, strict=True))

    def __add__(self, other: Self) -> Self:
        """Add counts of other people; groups that only one of them has are kept."""
        if type(other) is not type(self):
            return NotImplemented
        if list(self.groups.names) != list(other.groups.names):
            raise UserError(
                f"counts by {list(self.groups.names)} cannot be added to counts by {list(other.groups.names)}; "
                "count both by the same sensitive columns"
            )
        shape = self.cells.shape[1:]
        if shape != other.cells.shape[1:]:
            raise UserError(f"cells of shape {shape} cannot be added to cells of shape {other.cells.shape[1:]}")
        mine, theirs, none = self.cells_by_group(), other.cells_by_group(), np.zeros(shape, dtype=np.int64)
        merged = {key: mine.get(key, none) + theirs.get(key, none) for key in sorted_groups({**mine, **theirs})}
        return self.from_cells(merged, names=self.groups.names, shape=shape)

    def __radd__(self, other: Any) -> Self:
        return self if isinstance(other, int) and other == 0 else NotImplemented  # sum(parts) starts at 0

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        if list(self.groups.names) != list(other.groups.names) or self.cells.shape[1:] != other.cells.shape[1:]:
            return False
        mine, theirs = self.cells_by_group(), other.cells_by_group()
        return mine.keys() == theirs.keys() and all((mine[key] == theirs[key]).all() for key in mine)

    __hash__ = None


@dataclass(frozen=True)
class Decomposition:
    """A selection-rate gap between two groups, a minus b, and the three parts that add up to it.

    Parameters
    ----------
    parts : pandas.Series
        Part of the gap due to ``true_positive_rate`` (positives treated differently), ``false_positive_rate``
        (negatives treated differently) and ``base_rate``, in probability; they sum to ``gap``.
    intervals : pandas.DataFrame
        The same rows with columns low and high: percentiles over draws of the counts.
    gap : float
        Selection rate of a minus selection rate of b.
    groups : tuple
        a and b.
    """

    parts: pd.Series
    intervals: pd.DataFrame
    gap: float
    groups: tuple = ()


@dataclass(frozen=True, eq=False, repr=False)
class Counts(GroupedCounts):
    """Counts (tn, fp, fn, tp) by group. They never change; ``+`` adds those of two parts of a log.

    Parameters
    ----------
    groups : pandas.Index
        Names of the groups, all different, without missing values; a MultiIndex for intersections.
    cells : int array of shape (groups, 4)
        Counts of people, ordered tn, fp, fn, tp.

    Raises
    ------
    UserError
        Shapes that differ, a group named twice or missing, a count that is negative or not whole.

    Examples
    --------
    >>> compas = Counts.from_mapping({"African-American": [990, 805, 532, 1369], "Caucasian": [1139, 349, 461, 505]})
    >>> compas.audit().by_group["false_positive_rate"].round(4).to_dict()
    {'African-American': 0.4485, 'Caucasian': 0.2345}
    """

    cells_of_a_group = ", ".join(CELLS)

    def _fits(self, shape: tuple[int, ...]) -> bool:
        return shape == (len(CELLS),)

    @classmethod
    def from_mapping(cls, cells: Mapping[Hashable, Sequence[int]], *, names: Sequence[str] = ("group",)) -> "Counts":
        """Make counts from published figures.

        Parameters
        ----------
        cells : mapping
            Group to its four counts (tn, fp, fn, tp); a group is a tuple where ``names`` has several entries.
        names : sequence of str
            What the groups are groups of, such as ``("race", "sex")``.
        """
        return cls.from_cells(cells, names=names, shape=(len(CELLS),))

    @property
    def table(self) -> pd.DataFrame:
        """A copy of the counts with groups as rows and columns tn, fp, fn, tp."""
        return pd.DataFrame(self.cells.copy(), index=self.groups, columns=list(CELLS))

    def audit(self, **options: Any) -> Audit:
        """Audit these counts; options are ``n_boot``, ``confidence``, ``seed`` and ``min_group_size`` of ``Audit``."""
        return Audit(self, **options)

    def decompose(
        self, a: Hashable, b: Hashable, *, n_boot: int = 2000, confidence: float = 0.95, seed: int = 0
    ) -> Decomposition:
        """Split the selection-rate gap a - b into what errors and what base rates contribute.

        The identity is exact (total probability within each group); ``labkit.audit.metrics.decompose_gap`` states it.

        Parameters
        ----------
        a, b : hashable
            Two groups; tuples for intersections.
        n_boot : int
            Replicates behind the intervals, at least 100. Rows are redrawn jointly over all groups.
        confidence : float
            Coverage of the intervals, between 0 and 1.
        seed : int
            Seed of the draws.

        Returns
        -------
        Decomposition
            ``parts``, ``intervals`` and ``gap``.

        Raises
        ------
        UserError
            An unknown group, the same group twice, or a group without positives or without negatives.
        """
        check_draws(n_boot, confidence)
        pair = self.cells[[self._position(a), self._position(b)]]  # (2, 4)
        if a == b:
            raise UserError(f"a and b are both {a!r}; a gap needs two different groups")
        for group, (tn, fp, fn, tp) in zip((a, b), pair, strict=True):
            for kind, people in (("positive", fn + tp), ("negative", tn + fp)):
                if people == 0:
                    raise UserError(
                        f"group {group!r} has no people labelled {kind}: a rate is undefined and the gap has no parts; "
                        "merge groups or count more data"
                    )
        # the other groups only take up draws: pooled into one they give the same distribution at less cost
        pooled = np.vstack([pair, self.cells.sum(axis=0) - pair.sum(axis=0)])
        drawn = np.concatenate([decompose_gap(cells[:, :2]) for cells in draw_cells(pooled, n_boot=n_boot, seed=seed)])
        parts = decompose_gap(pair)
        gap = np.subtract(*(pair[:, 1] + pair[:, 3]) / pair.sum(axis=1))
        limits = percentile_limits(drawn, parts, confidence=confidence, index=PARTS)
        return Decomposition(pd.Series(parts, index=list(PARTS)), limits, float(gap), (a, b))

    def _position(self, group: Hashable) -> int:
        groups = self.groups.tolist()
        if group not in groups:
            raise UserError(f"unknown group {group!r}; the groups are {groups}")
        return groups.index(group)

    def __repr__(self) -> str:
        return f"Counts of {self.cells.sum():,} people\n{self.table}"

    def _repr_html_(self) -> str:
        return self.table.to_html(border=0)


def count(
    frame: Any,
    *,
    label: str,
    prediction: str,
    sensitive: str | Sequence[str],
    weight: str | None = None,
    min_groups: int = 2,
) -> Counts:
    """Count true and false negatives and positives by group, on the engine that holds the data.

    Parameters
    ----------
    frame : dataframe
        Of any engine that narwhals knows: pandas, polars, pyarrow, and lazily polars, DuckDB, Dask, PySpark. Only the
        counts are collected.
    label, prediction : str
        Columns of 0 and 1 (numbers or booleans).
    sensitive : str or sequence of str
        One column, or several: then the groups are the combinations that occur.
    weight : str, optional
        A column of whole counts, for a table in which a row stands for several people.
    min_groups : int
        Fewer groups are an error. A part of a log that is going to be added to others may hold 1, or none (0).

    Returns
    -------
    Counts
        Groups in sorted order; a MultiIndex where ``sensitive`` names several columns.

    Raises
    ------
    TypeError
        ``frame`` is not a dataframe.
    UserError
        An unknown column, one column in two roles, values that are not 0/1, missing values, weights that are no counts,
        no rows, or a single group.

    Examples
    --------
    >>> table = pd.DataFrame({"sex": ["f", "f", "m"], "y": [0, 1, 1], "yhat": [1, 1, 0]})
    >>> count(table, label="y", prediction="yhat", sensitive="sex").table.loc["f"].to_dict()
    {'tn': 0, 'fp': 1, 'fn': 0, 'tp': 1}
    """
    names = [sensitive] if isinstance(sensitive, str) else list(sensitive)
    cells = count_rows(frame, label=label, prediction=prediction, sensitive=names, weight=weight)
    if not cells and min_groups > 0:
        raise UserError("the frame is empty: there is no row to count")
    if len(cells) < min_groups:
        raise UserError(
            f"sensitive column {', '.join(map(repr, names))} has one single group, {next(iter(cells))!r}, and nothing "
            "to compare it with; name another column, or pass min_groups=1 for a part that is added to others"
        )
    return Counts.from_mapping(cells, names=names)
