"""The difference of two association tests: what they share cancels, and what they do not share widens the interval."""

import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch02.differences import compare_effects
from labkit.language.associations import effect_size


def words(x, y, prefix=""):
    """Return a table of words with the associations of two target sets."""
    values = np.concatenate([x, y])
    names = [f"{prefix}{place}" for place in range(len(values))]
    return pd.DataFrame({"word": names, "target": [0] * len(x) + [1] * len(y), "association": values})


@pytest.fixture
def values():
    """Associations of twelve words in each of two sets."""
    generator = np.random.default_rng(3)
    return generator.normal(0.3, 1, 12), generator.normal(0, 1, 12)


def test_the_difference_is_that_of_the_effect_sizes(values):
    """Both effects are those of `effect_size`."""
    x, y = values
    found = compare_effects(words(x, y), words(x - 0.5, y, "other "), n_boot=50)
    assert found["difference"] == pytest.approx(effect_size(x, y) - effect_size(x - 0.5, y))
    assert found["low"] < found["difference"] < found["high"]


def test_shared_words_make_the_interval_shorter(values):
    """The same words in two models are drawn together, other words are not."""
    x, y = values
    nearly = words(x + 0.01, y)
    same, other = (
        compare_effects(words(x, y), second) for second in (nearly, nearly.assign(word=nearly["word"] + "'"))
    )
    assert same["high"] - same["low"] < 0.1 * (other["high"] - other["low"])
