"""Choose what the figures of an audit show: which groups, in which order, under which names, and which numbers."""

import numpy as np
import pandas as pd

from labkit.audit.calibration import tabulate_calibration
from labkit.audit.drawing._plans import CalibrationPanel, CalibrationPlan, Fonts, Plan, RatesPanel, RatesPlan
from labkit.audit.narrow._rates import say_base
from labkit.audit.results import Audit
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._lettering import PLAIN, Lettering, letter
from labkit.audit.sections._sentences import choose_rates, describe_figure
from labkit.audit.text import CURVES, GROUPS_DRAWN, format_groups, format_name, name_rate
from labkit.plots import plain_label

CURVE_BINS, FEWEST_IN_BIN = 10, 20  # dots in a panel of calibration, and people behind a dot
BARS = 32  # of the histogram under a panel of calibration


def plan_figures(
    audit: Audit,
    scores: ScoreHistogram | None = None,
    *,
    favorable: int | None = None,
    means: str = "",
    score: str | None = None,
) -> Plan:
    """Plan all figures of a page: rates by group and, where there are scores, calibration by group."""
    rates, alt = plan_rates(audit, favorable, means), describe_figure(audit, favorable, means)
    if scores is None:
        return Plan(rates, alt)
    said = describe_calibration(format_name(score), confidence=audit.confidence)
    return Plan(rates, alt, plan_calibration(scores, confidence=audit.confidence), said)


def plan_rates(audit: Audit, favorable: int | None = None, means: str = "") -> RatesPlan:
    """Plan the four rates of the main table by group; of many groups, ``GROUPS_DRAWN``.

    ``favorable`` is the decision that is good for a person, where it is known, and ``means`` what a decision of 1
    means, where somebody said so.
    """
    means = means if set(means) <= PLAIN else ""  # headings are in matplotlib's own font
    places, lettering = choose_groups(audit), letter_groups(audit)
    rates, limits, overall = audit.by_group, audit.intervals, audit.overall
    small = audit.counts.groups.isin(audit.small_groups)[places]
    panels = [
        RatesPanel(
            plain_label(name_rate(metric, favorable, means)),
            say_base(audit.counts.metrics[metric]),
            rates[metric].to_numpy()[places],
            limits[metric].to_numpy()[places],
            float(overall[metric]),
        )
        for metric in choose_rates(favorable)
        if metric in audit.counts.metrics
    ]
    name = letter([format_groups(audit.counts.groups).name])
    fonts = Fonts([*lettering.fonts, *name.fonts], [*lettering.files, *name.files])
    ylabel = "" if any(name.keys) else name.labels[0]
    return RatesPlan(panels, small, [lettering.labels[place] for place in places], ylabel, fonts)


def letter_groups(audit: Audit) -> Lettering:
    """Choose how all groups of an audit are written in its figure: fonts, labels, and keys where names do not fit."""
    return letter(list(format_groups(audit.counts.groups, audit.small_groups)))


def choose_groups(audit: Audit) -> np.ndarray:
    """Return the positions of the groups in the figure: all in their order, or the extreme ones and the largest.

    Of more than ``GROUPS_DRAWN`` groups a third has the lowest and a third the highest selection rates among groups
    that are large enough; the largest of the others fill up. They are sorted by their selection rates.
    """
    sizes, rates = audit.counts.sizes, audit.by_group["selection_rate"].to_numpy()  # each (groups,)
    if len(sizes) <= GROUPS_DRAWN:
        return np.arange(len(sizes))
    large = np.flatnonzero((audit.counts.effective_sizes >= audit.min_group_size) & ~np.isnan(rates))
    ordered, third = large[np.argsort(rates[large], kind="stable")], GROUPS_DRAWN // 3
    extreme = set(ordered[:third].tolist()) | set(ordered[-third:].tolist())
    others = [place for place in np.argsort(-sizes, kind="stable").tolist() if place not in extreme]
    chosen = np.array(sorted([*extreme, *others[: GROUPS_DRAWN - len(extreme)]]))
    return chosen[np.argsort(rates[chosen], kind="stable")]


def describe_calibration(score: str, *, confidence: float) -> str:
    """Say in words what the figure of calibration shows, for readers who cannot see it."""
    return (
        f"Share of people with a label of 1 over the score {score}, a panel for each group, with {confidence:.0%} "
        "intervals; on the dashed line the share equals the score"
    )


def plan_calibration(scores: ScoreHistogram, *, confidence: float = 0.95) -> CalibrationPlan:
    """Plan the share of people labeled positive at each score, a panel for each of the ``CURVES`` largest groups."""
    lettering, panels = letter(list(format_groups(scores.groups))), []
    for place in np.sort(np.argsort(-scores.sizes, kind="stable")[:CURVES]):  # in the order of the groups
        cells, size = scores.cells[place], scores.sizes[place]
        table = bin_equally(cells, confidence=confidence)
        people = cells.sum(axis=0).reshape(min(BARS, cells.shape[1]), -1).sum(axis=1)
        title = f"{lettering.labels[place]}\nn = {size:,}, {size / len(table):,.0f} a dot"
        dots = (table[name].to_numpy() for name in ("score", "share", "low", "high"))
        panels.append(CalibrationPanel(title, *dots, people=people))
    return CalibrationPlan(panels, Fonts(lettering.fonts, lettering.files))


def bin_equally(
    cells: np.ndarray, *, bins: int = CURVE_BINS, fewest: int = FEWEST_IN_BIN, confidence: float = 0.95
) -> pd.DataFrame:
    """Divide the people of one group, sorted by score, into bins of about as many people each.

    Parameters
    ----------
    cells : int array of shape (2, bins of the histogram)
        People by label and bin.
    bins : int
        The most bins.
    fewest : int
        The fewest people in a bin; a smaller group is one bin.
    confidence : float
        Coverage of the Wilson intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per bin, as `calibration_by_group` gives: score, n, positives, share, low, high.
    """
    place = np.flatnonzero(cells.sum(axis=0))
    n = cells[:, place].sum(axis=0)
    number = int(np.clip(n.sum() // fewest, 1, bins))
    middle = n.cumsum() - n / 2  # where a bin of the histogram lies among the people
    parts = {
        "group": 0,
        "bin": np.minimum((middle * number / max(n.sum(), 1)).astype(int), number - 1),
        "score": (place + 0.5) / cells.shape[1],
        "n": n,
        "positives": cells[1, place],
    }
    return tabulate_calibration(pd.DataFrame(parts), confidence=confidence).droplevel("group")
