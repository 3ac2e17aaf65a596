"""Words of groups: swapped, masked, and a corpus balanced by swapping."""

import numpy as np
import pytest

from labkit.data.clinic.simulator import counterfactual, simulate_clinic
from labkit.language.swaps import DISTRICT_WORDS, GENDER_WORDS, both_ways, mask_words, swap_half, swap_words


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("He said she could not help herself.", "She said he could not help himself."),
        ("HER doctor met Him.", "HIS doctor met Her."),
        ("I saw her yesterday and told her.", "I saw him yesterday and told him."),
        ("The nurse lost her new stethoscope.", "The nurse lost his new stethoscope."),
        ("She asked her [MASK] about her .", "He asked his [MASK] about him ."),
        ("The book is his. His book is old.", "The book is hers. Her book is old."),
        (
            "Mr. Smith, a man of honour; the chairman, shepherds.",
            "Mrs. Smith, a woman of honour; the chairman, shepherds.",
        ),
        ("Nobody is named here.", "Nobody is named here."),
    ],
)
def test_gendered_words_are_swapped(text, swapped):
    """Both ways at once, by case, as whole words, and "her" by what follows it."""
    assert swap_words(text) == swapped


def test_swapping_twice_gives_the_text_back():
    """For words with one partner each, in any case."""
    text = "She told the man: HE is my brother, Sir."
    assert swap_words(text) != text == swap_words(swap_words(text))


def test_a_word_has_one_partner():
    """Two would be a guess; the message says which word."""
    with pytest.raises(ValueError, match="'he' would become 'she' and 'they'; give each word one partner"):
        both_ways([("he", "she"), ("he", "they")])


def test_masked_words_are_gone():
    """In any case, and not inside other words."""
    assert (
        mask_words("The shepherd told HER that he left.", GENDER_WORDS) == "The shepherd told [MASK] that [MASK] left."
    )


def test_district_swaps_are_the_clinics_twins_without_proxies():
    """With no other trace of the group, swapping the district is the exact counterfactual note."""
    clinic = simulate_clinic(n=60, seed=0)
    other = counterfactual(clinic)
    assert [swap_words(note, DISTRICT_WORDS) for note in clinic["note"]] == other["note"].tolist()
    proxies = simulate_clinic(n=60, seed=0, proxy_strength=1.0)
    same = np.mean(
        [
            swap_words(n, DISTRICT_WORDS) == m
            for n, m in zip(proxies["note"], counterfactual(proxies)["note"], strict=True)
        ]
    )
    assert same < 0.5


def test_half_of_the_texts_are_swapped():
    """With one coin per text: texts change as a whole, and none is lost or moved."""
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
