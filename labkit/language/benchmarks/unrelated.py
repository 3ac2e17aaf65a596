"""Items whose options are those of a benchmark, and whose other words have nothing to do with the stereotype."""

import difflib
import re
from collections.abc import Callable

import numpy as np
import pandas as pd

# Around the words in which the sentences of CrowS-Pairs differ; one is drawn for each pair.
FRAMES = (
    "The text has these words: {words}.",
    "This was written on the board: {words}.",
    "Please copy the following: {words}.",
    "The next page begins with: {words}.",
)
ENDS = ".,;:!?\"'()"


def make_unrelated(name: str, frame: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Take the stereotype out of the items of a benchmark, and leave the words that are compared.

    A preference that is left is one for words, whatever is said with them.

    - CrowS-Pairs: the words in which the two sentences differ, in a sentence about words. Where these are not the names
      of groups but what is said of them, they remain so.
    - StereoSet: the three options after, or within, the context of an item of another bias type. (Within a type, many
      targets share a stereotype.)
    - WinoBias: "the person" and "someone" in the places of the occupations, in the order in which they are named.
    - Winogender: "the person" in the place of the occupation.
    - BBQ: the three answers after the context and the question of another category, of the same condition and polarity.

    Parameters
    ----------
    name : str
        A benchmark, as `score_benchmark` knows it.
    frame : pandas.DataFrame
        The whole benchmark: from it come the other contexts.
    seed : int
        For drawing them. What an item gets depends on the seed and the whole benchmark alone.

    Returns
    -------
    pandas.DataFrame
        The same items and columns, without the few pairs of CrowS-Pairs in which one sentence only adds words to the
        other, and items of StereoSet whose options do not fill the blank of their context.
    """
    return UNRELATED[name](frame, seed)


def frame_differences(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Put the words in which the sentences of a pair differ into a sentence about words."""
    differing = [differing_words(*pair) for pair in zip(frame["sent_more"], frame["sent_less"], strict=True)]
    frames = [FRAMES[np.random.default_rng([seed, item]).integers(len(FRAMES))] for item in frame["item"]]
    found = frame.assign(
        sent_more=[text.format(words=more) for text, (more, _) in zip(frames, differing, strict=True)],
        sent_less=[text.format(words=less) for text, (_, less) in zip(frames, differing, strict=True)],
    )
    return found[[bool(more and less) for more, less in differing]]


def differing_words(first: str, second: str) -> tuple[str, str]:
    """Return the words in which two sentences differ, those of several places separated by commas.

    >>> differing_words("He sold his car.", "She sold her car.")
    ('He, his', 'She, her')
    """
    words, others = first.split(), second.split()
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    places = [
        (" ".join(words[start:stop]).strip(ENDS), " ".join(others[from_:to]).strip(ENDS))
        for kind, start, stop, from_, to in matcher.get_opcodes()
        if kind != "equal"
    ]
    places = [(one, other) for one, other in places if one != other]
    return ", ".join(one for one, _ in places if one), ", ".join(other for _, other in places if other)


def exchange_contexts(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Put the options of StereoSet after, or within, the context of another bias type."""
    rows = frame.to_dict(orient="records")
    options = ("stereotype", "antistereotype", "unrelated")
    found = []
    for row, place in zip(rows, draw_others(frame, ["task"], "bias_type", seed), strict=True):
        context = rows[place]["context"]
        if row["task"] == "intrasentence":
            words = {option: fill_blank(row["context"], row[option]) for option in options}
            if None in words.values():
                continue
            row |= {option: context.replace("BLANK", word) for option, word in words.items()}
        found.append(row | {"context": context})
    return pd.DataFrame(found)


def fill_blank(context: str, option: str) -> str | None:
    """Return the words with which an option fills the blank of its context; None if it is not that sentence.

    >>> fill_blank("The BLANK sat down.", "The tall man sat down.")
    'tall man'
    """
    before, *after = (re.escape(" ".join(part.split()).rstrip(ENDS)) for part in context.split("BLANK"))
    # A second blank has the same words again.
    pattern = rf"{before}\W*(?P<words>.+?)\W*" + r"\W*(?P=words)\W*".join(after)
    found = re.fullmatch(rf"{pattern}\W*", " ".join(option.split()), flags=re.IGNORECASE)
    return found and found["words"]


def name_nobody(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Replace both occupations of WinoBias' sentences: the first by "the person", the second by "someone"."""
    texts = []
    for sentence, *people in zip(frame["sentence"], frame["occupation"], frame["other"], strict=True):
        first, second = sorted(people, key=lambda word: sentence.lower().find(word))
        texts.append(replace_person(replace_person(sentence, first, "the person"), second, "someone"))
    return frame.assign(sentence=texts)


def name_no_occupation(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Replace the occupation of Winogender's sentences by "the person"."""
    texts = [
        replace_person(sentence, occupation, "the person")
        for sentence, occupation in zip(frame["sentence"], frame["occupation"], strict=True)
    ]
    return frame.assign(sentence=texts)


def replace_person(sentence: str, person: str, by: str) -> str:
    """Replace a person and the article, and keep a capital letter.

    >>> replace_person("The nurse saw the nurse.", "nurse", "someone")
    'Someone saw someone.'
    """

    def replace(found: re.Match) -> str:
        return by[0].upper() + by[1:] if found[0][0].isupper() else by

    return re.sub(rf"\b(?:the|an?) {re.escape(person)}\b", replace, sentence, flags=re.IGNORECASE)


def exchange_questions(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Put the answers of BBQ after the context and the question of another category."""
    other = frame.iloc[draw_others(frame, ["condition", "polarity"], "category", seed)]
    return frame.assign(context=other["context"].to_numpy(), question=other["question"].to_numpy())


def draw_others(frame: pd.DataFrame, same: list[str], different: str, seed: int) -> np.ndarray:
    """Draw for each of n rows another, the same in some columns and different in one; places in the frame, int (n,)."""
    rng = np.random.default_rng(seed)
    places = np.empty(len(frame), dtype=int)
    groups = frame.groupby([*same, different], sort=True).indices  # sorted, so that draws do not depend on the order
    for key, own in groups.items():
        others = [group for other, group in groups.items() if other[:-1] == key[:-1] and other != key]
        places[own] = rng.choice(np.concatenate(others), len(own))
    return places


UNRELATED: dict[str, Callable[[pd.DataFrame, int], pd.DataFrame]] = {
    "crows_pairs": frame_differences,
    "stereoset": exchange_contexts,
    "winobias": name_nobody,
    "winogender": name_no_occupation,
    "bbq": exchange_questions,
}
