"""Counts of decisions whose rows may have weights, or be several for a person: what rates and intervals rest on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labkit.audit._grouped_counts import GroupedCounts
from labkit.audit.intervals import draw_cells
from labkit.audit.metrics import CELLS, METRICS, UNLABELED_CELLS, UNLABELED_METRICS, Metric, divide, tally
from labkit.audit.sampling._effective import draw_mass, effective_trials
from labkit.errors import UserError


@dataclass(frozen=True, eq=False, repr=False)
class SampledCounts(GroupedCounts):
    """Cells by group and, where they are known, sums of weights, moments and persons: see ``Counts``."""

    weighted: np.ndarray | None = None
    moments: np.ndarray | None = None
    persons: np.ndarray | None = None

    cells_in_words = f"{', '.join(CELLS)} (or {', '.join(UNLABELED_CELLS)})"
    optional = ("weighted", "moments", "persons")

    def __post_init__(self):
        super().__post_init__()
        if (self.moments is None) != (self.weighted is None and self.persons is None):
            raise UserError("weights or persons need moments, and moments need one of them; make counts with count()")
        shape = self.cells.shape
        for name, expected in (("weighted", shape), ("moments", (*shape, shape[1])), ("persons", shape[:1])):
            if (given := getattr(self, name)) is None:
                continue
            values = np.array(given, np.int64 if name == "persons" else np.float64)
            if values.shape != expected or not (np.isfinite(values) & (values >= 0)).all():
                raise UserError(f"{name} must have shape {expected} and hold finite numbers, none of them negative")
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    def _is_cell_shape(self, shape: tuple[int, ...]) -> bool:
        return shape in ((len(CELLS),), (len(UNLABELED_CELLS),))

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics that these counts give: all of ``METRICS``, or without labels the selection rate alone."""
        return METRICS if self.cells.shape[1] == len(CELLS) else UNLABELED_METRICS

    @property
    def sizes(self) -> np.ndarray:
        """How many people each group has, int array (groups,): persons where they are known, or else rows."""
        return self.cells.sum(axis=1) if self.persons is None else self.persons

    @property
    def mass(self) -> np.ndarray:
        """What rates are computed from, (groups, cells): the sums of weights, or the counts where there are none."""
        return self.cells if self.weighted is None else self.weighted

    @property
    def effective_sizes(self) -> np.ndarray:
        """How many people each group is worth, (groups,): its size, or with weights or persons Kish's effective size.

        That is ``(sum w)^2 / sum w^2`` (Kish 1965, section 11.7) with ``w`` for the weight of a row, or the summed
        weight of a person's rows.
        """
        if self.moments is None:
            return self.sizes
        return np.nan_to_num(divide(self.mass.sum(axis=1) ** 2, self.moments.sum(axis=(1, 2))))

    @property
    def sample(self) -> pd.DataFrame:
        """What each group's numbers rest on: rows, then persons, sum_of_weights, effective_size where they differ."""
        columns = {"rows": self.cells.sum(axis=1)}
        if self.persons is not None:
            columns["persons"] = self.persons.copy()
        if self.weighted is not None:
            columns["sum_of_weights"] = self.weighted.sum(axis=1)
        if self.moments is not None:
            columns["effective_size"] = self.effective_sizes
        return pd.DataFrame(columns, index=self.groups)

    def tally(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the successes and trials of every metric, each (groups, metrics), for intervals and tests.

        Whole counts, or with weights or persons the numbers that give the same rates with the same certainty: trials
        are then effective sizes, see ``labkit.audit.sampling``.
        """
        successes, trials = tally(self.mass)
        if self.moments is None:
            return successes, trials
        worth = effective_trials(self.mass, self.moments, self.cells, clustered=self.persons is not None)
        return np.where(worth > 0, divide(successes, trials), 0) * worth, worth

    def draw(self, *, n_boot: int, seed: int) -> Iterator[np.ndarray]:
        """Draw the cells of all groups as another sample of such rows would give them: blocks (block, groups, cells).

        People are resampled; with weights or persons cells vary as ``labkit.audit.sampling`` says.
        """
        if self.moments is None:
            return draw_cells(self.cells, n_boot=n_boot, seed=seed)
        return draw_mass(self.mass, self.moments, n_boot=n_boot, seed=seed)
