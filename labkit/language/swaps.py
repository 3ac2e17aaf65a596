"""Swap the words that name a group for those of the other group, or mask them: in any case, as whole words."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np

from labkit.data.bug import MASK
from labkit.data.clinic.vocabulary import DISTRICTS
from labkit.errors import UserError


def both_ways(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a swap for each word of each pair, in lower case.

    Parameters
    ----------
    pairs : iterable of (str, str)
        Words that become each other.

    Returns
    -------
    dict of str to str
        Each word to its partner.

    Raises
    ------
    UserError
        A word is in two pairs with different partners.

    Examples
    --------
    >>> both_ways([("king", "queen")])
    {'king': 'queen', 'queen': 'king'}
    """
    swaps: dict[str, str] = {}
    for first, second in pairs:
        for word, other in ((first.lower(), second.lower()), (second.lower(), first.lower())):
            if word in swaps and swaps[word] != other:
                raise UserError(f"{word!r} would become {swaps[word]!r} and {other!r}; give each word one partner")
            swaps[word] = other
    return swaps


GENDER_PAIRS = (
    *("he she", "himself herself", "man woman", "men women", "boy girl", "boys girls", "male female", "males females"),
    *("father mother", "fathers mothers", "dad mum", "son daughter", "sons daughters", "brother sister"),
    *("brothers sisters", "husband wife", "husbands wives", "uncle aunt", "nephew niece", "grandfather grandmother"),
    *("grandson granddaughter", "boyfriend girlfriend", "gentleman lady", "gentlemen ladies", "mr mrs", "king queen"),
    *("widower widow", "actor actress", "waiter waitress", "businessman businesswoman", "prince princess"),
)


# A tuple has the partner before a noun, and otherwise. "her book" is "his book", but "saw her" is "saw him".
GENDER_WORDS: dict[str, str | tuple[str, str]] = both_ways(pair.split() for pair in GENDER_PAIRS) | {
    "him": "her",
    "hers": "his",
    "her": ("his", "him"),
    "his": ("her", "hers"),
    "ms": "mr",
    "mum": "dad",
    "mom": "dad",
}


DISTRICT_WORDS: dict[str, str] = both_ways([tuple(DISTRICTS.values())])  # of the clinic's two groups


# After "her" or "his" these words, and punctuation, begin something new; any other word is taken for the noun or its
# adjective. It is a rule of thumb: "gave her flowers" goes wrong. Words such as "first", "most", "only" and "later" are
# not here: "his first" occurs 1,318 times in the BUG sentences, and "his" is nearly always followed by its noun.
NO_NOUN = frozenset(
    """a about after again against all also although always an and any around as at away back be because been before
    but by can could did do does down during each either even ever every for from had has have he here how however i
    if in into is it its just like may might must never no not now of off often on once or our out over she should
    since so some soon than that the their them there these they this those though through to today together
    tomorrow tonight too under until up upon was we well were what when where whether which while who whom whose why
    will with without would yesterday yet you your""".split()
)


@lru_cache(maxsize=16)
def _pattern(words: frozenset[str]) -> re.Pattern:
    """Return a pattern that finds any of the words, whole and in any case."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)


def _before_noun(rest: str) -> bool:
    """Say whether a text goes on with a noun or its adjective, as far as a list of other words can tell."""
    following = re.match(r"\s+(\[MASK\]|[^\W\d_][\w'-]*)", rest)  # the mask replaces a noun
    return bool(following) and following[1].lower() not in NO_NOUN


def _in_case_of(word: str, model: str) -> str:
    """Write a word in capitals, with a capital, or in lower case, as the model is written."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if model[0].isupper() else word


def swap_words(text: str, swaps: Mapping[str, str | tuple[str, str]] = GENDER_WORDS) -> str:
    """Replace each group word of a text with its partner, all at once, so that "he … she" becomes "she … he".

    Parameters
    ----------
    text : str
    swaps : mapping
        Word in lower case to its partner; a tuple has the partner before a noun, and otherwise.

    Returns
    -------
    str
        The same text if it has no such word. Case is kept (*She*, *SHE*); word boundaries are respected.

    Examples
    --------
    >>> swap_words("She told him that her nurse knew her. HE agreed.")
    'He told her that his nurse knew him. SHE agreed.'
    >>> swap_words("From Birch, takes the ferry.", DISTRICT_WORDS)
    'From Alder, takes the ferry.'
    """

    def replace(found: re.Match) -> str:
        partner = swaps[found[0].lower()]
        if isinstance(partner, tuple):
            partner = partner[0] if _before_noun(text[found.end() :]) else partner[1]
        return _in_case_of(partner, found[0])

    return _pattern(frozenset(swaps)).sub(replace, text)


def swap_half(
    texts: Iterable[str], swaps: Mapping[str, str | tuple[str, str]] = GENDER_WORDS, *, seed: int = 0
) -> list[str]:
    """Balance a corpus: toss a coin for each text, and swap all of its group words if the coin shows heads.

    The corpus keeps its size, and in expectation every word occurs equally often with the words of both groups. The
    words of one text are swapped together, so that "his mother ... she" becomes "her father ... he" and never "her
    mother ... he". Names are not swapped. Both versions of every text would balance exactly, at twice the training.

    Parameters
    ----------
    texts : iterable of str
    swaps : mapping
        As for `swap_words`.
    seed : int
        Seed of the coins.

    Returns
    -------
    list of str
        In the same order.

    Examples
    --------
    >>> swap_half(["she left", "she came", "she stayed"], seed=1)
    ['she left', 'she came', 'he stayed']
    """
    texts = list(texts)
    heads = np.random.default_rng(seed).random(len(texts)) < 0.5
    return [swap_words(text, swaps) if head else text for text, head in zip(texts, heads, strict=True)]


def mask_words(text: str, words: Iterable[str] = GENDER_WORDS, *, mask: str = MASK) -> str:
    """Replace each of the words in a text with a mask.

    Parameters
    ----------
    text : str
    words : iterable of str
        In any case; a mapping of swaps works too.
    mask : str
        What to write instead.

    Returns
    -------
    str

    Examples
    --------
    >>> mask_words("She said the shepherd knew her.")
    '[MASK] said the shepherd knew [MASK].'
    """
    return _pattern(frozenset(word.lower() for word in words)).sub(lambda found: mask, text)
