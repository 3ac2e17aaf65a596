"""Scores counted into bins by group and label, on any dataframe engine: AUC and calibration with the bin error stated.

A histogram holds counts: those of two parts of a log add up, and a log of any length leaves a few kilobytes. What
binning can change is bounded. The order of two people in one bin is not known, so that AUC lies between the case that
all such pairs are in the wrong order and the case that all are in the right one; and a score lies within half a bin's
width of the middle of its bin.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.audit._counting import binary, count_by, gather_by_group, group_keys, name_keys, open_frame, reject_values
from labkit.audit._grouped_counts import GroupedCounts
from labkit.audit.between.delong import AucDifference, delong_variance
from labkit.audit.calibration import tabulate_calibration
from labkit.audit.inputs._groups import clean_groups, declared_categories
from labkit.audit.inputs._names import label_groups
from labkit.audit.intervals import auc_interval, normal_quantile
from labkit.audit.metrics import divide
from labkit.audit.text import NO_FORMULAS
from labkit.errors import UserError
from labkit.validation import escape_controls

BINS = 1024  # AUC of smooth scores is then known to about 1 / 1024
MAX_BINS = 2**16
MAX_GROUPS = 1_000  # a group has twice as many cells as there are bins
EXAMPLES = 5  # wrong scores that an error shows


@dataclass(frozen=True, eq=False, repr=False)
class ScoreHistogram(GroupedCounts):
    """People by group, label and bin of their score; they never change, and ``+`` adds those of two parts of a log.

    Parameters
    ----------
    groups : pandas.Index
        Names of the groups, all different, without missing values; a MultiIndex for intersections.
    cells : int array of shape (groups, 2, bins)
        Counts of people labeled 0, then labeled 1. Bins are equally wide over [0, 1]; bin b holds scores from
        b / bins to below (b + 1) / bins, the last one 1 as well.
    notes : sequence of str, optional
        What was odd about the rows that were counted.
    declared : mapping of str to sequence, optional
        Categories that a sensitive column may hold, in order, also those without people; where the data say so.

    Raises
    ------
    UserError
        A shape that does not fit, a group named twice or missing, a count that is negative or not whole.

    Examples
    --------
    >>> table = pd.DataFrame({"sex": list("ffmm"), "y": [0, 1, 0, 1], "score": [0.2, 0.8, 0.6, 0.4]})
    >>> count_scores(table, label="y", score="score", sensitive="sex").auc()["auc"].to_dict()
    {'f': 1.0, 'm': 0.0}
    """

    cells_in_words = "negatives and positives by bin"

    def _is_cell_shape(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == 2 and shape[0] == 2 and _is_number_of_bins(shape[1])

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return self.cells.shape[2]

    def coarsen(self, bins: int) -> "ScoreHistogram":
        """Join neighboring bins.

        Parameters
        ----------
        bins : int
            How many are left: a power of two, not above the histogram's.

        Returns
        -------
        ScoreHistogram
            The same people in fewer bins.

        Raises
        ------
        UserError
            Another number of bins.
        """
        self._check_coarser(bins)
        cells = self.cells.reshape(len(self.groups), 2, bins, -1).sum(axis=-1)
        return ScoreHistogram(self.groups, cells, self.notes, self.declared)

    def auc(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Give the area under each group's ROC curve: P(a positive scores above a negative), ties counted half.

        Pairs whose scores share a bin are not known to be ordered. Counted half they give ``auc``; counted as wrong
        and as right they give ``lowest`` and ``highest``, between which the AUC of the exact scores lies for certain.

        Parameters
        ----------
        confidence : float
            Coverage of the interval, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            One row per group: ``n``, ``positives``, ``auc``, ``error`` (half of highest - lowest: how far the exact AUC
            can be from ``auc``), ``lowest``, ``highest``, and ``low`` and ``high``, Newcombe's interval, which says how
            much the AUC varies between samples. Its lower limit is that of ``lowest`` and its upper limit that of
            ``highest``, so that it covers the bin error. NaN for a group without positives or without negatives.
        """
        sizes = self.cells.sum(axis=-1)  # (groups, 2)
        shares = divide(self.cells, sizes[..., None])  # (groups, 2, bins)
        negative, positive = shares[:, 0], shares[:, 1]  # each (groups, bins)
        # pairs of a positive and a negative: those with the negative in a lower bin, and those in the same bin
        lowest = (positive * (negative.cumsum(axis=-1) - negative)).sum(axis=-1)
        tied = (positive * negative).sum(axis=-1)
        highest = np.minimum(lowest + tied, 1)  # only rounding takes it above 1
        low, high = auc_interval(lowest, highest, sizes[:, 1], sizes[:, 0], confidence=confidence)
        return pd.DataFrame(
            {
                "n": self.sizes,
                "positives": sizes[:, 1],
                "auc": lowest + tied / 2,
                "error": tied / 2,
                "lowest": lowest,
                "highest": highest,
                "low": low,
                "high": high,
            },
            index=self.groups,
        )

    def auc_difference(self, a: Hashable, b: Hashable, *, confidence: float = 0.95) -> AucDifference:
        """Compare the AUCs of two groups: their difference with an interval, and a test that they are equal.

        The people of two groups are different people, so the variance of the difference is the sum of the two
        variances, which are those of DeLong, DeLong and Clarke-Pearson (1988). Interval and test treat the difference
        as normal. In a group whose people are sorted without any mistake (and in one with a single positive or
        negative) DeLong's variance is 0 or undefined; there the distance to Newcombe's limit, see ``auc``, takes its
        place.

        Parameters
        ----------
        a, b : hashable
            Two groups; tuples for intersections.
        confidence : float
            Coverage of the interval, between 0 and 1.

        Returns
        -------
        AucDifference
            Of the binned scores: pairs in one bin count half. `auc_difference` compares exact scores.

        Raises
        ------
        UserError
            An unknown group, the same group twice, a group without positives or without negatives, or a
            ``confidence`` that is not between 0 and 1.

        Examples
        --------
        >>> table = pd.DataFrame({"sex": list("ffffmmmm"), "y": [0, 1] * 4, "score": [0, 0.9, 0, 0.9, 0, 0.9, 0.9, 0]})
        >>> found = count_scores(table, label="y", score="score", sensitive="sex").auc_difference("f", "m")
        >>> found.difference, round(found.p_value, 2)
        (0.5, 0.29)
        """
        from scipy.special import ndtr

        if not 0 < confidence < 1:
            raise UserError(f"confidence={confidence} is not between 0 and 1; use 0.95 for a 95% interval")
        if a == b:
            raise UserError(f"a and b are both {a!r}; a difference needs two different groups")
        pair = self.cells[[self.position(a), self.position(b)]]  # (2, 2, bins)
        negatives, positives = pair.sum(axis=-1).T  # each (2,)
        for group, *people in zip((a, b), negatives, positives, strict=True):
            for kind, number in zip(("negative", "positive"), people, strict=True):
                if number == 0:
                    raise UserError(
                        f"group {group!r} has no people labeled {kind}, so it has no AUC; merge groups or count more "
                        "data"
                    )
        auc, variance = delong_variance(pair)
        if not (variance > 0).all():
            low, high = auc_interval(auc, auc, positives, negatives, confidence=0.95)
            reach = np.maximum(auc - low, high - auc) / normal_quantile(
                0.95
            )  # one standard error, by Newcombe's limits
            variance = np.where(variance > 0, variance, reach**2)  # also in the place of NaN
        difference, spread = auc[0] - auc[1], np.sqrt(variance.sum())
        margin = normal_quantile(confidence) * spread
        shares = divide(pair, pair.sum(axis=-1, keepdims=True))  # (2, 2, bins)
        return AucDifference(
            difference=float(difference),
            low=float(max(difference - margin, -1)),
            high=float(min(difference + margin, 1)),
            p_value=float(2 * ndtr(-abs(difference) / spread)),
            error=float((shares[:, 0] * shares[:, 1]).sum() / 2),  # half of the tied pairs of each group
            groups=(a, b),
        )

    def calibration(self, *, bins: int = 16, confidence: float = 0.95) -> pd.DataFrame:
        """Count, for people of each group with about the same score, how many are labeled positive.

        The mean score of a bin is computed from the middles of the histogram's bins, so that it is off by at most half
        their width, ``error``. `calibration_by_group` gives the same table from the scores themselves, and
        `plot_calibration` draws either.

        Parameters
        ----------
        bins : int
            Bins of the table: a power of two, not above the histogram's.
        confidence : float
            Coverage of the Wilson intervals, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            Indexed by group and bin; bins in which a group has nobody are left out. Columns: ``score`` (mean in the
            bin), ``error`` (of that mean, at most), ``n``, ``positives``, ``share`` (of people labeled positive),
            ``low``, ``high``.
        """
        self._check_coarser(bins)
        width = self.bins // bins  # bins of the histogram in one of the table's
        group, place = np.nonzero(self.cells.sum(axis=1))  # positions of each bin that has people
        cells = pd.DataFrame(
            {
                "group": group,
                "bin": place // width,
                "score": (place + 0.5) / self.bins,  # the middle of the bin
                "n": self.cells[group, :, place].sum(axis=1),
                "positives": self.cells[group, 1, place],
            }
        )
        table = tabulate_calibration(cells, confidence=confidence)
        table.insert(1, "error", 0.5 / self.bins)
        names = label_groups(self.groups) if self.groups.nlevels > 1 else self.groups.tolist()
        return table.rename(index=dict(enumerate(names)), level="group")

    def mean_calibration(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Compare each group's mean score with its share of positives: calibration in the large.

        A score that says .30 on average where .26 turn out positive is too high for the group, wherever the curve of
        `calibration` runs. The interval is that of a mean of n differences between label and score.

        Parameters
        ----------
        confidence : float
            Coverage of the interval, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            One row per group: ``n``, ``mean_score`` (from the middles of the bins), ``share`` (of people labeled
            positive), ``difference`` (mean score minus share), ``low``, ``high``, and ``error``, how far binning can
            have moved ``mean_score``; the interval includes it. NaN limits for a group of fewer than two people.
        """
        sizes, labels = self.sizes, np.arange(2)[:, None]  # (groups,), (2, 1)
        off = (np.arange(self.bins) + 0.5) / self.bins - labels  # score minus label, (2, bins)
        difference = divide((self.cells * off).sum(axis=(1, 2)), sizes)
        spread = (self.cells * (off - difference[:, None, None]) ** 2).sum(axis=(1, 2))
        error = 0.5 / self.bins
        margin = normal_quantile(confidence) * np.sqrt(divide(spread, (sizes - 1) * sizes)) + error
        share = divide(self.cells[:, 1].sum(axis=-1), sizes)
        columns = {"n": sizes, "mean_score": share + difference, "share": share, "difference": difference}
        return pd.DataFrame(
            columns | {"low": difference - margin, "high": difference + margin, "error": error}, index=self.groups
        )

    def _check_coarser(self, bins: int) -> None:
        """Reject a number of bins that these bins cannot be joined to."""
        if not _is_number_of_bins(bins) or bins > self.bins:
            raise UserError(f"bins={bins!r}: {self.bins} bins can be joined to a smaller power of two, from 2 on")

    def __repr__(self) -> str:
        return escape_controls(f"Scores of {self.cells.sum():,} people in {self.bins} bins\n{self.auc()}")

    def _repr_html_(self) -> str:
        return self.auc().to_html(border=0, classes=NO_FORMULAS)


def count_scores(
    frame: Any,
    *,
    label: str,
    score: str,
    sensitive: str | Sequence[str],
    bins: int = BINS,
    min_groups: int = 1,
    missing_group: str | None = None,
) -> ScoreHistogram:
    """Count people by group, label and bin of their score, on the engine that holds the data.

    Parameters
    ----------
    frame : dataframe
        Of any engine that narwhals knows, eager or lazy; only the counts are collected.
    label : str
        Column of 0 and 1 (numbers or booleans).
    score : str
        Column of scores in [0, 1].
    sensitive : str or sequence of str
        One column, or several: then the groups are the combinations that occur.
    bins : int
        Bins over [0, 1]: a power of two, so that every engine puts a score into the same bin, rounding aside.
    min_groups : int
        Fewer groups are an error; 0 for a part of a log that may be empty.
    missing_group : str, optional
        Count people whose group is missing as a group of this name, such as "not stated"; by default they are an error.

    Returns
    -------
    ScoreHistogram
        Groups in sorted order.

    Warns
    -----
    DataWarning
        What ``labkit.audit.count`` warns about groups.

    Raises
    ------
    TypeError
        ``frame`` is not a dataframe.
    UserError
        An unknown column, one column with two roles, labels that are not 0/1, scores that are missing, NaN or outside
        [0, 1], a missing group, no rows, more than ``MAX_GROUPS`` groups, a sensitive column with more than 20
        different numbers, or one that holds lists or bytes.
    """
    if not _is_number_of_bins(bins):
        raise UserError(f"bins={bins!r}: give a power of two from 2 to {MAX_BINS}, such as {BINS}")
    names = [sensitive] if isinstance(sensitive, str) else list(sensitive)
    frame, schema = open_frame(frame, {"label": [label], "score": [score], "sensitive": names})
    if not schema[score].is_numeric() and schema[score] != nw.Object:
        raise UserError(f"score column {score!r} holds {schema[score]}, not numbers; name a column of scores in [0, 1]")
    keys = group_keys(names)
    keys["label"] = binary(label, schema, frame)
    keys["bin"] = _bin(score, bins)
    # labels are 0, 1 or neither; besides the bins there are one for the score 1 and one for what is not a score
    cells = count_by(frame, keys, most=3 * (bins + 2) * MAX_GROUPS)
    if -1 in cells["label"]:
        reject_values(label, schema, frame)
    if -1 in cells["bin"]:
        _reject_scores(score, frame)
    cells = clean_groups(cells, name_keys(names), frame=frame, missing_group=missing_group)
    # the score 1 belongs to the last bin
    bin_of = [min(int(place), bins - 1) for place in cells["bin"]]
    places = [label * bins + place for label, place in zip(cells["label"], bin_of, strict=True)]
    counted = gather_by_group(cells, places, names, size=2 * bins, most=MAX_GROUPS)
    if len(counted) < min_groups:
        raise UserError("the frame is empty: there is no row to count")
    grouped = {group: counts.reshape(2, bins) for group, counts in counted.items()}
    counts = ScoreHistogram.from_cells(grouped, names=names, shape=(2, bins))
    counts = counts.renamed(counts.groups.tolist(), declared_categories(frame, names))
    counts.warn(part=min_groups == 0)
    return counts


def _is_number_of_bins(bins: Any) -> bool:
    """Say whether this is a power of two in range."""
    return isinstance(bins, int | np.integer) and 2 <= bins <= MAX_BINS and int(bins).bit_count() == 1


def _is_score(score: str) -> nw.Expr:
    """Give an expression for whether a value lies in [0, 1]."""
    column = nw.col(score).cast(nw.Float64)
    return ((column >= 0) & (column <= 1)).fill_null(False)  # also False for NaN


def _bin(score: str, bins: int) -> nw.Expr:
    """Give an expression for the bin of a score, and -1 where the value is not one."""
    scaled = nw.col(score).cast(nw.Float64) * bins  # exact, since bins is a power of two
    return nw.when(_is_score(score)).then(scaled).otherwise(nw.lit(-1.0)).floor().cast(nw.Int64)


def _reject_scores(score: str, frame: Any) -> None:
    """Raise a UserError that shows values that are not scores."""
    values = frame.lazy().filter(~_is_score(score)).select(score).head(EXAMPLES).collect()[score].to_list()
    shown = ", ".join(dict.fromkeys("missing" if pd.isna(value) else repr(value) for value in values))
    raise UserError(
        f"score column {score!r} must hold numbers from 0 to 1, but it has {shown}; drop rows without a score, and "
        "map other scores to [0, 1] first (ranks divided by their number keep the AUC)"
    )
