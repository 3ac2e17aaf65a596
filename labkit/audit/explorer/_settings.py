"""The four settings that are shown side by side: one cut for both groups, and three rates made as equal as cuts can."""

import numpy as np

from labkit.audit.metrics import CELLS, METRICS, divide, find_metric, tally

ONE_CUT = "one cut for both"
EQUAL = {  # name of a setting: the rate that it makes equal
    "equal selection rates": "selection_rate",
    "equal true positive rates": "true_positive_rate",
    "equal false positive rates": "false_positive_rate",
}
SELECTED = [CELLS.index(name) for name in ("fp", "tp")]
RIGHT = [CELLS.index(name) for name in ("tn", "tp")]


def most_accurate(cells: np.ndarray) -> int:
    """Return the place of the common cut that decides most people as they are labeled; ``cells`` is (2, cuts, 4)."""
    return int(cells[..., RIGHT].sum(axis=(0, 2)).argmax())


def find_settings(cells: np.ndarray, common: int) -> dict[str, tuple[int, int] | None]:
    """Find the places of the two cuts in each setting; None where a group has no people to take the rate of.

    Gaps can only be compared where about as many people are selected, and selecting nobody closes every gap. So an
    equal rate means here: the pair of cuts with the smallest sum of the absolute gap in that rate and the absolute
    change, from the common cut, in the share of all people who are selected.
    """
    rates = divide(*tally(cells))  # (2, cuts, metrics)
    selected = cells[..., SELECTED].sum(axis=-1)  # (2, cuts)
    share = (selected[0][:, None] + selected[1][None, :]) / cells[:, 0].sum()  # (cuts of a, cuts of b)
    change = np.abs(share - share[common, common])
    settings: dict[str, tuple[int, int] | None] = {ONE_CUT: (common, common)}
    for name, metric in EQUAL.items():
        rate = rates[..., find_metric(METRICS, metric)]
        gap = np.abs(rate[0][:, None] - rate[1][None, :])
        cost = np.round(gap + change, 12)  # so that ties do not depend on rounding
        if np.isnan(cost).all():
            settings[name] = None
        else:
            a, b = np.unravel_index(np.nanargmin(cost), cost.shape)
            settings[name] = int(a), int(b)
    return settings
