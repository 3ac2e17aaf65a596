"""The bootstrap of the largest gap is what resampling people gives, and has the faults that notebook 04 shows."""

import numpy as np
import pytest

from labkit.audit.arrays import audit
from labkit.audit.counts import Counts
from labkit.chapters.ch04 import bootstrap_largest_gap


def test_draws_agree_with_a_bootstrap_over_rows():
    """Percentiles of max - min from draws of the counts are those of resampling people."""
    rng, n, n_boot = np.random.default_rng(2), 400, 4000
    group, chosen = rng.integers(0, 3, n), rng.integers(0, 2, n)
    counts = audit(y_true=chosen, y_pred=chosen, sensitive_features=group).counts
    found = bootstrap_largest_gap(counts, "selection_rate", n_boot=n_boot)
    rows = rng.integers(0, n, (n_boot, n))  # resampled people
    rates = np.stack([(chosen[rows] * (group[rows] == g)).sum(1) / (group[rows] == g).sum(1) for g in range(3)])
    drawn = np.ptp(rates, axis=0)
    # a 2.5% quantile of n draws has standard error sd * sqrt(.025 * .975 / n) / .058; here are two, and 5 of each
    noise = 5 * np.sqrt(2) * drawn.std() * np.sqrt(0.025 * 0.975 / n_boot) / 0.058
    assert found == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=noise)


def test_interval_leaves_out_zero_where_all_groups_are_alike():
    """No draw of max - min is below 0; the interval of the audit, which draws nothing, contains it."""
    counts = Counts.from_mapping({group: [250, 100, 50, 100] for group in "abcd"})
    first, again = (bootstrap_largest_gap(counts, "precision", n_boot=200, seed=1) for _ in range(2))
    assert 0 < first[0] < first[1] and first == again
    assert counts.audit().difference_interval().loc["precision", "low"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"metric": "tpr"}, "unknown metric 'tpr'"), ({"n_boot": 9}, "n_boot=9"), ({"confidence": 2}, "confidence=2")],
)
def test_rejects_with_the_remedy(options, message):
    """An unknown metric, too few draws, a share that is none."""
    counts = Counts.from_mapping({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1]})
    with pytest.raises(ValueError, match=message):
        bootstrap_largest_gap(counts, **{"metric": "accuracy", **options})
