"""Demographic parity at work: groups selected at given rates, the spread due to chance, a bound on a gap."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError


def select_at_rates(
    y_score: Sequence[float], sensitive_features: Sequence[Hashable], *, rates: Mapping[Hashable, float]
) -> np.ndarray:
    """Select the people with the highest scores of each group, as many as its rate asks for.

    Of all decisions with these selection rates, this one follows the scores; equal rates give parity. The decision uses
    the group. Among equal scores the earlier row is selected first.

    Parameters
    ----------
    y_score : sequence of float, shape (n,)
        Scores; higher means selected sooner.
    sensitive_features : sequence, shape (n,)
        The group of each person.
    rates : mapping of group to float
        Share to select in each group, from 0 to 1; rounded to whole people.

    Returns
    -------
    ndarray of int, shape (n,)
        1 for the selected, else 0.

    Raises
    ------
    UserError
        Lengths differ, a group has no rate, or a rate is not from 0 to 1.

    Examples
    --------
    >>> select_at_rates([0.9, 0.8, 0.3, 0.2], ["a", "a", "b", "b"], rates={"a": 0.5, "b": 0.5}).tolist()
    [1, 0, 1, 0]
    """
    y_score, groups = np.asarray(y_score, dtype=float), np.asarray(sensitive_features)
    if y_score.shape != groups.shape:
        raise UserError(f"{len(y_score)} scores and {len(groups)} groups: give one group for each score")
    decided = np.zeros(len(y_score), dtype=int)
    for group in pd.unique(groups).tolist():
        if group not in rates:
            raise UserError(f"group {group!r} has no rate; rates= has {list(rates)}")
        if not 0 <= rates[group] <= 1:
            raise UserError(f"the rate of group {group!r} is {rates[group]}; give a share from 0 to 1")
        rows = np.flatnonzero(groups == group)
        order = np.argsort(-y_score[rows], kind="stable")
        decided[rows[order[: round(rates[group] * len(rows))]]] = 1
    return decided


def draw_spread(sizes: Sequence[int], rate: float, *, n_draws: int = 5000, seed: int = 0) -> np.ndarray:
    """Draw the difference max - min of the measured rates of groups that all have the same true rate.

    A measured max - min should be compared with these: under perfect parity it is positive, not zero, and it grows with
    the number of groups and shrinks with their size.

    Parameters
    ----------
    sizes : sequence of int, shape (groups,)
        People in each group, at least 1.
    rate : float
        The rate that all groups have, from 0 to 1.
    n_draws : int
        How often all groups are drawn.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of float, shape (n_draws,)
        max - min, from 0 to 1.

    Raises
    ------
    UserError
        There are fewer than two groups, a group is empty, or the rate is not from 0 to 1.
    """
    sizes = np.asarray(sizes, dtype=int)
    if len(sizes) < 2 or sizes.min() < 1:
        raise UserError(f"sizes are {sizes.tolist()}; give at least two groups with at least one person each")
    if not 0 <= rate <= 1:
        raise UserError(f"rate is {rate}; give a share from 0 to 1")
    drawn = np.random.default_rng(seed).binomial(sizes, rate, size=(n_draws, len(sizes)))
    return np.ptp(drawn / sizes, axis=1)


def minimise_within(
    loss: Callable[[np.ndarray], float],
    measure: Callable[[np.ndarray], float],
    *,
    bound: float,
    start: np.ndarray,
    stiffness: float = 4.0,
    rounds: int = 12,
) -> tuple[np.ndarray, float]:
    """Minimize a smooth loss under the bound ``measure <= bound`` with an augmented Lagrangian.

    Each round minimizes ``loss + max(0, multiplier + stiffness (measure - bound))^2 / (2 stiffness)`` and then sets the
    multiplier to the value of that maximum, which is one step of dual ascent (Nocedal and Wright, 2006, chapter 17). At
    the solution the multiplier is 0 or the bound is met exactly (complementary slackness), and it is the rate at which
    the smallest loss falls as the bound is loosened. For small problems: gradients are computed numerically.

    Parameters
    ----------
    loss, measure : callable
        Functions of the weights, (k,), that return a float. Both must be smooth, since steps follow slopes: soften a
        hard gap first.
    bound : float
        Largest value of ``measure`` that is allowed.
    start : ndarray of shape (k,)
        Weights to start from.
    stiffness : float
        Weight of the quadratic term, above 0.
    rounds : int
        Steps of dual ascent, at least 1.

    Returns
    -------
    weights : ndarray of shape (k,)
    multiplier : float
        At least 0, in units of the loss per unit of ``measure``.

    Raises
    ------
    UserError
        The stiffness or the number of rounds is not positive, or the bound cannot be met.

    Examples
    --------
    The point nearest to 3 that is at most 1, and what a looser bound would gain: the slope of (w - 3)^2 at 1.

    >>> weights, multiplier = minimise_within(lambda w: (w[0] - 3) ** 2, lambda w: w[0], bound=1, start=np.zeros(1))
    >>> round(float(weights[0]), 3), round(multiplier, 3)
    (1.0, 4.0)
    """
    from scipy.optimize import minimize

    if stiffness <= 0 or rounds < 1:
        raise UserError(f"stiffness={stiffness} and rounds={rounds} must be positive; 4.0 and 12 are the defaults")

    def shifted(weights: np.ndarray, multiplier: float) -> float:
        return max(0.0, multiplier + stiffness * (measure(weights) - bound))

    def augmented(weights: np.ndarray, multiplier: float) -> float:
        return loss(weights) + shifted(weights, multiplier) ** 2 / (2 * stiffness)

    weights, multiplier = np.asarray(start, dtype=float), 0.0
    for _ in range(rounds):
        weights = minimize(augmented, weights, args=(multiplier,)).x
        multiplier = float(shifted(weights, multiplier))
    if (reached := measure(weights)) > bound + 0.01 * max(1.0, abs(bound)):
        raise UserError(
            f"after {rounds} rounds the measure is {reached:.3g}, above the bound {bound}: no weights reach it, or "
            "rounds= or stiffness= are too small"
        )
    return weights, multiplier
