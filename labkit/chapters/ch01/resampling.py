"""Resample whole people, for tables in which a person has several rows."""

import numpy as np


def draw_people(person: np.ndarray, *, n_boot: int, seed: int) -> np.ndarray:
    """Resample people, each with all of their rows: the bootstrap for tables in which a person has several rows.

    Rows of one person are alike, so that resampling rows would make intervals too short; whole people are independent
    (cluster bootstrap; Davison and Hinkley, 1997, section 3.8).

    Parameters
    ----------
    person : array of shape (rows,)
        Whose row it is.
    n_boot : int
        Number of resamples.
    seed : int
        Seed of the resamples.

    Returns
    -------
    ndarray of int, shape (n_boot, rows)
        How often each row is in each resample: a weight, the same for all rows of a person.
    """
    names, position = np.unique(person, return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_boot)
    return drawn[:, position]
