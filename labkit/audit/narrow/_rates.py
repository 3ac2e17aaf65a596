"""The rates of groups as an SVG that is as wide as a phone: a panel for each rate, names above their dots.

Letters are text in the fonts of the phone, so that it needs no font of ours.
"""

import html
from collections.abc import Mapping, Sequence

import numpy as np

from labkit.audit.metrics import Metric
from labkit.audit.results import Audit
from labkit.audit.sections._lettering import text_width
from labkit.audit.text import format_groups, format_metric
from labkit.plots import PALETTE
from labkit.validation import escape_controls

WIDTH, MARGIN = 360, 12  # CSS pixels of the drawing, and what is left free at either side
LETTERS, ROW, HEAD, FOOT = 14, 38, 52, 34  # height of letters, of a group, and above and below the groups of a panel
LONGEST = 32  # columns of text in a line, before the rate
TICKS = (0, 0.5, 1)
STYLE = (
    f"text{{font:{LETTERS}px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif;"
    "fill:#1b1f24;paint-order:stroke;stroke:#fff;stroke-width:4px}.head{font-weight:600}.soft{fill:#555b63}.axis{stroke:#cdd3da}.all{stroke:#767676;"
    f"stroke-dasharray:4 3}}.limits{{stroke:{PALETTE[0]};stroke-width:2}}.dot{{fill:{PALETTE[0]};"
    f"stroke:{PALETTE[0]};stroke-width:2}}.hollow{{fill:#fff}}"
)


def draw_narrow(
    audit: Audit,
    metrics: Sequence[str],
    places: Sequence[int],
    keys: Sequence[bool],
    *,
    titles: Mapping[str, str] | None = None,
) -> str:
    """Draw rates with their intervals, one panel below the other.

    Parameters
    ----------
    audit : Audit
        What to draw.
    metrics : sequence of str
        A panel for each; those that need labels are left out where there are none.
    places : sequence of int
        Positions of the groups, from top to bottom.
    keys : sequence of bool
        For each group of the audit, whether the table gives it a key: names that are cut are then found by it.
    titles : mapping of str to str, optional
        What metrics are called; their own names by default.

    Returns
    -------
    str
        An SVG; whatever groups are called is text in it.
    """
    known = [metric for metric in metrics if metric in audit.counts.metrics]
    small, names = set(audit.small_groups), format_groups(audit.counts.groups, audit.small_groups)
    listed, parts, top = audit.counts.groups.tolist(), [], 0
    for metric in known:
        rates, limits = audit.by_group[metric].to_numpy(), audit.intervals[metric].to_numpy()
        bottom = top + HEAD + ROW * len(places)
        parts.append(_write(MARGIN, top + 20, (titles or {}).get(metric, format_metric(metric)), "head"))
        parts.append(_write(MARGIN, top + 38, f"share of {say_base(audit.counts.metrics[metric])}", "soft"))
        for tick in TICKS:
            parts.append(_line(_across(tick), top + HEAD, _across(tick), bottom, "axis"))
            anchor = {0: "start", 1: "end"}.get(tick, "middle")
            parts.append(_write(_across(tick), bottom + 16, f"{tick:g}", "soft", anchor=anchor))
        if not np.isnan(everyone := audit.overall[metric]):
            parts.append(_line(_across(everyone), top + HEAD, _across(everyone), bottom, "all"))
        for row, place in enumerate(places):
            y = top + HEAD + ROW * row + 14
            parts.append(_write(MARGIN + 3, y, _cut(names[place], place if keys[place] else None), ""))
            said = "undefined" if np.isnan(rates[place]) else f"{rates[place]:.3f}"
            parts.append(_write(WIDTH - MARGIN - 3, y, said, "soft", anchor="end"))
            if np.isnan(rates[place]):
                continue
            low, high = limits[place]
            parts.append(_line(_across(low), y + 11, _across(high), y + 11, "limits"))
            hollow = " hollow" if listed[place] in small else ""
            parts.append(f'<circle class="dot{hollow}" cx="{_across(rates[place]):.1f}" cy="{y + 11}" r="4"/>')
        top = bottom + FOOT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}">'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>"
    )


def say_base(metric: Metric) -> str:
    """Say whom a metric is a share of, in the words of the figures: by label and decision."""
    base = metric.base.replace("labeled positive", "labeled 1").replace("labeled negative", "labeled 0")
    return base.replace("predicted positive", "with a decision of 1")


def _across(rate: float) -> float:
    """Return where a rate is on the drawing, in pixels from the left."""
    return MARGIN + (WIDTH - 2 * MARGIN) * float(rate)


def _write(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    """Write a line of text."""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}"{named}>{html.escape(escape_controls(text))}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Draw a line."""
    return f'<line x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}" class="{kind}"/>'


def _cut(name: str, place: int | None) -> str:
    """Cut a name that is wider than the drawing, and add the key by which the table has it."""
    if text_width(name) <= LONGEST:
        return name
    kept = name
    while text_width(kept) > LONGEST - 7:
        kept = kept[:-1]
    return f"{kept.rstrip()}…" + ("" if place is None else f" #{place + 1}")
