"""Counts of a binary classifier by group: they add up, and an audit needs nothing else."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.audit._counting import count_rows
from labkit.audit._grouped_counts import GroupedCounts
from labkit.audit.inputs._groups import declared_categories
from labkit.audit.intervals import check_draws, draw_cells, percentile_limits
from labkit.audit.metrics import CELLS, PARTS, decompose_gap
from labkit.audit.results import Audit
from labkit.audit.text import NO_FORMULAS
from labkit.errors import UserError
from labkit.validation import escape_controls


@dataclass(frozen=True)
class Decomposition:
    """A selection-rate gap between two groups, a minus b, and the three parts that add up to it.

    ``Counts.decompose`` makes it.

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
    """Counts (tn, fp, fn, tp) by group; they never change, and ``+`` adds those of two parts of a log.

    Make them with `count`, or with ``Counts.from_mapping`` from published figures.

    Parameters
    ----------
    groups : pandas.Index
        Names of the groups, all different, without missing values; a MultiIndex for intersections.
    cells : int array of shape (groups, 4)
        Counts of people, ordered tn, fp, fn, tp.
    notes : sequence of str, optional
        What was odd about the rows that were counted: an audit shows it first.
    declared : mapping of str to sequence, optional
        Categories that a sensitive column may hold, in order, also those without people; where the data say so.

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

    cells_in_words = ", ".join(CELLS)

    def _is_cell_shape(self, shape: tuple[int, ...]) -> bool:
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

        Returns
        -------
        Counts
            Groups in the order of the mapping.
        """
        return cls.from_cells(cells, names=names, shape=(len(CELLS),))

    @property
    def table(self) -> pd.DataFrame:
        """A copy of the counts with groups as rows and columns tn, fp, fn, tp."""
        return pd.DataFrame(self.cells.copy(), index=self.groups, columns=list(CELLS))

    def audit(self, **options: Any) -> Audit:
        """Audit these counts; options are ``n_boot``, ``confidence``, ``seed`` and ``min_group_size`` of `Audit`."""
        return Audit(self, **options)

    def decompose(
        self, a: Hashable, b: Hashable, *, n_boot: int = 2000, confidence: float = 0.95, seed: int = 0
    ) -> Decomposition:
        """Split the selection-rate gap a - b into what errors contribute and what base rates contribute.

        The identity is exact (total probability within each group); ``labkit.audit.metrics.decompose_gap`` states it.

        Parameters
        ----------
        a, b : hashable
            Two groups; tuples for intersections.
        n_boot : int
            Replicates behind the intervals, at least 100. People are resampled over all groups together.
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
                        f"group {group!r} has no people labeled {kind}: a rate is undefined and the gap has no parts; "
                        "merge groups or count more data"
                    )
        parts = decompose_gap(pair)  # (3,)
        # the other groups only take up draws: pooled into one, they give the same distribution at less cost
        pooled = np.vstack([pair, self.cells.sum(axis=0) - pair.sum(axis=0)])  # (3, 4)
        replicates = draw_cells(pooled, n_boot=n_boot, seed=seed)  # blocks of (block, 3, 4)
        drawn = np.concatenate([decompose_gap(cells[:, :2]) for cells in replicates])  # (n_boot, 3)
        limits = percentile_limits(drawn, parts, confidence=confidence, index=PARTS)
        selected = (pair[:, 1] + pair[:, 3]) / pair.sum(axis=1)  # (fp + tp) / n of a and of b
        gap = float(selected[0] - selected[1])
        return Decomposition(pd.Series(parts, index=list(PARTS)), limits, gap, (a, b))

    def _position(self, group: Hashable) -> int:
        """Return the row of a group in ``cells``."""
        groups = self.groups.tolist()
        if group not in groups:
            raise UserError(f"unknown group {group!r}; the groups are {groups}")
        return groups.index(group)

    def __repr__(self) -> str:
        return escape_controls(f"Counts of {self.cells.sum():,} people\n{self.table}")

    def _repr_html_(self) -> str:
        return self.table.to_html(border=0, classes=NO_FORMULAS)


def count(
    frame: Any,
    *,
    label: str,
    prediction: str,
    sensitive: str | Sequence[str],
    weight: str | None = None,
    min_groups: int = 2,
    missing_group: str | None = None,
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
        One column, or several: then the groups are the combinations that occur. Numbers are codes: cut amounts, such as
        ages, into ranges first. Categories keep the order in which they are declared.
    weight : str, optional
        A column of whole counts, for a table in which one row stands for several people.
    min_groups : int
        Fewer groups are an error. A part of a log that will be added to others may hold 1, or none (0).
    missing_group : str, optional
        Count people whose group is missing as a group of this name, such as "not stated"; by default they are an error.

    Returns
    -------
    Counts
        Groups in sorted order; a MultiIndex where ``sensitive`` names several columns.

    Warns
    -----
    DataWarning
        Groups of one column that differ only in how they are written, intersections whose joined names are the same,
        or declared categories without rows.

    Raises
    ------
    TypeError
        ``frame`` is not a dataframe.
    UserError
        An unknown column, one column with two roles, values that are not 0/1, missing values, weights that are not
        counts, no rows, a single group, a sensitive column with more than 20 different numbers, or one that holds lists
        or bytes.

    Examples
    --------
    >>> table = pd.DataFrame({"sex": ["f", "f", "m"], "y": [0, 1, 1], "yhat": [1, 1, 0]})
    >>> count(table, label="y", prediction="yhat", sensitive="sex").table.loc["f"].to_dict()
    {'tn': 0, 'fp': 1, 'fn': 0, 'tp': 1}
    """
    names = [sensitive] if isinstance(sensitive, str) else list(sensitive)
    notes: list[str] = []  # what is odd about the rows: warned about here, and kept for the audit
    cells = count_rows(
        frame,
        label=label,
        prediction=prediction,
        sensitive=names,
        weight=weight,
        notes=notes,
        missing_group=missing_group,
    )
    if not cells and min_groups > 0:
        raise UserError("the frame is empty: there is no row to count")
    if len(cells) < min_groups:
        raise UserError(
            f"sensitive column {', '.join(map(repr, names))} has one single group, {next(iter(cells))!r}, and nothing "
            "to compare it with; name another column, or pass min_groups=1 for a part that is added to others"
        )
    declared = declared_categories(frame, names)
    counts = Counts.from_cells(cells, names=names, shape=(len(CELLS),), notes=notes, declared=declared)
    counts.warn(part=min_groups < 2)
    return counts
