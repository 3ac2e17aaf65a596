"""The comparisons between groups that an audit offers as methods: a test, a reference, the four-fifths rule."""

from collections.abc import Hashable
from functools import cached_property

import numpy as np
import pandas as pd

from labkit.audit.between._equality import RateTest, compare_rates
from labkit.audit.between.four_fifths import find_highest, judge_four_fifths
from labkit.audit.between.reference import REST, Picked, compare_sides, find_reference
from labkit.audit.metrics import find_same_question
from labkit.audit.sampling._sampled_counts import SampledCounts


class BetweenGroups:
    """The part of `Audit` that compares groups; ``Audit`` says what the names below are, and counts the people."""

    counts: SampledCounts
    confidence: float
    n_tables: int
    seed: int
    min_group_size: int

    def against(self, metric: str, reference: Hashable = None) -> pd.DataFrame:
        """Compare each group with a reference: difference, ratio, intervals, and p-values adjusted for their number.

        The intervals are those of two groups (Newcombe 1998, Koopman 1984), each with the stated confidence. Those
        called adjusted are widened so that all rows hold at once with it (Bonferroni: ``1 - (1 - confidence) / k`` for
        k rows that can be compared). Small groups are in the table and in k, and marked. Where the reference was picked
        by its rate (``pick_highest``), k is the number of all pairs of groups, since each could have been picked; this
        holds for the adjusted p-values, too.

        Parameters
        ----------
        metric : str
            One of ``METRICS``.
        reference : hashable, optional
            A group (a tuple for intersections), the largest by default; or ``"rest"``: everyone but the group itself;
            or what ``pick_highest`` returns.
            "overall" is rejected, since it contains the group. A one-tuple always names a group: ``("rest",)``.

        Returns
        -------
        pandas.DataFrame
            One row per other group with columns n, reference (a group or "rest"), rate, reference_rate, difference
            (group minus reference), low, high, ratio (group over reference; NaN over 0), ratio_low, ratio_high,
            p_value, p_adjusted (Holm 1979), low_adjusted, high_adjusted, ratio_low_adjusted, ratio_high_adjusted
            (Bonferroni), too_few (a side has fewer than two successes or failures, so that the intervals are not
            precise), small (under ``min_group_size``).

        Raises
        ------
        UserError
            An unknown metric or reference, or "overall".
        """
        groups, sizes = self.counts.groups, self.counts.sizes
        successes, trials = self._tally_metric(metric)  # each (groups,)
        place = find_reference(groups, sizes, reference)
        rows = np.delete(np.arange(len(groups)), [] if place is None else place)
        if place is None:
            other, name = self._tally_rest(metric), REST
        else:
            other = tuple(np.repeat(counted[place], len(rows)) for counted in (successes, trials))
            name = groups.tolist()[place]
        compared = compare_sides(
            (successes[rows], trials[rows]),
            other,
            confidence=self.confidence,
            is_picked=isinstance(reference, Picked),
        )
        columns = {"n": sizes[rows], "reference": [name] * len(rows), **compared}
        small = self.counts.effective_sizes[rows] < self.min_group_size
        return pd.DataFrame(columns | {"small": small}, index=groups[rows])

    def four_fifths(self, *, favorable: int) -> pd.DataFrame:
        """Compare the rate of the favorable outcome of each large group with the highest group's: the four-fifths rule.

        A screen for adverse impact (EEOC Uniform Guidelines, 1978), not a definition of fairness. The ratio is subject
        to sampling, and the verdict follows its score interval (Koopman 1984), in which the highest group is taken as
        given. Verdicts are not adjusted for the number of groups: where ten groups of 60 people all have the rate .4,
        chance puts one below four fifths in 9% of audits (simulated). What is called adjusted holds for all groups at
        once, whichever of them truly has the highest rate: its limits come from those of all pairs, and its p-values
        (as in ``against``) count all pairs. The finding follows the ratio as measured and the adjusted p-value.

        Parameters
        ----------
        favorable : int
            The prediction that is good for a person: 1 (hired) or 0 (denied). The rule cannot be applied without it.

        Returns
        -------
        pandas.DataFrame
            One row per group of at least ``min_group_size`` people with columns n, favorable_rate, ratio, low, high,
            verdict ("highest rate", "below four fifths", "not below four fifths", "cannot tell"), too_few,
            low_adjusted, high_adjusted, p_value, p_adjusted, and finding ("highest rate", "below, and more than
            chance", "below, but chance may explain it", "not below", "not below, but the gap is more than chance", "no
            ratio").

        Raises
        ------
        UserError
            ``favorable`` is neither 0 nor 1.
        """
        compared = self._compared(include_small=False)
        selected, people = (counted[compared] for counted in self._tally_metric("selection_rate"))
        table = judge_four_fifths(selected, people, favorable=favorable, confidence=self.confidence)
        return table.set_axis(self.counts.groups[compared], axis=0).assign(n=self.counts.sizes[compared])

    def pick_highest(self, *, favorable: int) -> Picked | None:
        """Pick the group with the highest rate of the favorable outcome as the reference of ``against``.

        Parameters
        ----------
        favorable : int
            The prediction that is good for a person, 0 or 1.

        Returns
        -------
        Picked or None
            A reference that says that it was picked by its rate; None where no group has ``min_group_size`` people.

        Raises
        ------
        UserError
            ``favorable`` is neither 0 nor 1.
        """
        compared = np.flatnonzero(self._compared(include_small=False))
        selected, people = (counted[compared] for counted in self._tally_metric("selection_rate"))
        if (place := find_highest(selected, people, favorable=favorable)) is None:
            return None
        return Picked(self.counts.groups.tolist()[compared[place]], favorable)

    def parity_test(self, metric: str, include_small: bool = False) -> float:
        """Return the p-value of "all groups have the same rate", for the groups that ``difference`` compares.

        Chi-square of homogeneity; where an expected count is under 5, Fisher's exact test (two groups) or ``n_tables``
        random tables with the observed margins. ``test_name`` says which; the sources are in
        ``labkit.audit.between._equality.compare_rates``.

        Parameters
        ----------
        metric : str
            One of ``METRICS``.
        include_small : bool
            Also use groups with fewer than ``min_group_size`` people, for which the test is valid, too.

        Returns
        -------
        float
            p-value in (0, 1]; NaN where fewer than two groups define the metric.
        """
        return self._test(metric, include_small).p_value

    def test_name(self, metric: str, include_small: bool = False) -> str:
        """Name the test behind ``parity_test``.

        Parameters
        ----------
        metric : str
            One of ``METRICS``.
        include_small : bool
            As in ``parity_test``.

        Returns
        -------
        str
            Such as "Fisher's exact test".
        """
        return self._test(metric, include_small).name

    def test_floor(self, metric: str, include_small: bool = False) -> float:
        """Give the lowest p-value that the test could have given: 1 / (n_tables + 1) with random tables, otherwise 0.

        Parameters
        ----------
        metric : str
            One of ``METRICS``.
        include_small : bool
            As in ``parity_test``.

        Returns
        -------
        float
            In [0, 1).
        """
        return self._test(metric, include_small).floor

    @cached_property
    def _tests(self) -> dict[tuple[str, bool], RateTest]:
        """Keep tests that were computed: random tables of hundreds of groups take seconds."""
        return {}

    def _test(self, metric: str, include_small: bool = False) -> RateTest:
        """Test whether the groups that take part have the same rate; that of a complement is the same question."""
        metric = find_same_question(self.counts.metrics, metric)
        if (metric, include_small) not in self._tests:
            compared = self._compared(include_small)
            successes, trials = (counted[compared] for counted in self._tally_metric(metric))
            self._tests[metric, include_small] = compare_rates(
                successes, trials, n_tables=self.n_tables, seed=self.seed
            )
        return self._tests[metric, include_small]

    def _tally_metric(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return successes and trials of one metric, each (groups,)."""
        raise NotImplementedError

    def _tally_rest(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return successes and trials of one metric among everyone outside each group, each (groups,)."""
        raise NotImplementedError

    def _compared(self, include_small: bool) -> np.ndarray:
        """Say which groups take part in comparisons, bool array (groups,)."""
        raise NotImplementedError
