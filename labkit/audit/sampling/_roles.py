"""Which column of a table has which role, and which roles exclude each other."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from labkit.audit.inputs._groups import check_missing_group
from labkit.errors import UserError


@dataclass(frozen=True)
class Roles:
    """The columns of a table of decisions by what they hold; ``labkit.audit.count`` says what each of them is."""

    label: str | None
    prediction: str | None
    sensitive: tuple[str, ...]
    score: str | None = None
    threshold: float | None = None
    count: str | None = None
    weight: str | None = None
    person: str | None = None
    missing_group: str | None = None  # no column: the name of the group of those whose group is missing

    @classmethod
    def named(cls, *, sensitive: str | Sequence[str], **columns: str | float | None) -> Self:
        """Take one sensitive column or several, and reject roles that exclude each other."""
        roles = cls(sensitive=(sensitive,) if isinstance(sensitive, str) else tuple(sensitive), **columns)
        check_missing_group(roles.missing_group)
        if roles.prediction is not None:
            if roles.score is not None or roles.threshold is not None:
                raise UserError(
                    "prediction= and score= with threshold= both say what was decided; pass one or the other"
                )
        elif roles.score is None or roles.threshold is None:
            raise UserError("nothing says what was decided: pass prediction=, or score= and threshold=")
        elif isinstance(roles.threshold, bool) or not math.isfinite(roles.threshold):
            raise UserError(f"threshold={roles.threshold!r} is not a finite number; pass the lowest score that means 1")
        if roles.count is not None and (roles.weight is not None or roles.person is not None):
            other = "weight" if roles.weight is not None else "person"
            raise UserError(
                f"count= says that a row stands for several people, and {other}= that it is about one; pass one of them"
            )
        return roles

    @property
    def cells(self) -> int:
        """How many cells a group has: four with labels, two without."""
        return 4 if self.label is not None else 2

    @property
    def by_role(self) -> dict[str, Sequence[str]]:
        """The columns that are named, by role; the roles that every table has are there even without a column."""
        further = {role: [name] for role in ("score", "count", "weight", "person") if (name := getattr(self, role))}
        named = {role: [name] if (name := getattr(self, role)) else [] for role in ("label", "prediction")}
        return {**named, "sensitive": self.sensitive, **further}

    @property
    def columns(self) -> list[str]:
        """Every column that is named, once."""
        return list(dict.fromkeys(name for names in self.by_role.values() for name in names))

    @property
    def truths(self) -> list[str]:
        """The columns of 0 and 1."""
        return [*self.by_role["label"], *self.by_role["prediction"]]

    @property
    def numbers(self) -> list[str]:
        """The columns of other numbers."""
        return [name for name in (self.score, self.count, self.weight) if name]


class CountedRows(NamedTuple):
    """What was counted, by group in sorted order: arrays as in ``labkit.audit.Counts``; None is what is not kept."""

    cells: dict[Hashable, np.ndarray]
    weighted: dict[Hashable, np.ndarray] | None = None
    moments: dict[Hashable, np.ndarray] | None = None
    persons: dict[Hashable, np.ndarray] | None = None
