"""The rate of the favorable decision, which is the selection rate where 1 is favorable, and 1 minus it otherwise."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from labkit.audit.command._exits import BadOption

if TYPE_CHECKING:
    from labkit.audit.sampling._sampled_counts import SampledCounts

FAVORABLE_RATE = "favorable_rate"
# What a decision of 1 may mean: words of good and of bad decisions; a denial turns one into the other.
GOOD = re.compile(r"\b(approv(ed|al)|grant(ed)?|accept(ed|ance)|admi(tted|ssion)|hired|awarded)\b", re.IGNORECASE)
BAD = re.compile(r"\b(reject(ed|ion)|den(ied|ial)|refus(ed|al)|declined|turned down|dismiss(ed|al))\b", re.IGNORECASE)
DENIAL = re.compile(r"\b(not|no|never|without)\b|n't\b", re.IGNORECASE)


def read_favorable(
    text: str | None, *, prediction: str | None, score: str | None, threshold: float | None
) -> int | None:
    """Read the decision that is good for a person, as it is written on the command line.

    Parameters
    ----------
    text : str or None
        "0" or "1"; anything else is an error.
    prediction, score, threshold : optional
        What says which decision is 1.

    Returns
    -------
    int or None
        0 or 1.

    Raises
    ------
    BadOption
        Says what the option takes, and which decision is 1.
    """
    if text is None or text.strip() in ("0", "1"):
        return None if text is None else int(text)
    one = f"a 1 (or true) in {prediction!r}"
    if prediction is None:
        one = f"a score of at least {threshold:g} in {score!r}"
    raise BadOption(
        f"favorable={text!r} is no decision: it takes 0 or 1. The decision is 1 where there is {one}: "
        "pass favorable=1 where that is good for the person (hired, approved), favorable=0 where it is bad (denied)"
    )


def doubt_favorable(positive_means: str, favorable: int | None) -> list[str]:
    """Say that the words for a decision of 1 and the decision that is called favorable contradict each other.

    Parameters
    ----------
    positive_means : str
        What a decision of 1 means, in anybody's words.
    favorable : int or None
        The decision that is good for a person.

    Returns
    -------
    list of str
        One sentence where they do, and the words are of one kind alone; otherwise none.
    """
    good, bad = (bool(words.search(positive_means)) for words in (GOOD, BAD))
    if favorable is None or good == bad:
        return []
    is_good = good != bool(DENIAL.search(positive_means))
    if is_good == (favorable == 1):
        return []
    kinds = ("good", "bad") if is_good else ("bad", "good")
    return [
        f"positive_means={positive_means!r} sounds like a {kinds[0]} decision for the person, and "
        f"favorable={favorable} says that a decision of 1 is a {kinds[1]} one: check which of the two is meant"
    ]


def turn_decisions(counts: "SampledCounts") -> "SampledCounts":
    """Return the counts of the same people with every decision of 1 called 0, and every 0 called 1.

    Differences of complements follow from those of rates, and their ratios do not: they are counted anew.
    """
    order = [place ^ 1 for place in range(counts.cells.shape[1])]  # tn and fp, fn and tp; not selected and selected
    arrays = {
        name: None if (array := getattr(counts, name)) is None else array[:, order] for name in ("cells", "weighted")
    }
    moments = None if counts.moments is None else counts.moments[:, order][:, :, order]
    return replace(counts, **arrays, moments=moments)
