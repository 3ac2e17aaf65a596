"""What the explorer says: names of measures and cuts, numbers, the table of settings and the notes under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd

from labkit.audit.explorer._cuts import Cuts, format_cut
from labkit.audit.results import Audit
from labkit.audit.text import IMPRECISE, format_metric

SHOWN = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy")
MANY = 10_000  # people in each group, from which on an interval is narrow enough for tenths of a percent
DASH = "–"  # an undefined rate


@dataclass(frozen=True)
class Words:
    """What 0 and 1 are called, as decisions and as labels, and what the score is called."""

    decisions: tuple[str, str]
    labels: tuple[str, str]
    score: str

    @property
    def meanings(self) -> dict[str, str]:
        """Each measure as a sentence: of whom it is the share, and of what."""
        negative, positive = self.labels
        selected = self.decisions[1]
        return {
            "selection_rate": f"of all people: {selected}",
            "true_positive_rate": f"of {positive}: {selected}",
            "false_positive_rate": f"of {negative}: {selected}",
            "precision": f"of {selected}: {positive}",
            "accuracy": "of all people: decided as labeled",
        }

    def describe_cuts(self, cuts: Cuts, cells: np.ndarray) -> list[str]:
        """Write each cut with what it does; ``cells`` is (2, cuts, 4)."""
        rejected = cells[..., [0, 2]].sum(axis=(0, 2))  # (cuts,)
        written = []
        for cut, people in zip(cuts.values, rejected, strict=True):
            text = "nobody" if np.isinf(cut) else f"{format_cut(cut)} or more"
            written.append(f"{text}: everybody" if people == 0 else text)
        return written

    def notes(self, names: Sequence[str], confidence: float, *, is_static: bool) -> list[str]:
        """Say how the numbers are to be read, and what they leave out."""
        a, b = names
        sides = f"Each cell: {a} / {b}, and the difference, {a} minus {b}, in percentage points. " if is_static else ""
        return [
            f"{sides}Intervals of {confidence:.0%} (Wilson; Newcombe for differences) cover which people happened to "
            "be counted, and nothing else: not wrong labels, and not that cuts were chosen on the same people. "
            f"{DASH} means that there is nobody to take the share of; {IMPRECISE} that fewer than two people have the "
            "outcome, or lack it, so that the interval is not precise.",
            "“Equal” is as near as the cuts in this grid come to it with about as many people selected as by the one "
            "cut: the smallest sum of the gap in that rate and the change in the share of all people selected. One "
            "pair of cuts can be the nearest for several rates.",
        ]


def count_digits(cells: np.ndarray) -> int:
    """Return how many decimals of a percentage the groups' sizes support; ``cells`` is (2, cuts, 4)."""
    return int(cells[:, 0].sum(axis=-1).min() >= MANY)


def percent(share: float, digits: int) -> str:
    """Write a share as a percentage, rounded half away from zero as JavaScript does it."""
    return DASH if np.isnan(share) else f"{_round(100 * share, digits)}%"


def points(difference: float, digits: int) -> str:
    """Write a difference of two shares in percentage points, with its sign."""
    if np.isnan(difference):
        return DASH
    text = str(_round(abs(100 * difference), digits))
    if not float(text):
        return text
    return f"{'−' if difference < 0 else '+'}{text}"


def _round(value: float, digits: int) -> Decimal:
    """Round the exact value of a number, halves away from zero."""
    return Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def write_settings(
    audits: Mapping[str, tuple[tuple[int, int], Audit] | None], names: Sequence[str], cuts: Cuts, words: Words
) -> pd.DataFrame:
    """Write the table of settings: cuts and measures as rows, settings as columns.

    A cell has the shares of both groups, then a line break and their difference with its interval.
    """
    columns = {}
    for name, found in audits.items():
        if found is None:
            columns[name] = [DASH] * (len(SHOWN) + 1)
            continue
        places, audit = found
        digits = count_digits(audit.counts.cells[:, None])
        columns[name] = [" / ".join(format_cut(cuts.values[place]) for place in places)]
        columns[name] += [_write_measure(audit, metric, digits) for metric in SHOWN]
    return pd.DataFrame(columns, index=[f"{words.score} from", *map(format_metric, SHOWN)])


def _write_measure(audit: Audit, metric: str, digits: int) -> str:
    """Write one measure of both groups, and their difference."""
    a, b = (percent(share, digits) for share in audit.by_group[metric])
    pair = audit.pairwise(metric).iloc[0]
    if np.isnan(pair["difference"]):
        return f"{a} / {b}"
    limits = f"{points(pair['low'], digits)} to {points(pair['high'], digits)}"
    mark = f" {IMPRECISE}" if audit.too_few[metric].any() else ""
    return f"{a} / {b}, {points(pair['difference'], digits)} ({limits}){mark}"
