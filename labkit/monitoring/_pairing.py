"""Which decisions are compared: the most recent ones of two groups, never from a queue."""

import numpy as np


def find_pairs(second: np.ndarray) -> np.ndarray:
    """Mark the decisions that complete a pair: the most recent decision of each group waits for one of the other.

    When it comes, both are used. A waiting decision of the same group is dropped for the newer one. So at most one
    decision waits, the one just before, and a pair is two decisions in a row, of different groups, of which the first
    is in no pair yet.

    Parameters
    ----------
    second : bool array of shape (..., n)
        Whether each decision is about the second group, in the order in which they were made.

    Returns
    -------
    bool array of shape (..., n)
        Whether a decision is paired with the one before it.

    Examples
    --------
    >>> find_pairs(np.array([False, True, False, False, True])).tolist()
    [False, True, False, False, True]
    """
    places = np.arange(second.shape[-1])
    changes = np.zeros(second.shape, bool)
    changes[..., 1:] = second[..., 1:] != second[..., :-1]
    # where changes follow each other at once (a b a b), every other one completes a pair
    last_unchanged = np.maximum.accumulate(np.where(changes, 0, places), axis=-1)
    return changes & ((places - last_unchanged) % 2 == 1)
