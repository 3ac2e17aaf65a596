"""Exercise of notebook 06 on twins: texts in which words change places."""

import re

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import exercise
from labkit.exercises.judging import same


# ---- 06.4 write a function -------------------------------------------------------------------------------------------
def swap(text, pairs):
    """Swaps all words at once, whole words only."""
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return re.sub(r"\w+", lambda word: partner.get(word[0], word[0]), text)


def one_after_the_other(text, pairs):
    """Replaces one word after the other."""
    for a, b in pairs:
        text = re.sub(rf"\b{a}\b", b, text)
        text = re.sub(rf"\b{b}\b", a, text)
    return text


def one_way(text, pairs):
    """Replaces in one direction."""
    for a, b in pairs:
        text = re.sub(rf"\b{a}\b", b, text)
    return text


def inside_words(text, pairs):
    """Replaces letters inside other words too."""
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    letters = "|".join(sorted(partner, key=len, reverse=True))
    return re.sub(letters, lambda word: partner[word[0]], text)


def blanks_only(text, pairs):
    """Splits at blanks, so that punctuation sticks to words."""
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return " ".join(partner.get(word, word) for word in text.split(" "))


PAIRS = [["he", "she"], ["man", "woman"]]


TEXTS = outputs_of(
    ("she said he saw the shepherd, a human, and she left", PAIRS),
    ("the woman was late; the man was not, was he?", PAIRS),
    ("he is the heir (she's not) and\nso  is a woman", [*PAIRS, ["king", "queen"]]),
)


NOUNS = {  # pairs of words, with a longer word that holds the letters of one of them
    ("man", "woman"): "human",
    ("king", "queen"): "walking",
    ("son", "daughter"): "person",
    ("actor", "actress"): "factory",
    ("boy", "girl"): "boycott",
    ("uncle", "aunt"): "flaunt",
}


def draw_texts(rng):
    """Draw texts with both words of several pairs, next to punctuation and inside other words."""
    calls = []
    for mark in ",?;":
        nouns = [list(NOUNS)[place] for place in rng.permutation(len(NOUNS))[:2]]
        pairs = [["he", "she"], *map(list, nouns)]
        words = [f"the {noun}" for pair in nouns for noun in pair] + ["he", "she", f"a {NOUNS[nouns[0]]}", f"he{mark}"]
        words = [words[place] for place in rng.permutation(len(words))]
        gaps = [" ", "  ", "\n", f"{mark} ", " and "]
        text = "".join(f"{word}{gaps[rng.integers(len(gaps))]}" for word in words)
        calls.append((f"{text}(then the {nouns[1][0]})", pairs))
    return calls


SWAPS = [
    (
        one_after_the_other,
        "One word after the other undoes itself: `he` becomes `she`, and then every `she` becomes `he`. Swap all "
        "at once.",
    ),
    (one_way, "Only one direction: all texts now speak of the same gender, which is no twin."),
    (inside_words, "The letters `he` are in `the` and `shepherd` too. Swap whole words."),
    (blanks_only, "Split at blanks, `he?` is another word than `he`. Punctuation ends a word."),
]


@exercise(
    "06.4",
    points=2,
    objective="06-twins",
    collect=TEXTS,
    hidden=draw_texts,
    reference=swap,
    wrong=SWAPS,
    hints=(
        "Make a dict that leads from each word to its partner, in both directions.",
        "`re.sub(pattern, function, text)` calls the function for each match: all words are replaced in one pass.",
    ),
    idea='`re.sub(r"\\w+", lambda word: partner.get(word[0], word[0]), text)` with a dict in both directions.',
    praise="English does not always play along: `her` is `him` or `his`. `swap_words` looks at the next word, and errs "
    "now and then.",
)
def judge_swap(collected, asked):
    """Compare texts to the letter; a known mistake has its own hint."""
    if collected == asked.model:
        return None
    known = (hint for mistake, hint in asked.mistakes if collected == mistake)
    if same(collected, asked.model):
        return "The words are right, but capitals and small letters are not those of the text."
    return next(
        known,
        "A twin differs from its text in other words than it should. Swap your result once more: is it "
        "the text that you began with, letter by letter?",
    )
