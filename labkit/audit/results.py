"""What counts say about groups: rates with intervals, differences, tests and warnings.

`labkit.audit.audit` and ``Counts.audit`` return the class that is here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from labkit.audit.between._equality import check_tables
from labkit.audit.between._extremes import limit_proportion, limit_spread
from labkit.audit.between._methods import BetweenGroups
from labkit.audit.intervals import check_confidence, is_imprecise, newcombe_interval, wilson_interval
from labkit.audit.metrics import divide, find_metric, proportion, spread, tally
from labkit.audit.sampling._notices import Notice, list_notices
from labkit.audit.sampling._sampled_counts import SampledCounts
from labkit.audit.text import (
    ROWS,
    explain_marks,
    format_groups,
    format_rates,
    say_people,
    write_html,
    write_text,
)
from labkit.errors import UserError


@dataclass(frozen=True, eq=False, repr=False)
class Audit(BetweenGroups):
    """Group metrics computed from counts; make one with ``audit(...)`` or ``Counts.audit(...)``.

    Nothing is computed before it is asked for, and every table is a fresh copy.

    Parameters
    ----------
    counts : Counts
        Confusion-matrix counts of at least two groups.
    confidence : float
        Coverage of every interval, between 0 and 1.
    n_tables : int
        Random tables where ``parity_test`` needs them, at least 99; no p-value from them is below 1 / (n_tables + 1).
    seed : int
        Seed of those tables.
    min_group_size : int
        Groups with fewer people are shown and marked, and left out of ``difference``, ``ratio`` and ``parity_test``.

    Raises
    ------
    UserError
        Fewer than two groups, or an option outside its range.
    """

    counts: SampledCounts
    confidence: float = 0.95
    n_tables: int = 9_999
    seed: int = 0
    min_group_size: int = 20

    def __post_init__(self):
        if len(self.counts.groups) < 2:
            raise UserError(
                f"an audit compares groups, and there is one single group: {list(self.counts.groups)}; "
                "choose a sensitive column with at least two values"
            )
        check_confidence(self.confidence)
        check_tables(self.n_tables)
        if self.min_group_size < 0:
            raise UserError(f"min_group_size={self.min_group_size} is negative; use 0 to keep every group")

    @property
    def overall(self) -> pd.Series:
        """Every metric over all people, and ``n``, the number of people."""
        rates = divide(*tally(self.counts.mass.sum(axis=0)))
        return pd.Series([*rates, self.counts.sizes.sum()], index=[*self.counts.metrics, "n"], name="overall")

    @property
    def by_group(self) -> pd.DataFrame:
        """Every metric by group (rows), NaN where it is undefined, and ``n``, the size of the group."""
        rates = divide(*tally(self.counts.mass))
        table = pd.DataFrame(rates, index=self.counts.groups, columns=list(self.counts.metrics))
        table["n"] = self.counts.sizes
        return table

    @property
    def intervals(self) -> pd.DataFrame:
        """Wilson intervals like ``by_group``, with columns (metric, "low") and (metric, "high")."""
        limits = self._limits
        columns = pd.MultiIndex.from_product([self.counts.metrics, ["low", "high"]], names=["metric", "limit"])
        return pd.DataFrame(limits.reshape(len(limits), -1).copy(), index=self.counts.groups, columns=columns)

    @cached_property
    def _limits(self) -> np.ndarray:
        """Wilson limits (groups, metrics, 2), which a page reads dozens of times."""
        return np.stack(wilson_interval(*self._tally(), confidence=self.confidence), axis=-1)

    @property
    def effective_sizes(self) -> pd.DataFrame:
        """How many people each rate is worth (groups as rows, metrics as columns): what intervals and tests rest on.

        The number of people it is taken of, or with weights or persons its effective size, see ``Counts.tally``.
        """
        return pd.DataFrame(self._tally()[1], index=self.counts.groups, columns=list(self.counts.metrics))

    @property
    def small_groups(self) -> list:
        """Groups with fewer than ``min_group_size`` people; with weights or persons, by their effective size."""
        return self.counts.groups[self.counts.effective_sizes < self.min_group_size].tolist()

    @property
    def too_few(self) -> pd.DataFrame:
        """Where an interval is not precise: fewer than two successes or failures. Like ``by_group``, without ``n``."""
        return pd.DataFrame(is_imprecise(*self._tally()), index=self.counts.groups, columns=list(self.counts.metrics))

    def pairwise(self, metric: str) -> pd.DataFrame:
        """Compare each pair of groups by the signed difference a - b and its Newcombe interval.

        The intervals are not widened for the number of pairs: with 20 pairs, expect one in error at 95%.

        Parameters
        ----------
        metric : str
            One of ``METRICS``.

        Returns
        -------
        pandas.DataFrame
            One row per pair with columns a, b, difference, low, high; NaN where the metric is undefined.
        """
        successes, trials = self._tally_metric(metric)  # each (groups,)
        groups = self.counts.groups.tolist()
        first, second = np.array(list(combinations(range(len(groups)), 2))).T  # positions of a and b, each (pairs,)
        rates = divide(successes, trials)  # (groups,)
        low, high = newcombe_interval(
            (successes[first], trials[first]), (successes[second], trials[second]), confidence=self.confidence
        )
        columns = {"a": [groups[i] for i in first], "b": [groups[i] for i in second]}
        return pd.DataFrame(columns | {"difference": rates[first] - rates[second], "low": low, "high": high})

    def difference(self, include_small: bool = False) -> pd.Series:
        """Return max - min over groups of every metric, in probability.

        Its expectation is above 0 even under perfect parity; ``parity_test`` says whether there is a gap at all.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.Series
            One value per metric; NaN where fewer than two groups define it.
        """
        return self._compare(spread, include_small)

    def ratio(self, include_small: bool = False) -> pd.Series:
        """Return min / max over groups of every metric, in [0, 1]; NaN where undefined or 0 / 0.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.Series
            One value per metric.
        """
        return self._compare(proportion, include_small)

    def difference_interval(self, include_small: bool = False) -> pd.DataFrame:
        """Give the interval of max - min from the score intervals of all pairs, wide enough to hold at once.

        For two groups it is Newcombe's interval of the absolute difference. For more it is conservative: it holds the
        true value at least as often as stated, always contains the measured one, and contains 0 where no pair differs.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.DataFrame
            Metrics as rows, columns low and high in [0, 1]; NaN where ``difference`` is.
        """
        return self._limit(limit_spread, self.difference(include_small), include_small)

    def ratio_interval(self, include_small: bool = False) -> pd.DataFrame:
        """Give the interval of min / max from the score intervals (Koopman 1984) of all pairs, wide enough at once.

        Like ``difference_interval``; it contains 1 where no pair differs.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.DataFrame
            Metrics as rows, columns low and high in [0, 1]; NaN where ``ratio`` is.
        """
        return self._limit(limit_proportion, self.ratio(include_small), include_small)

    @property
    def warnings(self) -> list[str]:
        """What a reader must know first: odd rows, small groups, undefined metrics, rates that rest on few people."""
        return [notice.text for notice in self.notices]

    @property
    def notices(self) -> list[Notice]:
        """The warnings with their kind, group and metrics, and in the words of the page: see ``Notice``."""
        return list_notices(self.counts, min_group_size=self.min_group_size)

    def __repr__(self) -> str:
        rates = self.by_group
        rates.index = format_groups(rates.index, self.small_groups)
        notes = self._notes(has_intervals=False)
        return write_text(self._title(), rates, self.difference(), warnings=self.warnings, notes=notes)

    def _repr_html_(self) -> str:
        notes = self._notes(has_intervals=True)
        return write_html(self._title(), group_rates(self), self.difference(), warnings=self.warnings, notes=notes)

    def _title(self) -> str:
        """Say how many people and groups were counted, and by which columns."""
        groups = self.counts.groups
        columns = ", ".join(map(str, groups.names))
        return f"Audit of {say_people(self.counts)} in {len(groups)} groups by {columns}"

    def _notes(self, *, has_intervals: bool) -> list[str]:
        """Say below a view how its numbers are to be read; only intervals are marked as imprecise."""
        notes = [
            f"Intervals: Wilson, {self.confidence:.0%}. A difference is not a test: see parity_test(metric).",
            "The four-fifths rule needs to know which outcome is favorable: see four_fifths(favorable=).",
        ]
        imprecise = has_intervals and self.too_few.any(axis=None)
        notes += explain_marks(small=bool(self.small_groups), imprecise=imprecise, min_group_size=self.min_group_size)
        if len(self.counts.groups) > ROWS:
            notes.append(f"The first {ROWS} of {len(self.counts.groups)} groups are shown; .by_group has all.")
        return notes

    def _tally(self) -> tuple[np.ndarray, np.ndarray]:
        """Return successes and trials, each (groups, metrics): what intervals and tests rest on."""
        return self.counts.tally()

    def _tally_metric(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return successes and trials of one metric, each (groups,)."""
        position = find_metric(self.counts.metrics, metric)
        successes, trials = self._tally()
        return successes[:, position], trials[:, position]

    def _tally_rest(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return successes and trials of one metric among everyone outside each group, each (groups,)."""
        position = find_metric(self.counts.metrics, metric)
        successes, trials = self.counts.tally_rest()  # each (groups, metrics)
        return successes[:, position], trials[:, position]

    def _compared(self, include_small: bool) -> np.ndarray:
        """Say which groups take part in differences and ratios, bool array (groups,)."""
        return (self.counts.effective_sizes >= self.min_group_size) | include_small

    def _compare(self, statistic: Callable[[np.ndarray], np.ndarray], include_small: bool) -> pd.Series:
        """Apply a statistic, (..., groups, 8) -> (..., 8), to the rates of the groups that take part."""
        rates = divide(*tally(self.counts.mass))[self._compared(include_small)]
        return pd.Series(statistic(rates), index=list(self.counts.metrics))

    def _limit(self, limit: Callable[..., np.ndarray], observed: pd.Series, include_small: bool) -> pd.DataFrame:
        """Give the limits of a statistic of the groups that take part, one row per metric."""
        compared = self._compared(include_small)
        successes, trials = (counted[compared] for counted in self._tally())  # each (groups compared, metrics)
        limits = np.where(
            observed.isna().to_numpy()[:, None], np.nan, limit(successes, trials, confidence=self.confidence)
        )
        return pd.DataFrame(limits, index=observed.index, columns=["low", "high"])


def group_rates(audit: Audit) -> pd.DataFrame:
    """Write ``by_group`` as text, for a table in a notebook or on a page.

    Parameters
    ----------
    audit : Audit
        Any audit.

    Returns
    -------
    pandas.DataFrame
        One row per group (small ones are marked †); columns n and every metric in words, each rate with its Wilson
        interval (‡ where fewer than two successes or failures leave it imprecise).
    """
    return format_rates(audit.by_group, audit.intervals, audit.small_groups, audit.too_few)
