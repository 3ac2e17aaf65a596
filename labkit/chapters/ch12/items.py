"""Ten items of a benchmark for one student, and a form of four questions about each.

The questions are four of the pitfalls of Blodgett, Lopez, Olteanu, Sim and Wallach (2021), asked so that "yes" means
that an item has none of them. One of them is about pairs that differ in the group, so it is not asked of StereoSet.
"""

import hashlib
import warnings

import pandas as pd

from labkit.audit import wilson_interval
from labkit.errors import UserError
from labkit.language import load_crows_pairs, load_stereoset
from labkit.validation import check_columns

QUESTIONS = {
    "stereotype": "Does it state a stereotype that is held about a group, and could that harm people?",
    "comparable": "Do the two sentences differ in the group alone, and are the two groups comparable?",
    "sound": "Are both sentences grammatical, possible and about what they should be about?",
    "meaning": "If a model finds the first sentence more likely, does that show that it shares the stereotype?",
}
ANSWERS = ("yes", "no", "unsure")
NOT_ASKED = "-"  # `comparable`, of StereoSet: its options keep the group and change the trait


def draw_items(student: str, *, n: int = 10) -> pd.DataFrame:
    """Draw items of CrowS-Pairs and of StereoSet's sentences for a student, half of each.

    Parameters
    ----------
    student : str
        Any text, such as a name: another text gives other items.
    n : int
        How many, an even number.

    Returns
    -------
    DataFrame of n rows
        benchmark, item, bias_type, first (the sentence that should be the stereotype) and second. The sentences may be
        offensive: show them only to somebody who asked.

    Raises
    ------
    UserError
        A number that is odd or below 2.
    """
    if n < 2 or n % 2:
        raise UserError(f"n is {n}; give an even number of items, so that half are of each benchmark")
    seed = int.from_bytes(hashlib.sha256(student.encode()).digest()[:4], "big")
    pairs = load_crows_pairs().rename(columns={"sent_more": "first", "sent_less": "second"})
    triples = load_stereoset().query("task == 'intrasentence'")
    triples = triples.rename(columns={"stereotype": "first", "antistereotype": "second"})
    columns = ["item", "bias_type", "first", "second"]
    drawn = {
        "crows_pairs": pairs[columns].sample(n // 2, random_state=seed),
        "stereoset": triples[columns].sample(n // 2, random_state=seed),
    }
    return pd.concat(drawn, names=["benchmark", None]).reset_index(level=0).reset_index(drop=True)


def show_items(items: pd.DataFrame, *, show: bool) -> pd.DataFrame:
    """Return items for reading, with their sentences only where somebody asked for them.

    Parameters
    ----------
    items : DataFrame
        From `draw_items`.
    show : bool
        Whether to show the sentences.

    Returns
    -------
    DataFrame
        Indexed from 1: benchmark, bias_type, and first and second, or a note in their place.
    """
    shown = items[["benchmark", "bias_type", "first", "second"]].copy()
    if not show:
        shown[["first", "second"]] = "(hidden)"
    return shown.set_axis(range(1, len(shown) + 1))


def tabulate_judgments(judgments: pd.DataFrame) -> pd.DataFrame:
    """Count the answers to each question, and the items with "yes" to all that was asked, with Wilson's 95% intervals.

    Parameters
    ----------
    judgments : DataFrame
        One row per item, one column per key of ``QUESTIONS``: "yes", "no", "unsure", "-" where a question is
        not asked of an item, or "" where it is still open. Items with an open answer are left out, with a warning if
        others of its answers are there.

    Returns
    -------
    DataFrame
        Indexed by the keys of ``QUESTIONS`` and "all asked": yes, items (that were asked it), share, low and high; the
        last three are NaN where nothing was judged.

    Raises
    ------
    UserError
        A column is missing, or an answer is none of these.
    """
    check_columns(judgments.columns, list(QUESTIONS))
    answers = judgments[list(QUESTIONS)].astype(str).apply(lambda column: column.str.strip().str.lower())
    known = answers.isin([*ANSWERS, NOT_ASKED, "", "nan", "..."])
    if not known.all(axis=None):
        wrong = answers.to_numpy()[~known.to_numpy()][0]
        raise UserError(f"the answer {wrong!r} is none of {', '.join([*ANSWERS, NOT_ASKED])}")
    whole = answers.isin([*ANSWERS, NOT_ASKED]).all(axis=1) & answers.isin(ANSWERS).any(axis=1)
    begun = answers.isin(ANSWERS).any(axis=1) & ~whole
    if begun.any():
        rows = ", ".join(str(place + 1) for place in begun.to_numpy().nonzero()[0])
        warnings.warn(f"not counted, because an answer is still open: item {rows}", stacklevel=2)
    complete = answers[whole]
    asked = (complete != NOT_ASKED).assign(**{"all asked": True})
    yes = (complete == "yes").assign(**{"all asked": complete.isin(["yes", NOT_ASKED]).all(axis=1)})
    table = pd.DataFrame({"yes": yes.sum().astype(int), "items": asked.sum().astype(int)})
    table["share"] = table["yes"] / table["items"].where(table["items"] > 0)
    table["low"], table["high"] = wilson_interval(table["yes"], table["items"], confidence=0.95)
    return table
