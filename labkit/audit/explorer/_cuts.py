"""The cuts that the sliders stop at, and the bars of the distributions under them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labkit.audit.explorer._people import People
from labkit.errors import UserError

CUTS = 11  # on each slider, by default: 11 x 11 pairs
MOST_CUTS = 51
MOST_BARS = 20  # a bar for each score where there are no more than these; bins of equal width otherwise
MOST_TICKS = 11


@dataclass(frozen=True)
class Cuts:
    """Thresholds from low to high: who has at least this score is selected. Infinity selects nobody."""

    values: np.ndarray

    def place(self, cut: float) -> int:
        """Return the position of a cut, which must be one of them."""
        found = np.flatnonzero(self.values == cut)
        if not len(found):
            raise UserError(f"{cut!r} is not one of the cuts: {', '.join(map(format_cut, self.values))}; choose one")
        return int(found[0])

    def count(self, people: People) -> np.ndarray:
        """Count tn, fp, fn, tp at each cut: int array (2 groups, cuts, 4)."""
        slot = np.searchsorted(self.values, people.score, side="right")  # how many cuts select this row
        at_least = people.tally(slot, len(self.values) + 1)[..., ::-1].cumsum(axis=-1)[..., ::-1]  # (2, 2, cuts + 1)
        selected, everybody = at_least[..., 1:], at_least[..., :1]
        rejected = everybody - selected
        return np.stack([rejected[:, 0], selected[:, 0], rejected[:, 1], selected[:, 1]], axis=-1)


@dataclass(frozen=True)
class Bars:
    """Numbers of people by slot of the score, in drawing units of one slot.

    Attributes
    ----------
    people : int array of shape (2 groups, 2 labels, slots)
    at : list of float
        Where each cut is, from 0 to the number of slots.
    ticks : list of (float, str)
        Places on the axis and what is written there.
    """

    people: np.ndarray
    at: list[float]
    ticks: list[tuple[float, str]]


def choose_cuts(people: People, cuts: Sequence[float] | None) -> Cuts:
    """Check the cuts that were given, or choose some: every score where there are few, evenly spaced ones otherwise."""
    if cuts is not None:
        values = np.asarray(cuts, dtype=float)
        if values.ndim != 1 or not 2 <= len(values) <= MOST_CUTS:
            raise UserError(f"cuts has shape {values.shape}; give from 2 to {MOST_CUTS} thresholds")
        if np.isnan(values).any() or values[0] == -np.inf or not (np.diff(values) > 0).all():
            raise UserError(
                f"cuts={values.tolist()} do not increase; give thresholds from low to high, and np.inf last to select "
                "nobody"
            )
        return Cuts(values)
    scores = np.unique(people.score)
    if len(scores) < CUTS:
        return Cuts(np.append(scores, np.inf))
    if 0 <= scores[0] < scores[-1] - 0.5 and scores[-1] <= 1:  # as probabilities are: tenths are easiest to read
        return Cuts(np.append(np.arange(10) / 10, np.inf))
    step = (scores[-1] - scores[0]) / (CUTS - 1)
    digits = 1 - int(np.floor(np.log10(step)))  # two digits of a step, so that the cuts can be read
    first = np.floor(scores[0] * 10.0**digits) / 10.0**digits  # the first one selects everybody
    return Cuts(np.append(np.round(first + step * np.arange(CUTS - 1), digits), np.inf))


def make_bars(people: People, cuts: Cuts) -> Bars:
    """Count the bars of the distributions, and place cuts and ticks on their axis."""
    scores = np.unique(people.score)
    if len(scores) <= MOST_BARS:
        slot, slots = np.searchsorted(scores, people.score), len(scores)
        at = np.searchsorted(scores, cuts.values).astype(float)
        shown = range(0, slots, -(-slots // MOST_TICKS))
        ticks = [(place + 0.5, format_cut(scores[place])) for place in shown]
    else:
        finite = cuts.values[np.isfinite(cuts.values)]
        beyond = finite[-1] + finite[-1] - finite[-2] if len(finite) > 1 else finite[-1]  # bars end where cuts are
        low, high, slots = min(scores[0], finite[0]), max(scores[-1], beyond), MOST_BARS
        slot = np.minimum((people.score - low) / (high - low) * slots, slots - 1).astype(int)
        at = np.clip((cuts.values - low) / (high - low) * slots, 0, slots)
        ticks = [(slots * part, f"{low + (high - low) * part:.3g}") for part in (0, 0.25, 0.5, 0.75, 1)]
    return Bars(people.tally(slot, slots), [round(float(place), 4) for place in at], ticks)


def format_cut(cut: float) -> str:
    """Write a cut: "5", or "nobody" for one above every score."""
    return "nobody" if np.isinf(cut) else f"{cut:.10g}"
