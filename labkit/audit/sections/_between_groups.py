"""What terminal and page say of differences between groups: extremes with their tests, and the four-fifths rule."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from labkit.audit.between.four_fifths import HIGHEST
from labkit.audit.results import Audit
from labkit.audit.text import format_groups, format_metric, format_p_value, format_rate, mark_imprecise

NOT_REPORTED = (
    "The four-fifths rule is not reported: it compares rates of the favorable outcome, and nothing says which "
    "prediction is favorable. Name it: --favorable 1 where a prediction of 1 is good for the person (hired), "
    "--favorable 0 where it is bad (denied)."
)


def disparities(audit: Audit) -> pd.DataFrame:
    """Write differences and ratios as text, one row per metric, with the p-value and the name of the parity test."""
    difference, ratio, metrics = audit.difference(), audit.ratio(), audit.counts.metrics
    differences, ratios = audit.difference_interval(), audit.ratio_interval()
    marked = audit.too_few[audit.counts.effective_sizes >= audit.min_group_size].any()
    return pd.DataFrame(
        {
            "max - min": [_mark(difference[name], differences.loc[name], marked[name]) for name in metrics],
            "min / max": [_mark(ratio[name], ratios.loc[name], marked[name]) for name in metrics],
            "p of equal rates": [format_test(audit, name) for name in metrics],
            "test": [audit.test_name(name) for name in metrics],
        },
        index=pd.Index(map(format_metric, metrics), name="metric"),
    )


def format_test(audit: Audit, metric: str) -> str:
    """Write the p-value of the parity test, which random tables bound from below."""
    return format_p_value(audit.parity_test(metric), audit.test_floor(metric))


def four_fifths_table(audit: Audit, favorable: int) -> pd.DataFrame:
    """Write ``Audit.four_fifths`` as text, one row per group that is large enough."""
    table = audit.four_fifths(favorable=favorable)
    rows = table.to_dict("records")
    return pd.DataFrame(
        {
            "n": [f"{n:,.0f}" for n in table["n"]],
            "favorable rate": [f"{rate:.3f}" for rate in table["favorable_rate"]],
            "ratio to the highest": ["1" if row["finding"] == HIGHEST else format_ratio(row) for row in rows],
            "p (Holm)": [format_p_value(row["p_adjusted"]).replace("undefined", "–") for row in rows],
            "below 0.8?": table["finding"].tolist(),
        },
        index=format_groups(table.index),
    )


def format_ratio(row: Mapping[str, Any]) -> str:
    """Write the ratio in a row of ``Audit.four_fifths`` with the interval that holds for all groups at once."""
    return _mark(row["ratio"], (row["low_adjusted"], row["high_adjusted"]), row["too_few"])


def _mark(value: float, limits: Iterable[float], is_marked: bool) -> str:
    """Write a number with its interval, marked where that is not precise."""
    return mark_imprecise(format_rate(value, *limits), is_marked and not np.isnan(value))
