"""Answers that are texts: an option chosen by its letter or by its text, and the names that a metric goes by."""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What an answer, or a named part of it, is chosen from; in a list or a dict of answers this holds for each of them.
Choices = Sequence[str] | Mapping[str, Sequence[str]]

_LETTER = re.compile(r"\(?([a-z])\s*[.):]?", re.IGNORECASE)  # B  b  B.  (b)  B)
_LETTER_AND_TEXT = re.compile(r"\(?([a-z])[.):]\s+(\S.*)", re.IGNORECASE | re.DOTALL)  # B. It falls

# Other names of a metric, by the name that fairlearn, scikit-learn and this course use. Written without blanks, hyphens
# and underscores, in lower case.
SYNONYMS = {
    "selection_rate": ("positiverate", "acceptancerate", "predictedpositiverate"),
    "accuracy": ("acc",),
    "true_positive_rate": ("tpr", "recall", "sensitivity", "hitrate"),
    "false_positive_rate": ("fpr", "fallout", "falsealarmrate"),
    "true_negative_rate": ("tnr", "specificity", "selectivity"),
    "false_negative_rate": ("fnr", "missrate"),
    "precision": ("ppv", "positivepredictivevalue"),
    "negative_predictive_value": ("npv",),
    "false_discovery_rate": ("fdr",),
    "base_rate": ("prevalence",),
}
_CANONICAL = {name.replace("_", ""): name for name in SYNONYMS} | {
    other: name for name, others in SYNONYMS.items() for other in others
}


# ---- Texts that are the same -----------------------------------------------------------------------------------------


def normalize(text: str) -> str:
    """Return a text in lower case, without quotes and a full stop around it, and with single blanks."""
    return " ".join(text.strip(" \t\n\r\"'`“”‘’").rstrip(". ").casefold().split())


def squeeze(text: str) -> str:
    """Return a normalized text without blanks, and without hyphens and underscores between letters."""
    joined = re.sub(r"(?<=[^\W\d_])[\s_\-‐‑–]+(?=[^\W\d_])", "", normalize(text))
    return "".join(joined.split())


def metric_name(text: str) -> str | None:
    """Return the name under which this course knows a metric, None for what is no metric.

    Parameters
    ----------
    text : str
        A name as people write it: with blanks, hyphens or underscores, in any case, in full or short.

    Returns
    -------
    str or None

    Examples
    --------
    >>> metric_name("FNR"), metric_name("Positive predictive value"), metric_name("fairness")
    ('false_negative_rate', 'precision', None)
    """
    return _CANONICAL.get(squeeze(text))


def same_text(one: str, other: str) -> bool:
    """Say whether two texts are equal up to case and surrounding spaces, or name the same metric."""
    if one.strip().casefold() == other.strip().casefold():
        return True
    metric = metric_name(other)
    return metric is not None and metric_name(one) == metric


# ---- Options ---------------------------------------------------------------------------------------------------------


def letter_options(options: Iterable[str]) -> dict[str, str]:
    """Return options by their letters, A, B, C, ...; empty where an option is itself a single letter."""
    listed = list(options)
    if any(len(normalize(option)) == 1 for option in listed):
        return {}
    return dict(zip(string.ascii_uppercase, listed, strict=False))


def pick(answer: Any, options: Iterable[str]) -> str | None:
    """Return the option that an answer names, by its letter or by its text.

    Parameters
    ----------
    answer : object
        What a student gives: "B", "b", "(b)", "B.", "B) it falls", or the text of an option. Of a text, case, further
        blanks, hyphens between letters and a full stop at its end do not matter, and a metric may have any of its names
        (see `metric_name`).
    options : iterable of str
        In the order in which they are listed. Where one of them is a single letter, only texts are understood.

    Returns
    -------
    str or None
        The option as it was declared; None where the answer names none, or is not a text.

    Examples
    --------
    >>> pick("(b)", ["rises", "falls"]), pick("Falls.", ["rises", "falls"]), pick("C", ["rises", "falls"])
    ('falls', 'falls', None)
    """
    if not isinstance(answer, str):
        return None
    listed = list(options)
    for simplify in (normalize, squeeze, metric_name):
        wanted = simplify(answer)
        found = [option for option in listed if wanted and simplify(option) == wanted]
        if len(found) == 1:
            return found[0]
    letters = letter_options(listed)
    if letter := _LETTER.fullmatch(answer.strip(" \t\n\"'`")):
        return letters.get(letter[1].upper())
    if both := _LETTER_AND_TEXT.fullmatch(answer.strip()):
        option = letters.get(both[1].upper())
        return option if option is not None and normalize(option) == normalize(both[2]) else None
    return None


def list_options(options: Iterable[str], *, start: str = "") -> str:
    """Return options with their letters, one per line.

    Parameters
    ----------
    options : iterable of str
        In the order of their letters. Where one of them is a single letter, the texts are listed in quotes.
    start : str, default ""
        What each line begins with: "- " makes a list of markdown, as notebooks show it.

    Returns
    -------
    str

    Examples
    --------
    >>> print(list_options(["it rises", "it falls"]))
    A. it rises
    B. it falls
    """
    listed = list(options)
    if letters := letter_options(listed):
        return "\n".join(f"{start}{letter}. {option}" for letter, option in letters.items())
    return "\n".join(f'{start}"{option}"' for option in listed)


def ask_again(place: str, options: Iterable[str]) -> str:
    """Return what a student is told whose text is none of the options.

    Parameters
    ----------
    place : str
        The part of the answer, such as "`seems`"; "" for the whole answer.
    options : iterable of str
        As for `list_options`.

    Returns
    -------
    str

    Examples
    --------
    >>> print(ask_again("`seems`", ["fair", "unfair"]))
    `seems` is none of the options. Answer with a letter or with a text, in quotes:
    A. fair
    B. unfair
    """
    listed = list(options)
    how = "with a letter or with a text" if letter_options(listed) else "with one of these texts"
    return f"{place or 'Your answer'} is none of the options. Answer {how}, in quotes:\n{list_options(listed)}"


def check_all_options(identifier: str, choices: Choices | None) -> None:
    """Raise ValueError unless an answer has two to 26 options, or a part of it has, that can be distinguished."""
    for options in choices.values() if isinstance(choices, Mapping) else [choices] if choices is not None else []:
        check_options(identifier, list(options))


def check_options(identifier: str, listed: list[str]) -> None:
    """Raise ValueError unless there are two to 26 options that can be distinguished."""
    if not 2 <= len(listed) <= len(string.ascii_uppercase):
        raise ValueError(f"exercise {identifier} has {len(listed)} options; give 2 to 26, one for each letter")
    for option in listed:
        if pick(option, listed) != option:
            raise ValueError(f"exercise {identifier}: the option {option!r} cannot be told from another one")


# ---- Options within an answer ----------------------------------------------------------------------------------------


def settle_choices(answer: Any, choices: Choices | None) -> Any:
    """Return a plain answer in which each text that names an option is the option as it was declared.

    >>> settle_choices({"seems": "b", "n": 3}, {"seems": ("fair", "unfair")})
    {'seems': 'unfair', 'n': 3}
    """
    if choices is None:
        return answer
    if isinstance(answer, list):
        return [settle_choices(each, choices) for each in answer]
    if isinstance(answer, dict):
        pairs = ((key, settle_choices(each, choices_of(choices, key))) for key, each in answer.items())
        return type(answer)(pairs)
    if isinstance(answer, str) and not isinstance(choices, Mapping):
        return pick(answer, choices) or answer
    return answer


def find_unknown(answer: Any, choices: Choices | None, place: str = "") -> str | None:
    """Return what to tell about the first part of an answer that is none of its options; None where all are."""
    if choices is None or answer is None:
        return None
    if isinstance(answer, (list, dict)):
        pairs = answer.items() if isinstance(answer, dict) else enumerate(answer)
        named = isinstance(answer, dict)
        unknown = (
            find_unknown(each, choices_of(choices, key) if named else choices, join(place, key)) for key, each in pairs
        )
        return next((message for message in unknown if message), None)
    if isinstance(choices, Mapping):
        return None
    return None if pick(answer, choices) else ask_again(f"`{place}`" if place else "", choices)


def choices_of(choices: Choices, key: Any) -> Choices | None:
    """Return what the part of an answer under a key is chosen from; None where it is no choice."""
    return choices.get(key) if isinstance(choices, Mapping) else choices


def join(place: str, key: Any) -> str:
    """Return the name of a part of a part: its key, or its position in a list."""
    if isinstance(key, str):
        return f"{place}[{key!r}]" if place else key
    return f"{place}[{key}]" if place else f"value {key + 1}"
