"""What counts by group have in common, whatever is counted: they are checked, never change, add up and compare."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from labkit.audit.inputs._groups import join_declared
from labkit.audit.inputs._names import warn_about_names
from labkit.errors import UserError
from labkit.validation import sorted_groups, warn


@dataclass(frozen=True, eq=False, repr=False)
class GroupedCounts:
    """Whole, non-negative counts by group; a subclass says what the cells of one group are.

    Parameters
    ----------
    groups : pandas.Index
        Names of the groups, all different, without missing values; a MultiIndex for intersections.
    cells : int array of shape (groups, ...)
        Counts of people.
    notes : sequence of str, optional
        What was odd about the rows that were counted: an audit shows it first. Notes are kept when counts are added,
        and play no part in whether they are equal.
    declared : mapping of str to sequence, optional
        Categories that a sensitive column may hold, in order, also those without people; where the data say so.

    Raises
    ------
    UserError
        A shape that does not fit, a group named twice or missing, a count that is negative or not whole.
    """

    groups: pd.Index
    cells: np.ndarray
    notes: tuple[str, ...] = ()
    declared: Mapping[str, Sequence[Hashable]] = field(default_factory=dict)

    cells_in_words: ClassVar[str] = "cells"  # what one group's cells are, for errors
    optional: ClassVar[tuple[str, ...]] = ()  # a subclass's further arrays with one entry per group; None if not kept

    def __post_init__(self):
        given = np.asarray(self.cells)
        if given.shape[:1] != (len(self.groups),) or not self._is_cell_shape(given.shape[1:]):
            raise UserError(
                f"cells have shape {given.shape}; {len(self.groups)} groups need one row of {self.cells_in_words} each"
            )
        if self.groups.has_duplicates or any(pd.isna(part) for group in self.groups for part in np.atleast_1d(group)):
            raise UserError(f"groups {self.groups.tolist()} must differ and none may be missing; name each group once")
        with np.errstate(invalid="ignore"):  # NaN has no integer; the comparison finds it
            cells = given.astype(np.int64)
        wrong = (cells != given) | (cells < 0)
        if wrong.any():
            raise UserError(
                f"{given[wrong][0]} is not a count of people; counts are whole and not negative (not rates)"
            )
        cells.setflags(write=False)
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "notes", tuple(dict.fromkeys(self.notes)))

    def _is_cell_shape(self, shape: tuple[int, ...]) -> bool:
        """Say whether one group's cells may have this shape."""
        raise NotImplementedError

    @classmethod
    def from_cells(
        cls,
        cells: Mapping[Hashable, Sequence | np.ndarray],
        *,
        names: Sequence[str],
        shape: tuple[int, ...],
        notes: Sequence[str] = (),
    ) -> Self:
        """Make counts from a mapping of groups to their cells.

        Parameters
        ----------
        cells : mapping of group to int array of shape ``shape``
            A group is a tuple where ``names`` has several entries.
        names : sequence of str
            What the groups are groups of, such as ``("race", "sex")``.
        shape : tuple of int
            Shape of one group's cells, which an empty mapping does not tell.
        notes : sequence of str
            What was odd about the rows that were counted.

        Returns
        -------
        GroupedCounts
            Groups in the order of the mapping.
        """
        return cls(
            index_groups(cells, names),
            np.array(list(cells.values())) if cells else np.zeros((0, *shape), np.int64),
            notes,
        )

    @property
    def sizes(self) -> np.ndarray:
        """How many people each group has, int array (groups,)."""
        return self.cells.sum(axis=tuple(range(1, self.cells.ndim)))

    @cached_property
    def remarks(self) -> list[str]:
        """Return the notes on the rows, and what the names of the groups alone show to be odd."""
        return [*self.notes, *warn_about_names(self.groups, self.declared)]

    def warn(self, *, part: bool = False) -> None:
        """Issue a `DataWarning` for each remark; of a part of a log, another part may have the categories it lacks."""
        for remark in [*self.notes, *warn_about_names(self.groups, {})] if part else self.remarks:
            warn(remark)

    def cells_by_group(self) -> dict[Hashable, np.ndarray]:
        """Return the cells of each group by its name."""
        return dict(zip(self.groups.tolist(), self.cells, strict=True))

    def position(self, group: Hashable) -> int:
        """Return the row of a group in ``cells``; a UserError says that there is no such group."""
        groups = self.groups.tolist()
        if group not in groups:
            raise UserError(f"unknown group {group!r}; the groups are {groups}")
        return groups.index(group)

    def __add__(self, other: Self) -> Self:
        """Add counts of other people; a group that only one side has is kept."""
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
        if self._kept() != other._kept():
            raise UserError(
                f"counts that keep {self._kept()} cannot be added to counts that keep {other._kept()}; "
                "count both with the same options"
            )
        declared = join_declared(self.declared, other.declared)
        groups = sorted_groups({*self.groups.tolist(), *other.groups.tolist()}, order_of(declared, self.groups.names))
        place = {group: i for i, group in enumerate(groups)}
        added = {}
        for name in self._kept():
            mine, theirs = getattr(self, name), getattr(other, name)
            added[name] = np.zeros((len(place), *mine.shape[1:]), mine.dtype)
            for side, values in ((self, mine), (other, theirs)):
                added[name][[place[group] for group in side.groups.tolist()]] += values
        index, notes = index_groups(place, self.groups.names), (*self.notes, *other.notes)
        return type(self)(index, notes=notes, declared=declared, **added)

    def renamed(self, groups: Sequence[Hashable], declared: Mapping[str, Sequence[Hashable]] | None = None) -> Self:
        """Give each group another name, and sort them.

        Parameters
        ----------
        groups : sequence of hashable
            The new names, in the order of ``groups``.
        declared : mapping of str to sequence, optional
            Categories that a column may hold, in order; by default those that are known already.

        Returns
        -------
        GroupedCounts
            The same counts, in the order of the new names: that of declared categories where there are some.
        """
        declared = self.declared if declared is None else declared
        place = {group: i for i, group in enumerate(groups)}
        order = sorted_groups(place, order_of(declared, self.groups.names))
        arrays = {name: getattr(self, name)[[place[group] for group in order]] for name in self._kept()}
        index = index_groups(order, self.groups.names)
        return type(self)(index, notes=self.notes, declared=declared, **arrays)

    def _kept(self) -> list[str]:
        """Name the arrays that these counts keep."""
        return ["cells", *(name for name in self.optional if getattr(self, name) is not None)]

    def __radd__(self, other: Any) -> Self:
        return self if isinstance(other, int) and other == 0 else NotImplemented  # sum(parts) starts at 0

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        if list(self.groups.names) != list(other.groups.names) or self.cells.shape[1:] != other.cells.shape[1:]:
            return False
        place = {group: i for i, group in enumerate(other.groups.tolist())}
        if self._kept() != other._kept() or place.keys() != set(self.groups.tolist()):
            return False
        order = [place[group] for group in self.groups.tolist()]
        pairs = [(getattr(self, name), getattr(other, name)[order]) for name in self._kept()]
        # sums of weights differ by rounding with the order of the rows
        return all(np.allclose(*pair, rtol=1e-9) if pair[0].dtype == float else np.array_equal(*pair) for pair in pairs)

    __hash__ = None


def order_of(declared: Mapping[str, Sequence[Hashable]], names: Sequence[str]) -> list[Sequence[Hashable] | None]:
    """Return the declared categories of each column that groups are made of, for `sorted_groups`."""
    return [declared.get(name) for name in names]


def index_groups(groups: Iterable[Hashable], names: Sequence[str]) -> pd.Index:
    """Make the index of groups: a MultiIndex where there are several names."""
    if len(names) == 1:
        return pd.Index(list(groups), name=names[0])
    return pd.MultiIndex.from_tuples(list(groups), names=list(names))
