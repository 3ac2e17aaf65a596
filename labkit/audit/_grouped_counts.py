"""What counts by group have in common, whatever is counted: they are checked, never change, add up and compare."""

from collections.abc import Hashable, Mapping, Sequence
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
        declared: Mapping[str, Sequence[Hashable]] | None = None,
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
        declared : mapping of str to sequence, optional
            Categories that a column may hold. Groups are then sorted, by them where a column has some.

        Returns
        -------
        GroupedCounts
            Groups in the order of the mapping, or sorted.
        """
        if declared is not None:
            cells = {group: cells[group] for group in sorted_groups(cells, [declared.get(name) for name in names])}
        if len(names) == 1:
            index = pd.Index(list(cells), name=names[0])
        else:
            index = pd.MultiIndex.from_tuples(list(cells), names=list(names))
        values = np.array(list(cells.values())) if cells else np.zeros((0, *shape), np.int64)
        return cls(index, values, tuple(notes), declared=declared or {})

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
        mine, theirs = self.cells_by_group(), other.cells_by_group()
        none = np.zeros(shape, dtype=np.int64)
        added = {group: mine.get(group, none) + theirs.get(group, none) for group in {**mine, **theirs}}
        notes, declared = (*self.notes, *other.notes), join_declared(self.declared, other.declared)
        return self.from_cells(added, names=self.groups.names, shape=shape, notes=notes, declared=declared)

    def __radd__(self, other: Any) -> Self:
        return self if isinstance(other, int) and other == 0 else NotImplemented  # sum(parts) starts at 0

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        if list(self.groups.names) != list(other.groups.names) or self.cells.shape[1:] != other.cells.shape[1:]:
            return False
        mine, theirs = self.cells_by_group(), other.cells_by_group()
        return mine.keys() == theirs.keys() and all((mine[group] == theirs[group]).all() for group in mine)

    __hash__ = None
