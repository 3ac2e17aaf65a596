"""What terminal and page say of differences between groups: extremes with their tests, and the four-fifths rule."""

import numpy as np
import pandas as pd

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
    ratios = [
        "1" if row["verdict"] == "highest rate" else _mark(row["ratio"], row[["low", "high"]], row["too_few"])
        for _, row in table.iterrows()
    ]
    return pd.DataFrame(
        {
            "n": [f"{n:,.0f}" for n in table["n"]],
            "favorable rate": [f"{rate:.3f}" for rate in table["favorable_rate"]],
            "ratio to the highest": ratios,
            "four-fifths rule": table["verdict"].tolist(),
        },
        index=format_groups(table.index),
    )


def _mark(value: float, limits: pd.Series, is_marked: bool) -> str:
    """Write a number with its interval, marked where that is not precise."""
    return mark_imprecise(format_rate(value, *limits), is_marked and not np.isnan(value))
