"""Controls that must come out without a result: a coin decides what the stereotype is, or other words are unrelated."""

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.language.benchmarks._intervals import MeasureIntervals
from labkit.language.benchmarks.summaries import (
    CHANGE,
    FACTORS,
    SHARE,
    check_one_benchmark,
    count_measured,
    with_all_parts,
)


def swap_groups(scores: pd.DataFrame, *, seed: int = 0, unit: str = "cluster") -> pd.DataFrame:
    """Exchange the stereotype and the other option for a random half of the clusters or items.

    Whatever is computed from the result as if it were the scores must come out as for an unbiased model, up to chance;
    if it does not, the fault is in the computation.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `score_benchmark`.
    seed : int
        For the coin.
    unit : {"cluster", "item"}
        What the coin is thrown for: all items of a cluster together, or each item.

    Returns
    -------
    pandas.DataFrame
        A copy, with `log_odds` and `prefers_stereotype` exchanged.

    Raises
    ------
    UserError
        Another unit.
    """
    if unit not in ("cluster", "item"):
        raise UserError(f"unit {unit!r} is not known; choose one of cluster, item")
    codes, names = pd.factorize(scores[unit])
    swapped = np.random.default_rng(seed).integers(0, 2, len(names)).astype(bool)[codes]
    return scores.assign(
        log_odds=scores["log_odds"].where(~swapped, -scores["log_odds"]),
        prefers_stereotype=scores["prefers_stereotype"].where(~swapped, 1 - scores["prefers_stereotype"]),
    )


def check_controls(scores: pd.DataFrame, *, draws: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """Compare a preference with those that arise when a coin decides, for each cluster, which option is which.

    The mean over the coins is the unbiased value if all is right. Where the share that was observed lies among those of
    the coins, it is no finding. For Winogender, women's shares are also shuffled over the occupations, and the
    correlation is compared with those of the shuffled shares.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `score_benchmark`: one benchmark, one model.
    draws : int
        How many times coins are thrown, or shares shuffled.
    seed : int
        For both.

    Returns
    -------
    pandas.DataFrame
        One row per part and control: ``benchmark``, ``part``, ``control``, ``expected`` (the unbiased value), ``mean``,
        ``low`` and ``high`` (of the middle 95% of the draws), ``observed`` (without the control) and ``p_value``: the
        share of draws, and of the observation itself, at least as far from the expected value as the observation.

    Raises
    ------
    UserError
        Several benchmarks or forms in one frame.
    """
    check_one_benchmark(scores)
    rows = []
    for part_name, part in with_all_parts(scores).groupby("part", sort=False):
        head = {"benchmark": scores["benchmark"].iloc[0], "part": part_name}
        rng = np.random.default_rng(seed)
        rows.append(head | {"control": "groups swapped by a coin"} | throw_coins(part, draws, rng))
        if "bls_share" in part:
            rows.append(head | {"control": "women's shares shuffled"} | shuffle_shares(part, draws, rng))
    return pd.DataFrame(rows)


def compare_unrelated(
    scores: pd.DataFrame, unrelated: pd.DataFrame, *, draws: int = 2_000, seed: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare preferences with those for the same options next to unrelated words, item by item.

    A benchmark of stereotypes should have no preference there. If it has one, that much is about words: which of two
    is the more frequent, or has fewer tokens. The difference is what the related words add to it. Where the model
    prefers the same option with unrelated words in most items, an item says more about words than about a stereotype,
    even if preferences for them balance in the mean.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `score_benchmark`: one benchmark, one model.
    unrelated : pandas.DataFrame
        From the same call with ``unrelated=True``; items that are in one of the two are left out.
    draws, seed, confidence
        As in `summarise_benchmark`.

    Returns
    -------
    pandas.DataFrame
        The columns of `summarise_benchmark`; all rows are of the kind "control". For each part: "prefers the
        stereotype, unrelated words", "prefers the stereotype, minus unrelated words", "prefers the same option with
        unrelated words" (0.5 for a model whose preferences are unrelated, too), and for Winogender the
        correlation with women's share in occupations that the sentences do not name.

    Raises
    ------
    UserError
        Several benchmarks or forms in one frame, frames of different ones, or without an item in common.
    """
    for frame in (scores, unrelated):
        check_one_benchmark(frame)
    name = scores["benchmark"].iloc[0]
    first, second = (name_benchmark(frame) for frame in (scores, unrelated))
    if first != second:
        raise UserError(f"the scores are of {first}, those with unrelated words of {second}; score the same benchmark")
    wanted = ["prefers_stereotype", *(["log_odds_female"] if "log_odds_female" in scores else [])]
    joined = scores.merge(unrelated[["part", "item", *wanted]], on=["part", "item"], suffixes=("", "_unrelated"))
    if not len(joined):
        raise UserError("no item is in both frames; score the same items, with the same seed")
    rows = []
    for part_name, part in with_all_parts(joined).groupby("part", sort=False):
        factors = FACTORS.get(name, ["cluster"])
        intervals = MeasureIntervals(part, factors, draws=draws, seed=seed, confidence=confidence)
        own, other = part["prefers_stereotype"], part["prefers_stereotype_unrelated"]
        same = 1 - (own - other).abs()  # a preference of 0.5 agrees by half
        measures = [
            ("prefers the stereotype, unrelated words", 0.5, intervals.mean(other, bounds=SHARE)),
            ("prefers the stereotype, minus unrelated words", 0.0, intervals.mean(own - other, bounds=CHANGE)),
            ("prefers the same option with unrelated words", 0.5, intervals.mean(same, bounds=SHARE)),
        ]
        if "log_odds_female" in part:
            found = intervals.correlation("log_odds_female_unrelated", "bls_share")
            measures.append(("correlation with women's share, unrelated words", 0.0, found))
        for measure, reference, estimate in measures:
            row = {"benchmark": name, "part": part_name, "kind": "control", "measure": measure}
            row |= {"estimate": estimate.value, "low": estimate.low, "high": estimate.high, "reference": reference}
            rows.append(row | count_measured(estimate, part, intervals))
    return pd.DataFrame(rows)


def name_benchmark(scores: pd.DataFrame) -> str:
    """Name the benchmark of scores, and how it was asked."""
    return ", ".join(scores[column].iloc[0] for column in ("benchmark", "form") if column in scores)


def throw_coins(part: pd.DataFrame, draws: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the shares that prefer the stereotype when a coin decides for each cluster which option that is."""
    present = part[part["prefers_stereotype"].notna()]
    codes, names = pd.factorize(present["cluster"])
    centered = np.bincount(codes, present["prefers_stereotype"] - 0.5, minlength=len(names))
    signs = rng.choice([-1.0, 1.0], size=(draws, len(names)))
    shares = 0.5 + signs @ centered / len(present)
    return _describe(shares, float(present["prefers_stereotype"].mean()), 0.5)


def shuffle_shares(part: pd.DataFrame, draws: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the correlations, over occupations, of the log odds of *she* with women's shares of other occupations."""
    shares = part.groupby("cluster", sort=False)["bls_share"].first().to_numpy()
    log_odds = part.groupby("cluster", sort=False)["log_odds_female"].mean().to_numpy()

    def correlation(of_occupations: np.ndarray) -> float:
        return float(np.corrcoef(log_odds, of_occupations)[0, 1]) if np.ptp(log_odds) else np.nan

    drawn = np.array([correlation(rng.permutation(shares)) for _ in range(draws)])
    return _describe(drawn, correlation(shares), 0.0)


def _describe(drawn: np.ndarray, observed: float, expected: float) -> dict[str, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    # A draw that is exactly as far counts, whatever the last digit of the sums.
    far = np.abs(drawn - expected) >= abs(observed - expected) - 1e-12
    return {
        "expected": expected,
        "mean": float(drawn.mean()),
        "low": float(low),
        "high": float(high),
        "observed": observed,
        "p_value": np.nan if np.isnan(observed) else (1 + int(far.sum())) / (1 + len(drawn)),
    }
