"""Sentences in which a pronoun refers to one of two people: WinoBias and Winogender, as tidy frames."""

import io
import re

import pandas as pd

from labkit.data.fetching import read_fetched

GENDER_OF_PRONOUN = {"he": "male", "him": "male", "his": "male", "himself": "male"}
GENDER_OF_PRONOUN |= {"she": "female", "her": "female", "hers": "female", "herself": "female"}
GENDER_OF_PRONOUN |= {"they": "neutral", "them": "neutral", "their": "neutral"}

_PRONOUN = re.compile(rf"\b(?:{'|'.join(GENDER_OF_PRONOUN)})\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\[([^\]]*)\]")


def load_winobias() -> pd.DataFrame:
    """Load the test part of WinoBias (Zhao, Wang, Yatskar, Ordonez and Chang, 2018): pronouns and two occupations.

    Each item is there twice: once the pronoun's gender is the stereotypical one of the occupation that it refers to
    ("pro"), once the other one ("anti"). Who is meant follows from knowledge of the world in sentences of type 1; in
    those of type 2, syntax alone tells it. Read ``datasets/winobias/card.md`` first.

    Returns
    -------
    pandas.DataFrame of 1,584 rows
        ``type`` (1 or 2), ``item`` (1 to 396 within a type), ``condition`` ("pro" or "anti"), ``sentence`` (without
        its number and brackets), ``occupation`` (which the pronoun refers to), ``other`` (the other occupation),
        ``occupation_gender`` (its stereotype: "female" or "male"), ``pronoun`` and its ``gender``, and ``matched``:
        the two sentences of the item differ in pronouns alone (true of 782 of the 792 items).

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    UserError
        A file was changed.
    """
    stereotype = {
        occupation.strip().lower(): gender
        for gender in ("male", "female")
        for occupation in read_fetched("winobias", f"{gender}_occupations.txt").decode().splitlines()
        if occupation.strip()
    }
    rows = []
    for kind in (1, 2):
        lines = {
            condition: read_fetched("winobias", f"{condition}_stereotyped_type{kind}.txt.test").decode().splitlines()
            for condition in ("pro", "anti")
        }
        for pro, anti in zip(lines["pro"], lines["anti"], strict=True):
            matched = _PRONOUN.sub("_", pro) == _PRONOUN.sub("_", anti)
            for condition, line in (("pro", pro), ("anti", anti)):
                rows.append({"type": kind} | _read_line(line, condition, stereotype) | {"matched": matched})
    return pd.DataFrame(rows)


def _read_line(line: str, condition: str, stereotype: dict[str, str]) -> dict[str, object]:
    """Read ``1 The janitor reprimanded [the accountant] because [she] made a mistake.``"""
    number, text = line.strip().split(" ", 1)
    marked, pronoun = _BRACKETS.findall(text)[:2]
    longest_first = sorted(stereotype, key=len, reverse=True)  # "construction worker" is one occupation
    named = re.findall(rf"\b(?:{'|'.join(longest_first)})\b", text.lower())
    occupation = re.sub(r"^(?:the|an?) ", "", marked.lower())
    (other,) = set(named) - {occupation}
    return {
        "item": int(number),
        "condition": condition,
        "sentence": text.replace("[", "").replace("]", ""),
        "occupation": occupation,
        "other": other,
        "occupation_gender": stereotype[occupation],
        "pronoun": pronoun.lower(),
        "gender": GENDER_OF_PRONOUN[pronoun.lower()],
    }


def load_winogender() -> pd.DataFrame:
    """Load Winogender (Rudinger, Naradowsky, Leonard and Van Durme, 2018): an occupation, a participant and a pronoun.

    Each sentence is there with a male, a female and a neutral pronoun, and who is meant never depends on it. Read
    ``datasets/winogender/card.md`` first.

    Returns
    -------
    pandas.DataFrame of 720 rows
        ``item`` (240: a template with its participant), ``occupation`` (60), ``participant`` ("someone" in half of the
        rows), ``refers_to`` ("occupation" or "participant"), ``gender`` of the pronoun ("male", "female" or
        "neutral"), ``pronoun``, ``sentence``, ``bls_share`` (of women in the occupation in the USA, 0 to 1, Bureau of
        Labor Statistics), ``bls_year`` and ``text_share`` (of female pronouns for the occupation in texts of the web,
        0 to 1, Bergsma and Lin, 2006).

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    UserError
        A file was changed.
    """
    sentences = pd.read_csv(io.BytesIO(read_fetched("winogender", "all_sentences.tsv")), sep="\t")
    shares = pd.read_csv(io.BytesIO(read_fetched("winogender", "occupations-stats.tsv")), sep="\t")
    identified = r"^(?P<item>(?P<occupation>[^.]+)\.(?P<participant>[^.]+)\.(?P<answer>[01]))\."
    parts = sentences["sentid"].str.extract(identified)
    frame = pd.DataFrame(
        {
            "item": parts["item"],
            "occupation": parts["occupation"],
            "participant": parts["participant"],
            "refers_to": parts["answer"].map({"0": "occupation", "1": "participant"}),
            "gender": sentences["sentid"].str.extract(r"\.(male|female|neutral)\.txt$", expand=False),
            "pronoun": [_PRONOUN.search(sentence)[0].lower() for sentence in sentences["sentence"]],
            "sentence": sentences["sentence"],
        }
    )
    return frame.merge(
        pd.DataFrame(
            {
                "occupation": shares["occupation"],
                "bls_share": shares["bls_pct_female"] / 100,
                "bls_year": shares["bls_year"],
                "text_share": shares["bergsma_pct_female"] / 100,
            }
        ),
        on="occupation",
        validate="many_to_one",
    )
