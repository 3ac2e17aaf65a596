"""What the classifier sees: words and columns left out, twins, correlations removed."""

import numpy as np
import pandas as pd
import pytest

from labkit.language.swaps import DISTRICT_WORDS, GENDER_WORDS, both_ways, swap_words
from labkit.mitigation.features import CorrelationRemoval, CounterfactualAugmentation, Unawareness, Unmitigated


def test_augmentation_makes_the_word_useless():
    """When only the district tells the label, the untouched model learns it, and the augmented one cannot."""
    texts = ["From Alder, cough.", "From Birch, cough."] * 40
    y, groups = [1, 0] * 40, ["a", "b"] * 40
    gaps = []
    for method in (Unmitigated(), CounterfactualAugmentation(swaps=DISTRICT_WORDS)):
        score = method.fit(texts, y, sensitive_features=groups).predict(texts[:2])["y_score"]
        gaps.append(score[0] - score[1])
    assert gaps[0] > 0.5 and abs(gaps[1]) < 1e-6


def test_augmentation_without_group_words_is_rejected():
    """A misspelt pair would augment nothing, silently."""
    with pytest.raises(ValueError, match=r"none of 4 texts holds one of the words to swap \(elder, beech"):
        CounterfactualAugmentation(swaps=both_ways([("elder", "beech")])).fit(
            ["From Alder.", "From Birch."] * 2, [0, 1, 1, 0], sensitive_features=list("abab")
        )


def test_unawareness_cannot_read_what_it_leaves_out():
    """Other values in the dropped column, or other group words, change no score."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"x": generator.normal(size=80), "sex": generator.choice(["f", "m"], 80)})
    y = (frame["sex"] == "f").astype(int)
    fitted = Unawareness(columns=["sex"]).fit(frame, y, sensitive_features=frame["sex"])
    flipped = frame.assign(sex=frame["sex"].map({"f": "m", "m": "f"}))
    np.testing.assert_array_equal(fitted.predict(frame)["y_score"], fitted.predict(flipped)["y_score"])
    texts = ["She has a cough.", "He has a cough.", "She has a fever.", "He has no fever."] * 5
    fitted = Unawareness(words=GENDER_WORDS).fit(texts, [0, 1, 1, 0] * 5, sensitive_features=list("fmfm") * 5)
    twins = [swap_words(text) for text in texts]
    np.testing.assert_array_equal(fitted.predict(texts)["y_score"], fitted.predict(twins)["y_score"])


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_no_feature_tells_the_group_linearly(alpha):
    """At alpha 1 the groups' mean scores agree on the training data; at 0 nothing is changed."""
    generator = np.random.default_rng(0)
    group = np.where(generator.random(500) < 0.4, "b", "a")
    X = generator.normal(size=(500, 3)) + np.where(group == "b", -1.0, 0.0)[:, None]
    y = (X.sum(1) + generator.normal(size=500) > -1).astype(int)
    plain = Unmitigated().fit(X, y, sensitive_features=group).predict(X)["y_score"]
    score = (
        CorrelationRemoval(alpha=alpha)
        .fit(X, y, sensitive_features=group)
        .predict(X, sensitive_features=group)["y_score"]
    )
    gap = score[group == "a"].mean() - score[group == "b"].mean()
    if alpha == 0:
        np.testing.assert_allclose(score, plain, atol=1e-9)
        assert gap > 0.3
    else:
        assert abs(gap) < 0.02
