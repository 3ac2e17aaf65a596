"""The difference of two effect sizes, with an interval that knows which words both of them use."""

import numpy as np
import pandas as pd


def compare_effects(
    first: pd.DataFrame, second: pd.DataFrame, *, n_boot: int = 2000, confidence: float = 0.95, seed: int = 0
) -> dict[str, float]:
    """Compare two association tests whose target sets share words, or are the same words in two models.

    Two intervals that overlap, or one with zero in it and one without, decide nothing about a difference. Words are
    resampled within each target set; a word of both tests is drawn for both, so that what they share cancels.

    Parameters
    ----------
    first, second : DataFrame
        Words of two tests, as in ``Association.words``: columns word, target (0 or 1) and association. A word is in one
        target set only.
    n_boot : int
        Number of resamples, above 0.
    confidence : float
        Level of the interval, in (0, 1).
    seed : int
        Seed of the resamples.

    Returns
    -------
    dict
        difference (effect size of the first test minus that of the second, in standard deviations), low and high.

    Examples
    --------
    >>> words = pd.DataFrame({"word": [*"abcd"], "target": [0, 0, 1, 1], "association": [0.4, 0.3, 0.2, 0.0]})
    >>> compare_effects(words, words, n_boot=50)["high"]
    0.0
    """
    both = pd.concat([first, second]).drop_duplicates(["target", "word"])
    generator = np.random.default_rng(seed)
    drawn = pd.concat([_draw(words, n_boot, generator) for _, words in both.groupby("target")])  # (words, 1 + n_boot)
    difference = _weighted_effect(first, drawn) - _weighted_effect(second, drawn)  # (1 + n_boot,)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(difference[1:], [tail, 1 - tail])
    return {"difference": float(difference[0]), "low": float(low), "high": float(high)}


def _draw(words: pd.DataFrame, n_boot: int, generator: np.random.Generator) -> pd.DataFrame:
    """Return how often each word is drawn: once in the first column, then resampled."""
    n = len(words)
    times = generator.multinomial(n, np.full(n, 1 / n), size=n_boot).T  # (n, n_boot)
    return pd.DataFrame(np.column_stack([np.ones(n), times]), index=words["word"])


def _weighted_effect(words: pd.DataFrame, drawn: pd.DataFrame) -> np.ndarray:
    """Return the effect size for each column of weights; NaN where a set has no word or all values are equal."""
    weights = drawn.loc[words["word"]].to_numpy()  # (words, 1 + n_boot)
    values, is_first = words["association"].to_numpy(), words["target"].to_numpy() == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [values[part] @ weights[part] / weights[part].sum(axis=0) for part in (is_first, ~is_first)]
        total = weights.sum(axis=0)
        center = values @ weights / total
        squares = (weights * (values[:, None] - center) ** 2).sum(axis=0)
        return (means[0] - means[1]) / np.sqrt(squares / (total - 1))
