"""Lending over years: a loan that is repaid raises a score, a default lowers it, and a rule decides who gets one.

After Liu, Dean, Rolf, Simchowitz and Hardt (2018, "Delayed Impact of Fair Machine Learning"), who compute one step for
expected values, and the lending environment of ml-fairness-gym (D'Amour et al., 2020, "Fairness is not static"), which
repeats it for single people. Here people are simulated in many worlds at once, and every rule meets the same people and
the same luck in a world, so that rules are compared in pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labkit.errors import UserError

FAIR_RULES = ("maximum profit", "one threshold", "equal opportunity", "demographic parity")
CONSTANT_RULES = ("lend to nobody", "lend to everybody", "toss a coin")
LOWEST, HIGHEST = 0.0, 100.0  # of the score
COMMON_RATES = np.linspace(0, 1, 401)  # what a common share, or a common true positive rate, is chosen from
THRESHOLDS = np.linspace(HIGHEST, LOWEST, 201)
TIES = 1e-6  # a random number below it puts people with the same score in order


@dataclass(frozen=True)
class Curves:
    """Two groups' scores and repayment.

    Attributes
    ----------
    groups : tuple of str
        The gap is the mean score of the first group minus that of the second.
    scores : ndarray of shape (scores,)
        From low to high.
    cumulative : dict of str to ndarray of shape (scores,)
        By group: the share of people at or below a score.
    repaid : dict of str to ndarray of shape (scores,)
        By group: the share of people at a score who repay.
    shares : dict of str to float
        What part of all people is in each group.
    """

    groups: tuple[str, str]
    scores: np.ndarray
    cumulative: Mapping[str, np.ndarray]
    repaid: Mapping[str, np.ndarray]
    shares: Mapping[str, float]


@dataclass(frozen=True)
class Steps:
    """What one loan does to a score within a year: an assumption, not a measurement.

    Attributes
    ----------
    up, down : float
        Points that a repaid loan adds, and that a default takes away; at least 0. A score stays between 0 and 100.
    ability_follows : bool
        Whether a person's chance to repay follows the new score, as Liu et al. assume. Otherwise it stays as it was at
        the beginning, and the score only becomes wrong about it; the lender does not notice.
    """

    up: float
    down: float
    ability_follows: bool = True

    def __post_init__(self) -> None:
        if not (self.up >= 0 and self.down >= 0):
            raise UserError(f"steps are up={self.up} and down={self.down}; give points of at least 0 for both")


def read_curves(frame: pd.DataFrame, groups: tuple[str, str]) -> Curves:
    """Take two groups' curves from score aggregates.

    Parameters
    ----------
    frame : DataFrame
        Columns race, score, cumulative_share, repaid_share and group_size, as in `labkit.data.load_fico`.
    groups : pair of str
        Values of race; the same group twice gives a control without any difference, named "NAME (1)" and "NAME (2)".

    Returns
    -------
    Curves

    Raises
    ------
    UserError
        A group is not in the frame.
    """
    known = frame["race"].unique().tolist()
    if strange := [group for group in groups if group not in known]:
        raise UserError(f"no group {strange[0]!r}; there are {known}")
    tables = [frame[frame["race"] == group].sort_values("score") for group in groups]
    names = groups if groups[0] != groups[1] else tuple(f"{groups[0]} ({number})" for number in (1, 2))
    sizes = np.array([table["group_size"].iloc[0] for table in tables], float)

    def by_name(column: str) -> dict[str, np.ndarray]:
        return {name: table[column].to_numpy() for name, table in zip(names, tables, strict=True)}

    shares = dict(zip(names, (sizes / sizes.sum()).tolist(), strict=True))
    return Curves(names, tables[0]["score"].to_numpy(), by_name("cumulative_share"), by_name("repaid_share"), shares)


def draw_scores(curves: Curves, *, people: int, worlds: int, seed: int) -> dict[str, np.ndarray]:
    """Draw the people of each world.

    Parameters
    ----------
    curves : Curves
        From `read_curves`.
    people : int
        In each world; the groups have their share of them.
    worlds, seed : int
        How many worlds, and the seed of all.

    Returns
    -------
    dict of str to ndarray of shape (worlds, people of the group)
        Scores.

    Raises
    ------
    UserError
        A group would have no people, or there are no worlds.
    """
    rng, drawn = np.random.default_rng(seed), {}
    for group, share in curves.shares.items():
        number = round(share * people)
        if worlds < 1 or number < 1:
            raise UserError(f"{people} people in {worlds} worlds leave group {group!r} with {number}; give more")
        places = np.searchsorted(curves.cumulative[group], rng.random((worlds, number)) * curves.cumulative[group][-1])
        drawn[group] = curves.scores[places]
    return drawn


def approve(
    rule: str,
    scores: Mapping[str, np.ndarray],
    chances: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    *,
    gain: float,
    loss: float,
    common_share: float | None = None,
) -> dict[str, np.ndarray]:
    """Decide who gets a loan, by the most profitable rule of a kind.

    Parameters
    ----------
    rule : str
        One of `FAIR_RULES` or `CONSTANT_RULES`. "maximum profit" has a threshold for each group, "one threshold" the
        same for all; "demographic parity" gives loans to the same share of each group, "equal opportunity" to the same
        share of those who would repay. Each goes from the highest score downward, and people at the last score draw
        lots.
    scores, chances : mapping of str to ndarray of shape (worlds, people)
        By group: scores, and what the lender takes for the chances to repay at these scores.
    rng : numpy.random.Generator
        For lots.
    gain, loss : float
        What a repaid loan earns, and what a default costs.
    common_share : float, optional
        For "demographic parity": the share that gets a loan, from 0 to 1, in place of the most profitable one.

    Returns
    -------
    dict of str to bool ndarray of shape (worlds, people)

    Raises
    ------
    UserError
        The rule is unknown, or a share is out of range or of another rule.
    """
    if rule in CONSTANT_RULES:
        least = {"lend to nobody": 1.0, "lend to everybody": 0.0, "toss a coin": 0.5}[rule]
        return {group: rng.random(score.shape) >= least for group, score in scores.items()}
    if rule not in FAIR_RULES:
        raise UserError(f"no rule {rule!r}; there are {', '.join(FAIR_RULES + CONSTANT_RULES)}")
    if common_share is not None and (rule != "demographic parity" or not 0 <= common_share <= 1):
        raise UserError(f"common_share is {common_share} for {rule!r}; give a share from 0 to 1 for demographic parity")
    orders, kinks, profits = {}, {}, {}
    for group, score in scores.items():
        orders[group] = np.argsort(-score - TIES * rng.random(score.shape), axis=1)
        chance = np.take_along_axis(chances[group], orders[group], axis=1)
        profits[group] = _accumulate(gain * chance - loss * (1 - chance))  # (worlds, people + 1)
        kinks[group] = _candidates(rule, np.take_along_axis(score, orders[group], axis=1), chance)
        if common_share is not None:
            kinks[group] = np.full((len(score), 1), round(common_share * score.shape[1]))
    if rule == "maximum profit":
        numbers = {group: profit.argmax(axis=1)[:, None] for group, profit in profits.items()}
    else:
        earned = sum(np.take_along_axis(profits[group], kinks[group], axis=1) for group in scores)
        best = earned.argmax(axis=1)[:, None]
        numbers = {group: np.take_along_axis(kinks[group], best, axis=1) for group in scores}
    approved = {}
    for group, order in orders.items():
        approved[group] = np.empty(order.shape, bool)
        np.put_along_axis(approved[group], order, np.arange(order.shape[1]) < numbers[group], axis=1)
    return approved


def _accumulate(values: np.ndarray) -> np.ndarray:
    """Return sums over the first 0, 1, 2, ... people, from (worlds, n) to (worlds, n + 1)."""
    return np.concatenate([np.zeros((len(values), 1)), values.cumsum(axis=1)], axis=1)


def _candidates(rule: str, score: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return how many people of a group would get loans at each common value that a rule chooses from.

    ``score`` and ``chance`` (worlds, n) go from the highest score downward; the result is (worlds, candidates).
    """
    worlds, n = score.shape
    if rule == "one threshold":
        return np.stack([np.searchsorted(-row, -THRESHOLDS, side="right") for row in score])
    if rule == "equal opportunity":
        found = _accumulate(chance)
        found /= found[:, -1:]
        return np.stack([np.minimum(np.searchsorted(row, COMMON_RATES), n) for row in found])
    return np.broadcast_to(np.round(COMMON_RATES * n).astype(int), (worlds, len(COMMON_RATES)))


def simulate_lending(
    curves: Curves,
    rule: str,
    steps: Steps,
    *,
    years: int,
    people: int,
    worlds: int,
    seed: int,
    gain: float,
    loss: float,
    common_share: float | None = None,
) -> pd.DataFrame:
    """Let a lender decide about the same people year after year.

    Each year the lender knows every score, takes the group's curve for the chances to repay, and chooses the rule's
    thresholds anew. Nobody moves in or out. Repayment is by luck: with the same seed it is the same luck for every rule
    and all steps, so that worlds can be compared in pairs.

    Parameters
    ----------
    curves : Curves
        From `read_curves`.
    rule : str
        As for `approve`.
    steps : Steps
        What a loan does to a score.
    years, people, worlds, seed : int
        How long, how many people in each world, how many worlds, and the seed of all.
    gain, loss, common_share : float
        As for `approve`.

    Returns
    -------
    DataFrame
        One row per world and year, from year 0, before any loan: ``world``, ``year``, ``gap`` (mean score of the first
        group minus the second's), and by group ``mean_NAME``, ``lent_NAME`` and ``repaid_NAME``: the mean score after
        the year, the share of people with a loan in it, and the share of loans repaid (NaN without any), and
        ``profit`` per person in the year, in the units of ``gain``.

    Raises
    ------
    UserError
        An unknown rule, or sizes out of range.
    """
    scores = draw_scores(curves, people=people, worlds=worlds, seed=seed)
    ability = {group: _chance(curves, group, score) for group, score in scores.items()}
    luck, lots = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    rows = [_summarize(curves, scores, None, None, 0)]
    for year in range(1, years + 1):
        believed = {group: _chance(curves, group, score) for group, score in scores.items()}
        approved = approve(rule, scores, believed, lots, gain=gain, loss=loss, common_share=common_share)
        repaid = {}
        for group, score in scores.items():
            chance = believed[group] if steps.ability_follows else ability[group]
            repaid[group] = luck.random(score.shape) < chance
            moved = np.where(repaid[group], steps.up, -steps.down) * approved[group]
            scores[group] = np.clip(score + moved, LOWEST, HIGHEST)
        rows.append(_summarize(curves, scores, approved, repaid, year, gain=gain, loss=loss))
    return pd.concat(rows, ignore_index=True)


def _chance(curves: Curves, group: str, score: np.ndarray) -> np.ndarray:
    """Return the chance to repay at scores of a group, between the curve's points on straight lines."""
    return np.interp(score, curves.scores, curves.repaid[group])


def _summarize(curves, scores, approved, repaid, year, *, gain=0.0, loss=0.0) -> pd.DataFrame:
    """Return one row per world of what a year has brought."""
    worlds = len(scores[curves.groups[0]])
    row = {"world": np.arange(worlds), "year": year}
    first, second = (scores[group].mean(axis=1) for group in curves.groups)
    row["gap"] = first - second
    profit = np.zeros(worlds)
    for group in curves.groups:
        row[f"mean_{group}"] = scores[group].mean(axis=1)
        lent = np.zeros(scores[group].shape, bool) if approved is None else approved[group]
        back = lent if repaid is None else lent & repaid[group]
        loans = lent.sum(axis=1)
        row[f"lent_{group}"] = lent.mean(axis=1) if approved is not None else np.full(worlds, np.nan)
        row[f"repaid_{group}"] = np.divide(back.sum(axis=1), loans, out=np.full(worlds, np.nan), where=loans > 0)
        profit += gain * back.sum(axis=1) - loss * (loans - back.sum(axis=1))
    row["profit"] = profit / sum(scores[group].shape[1] for group in curves.groups)
    return pd.DataFrame(row)
