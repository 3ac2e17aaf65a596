"""Words of groups: a corpus balanced by swapping. (Single swaps are tested with the methods that use them.)"""

import pytest

from labkit.language.swaps import swap_half, swap_words


def test_half_of_the_texts_are_swapped():
    """By a coin a text: whole texts change, none in part, and none is lost or moved."""
    texts = [f"{number}: she said that her mother saw him" for number in range(2000)]
    found = swap_half(texts, seed=0)
    swapped = [swap_words(text) for text in texts]
    heads = [text == other for text, other in zip(found, swapped, strict=True)]
    assert sum(heads) == pytest.approx(1000, abs=4 * 22.4)
    assert all(text in pair for text, *pair in zip(found, texts, swapped, strict=True))


def test_coins_come_from_the_seed():
    """The same seed, the same corpus."""
    texts = ["he left"] * 100
    assert swap_half(texts, seed=1) == swap_half(texts, seed=1) != swap_half(texts, seed=2)


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("The patient had her first seizure.", "The patient had his first seizure."),
        ("It was his most famous book, and her only one.", "It was her most famous book, and his only one."),
        ("He saw her later works.", "She saw his later works."),
    ],
)
def test_words_between_a_possessive_and_its_noun(text, swapped):
    """Numbers and comparisons do not end a noun phrase that "her" begins."""
    assert swap_words(text) == swapped
