"""The test that most would repeat every day, and that alarms too often: beside the monitor, for comparison."""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from labkit.errors import UserError

LOOKS = 100  # unless told otherwise


def repeated_z_tests(
    second: np.ndarray,
    decisions: np.ndarray,
    *,
    every: int | None = None,
    before: tuple[np.ndarray, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Test again and again whether two rates differ, each time with all decisions so far.

    Each test is right in 95% of fair streams, if it is the only one. But somebody who looks every day and acts on the
    first p-value below 5% raises a false alarm in far more than 5% of them. The monitor beside it has no such problem.

    Parameters
    ----------
    second : bool array of shape (n,)
        Whether each decision is about the second group, in the order in which they were made.
    decisions : int array of shape (n,)
        0 or 1 each.
    every : int, optional
        How many decisions lie between two looks; by default a hundredth of them.
    before : (int array of shape (2,), int array of shape (2,)), optional
        Earlier decisions about each group, and how many of them were 1.

    Returns
    -------
    pandas.DataFrame
        One row per look: ``decision`` (how many there were), ``n_first``, ``n_second``, ``gap`` (first rate minus
        second), ``z``, and ``p`` (two-sided, with the pooled variance). NaN where a group has no decision, or all
        decisions are the same.

    Raises
    ------
    UserError
        ``every`` is below 1.
    """
    n = len(decisions)
    if every is None:
        every = max(1, n // LOOKS)
    if every < 1:
        raise UserError(f"every is {every}; there must be at least 1 decision between two looks")
    looks = np.arange(every, n + 1, every)
    numbers, selected = count_at(second, decisions, looks)  # (2, looks) each
    if before is not None:
        numbers, selected = numbers + before[0][:, None], selected + before[1][:, None]
    gap, z = z_of(numbers, selected)
    columns = {"decision": numbers.sum(axis=0), "n_first": numbers[0], "n_second": numbers[1]}
    return pd.DataFrame(columns | {"gap": gap, "z": z, "p": 2 * ndtr(-np.abs(z))})


def count_at(second: np.ndarray, decisions: np.ndarray, looks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count decisions of each group, and those that are 1, after so many: from (..., n) to (2, ..., looks)."""
    sides = np.stack([~second, second])
    counted = [np.cumsum(values, axis=-1)[..., looks - 1] for values in (sides, sides * decisions)]
    return counted[0], counted[1]


def z_of(numbers: np.ndarray, selected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return gaps and z of two-proportion tests with the pooled variance, from (2, ...) to (...); NaN without any."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = selected / numbers
        pooled = selected.sum(axis=0) / numbers.sum(axis=0)
        gap = rates[0] - rates[1]
        return gap, gap / np.sqrt(pooled * (1 - pooled) * (1 / numbers).sum(axis=0))
