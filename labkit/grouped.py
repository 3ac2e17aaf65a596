"""Counts of people by group, whatever is counted: checked once, never changed, added up over the parts of a log."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from labkit.frames import sorted_groups


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
    ValueError
        A shape that does not fit, a group named twice or missing, a count that is negative or not whole.
    """

    groups: pd.Index
    cells: np.ndarray

    cells_of_a_group: ClassVar[str] = "cells"

    def __post_init__(self):
        given = np.asarray(self.cells)
        if given.shape[:1] != (len(self.groups),) or not self._fits(given.shape[1:]):
            raise ValueError(
                f"cells have shape {given.shape}; {len(self.groups)} groups need one row of "
                f"{self.cells_of_a_group} each"
            )
        if self.groups.has_duplicates or any(pd.isna(part) for group in self.groups for part in np.atleast_1d(group)):
            raise ValueError(f"groups {self.groups.tolist()} must differ and none may be missing; name each group once")
        with np.errstate(invalid="ignore"):  # NaN has no integer; the comparison finds it
            cells = given.astype(np.int64)
        if (cells != given).any() or (cells < 0).any():
            wrong = given[(cells != given) | (cells < 0)][0]
            raise ValueError(f"{wrong} is not a count of people; counts are whole and not negative (not rates)")
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
            raise ValueError(
                f"counts by {list(self.groups.names)} cannot be added to counts by {list(other.groups.names)}; "
                "count both by the same sensitive columns"
            )
        shape = self.cells.shape[1:]
        if shape != other.cells.shape[1:]:
            raise ValueError(f"cells of shape {shape} cannot be added to cells of shape {other.cells.shape[1:]}")
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
