"""The gap in selection rates between two groups, split into what errors and what base rates contribute."""

import html
from collections.abc import Hashable
from typing import TYPE_CHECKING

import pandas as pd

from labkit.audit.inputs._names import label_groups
from labkit.audit.text import format_metric, format_name, format_rate
from labkit.layout import table_box

if TYPE_CHECKING:
    from labkit.audit.counts import Decomposition

MEANING = (
    "Parts: the selection rates would differ by this much if the two groups differed in that rate alone. The other "
    "rates are then the means of both groups (Kitagawa 1955); the parts add up to the gap. Intervals are percentiles "
    "of simulated samples. A part says where the gap arises, not who is to blame for it."
)


def gap_table(found: "Decomposition") -> pd.DataFrame:
    """Write the parts of a gap as text, one row per part, and the gap itself."""
    rows = {
        f"from the {format_metric(name)}": format_rate(part, *found.intervals.loc[name])
        for name, part in found.parts.items()
    }
    rows["gap in selection rates"] = f"{found.gap:.3f}"
    return pd.DataFrame({"difference": rows}).rename_axis("part")


def name_gap(found: "Decomposition", groups: pd.Index) -> str:
    """Say whose gap it is: group a minus group b."""
    names = dict(zip(groups.tolist(), label_groups(groups), strict=True))
    a, b = (format_name(names[group]) for group in found.groups)
    return f"{a} minus {b}"


def gap_section(found: "Decomposition", groups: pd.Index) -> str:
    """Write the section of the page on the gap between two groups, as HTML."""
    table = gap_table(found).to_html(border=0, index_names=False)
    return f"""<h2 id="gap">Where the gap comes from: {html.escape(name_gap(found, groups))}</h2>
{table_box(table, label="Parts of the gap in selection rates")}
<p>{MEANING}</p>
"""


def gap_as_json(found: "Decomposition", names: dict[Hashable, str]) -> dict:
    """Return a gap for ``audit.json``."""
    parts = {
        name: {"value": part, "low": found.intervals.loc[name, "low"], "high": found.intervals.loc[name, "high"]}
        for name, part in found.parts.items()
    }
    a, b = (names[group] for group in found.groups)
    return {"a": a, "b": b, "held_fixed": found.held_fixed, "gap": found.gap, "parts": parts}
