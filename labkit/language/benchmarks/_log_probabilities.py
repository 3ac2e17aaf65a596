"""The two questions that benchmarks put to a model: how likely is a text, and how likely is it after another."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labkit.errors import UserError


class TextModel(Protocol):
    """What a model must be able to do to be scored."""

    def sequence_log_probabilities(self, texts: Sequence[str]) -> ArrayLike:
        """Return the natural logarithm of the probability of each text."""

    def continuation_log_probabilities(self, prompts: Sequence[str], continuations: Sequence[str]) -> ArrayLike:
        """Return that of each continuation, given its prompt."""


class TextScorer:
    """Asks a model, checks what it returns, and divides by length if wanted."""

    def __init__(self, model: TextModel, per: str = "text"):
        self.model, self.per = model, per

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the score of each text; float64 array of shape (n,)."""
        texts = list(texts)
        return self._scale(self.model.sequence_log_probabilities(texts), texts)

    def continuations(self, prompts: Sequence[str], continuations: Sequence[str]) -> np.ndarray:
        """Return the score of each continuation given its prompt; float64 array of shape (n,)."""
        continuations = list(continuations)
        return self._scale(self.model.continuation_log_probabilities(list(prompts), continuations), continuations)

    def equally_long(self, texts: Sequence[str], others: Sequence[str]) -> np.ndarray:
        """Return 1 where a text has as many tokens as the other, 0 elsewhere; missing if the model does not count."""
        if not hasattr(self.model, "count_tokens"):
            return np.full(len(texts), np.nan)
        return (self._count_tokens(texts) == self._count_tokens(others)).astype(float)

    def _scale(self, scores: ArrayLike, texts: Sequence[str]) -> np.ndarray:
        scores = np.asarray(scores, dtype=float)
        if scores.shape != (len(texts),):
            raise UserError(
                f"the model returned scores of shape {scores.shape} for {len(texts)} texts; return one each"
            )
        if wrong := int(np.count_nonzero(~np.isfinite(scores))):
            raise UserError(f"{wrong} of {len(texts)} scores are not finite numbers; load the model in float32")
        if self.per == "text":
            return scores
        return scores / ([len(text.encode()) for text in texts] if self.per == "byte" else self._count_tokens(texts))

    def _count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        if not hasattr(self.model, "count_tokens"):
            raise UserError("per='token' needs a model with count_tokens(texts); use per='byte'")
        return np.asarray(self.model.count_tokens(list(texts)))


def compare_options(stereotype: ArrayLike, other: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return log odds (float array) and preference (1, 0, or 0.5 if equal; missing where a score is)."""
    log_odds = np.asarray(stereotype, dtype=float) - np.asarray(other, dtype=float)
    return log_odds, np.where(np.isnan(log_odds), np.nan, (np.sign(log_odds) + 1) / 2)


def more_likely(scores: ArrayLike, others: ArrayLike) -> np.ndarray:
    """Return 1 where a score is higher than another, 0 where it is lower, 0.5 where they are equal."""
    return compare_options(scores, others)[1]


def shorter(texts: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Return 1 where a text has fewer bytes than the other, 0 where it has more, 0.5 where it has as many."""
    return more_likely([-len(text.encode()) for text in texts], [-len(text.encode()) for text in others])


def one_row_each(frame: pd.DataFrame, key: list[str], column: str, values: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Split a frame into one per value of a column, each with the same keys in the same order."""
    parts = {value: frame[frame[column] == value].reset_index(drop=True) for value in values}
    first = parts[values[0]]
    for part in parts.values():
        if not part[key].equals(first[key]):
            raise UserError(f"the rows with {column} {', '.join(values)} are not of the same items")
    return parts
