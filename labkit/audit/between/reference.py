"""Each group against a reference: difference, ratio, their intervals and p-values adjusted for the number of groups."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labkit.audit.between._equality import compare_pairs
from labkit.audit.between.ratios import ratio_interval
from labkit.audit.intervals import is_imprecise, newcombe_interval
from labkit.audit.metrics import divide
from labkit.errors import UserError

REST = "rest"  # everyone but the group itself


@dataclass(frozen=True)
class Picked:
    """A reference that was picked because its rate is the highest, which any other group could have been.

    The highest of several noisy rates is too high on average, and a comparison with it was picked from all pairs of
    groups. Adjusted intervals and p-values then count all of these pairs.

    Parameters
    ----------
    group : hashable
        The group; a tuple for intersections.
    favorable : int
        The decision whose rate is the highest there, 0 or 1.
    """

    group: Hashable
    favorable: int


def find_reference(groups: pd.Index, sizes: np.ndarray, reference: Hashable) -> int | None:
    """Return the position of the reference: the largest group for None, or a named one; None for everyone else.

    A one-tuple always names a group, so that groups called "rest" and "overall" can be chosen.
    """
    names = groups.tolist()
    if isinstance(reference, Picked):
        return names.index(reference.group)
    if reference is None:
        return int(np.argmax(sizes))
    if reference == REST:
        return None
    if reference == "overall":
        raise UserError(
            "reference='overall' contains the group that is compared with it, which pulls every difference towards 0; "
            "pass 'rest' for everyone else (a group of that name is reference=('overall',))"
        )
    name = reference[0] if isinstance(reference, tuple) and len(reference) == 1 else reference
    if name not in names:
        raise UserError(f"unknown reference {name!r}; the groups are {names}; 'rest' is everyone else")
    return names.index(name)


def compare_sides(
    own: tuple[np.ndarray, np.ndarray],
    other: tuple[np.ndarray, np.ndarray],
    *,
    confidence: float,
    is_picked: bool = False,
) -> dict[str, np.ndarray]:
    """Compare rates row by row, and return the columns of ``Audit.against`` from ``rate`` on.

    Parameters
    ----------
    own, other : pair of arrays of shape (rows,)
        Successes and trials of the group and of its reference.
    confidence : float
        Coverage of each interval, between 0 and 1; of those called adjusted, of all rows at once.
    is_picked : bool
        Whether the reference is a group that was picked by its rate (see `Picked`): what is called adjusted then holds
        for all pairs of groups at once.

    Returns
    -------
    dict of arrays of shape (rows,)
        Names in the order of the columns.
    """
    rate, reference_rate = divide(*own), divide(*other)
    known = ~np.isnan(rate) & ~np.isnan(reference_rate)
    rows = int(known.sum())
    number = rows * (rows + 1) // 2 if is_picked else rows  # of comparisons that hold at once: all pairs, or the rows
    together = 1 - (1 - confidence) / max(number, 1)  # Bonferroni
    columns = {"rate": rate, "reference_rate": reference_rate, "difference": rate - reference_rate}
    columns["low"], columns["high"] = newcombe_interval(own, other, confidence=confidence)
    columns["ratio"] = divide(rate, reference_rate)
    columns["ratio_low"], columns["ratio_high"] = ratio_interval(own, other, confidence=confidence)
    columns["p_value"] = compare_pairs(own, other)
    columns["p_adjusted"] = adjust(columns["p_value"], number)
    columns["low_adjusted"], columns["high_adjusted"] = newcombe_interval(own, other, confidence=together)
    limits = ratio_interval(own, other, confidence=together)
    columns["ratio_low_adjusted"], columns["ratio_high_adjusted"] = limits
    return columns | {"too_few": is_imprecise(*own) | is_imprecise(*other)}


def adjust(p_values: np.ndarray, number: int | None = None) -> np.ndarray:
    """Adjust p-values for their number (Holm 1979); those that are undefined stay so and do not count.

    ``number`` is how many there are where only some are given, those that somebody picked: none of the results is then
    below what Holm's method gives with all of them, since each p-value has at most the rank that it has among all.

    Not statsmodels' ``multipletests``, which collects garbage in the whole program at each call: half a second.
    """
    adjusted, known = np.full(len(p_values), np.nan), np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    number = len(order) if number is None else max(number, len(order))
    stepped = p_values[order] * (number - np.arange(len(order)))  # the smallest times k, the next times k - 1, ...
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return adjusted
