"""How many people weighted or clustered rows are worth: effective sizes, and draws that vary as such samples do.

Everything rests on two arrays by group, which add up over parts of a log: the weighted cells ``C = sum_i c_i``, and
their moments ``M = sum_i c_i c_i'``, where ``c_i`` has the weights of the rows of person i, cell by cell. Rows without
``person=`` are persons of one row each, and M is diagonal.
"""

from collections.abc import Iterator

import numpy as np

from labkit.audit.intervals import BLOCK
from labkit.audit.metrics import divide, parts_of_metrics


def effective_trials(mass: np.ndarray, moments: np.ndarray, rows: np.ndarray, *, clustered: bool) -> np.ndarray:
    """Say how many people, drawn one by one, would give each rate with the same certainty.

    Weighted rows: ``(sum w)^2 / sum w^2`` over the denominator of the metric (Kish 1965, section 11.7); what weights
    cost is taken to be the same for every outcome. Persons with several rows: a rate ``p = N.C / D.C`` is a ratio of
    sums over persons, whose linearized variance is ``r' M r / (D.C)^2`` with ``r = N - p D`` (Kish 1965, section 6.3;
    Cochran 1977, section 6.5), so that the rows are worth ``p (1 - p) / variance`` people, and never more than
    there are rows. Where p is 0 or 1 the rows say nothing about how alike those of a person are; they then count as
    wholly alike, ``(D.C)^2 / D' M D``.

    Parameters
    ----------
    mass : array of shape (groups, cells)
        Weighted cells.
    moments : array of shape (groups, cells, cells)
        Sums over persons of the outer products of their cells.
    rows : int array of shape (groups, cells)
        Rows in each cell.
    clustered : bool
        Whether persons may have several rows.

    Returns
    -------
    float array of shape (groups, metrics)
        Between 0, where a rate is undefined, and the number of rows that it rests on.
    """
    numerator, denominator = parts_of_metrics(mass.shape[-1])  # each (cells, metrics)
    trials = mass @ denominator  # (groups, metrics)
    alike = divide(trials**2, np.einsum("gij,im,jm->gm", moments, denominator, denominator))
    if not clustered:
        return np.where(trials > 0, alike, 0.0)
    rates = divide(mass @ numerator, trials)
    residuals = numerator - rates[:, None, :] * denominator  # (groups, cells, metrics)
    variance = np.einsum("gij,gim,gjm->gm", moments, residuals, residuals) / np.where(trials > 0, trials, 1) ** 2
    most = rows @ denominator
    varying = rates * (1 - rates)
    # a variance of 0 needs persons who balance each other exactly; the number of rows is the bound there
    worth = np.where(variance * most > varying, divide(varying, variance), most)
    return np.where(trials > 0, np.where(varying > 0, worth, alike), 0.0)


def draw_mass(mass: np.ndarray, moments: np.ndarray, *, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Draw weighted cells with mean ``mass`` and covariance ``moments``, in blocks (block, groups, cells).

    That is the covariance of a bootstrap in which each person appears a Poisson number of times. A cell is drawn from
    the gamma distribution with its mean and variance, since it cannot be negative, and cells of a group are tied by a
    normal copula.
    """
    from scipy.special import gammaincinv, ndtr

    generator = np.random.default_rng(seed)
    variance = np.diagonal(moments, axis1=1, axis2=2)  # (groups, cells)
    known = (mass > 0) & (variance > 0)
    scale = np.sqrt(np.where(known, variance, 1.0))
    correlation = moments / (scale[:, :, None] * scale[:, None, :])
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]  # root @ root' is the correlation
    shape, width = np.where(known, mass, 1.0) ** 2 / scale**2, scale**2 / np.where(known, mass, 1.0)
    block = max(1, BLOCK // max(mass.size, 1))
    for start in range(0, n_boot, block):
        size = min(block, n_boot - start)
        normal = np.einsum("gij,bgj->bgi", root, generator.standard_normal((size, *mass.shape)))
        yield np.where(known, gammaincinv(shape, ndtr(normal)) * width, 0.0)
