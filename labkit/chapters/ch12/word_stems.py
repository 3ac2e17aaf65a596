"""Words of letters that are about achievement or about care.

Some of the adjectives of Madera, Hebl and Martin (2009), what belongs to the same stems, and words that we added. Not
all of theirs are here (not *aggressive*, *dominant*, *daring*, *affectionate* or *tactful*), and not all of ours are
theirs: *dedicated*, the most frequent word of both lists in the letters, is not. The lists were fixed after some trial
letters had been read, and before any letter of the table was. A stem stands for all words that begin so.
"""

import numpy as np
import pandas as pd

from labkit.comparison import split_words

# Agentic: about acting, leading and achieving.
AGENTIC = (
    "achiev*",
    "ambitio*",
    "assertive*",
    "confiden*",
    "expert*",
    "independen*",
    "intellect*",
    "innovat*",
    "lead",
    "leader*",
    "leading",
    "led",
    "outstanding*",
    "skill*",
    "success*",
    "talent*",
)
# Communal: about caring for and getting along with others.
COMMUNAL = (
    "caring*",
    "collaborat*",
    "compassion*",
    "dedicat*",
    "empath*",
    "friend*",
    "help*",
    "kind",
    "kindness",
    "listen*",
    "nurtur*",
    "patien*",
    "support*",
    "sympath*",
    "team*",
    "warm*",
)


def count_stems(texts: pd.Series, stems: tuple[str, ...]) -> np.ndarray:
    """Count the words of each text that are in a list.

    Parameters
    ----------
    texts : Series of n str
    stems : tuple of str
        Words in lower case; one that ends in ``*`` stands for all words that begin so.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    whole = {stem for stem in stems if not stem.endswith("*")}
    begins = tuple(stem[:-1] for stem in stems if stem.endswith("*"))
    counted = [sum(word in whole or word.startswith(begins) for word in split_words(text)) for text in texts]
    return np.array(counted)
