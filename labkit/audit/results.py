"""What counts say about groups: rates with intervals, differences, tests and warnings.

Users meet the class here as the result of ``labkit.audit.audit`` and of ``Counts.audit``.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Protocol

import numpy as np
import pandas as pd

from labkit.audit.intervals import (
    check_draws,
    draw_cells,
    newcombe_interval,
    parity_p_value,
    percentile_limits,
    wilson_interval,
)
from labkit.audit.metrics import METRICS, divide, proportion, spread, tally
from labkit.errors import UserError


class GroupCounts(Protocol):
    """What an audit needs to know: names of groups and their cells, (groups, 4). ``labkit.audit.Counts`` has both."""

    groups: pd.Index
    cells: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """Group metrics computed from counts; make one with ``audit(...)`` or ``Counts.audit(...)``.

    Nothing is computed before it is asked for, and every table is a fresh copy.

    Parameters
    ----------
    counts : Counts
        Confusion-matrix counts of at least two groups.
    n_boot : int
        Replicates behind ``difference_interval`` and ``ratio_interval``, at least 100; also the number of random tables
        where ``parity_test`` needs them.
    confidence : float
        Coverage of every interval, between 0 and 1.
    seed : int
        Seed of the draws.
    min_group_size : int
        Groups with fewer people are shown and marked, and left out of ``difference`` and ``ratio``.

    Raises
    ------
    UserError
        Fewer than two groups, or an option outside its range.
    """

    counts: GroupCounts
    n_boot: int = 2000
    confidence: float = 0.95
    seed: int = 0
    min_group_size: int = 20

    def __post_init__(self):
        if len(self.counts.groups) < 2:
            raise UserError(
                f"an audit compares groups, and there is one single group: {list(self.counts.groups)}; "
                "choose a sensitive column with at least two values"
            )
        check_draws(self.n_boot, self.confidence)
        if self.min_group_size < 0:
            raise UserError(f"min_group_size={self.min_group_size} is negative; use 0 to keep every group")

    @property
    def overall(self) -> pd.Series:
        """Every metric over all people, and ``n``, the number of people."""
        cells = self.counts.cells.sum(axis=0)
        return pd.Series([*divide(*tally(cells)), cells.sum()], index=[*METRICS, "n"], name="overall")

    @property
    def by_group(self) -> pd.DataFrame:
        """Every metric by group (rows), NaN where it is undefined, and ``n``, the size of the group."""
        table = pd.DataFrame(divide(*self._tally()), index=self.counts.groups, columns=list(METRICS))
        table["n"] = self.counts.cells.sum(axis=1)
        return table

    @property
    def intervals(self) -> pd.DataFrame:
        """Wilson intervals like ``by_group``, with columns (metric, "low") and (metric, "high")."""
        limits = np.stack(wilson_interval(*self._tally(), confidence=self.confidence), axis=-1)  # (k, 8, 2)
        columns = pd.MultiIndex.from_product([METRICS, ["low", "high"]], names=["metric", "limit"])
        return pd.DataFrame(limits.reshape(len(limits), -1), index=self.counts.groups, columns=columns)

    @property
    def small_groups(self) -> list:
        """Groups with fewer than ``min_group_size`` people."""
        return self.counts.groups[~self._large()].tolist()

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
            One row a pair with columns a, b, difference, low, high; NaN where the metric is undefined.
        """
        successes, trials = (values[:, self._position(metric)] for values in self._tally())
        groups = self.counts.groups.tolist()
        first, second = np.array(list(combinations(range(len(groups)), 2))).T
        rates = divide(successes, trials)
        low, high = newcombe_interval(
            (successes[first], trials[first]), (successes[second], trials[second]), confidence=self.confidence
        )
        columns = {"a": [groups[i] for i in first], "b": [groups[i] for i in second]}
        return pd.DataFrame(columns | {"difference": rates[first] - rates[second], "low": low, "high": high})

    def parity_test(self, metric: str) -> float:
        """Return the p-value of "all groups have the same rate": what to use instead of an interval for max - min.

        Chi-square of homogeneity; where an expected count is under 5, Fisher's exact test (two groups) or ``n_boot``
        random tables with the observed margins. Small groups take part: the test stays valid for them. See
        ``labkit.audit.intervals.parity_p_value`` for sources.

        Parameters
        ----------
        metric : str
            One of ``METRICS``.

        Returns
        -------
        float
            p-value in (0, 1]; NaN where fewer than two groups define the metric.
        """
        if metric not in self._p_values:
            successes, trials = (values[:, self._position(metric)] for values in self._tally())
            self._p_values[metric] = parity_p_value(successes, trials, n_draws=self.n_boot, seed=self.seed)
        return self._p_values[metric]

    def difference(self, include_small: bool = False) -> pd.Series:
        """Return max - min over groups of every metric, in probability.

        Its expectation is above 0 under perfect parity; ask ``parity_test`` whether there is a gap at all.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.Series
            One value a metric; NaN where fewer than two groups define it.
        """
        return self._series(spread(self._kept(include_small)))

    def ratio(self, include_small: bool = False) -> pd.Series:
        """Return min / max over groups of every metric, in [0, 1]; NaN where undefined or 0 / 0.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.Series
            One value a metric.
        """
        return self._series(proportion(self._kept(include_small)))

    def difference_interval(self, include_small: bool = False) -> pd.DataFrame:
        """Give percentile intervals of max - min, from draws of the counts. They never test parity.

        A draw of max - min is never below 0, so the interval cannot contain 0 even under exact parity; it describes how
        much the measured number would vary. Use ``parity_test`` or ``pairwise`` to ask whether there is a gap.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.DataFrame
            Metrics as rows, columns low and high; NaN where ``difference`` is.
        """
        return self._percentiles(spread, include_small)

    def ratio_interval(self, include_small: bool = False) -> pd.DataFrame:
        """Give percentile intervals of min / max, from draws of the counts; like ``difference_interval``."""
        return self._percentiles(proportion, include_small)

    @property
    def warnings(self) -> list[str]:
        """What a reader must know first: small groups, undefined metrics, rates that rest on few people."""
        from labkit.audit.text import audit_warnings

        return audit_warnings(self)

    def __repr__(self) -> str:
        from labkit.audit.text import audit_text

        return audit_text(self)

    def _repr_html_(self) -> str:
        from labkit.audit.text import audit_html

        return audit_html(self)

    @cached_property
    def _p_values(self) -> dict[str, float]:
        return {}  # kept: random tables of hundreds of groups take a second

    def _tally(self) -> tuple[np.ndarray, np.ndarray]:
        return tally(self.counts.cells)  # successes and trials, each (groups, 8)

    def _large(self) -> np.ndarray:
        return self.counts.cells.sum(axis=1) >= self.min_group_size

    def _kept(self, include_small: bool) -> np.ndarray:
        rates = divide(*self._tally())
        return rates if include_small else rates[self._large()]

    def _percentiles(self, statistic, include_small: bool) -> pd.DataFrame:
        observed = self._kept(include_small)
        kept = slice(None) if include_small else self._large()
        drawn = []
        for cells in draw_cells(self.counts.cells, n_boot=self.n_boot, seed=self.seed):  # (block, groups, 4)
            drawn.append(statistic(divide(*tally(cells[:, kept]))))
        return percentile_limits(
            np.concatenate(drawn), statistic(observed), confidence=self.confidence, index=list(METRICS)
        )

    def _series(self, values: np.ndarray) -> pd.Series:
        return pd.Series(values, index=list(METRICS))

    def _position(self, metric: str) -> int:
        if metric not in METRICS:
            raise UserError(f"unknown metric {metric!r}; choose one of {', '.join(METRICS)}")
        return list(METRICS).index(metric)
