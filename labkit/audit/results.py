"""What counts say about groups: rates with intervals, differences, tests and warnings.

`labkit.audit.audit` and ``Counts.audit`` return the class that is here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from labkit.audit.intervals import (
    check_draws,
    newcombe_interval,
    parity_p_value,
    percentile_limits,
    wilson_interval,
)
from labkit.audit.metrics import divide, find_metric, proportion, spread, tally
from labkit.audit.sampling._sampled_counts import SampledCounts
from labkit.audit.text import (
    ROWS,
    SMALL,
    format_groups,
    format_metric,
    format_p_value,
    format_rate,
    format_rates,
    list_warnings,
    say_people,
    write_html,
    write_text,
)
from labkit.errors import UserError


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

    counts: SampledCounts
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
        limits = np.stack(wilson_interval(*self._tally(), confidence=self.confidence), axis=-1)  # (k, 8, 2)
        columns = pd.MultiIndex.from_product([self.counts.metrics, ["low", "high"]], names=["metric", "limit"])
        return pd.DataFrame(limits.reshape(len(limits), -1), index=self.counts.groups, columns=columns)

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

    def parity_test(self, metric: str) -> float:
        """Return the p-value of "all groups have the same rate": what to use instead of an interval for max - min.

        Chi-square of homogeneity; where an expected count is under 5, Fisher's exact test (two groups) or ``n_boot``
        random tables with the observed margins. Small groups take part: the test stays valid for them. The sources are
        in ``labkit.audit.intervals.parity_p_value``.

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
            successes, trials = self._tally_metric(metric)
            self._p_values[metric] = parity_p_value(successes, trials, n_draws=self.n_boot, seed=self.seed)
        return self._p_values[metric]

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
        """Give percentile intervals of min / max, from draws of the counts; like ``difference_interval``.

        Parameters
        ----------
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people.

        Returns
        -------
        pandas.DataFrame
            Metrics as rows, columns low and high; NaN where ``ratio`` is.
        """
        return self._percentiles(proportion, include_small)

    @property
    def warnings(self) -> list[str]:
        """What a reader must know first: odd rows, small groups, undefined metrics, rates that rest on few people."""
        return [*self.counts.remarks, *list_warnings(self.counts, min_group_size=self.min_group_size)]

    def __repr__(self) -> str:
        rates = self.by_group
        rates.index = format_groups(rates.index, self.small_groups)
        return write_text(self._title(), rates, self.difference(), warnings=self.warnings, notes=self._notes())

    def _repr_html_(self) -> str:
        return write_html(
            self._title(), group_rates(self), self.difference(), warnings=self.warnings, notes=self._notes()
        )

    def _title(self) -> str:
        """Say how many people and groups were counted, and by which columns."""
        groups = self.counts.groups
        columns = ", ".join(map(str, groups.names))
        return f"Audit of {say_people(self.counts)} in {len(groups)} groups by {columns}"

    def _notes(self) -> list[str]:
        """Say below a view how its numbers are to be read."""
        notes = [f"Intervals: Wilson, {self.confidence:.0%}. A difference is not a test: see parity_test(metric)."]
        if self.small_groups:
            notes.append(f"{SMALL} fewer than {self.min_group_size} people.")
        if len(self.counts.groups) > ROWS:
            notes.append(f"The first {ROWS} of {len(self.counts.groups)} groups are shown; .by_group has all.")
        return notes

    @cached_property
    def _p_values(self) -> dict[str, float]:
        """Keep p-values that were computed: random tables of hundreds of groups take a second."""
        return {}

    @cached_property
    def _limits(self) -> dict[bool, dict[Callable, pd.DataFrame]]:
        """Keep percentile limits that were computed: draws of thousands of groups take many seconds."""
        return {}

    def _tally(self) -> tuple[np.ndarray, np.ndarray]:
        """Return successes and trials, each (groups, metrics): what intervals and tests rest on."""
        return self.counts.tally()

    def _tally_metric(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return successes and trials of one metric, each (groups,)."""
        position = find_metric(self.counts.metrics, metric)
        successes, trials = self._tally()
        return successes[:, position], trials[:, position]

    def _compared(self, include_small: bool) -> np.ndarray:
        """Say which groups take part in differences and ratios, bool array (groups,)."""
        return (self.counts.effective_sizes >= self.min_group_size) | include_small

    def _compare(self, statistic: Callable[[np.ndarray], np.ndarray], include_small: bool) -> pd.Series:
        """Apply a statistic, (..., groups, 8) -> (..., 8), to the rates of the groups that take part."""
        rates = divide(*tally(self.counts.mass))[self._compared(include_small)]
        return pd.Series(statistic(rates), index=list(self.counts.metrics))

    def _percentiles(self, statistic: Callable[[np.ndarray], np.ndarray], include_small: bool) -> pd.DataFrame:
        """Give percentile limits of a statistic over draws of the counts."""
        if include_small not in self._limits:
            self._limits[include_small] = self._draw_percentiles(include_small)
        return self._limits[include_small][statistic].copy()

    def _draw_percentiles(self, include_small: bool) -> dict[Callable, pd.DataFrame]:
        """Draw the counts ``n_boot`` times, and read the limits of differences and of ratios from the same draws."""
        compared = self._compared(include_small)
        drawn: dict[Callable, list[np.ndarray]] = {spread: [], proportion: []}
        for cells in self.counts.draw(n_boot=self.n_boot, seed=self.seed):  # (block, groups, 4)
            rates = divide(*tally(cells[:, compared]))  # (block, groups compared, 8)
            for statistic, blocks in drawn.items():
                blocks.append(statistic(rates))  # (block, 8)
        limits = {}
        for statistic, blocks in drawn.items():
            observed = self._compare(statistic, include_small)
            limits[statistic] = percentile_limits(
                np.concatenate(blocks), observed.to_numpy(), confidence=self.confidence, index=observed.index
            )
        return limits


def group_rates(audit: Audit) -> pd.DataFrame:
    """Write ``by_group`` as text, for a table in a notebook or on a page.

    Parameters
    ----------
    audit : Audit
        Any audit.

    Returns
    -------
    pandas.DataFrame
        One row per group (small ones are marked); columns n and every metric in words, each rate with its Wilson
        interval.
    """
    return format_rates(audit.by_group, audit.intervals, audit.small_groups)


def disparities(audit: Audit) -> pd.DataFrame:
    """Write differences and ratios as text, one row per metric, with the p-value of the parity test."""
    difference, ratio, metrics = audit.difference(), audit.ratio(), audit.counts.metrics
    differences, ratios = audit.difference_interval(), audit.ratio_interval()
    return pd.DataFrame(
        {
            "max - min": [format_rate(difference[name], *differences.loc[name]) for name in metrics],
            "min / max": [format_rate(ratio[name], *ratios.loc[name]) for name in metrics],
            "p of equal rates": [format_p_value(audit.parity_test(name)) for name in metrics],
        },
        index=pd.Index(map(format_metric, metrics), name="metric"),
    )
