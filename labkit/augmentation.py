"""Counterfactual augmentation: train on each text and on its twin with the group words swapped."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from labkit.estimators import Model
from labkit.methods import Method
from labkit.words import GENDER_WORDS, swap_words


@dataclass(frozen=True, kw_only=True)
class CounterfactualAugmentation(Method):
    """Train on every text and on its twin, with the same label (Lu et al., 2020; Zhao et al., 2018).

    After that, the *words* tell nothing about the label. What else tells the group is in both twins alike, and a label
    that is wrong for one group is now written on texts of both.

    Parameters
    ----------
    swaps : mapping
        Word to partner, see `labkit.words`: ``GENDER_WORDS`` (default), ``DISTRICTS``, or ``both_ways(pairs)``.
    """

    swaps: Mapping = field(default_factory=lambda: GENDER_WORDS, repr=False)

    def learn(self, X, y, groups):
        """Fit the estimator on texts and twins; a text without a group word has no twin."""
        if not isinstance(X[0] if isinstance(X, np.ndarray) else None, str):
            raise ValueError(f"counterfactual augmentation swaps words in texts; X is {type(X).__name__} without texts")
        twins = [(swap_words(text, self.swaps), label) for text, label in zip(X, y, strict=True)]
        changed = [(twin, label) for text, (twin, label) in zip(X, twins, strict=True) if twin != text]
        if not changed:
            raise ValueError(
                f"none of {len(X)} texts holds one of the words to swap ({', '.join(list(self.swaps)[:4])} …)"
            )
        texts = np.array([*X, *(twin for twin, _ in changed), None], dtype=object)[:-1]
        model = Model(self.estimator, texts).fit(texts, np.concatenate([y, [label for _, label in changed]]))
        return lambda X, groups: (model.score(X), None)
