"""Which words do two groups of texts use differently? A permutation test that knows how many words were looked at."""

import re
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.validation import check_columns

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")  # letters of any script, with apostrophes and hyphens inside
BLOCK = 4_000_000  # numbers held at once: 32 MB


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, without digits and punctuation.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> split_words("She's well-liked, and 3 others agree.")
    ["she's", 'well-liked', 'and', 'others', 'agree']
    """
    return [word.lower().replace("’", "'") for word in WORD.findall(text)]


def compare_words(
    frame: pd.DataFrame,
    text: str,
    *,
    group: str,
    a: Hashable,
    b: Hashable,
    words: Sequence[str] | None = None,
    unit: str | None = None,
    strata: str | None = None,
    min_texts: int = 5,
    n_permutations: int = 9_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the share of texts that contain each word between two groups, by permuting who belongs to which.

    If groups did not matter, each way to hand out the groups would have been as likely as the one observed. Differences
    are divided by their standard deviation over permutations, and each word's adjusted p-value compares it with the
    largest of all words in each permutation (the single-step maxT procedure; Westfall and Young, 1993, section 2.6): if
    no word differs, the chance that any adjusted p-value is at most .05 is 5%, however many words are looked at and
    however they depend on each other.

    Parameters
    ----------
    frame : DataFrame
        One row per text. Rows of other groups are left out.
    text, group : str
        Columns of the texts and of the groups.
    a, b : hashable
        The two groups.
    words : sequence of str, optional
        The words to compare, chosen before the texts were seen; by default, all that at least ``min_texts`` texts
        contain. An entry that ends in ``*`` stands for all words that begin so.
    unit : str, optional
        Column of what was drawn and given to a group: where a name has several letters, the name. All texts of a unit
        stay together, and each unit counts the same. By default each text by itself.
    strata : str, optional
        Column within which groups are handed out, such as the prompt; a unit lies in one
        stratum. By default everywhere.
    min_texts : int
        Words in fewer texts are left out, where ``words`` names none.
    n_permutations : int
        Random permutations, at least 99. A p-value is (1 + as extreme) / (1 + permutations).
    seed : int
        Seed of the permutations.

    Returns
    -------
    DataFrame
        Indexed by word, the smallest p-value first: share_a, share_b (means over units of the share of their texts that
        contain the word), difference (a minus b), p_value and p_adjusted, in (0, 1], and texts, the number that contain
        it. NaN where a word's share is the same in every unit, so that nothing can be tested.

    Raises
    ------
    UserError
        A missing column, a group without texts, a unit of both groups or of several strata, no words, or too few
        units: where fewer than 20 ways to hand out the groups exist, no p-value can be below .05.

    Examples
    --------
    >>> letters = pd.DataFrame({"letter": ["warm and kind"] * 5 + ["bold"] * 5, "group": ["f"] * 5 + ["m"] * 5})
    >>> compare_words(letters, "letter", group="group", a="f", b="m", words=["kind", "bold"])["difference"].to_dict()
    {'kind': 1.0, 'bold': -1.0}
    """
    check_columns(frame.columns, [text, group, *(name for name in (unit, strata) if name is not None)])
    if n_permutations < 99:
        raise UserError(f"n_permutations={n_permutations} is too few for a p-value below 1%; use at least 99")
    frame = frame[frame[group].isin([a, b])].reset_index(drop=True)
    in_a, stratum, code = _read_units(frame, group, a, b, unit, strata)
    contains = _contains(frame[text], words, min_texts)  # (texts, words)
    share = np.zeros((len(in_a), contains.shape[1]))
    np.add.at(share, code, contains.to_numpy(float))
    share /= np.bincount(code)[:, None]  # (units, words)

    observed = _difference(in_a[None], share)[0]
    drawn = _permute(in_a, stratum, share, n_permutations, seed)  # (n_permutations, words)
    spread = drawn.std(axis=0)
    testable = spread > 1e-12
    p_value, p_adjusted = np.full((2, len(observed)), np.nan)
    if testable.any():
        scale = spread[testable]
        found = np.abs(observed[testable]) / scale - 1e-9  # ties are as extreme
        noise = np.abs(drawn[:, testable]) / scale
        highest = np.sort(noise.max(axis=1))
        p_value[testable] = (1 + (noise >= found).sum(axis=0)) / (1 + n_permutations)
        beyond = n_permutations - np.searchsorted(highest, found, side="left")
        p_adjusted[testable] = (1 + beyond) / (1 + n_permutations)
    table = pd.DataFrame(
        {
            "share_a": share[in_a].mean(axis=0),
            "share_b": share[~in_a].mean(axis=0),
            "difference": observed,
            "p_value": p_value,
            "p_adjusted": p_adjusted,
            "texts": contains.sum(axis=0).to_numpy(),
        },
        index=pd.Index(contains.columns, name="word"),
    )
    return table.sort_values(["p_value", "p_adjusted"], kind="stable")


def _read_units(
    frame: pd.DataFrame, group: str, a: Hashable, b: Hashable, unit: str | None, strata: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whether each unit is in a, its stratum (each (units,)), and the unit of each text (texts,)."""
    code, names = (np.arange(len(frame)), None) if unit is None else pd.factorize(frame[unit])
    if (code < 0).any():
        raise UserError(f"{(code < 0).sum()} texts have no {unit}; drop them or name what they belong to")
    stratum = 0 if strata is None else pd.factorize(frame[strata])[0]
    facts = pd.DataFrame({"in_a": frame[group] == a, "stratum": stratum})
    per_unit = facts.groupby(code).agg(["min", "max"])
    for column, said in (("in_a", "groups"), ("stratum", "strata")):
        mixed = (per_unit[column]["min"] != per_unit[column]["max"]).to_numpy()
        if mixed.any():
            raise UserError(
                f"{unit} {str(names[mixed.argmax()])!r} has texts of several {said}; a unit is in one of them and "
                "stays together"
            )
    in_a, stratum = per_unit["in_a"]["min"].to_numpy(bool), per_unit["stratum"]["min"].to_numpy()
    for each, there in ((a, in_a.any()), (b, (~in_a).any())):
        if not there:
            raise UserError(f"no text has {group} {each!r}")
    ways = _count_ways(in_a, stratum)
    if ways < 20:
        raise UserError(
            f"there are only {ways} ways to hand out the groups to {len(in_a)} units, so that no p-value can be below "
            "5%; measure more units"
        )
    return in_a, stratum, code


def _count_ways(in_a: np.ndarray, stratum: np.ndarray) -> int:
    """Count the ways to hand out the groups within strata."""
    from math import comb, prod

    return prod(comb(int((stratum == s).sum()), int(in_a[stratum == s].sum())) for s in np.unique(stratum))


def _contains(texts: pd.Series, words: Sequence[str] | None, min_texts: int) -> pd.DataFrame:
    """Say which text contains which word, bool (texts, words)."""
    found = [set(split_words(text)) for text in texts]
    if words is None:
        counts = pd.Series([word for each in found for word in each], dtype=object).value_counts()
        words = sorted(counts.index[counts >= min_texts])
        if not words:
            raise UserError(f"no word is in {min_texts} texts or more; lower min_texts=, or name words=")
    elif not len(words):
        raise UserError("words is empty; name at least one word, or leave it out to compare all")
    table = {}
    for word in dict.fromkeys(each.lower() for each in words):
        if word.endswith("*"):
            stem = word[:-1]
            table[word] = [any(each.startswith(stem) for each in some) for some in found]
        else:
            table[word] = [word in some for some in found]
    return pd.DataFrame(table)


def _difference(in_a: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return means in a minus means outside; (draws, units) and (units, words) to (draws, words)."""
    inside = in_a.astype(float)
    n = inside.sum(axis=1, keepdims=True)
    return inside @ share / n - (1 - inside) @ share / (in_a.shape[1] - n)


def _permute(in_a: np.ndarray, stratum: np.ndarray, share: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Hand out the groups anew within strata, and return the differences (n, words)."""
    generator = np.random.default_rng(seed)
    places = [np.flatnonzero(stratum == each) for each in np.unique(stratum)]
    size, drawn = max(1, BLOCK // max(share.size, len(in_a))), []
    for start in range(0, n, size):
        block = np.repeat(in_a[None], min(size, n - start), axis=0)
        for place in places:
            block[:, place] = generator.permuted(block[:, place], axis=1)
        drawn.append(_difference(block, share))
    return np.concatenate(drawn)
