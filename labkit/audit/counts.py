"""Counts of a binary classifier by group: they add up, and an audit needs nothing else."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.audit._counting import count_rows
from labkit.audit._grouped_counts import index_groups
from labkit.audit.inputs._groups import declared_categories
from labkit.audit.intervals import check_draws, draw_cells, percentile_limits
from labkit.audit.metrics import (
    CELLS,
    METRICS,
    PARTS,
    UNLABELED_CELLS,
    decompose_gap,
)
from labkit.audit.results import Audit
from labkit.audit.sampling._effective import draw_mass
from labkit.audit.sampling._notices import NO_LABELS
from labkit.audit.sampling._roles import CountedRows, Roles
from labkit.audit.sampling._sampled_counts import SampledCounts
from labkit.audit.text import NO_FORMULAS, say_people
from labkit.errors import UserError
from labkit.validation import escape_controls


@dataclass(frozen=True)
class Decomposition:
    """A selection-rate gap between two groups, a minus b, and the three parts that add up to it.

    ``Counts.decompose`` makes it.

    Parameters
    ----------
    parts : pandas.Series
        Part of the gap due to ``true_positive_rate`` (positives selected at different rates), ``false_positive_rate``
        (negatives selected at different rates) and ``base_rate``, in probability; they sum to ``gap``.
    intervals : pandas.DataFrame
        The same rows with columns low and high: percentiles over draws of the counts.
    gap : float
        Selection rate of a minus selection rate of b.
    groups : tuple
        a and b.
    held_fixed : {"mean", "a", "b"}
        At whose base rate the first two parts are taken, see ``Counts.decompose``.
    """

    parts: pd.Series
    intervals: pd.DataFrame
    gap: float
    groups: tuple = ()
    held_fixed: str = "mean"


@dataclass(frozen=True, eq=False, repr=False)
class Counts(SampledCounts):
    """Counts (tn, fp, fn, tp) by group; they never change, and ``+`` adds those of two parts of a log.

    Make them with `count`, or with ``Counts.from_mapping`` from published figures. A person with rows in both parts of
    a log, or in two groups, is counted in each.

    Parameters
    ----------
    groups : pandas.Index
        Names of the groups, all different, without missing values; a MultiIndex for intersections.
    cells : int array of shape (groups, 4) or (groups, 2)
        Counts of people, ordered tn, fp, fn, tp; or, where no labels are known, not selected, selected. With weights
        or persons, counts of rows.
    notes : sequence of str, optional
        What was odd about the rows that were counted: an audit shows it first.
    declared : mapping of str to sequence, optional
        Categories that a sensitive column may hold, in order, also those without people; where the data say so.
    weighted : float array of shape (groups, cells), optional
        Sums of survey weights.
    moments : float array of shape (groups, cells, cells), optional
        Sums over persons of the outer products of their weighted cells; diagonal where a person has one row. Weights
        and persons need them.
    persons : int array of shape (groups,), optional
        How many persons the rows are about, where that was asked for.

    Raises
    ------
    UserError
        Shapes that differ, a group named twice or missing, a count that is negative or not whole, weights or persons
        without moments.

    Examples
    --------
    >>> compas = Counts.from_mapping({"African-American": [990, 805, 532, 1369], "Caucasian": [1139, 349, 461, 505]})
    >>> compas.audit().by_group["false_positive_rate"].round(4).to_dict()
    {'African-American': 0.4485, 'Caucasian': 0.2345}
    """

    @classmethod
    def from_mapping(cls, cells: Mapping[Hashable, Sequence[int]], *, names: Sequence[str] = ("group",)) -> "Counts":
        """Make counts from published figures.

        Parameters
        ----------
        cells : mapping
            Group to its four counts (tn, fp, fn, tp), or, where no labels are known, to two (not selected, selected);
            a group is a tuple where ``names`` has several entries.
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
        """A copy of the counts: groups as rows, columns tn, fp, fn, tp (without labels not_selected, selected).

        With weights there are further columns, weighted_tn and so on, with the sums of weights.
        """
        names = list(CELLS if self.metrics is METRICS else UNLABELED_CELLS)
        table = pd.DataFrame(self.cells.copy(), index=self.groups, columns=names)
        if self.weighted is not None:
            table[[f"weighted_{name}" for name in names]] = self.weighted
        return table

    def audit(self, **options: Any) -> Audit:
        """Audit these counts; options are ``confidence``, ``n_tables``, ``seed`` and ``min_group_size`` of `Audit`."""
        return Audit(self, **options)

    def decompose(
        self,
        a: Hashable,
        b: Hashable,
        *,
        held_fixed: str = "mean",
        n_boot: int = 2000,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> Decomposition:
        """Split the selection-rate gap a - b into what errors contribute and what base rates contribute.

        The identity is exact (total probability within each group), and there are three ways to write it. With ``pi``
        for a group's base rate, D for a difference, a minus b, and bars for means of the two groups, the parts are

        ========== ========================= =========================== ============================
        held_fixed true_positive_rate        false_positive_rate         base_rate
        ========== ========================= =========================== ============================
        "mean"     ``bar(pi) D TPR``         ``(1 - bar(pi)) D FPR``     ``(bar(TPR) - bar(FPR)) D pi``
        "a"        ``pi_a D TPR``            ``(1 - pi_a) D FPR``        ``(TPR_b - FPR_b) D pi``
        "b"        ``pi_b D TPR``            ``(1 - pi_b) D FPR``        ``(TPR_a - FPR_a) D pi``
        ========== ========================= =========================== ============================

        (Kitagawa 1955; Oaxaca 1973; Blinder 1973.) With "a", the first two parts say how many more people *of a* are
        selected than if they were treated like b's, and the third what the base rates change for people treated
        like b's. None of the three is the right one, as with price indexes: say which one is used.

        Parameters
        ----------
        a, b : hashable
            Two groups; tuples for intersections.
        held_fixed : {"mean", "a", "b"}
            At whose base rate differences of TPR and FPR are taken.
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
            An unknown group, the same group twice, a group without positives or without negatives, or another
            ``held_fixed``.
        """
        check_draws(n_boot, confidence)
        if self.metrics is not METRICS:
            raise UserError(f"a gap cannot be decomposed without labels: {NO_LABELS}; count with label=")
        places = [self.position(a), self.position(b)]
        pair = self.mass[places]  # (2, 4)
        if a == b:
            raise UserError(f"a and b are both {a!r}; a gap needs two different groups")
        for group, (tn, fp, fn, tp) in zip((a, b), pair, strict=True):
            for kind, people in (("positive", fn + tp), ("negative", tn + fp)):
                if people == 0:
                    raise UserError(
                        f"group {group!r} has no people labeled {kind}: a rate is undefined and the gap has no parts; "
                        "merge groups or count more data"
                    )
        parts = decompose_gap(pair, held_fixed=held_fixed)  # (3,)
        if self.moments is None:
            # the other groups only take up draws: pooled into one, they give the same distribution at less cost
            pooled = np.vstack([pair, self.cells.sum(axis=0) - pair.sum(axis=0)])  # (3, 4)
            replicates = draw_cells(pooled, n_boot=n_boot, seed=seed)  # blocks of (block, 3, 4)
        else:
            replicates = draw_mass(pair, self.moments[places], n_boot=n_boot, seed=seed)  # blocks of (block, 2, 4)
        drawn = [decompose_gap(cells[:, :2], held_fixed=held_fixed) for cells in replicates]
        drawn = np.concatenate(drawn)  # (n_boot, 3)
        limits = percentile_limits(drawn, parts, confidence=confidence, index=PARTS)
        selected = (pair[:, 1] + pair[:, 3]) / pair.sum(axis=1)  # (fp + tp) / n of a and of b
        gap = float(selected[0] - selected[1])
        return Decomposition(pd.Series(parts, index=list(PARTS)), limits, gap, (a, b), held_fixed)

    def __repr__(self) -> str:
        shown = self.table if self.moments is None else self.table.join(self.sample)
        return escape_controls(f"Counts of {say_people(self)}\n{shown.to_string(line_width=110)}")

    def _repr_html_(self) -> str:
        shown = self.table if self.moments is None else self.table.join(self.sample)
        return shown.to_html(border=0, classes=NO_FORMULAS)


def count(
    frame: Any,
    *,
    label: str | None,
    prediction: str | None = None,
    sensitive: str | Sequence[str],
    score: str | None = None,
    threshold: float | None = None,
    count: str | None = None,
    weight: str | None = None,
    person: str | None = None,
    min_groups: int = 2,
    missing_group: str | None = None,
) -> Counts:
    """Count true and false negatives and positives by group, on the engine that holds the data.

    Rows are people, unless one of ``count``, ``weight`` and ``person`` says otherwise: none of them is ever guessed.

    Parameters
    ----------
    frame : dataframe
        Of any engine that narwhals knows: pandas, polars, pyarrow, and lazily polars, DuckDB, Dask, PySpark. Only the
        counts are collected.
    label : str or None
        Column of 0 and 1 (numbers or booleans). None where labels are not known yet: then selection rates are counted,
        and error rates, precision and base rates stay unknown.
    prediction : str, optional
        Column of 0 and 1 (numbers or booleans).
    sensitive : str or sequence of str
        One column, or several: then the groups are the combinations that occur. Numbers are codes: cut amounts, such as
        ages, into ranges first. Categories keep the order in which they are declared.
    score, threshold : str and float, optional
        In place of ``prediction``: a column of numbers, and the number from which on the decision is 1.
    count : str, optional
        A column that says how many people a row stands for: whole numbers from 0 on, for a table of counts.
    weight : str, optional
        A column of survey weights, from 0 on: how many people of the population a person in the sample stands for.
        Rates are weighted, and intervals rest on effective sizes, ``(sum w)^2 / sum w^2`` (Kish 1965). Weights are
        taken as given: strata are not known, nor clusters other than those of ``person``, and how the weights were
        adjusted to the population is not either.
    person : str, optional
        A column that identifies persons, where one may have several rows. Rates are those of rows; intervals and tests
        take the rows of a person as alike as they are found to be, in each group (Kish 1965, section 6.3). A person
        with rows in several groups is counted in each.
    min_groups : int
        Fewer groups are an error. A part of a log that will be added to others may hold 1, or none (0).
    missing_group : str, optional
        Count people whose group is missing as a group of this name, such as "not stated"; by default they are an error.

    Returns
    -------
    Counts
        Groups in sorted order; a MultiIndex where ``sensitive`` names several columns.

    Raises
    ------
    TypeError
        ``frame`` is not a dataframe.
    UserError
        An unknown column, one column with two roles, options that exclude each other, values that are not 0/1, missing
        values, counts that are not whole, weights that are negative or not finite, no rows, a single group, a sensitive
        column with more than 20 different numbers, or one that holds lists or bytes.

    Warns
    -----
    DataWarning
        A column of counts that looks like survey weights; persons with rows in several groups; and, in a frame in
        memory and without ``person`` or ``count``, a column that looks like an identifier of persons and repeats.
        Groups of one column that differ only in how they are written, intersections whose joined names are the same, or
        declared categories without rows.

    Examples
    --------
    >>> table = pd.DataFrame({"sex": ["f", "f", "m"], "y": [0, 1, 1], "yhat": [1, 1, 0]})
    >>> count(table, label="y", prediction="yhat", sensitive="sex").table.loc["f"].to_dict()
    {'tn': 0, 'fp': 1, 'fn': 0, 'tp': 1}
    """
    roles = Roles.named(
        label=label,
        prediction=prediction,
        sensitive=sensitive,
        score=score,
        threshold=threshold,
        count=count,
        weight=weight,
        person=person,
        missing_group=missing_group,
    )
    return count_decisions(frame, roles, min_groups=min_groups)


def count_decisions(frame: Any, roles: Roles, *, min_groups: int) -> Counts:
    """Count a frame whose columns have these roles, see `count`."""
    notes: list[str] = []  # what is odd about the rows: warned about, and kept for the audit
    counted = count_rows(frame, roles, notes=notes)
    declared = declared_categories(frame, roles.sensitive)
    return make_counts(counted, roles, notes=notes, declared=declared, min_groups=min_groups)


def make_counts(
    counted: CountedRows, roles: Roles, *, notes: Sequence[str], declared: Mapping[str, Sequence], min_groups: int
) -> Counts:
    """Make counts of what was counted, warn about what is odd, and reject too few groups and weights that are all 0."""
    names = list(roles.sensitive)
    if not counted.cells and min_groups > 0:
        raise UserError("the frame is empty: there is no row to count")
    if len(counted.cells) < min_groups:
        raise UserError(
            f"sensitive column {', '.join(map(repr, names))} has one single group, {next(iter(counted.cells))!r}, and "
            "nothing to compare it with; name another column, or pass min_groups=1 for a part that is added to others"
        )
    size = len(CELLS if roles.label else UNLABELED_CELLS)
    shapes = {"cells": (size,), "weighted": (size,), "moments": (size, size), "persons": ()}
    arrays = {
        name: np.array(list(by_group.values())).reshape(-1, *shapes[name])
        for name, by_group in counted._asdict().items()
        if by_group is not None
    }
    counts = Counts(index_groups(counted.cells, names), notes=tuple(notes), **arrays)
    counts = counts.renamed(counts.groups.tolist(), declared)
    if min_groups > 0:
        reject_weightless(counts, roles)
    counts.warn(part=min_groups < 2)
    return counts


def reject_weightless(counts: Counts, roles: Roles) -> None:
    """Reject groups in which nobody has a weight above 0."""
    if counts.weighted is not None and not (totals := counts.weighted.sum(axis=1)).all():
        group = counts.groups[totals == 0].tolist()[0]
        raise UserError(
            f"weight column {roles.weight!r} is 0 in all rows of group {group!r}: nothing is known of that group; "
            "drop its rows, or name another column"
        )
