"""The rule on terms: what a notebook sets in bold inside its text is a term that it defines, and is in the glossary.

Bold has two uses in the course. A *label* says what a paragraph is for: it ends with a full stop, a colon or a question
mark ("**Reading the figure.**", "**Predict:**"), or is one of `LABELS`; numbers are labels, too. A whole statement may
be bold; it has more than `MOST_WORDS` words. Everything else in bold is a term. Emphasis is *italic*.
"""

import re
from collections.abc import Iterator
from functools import cache

from labkit.course.sources.readings import READING
from tests.notebooks.page import COURSE, Page, fixed_text, parse, parse_markdown, quote, rule, tags

MOST_WORDS = 5  # of a term
LABELS = frozenset(
    {
        "you will be able to",
        "before you run the next cells, predict",
        "predict",
        "look at",
        "look for",
        "part one",
        "part two",
        "your step",
        "what these numbers do not show",
        "what this does not show",
    }
)
GLOSSARY = COURSE.notebooks / "glossary.md"


@cache
def glossary_rows() -> tuple[tuple[str, ...], ...]:
    """Return the cells of each row of the glossary's table, its head aside."""
    rows, row = [], []
    for token in parse_markdown(GLOSSARY.read_text(encoding="utf-8")):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline" and token.level > 2:
            row.append(token.content)
        elif token.type == "tr_close":
            rows.append(tuple(row))
    return tuple(rows[1:])


@cache
def known_terms() -> frozenset[str]:
    """Return the terms of the glossary; a row may give several forms of one, between slashes."""
    return frozenset(fold(form) for row in glossary_rows() for form in row[0].split(" / "))


def fold(term: str) -> str:
    """Return a term as it is compared: in lower case, spaces in place of line breaks, hyphens and minus signs alike."""
    return re.sub(r"[\s]+", " ", term).strip().lower().replace("−", "-")


def bold_phrases(text: str) -> Iterator[str]:
    """Yield what a markdown text sets in bold."""
    for token in parse_markdown(text):
        phrase = None
        for part in token.children or ():
            if part.type == "strong_open":
                phrase = ""
            elif part.type == "strong_close":
                yield phrase
                phrase = None
            elif phrase is not None:
                phrase += " " if part.type == "softbreak" else part.content


def is_term(phrase: str) -> bool:
    """Say whether a bold phrase is a term, and no label, number, computed text or statement.

    >>> [is_term(phrase) for phrase in ("base rate", "Predict:", "Look for", "04", "{gap:.2f}")]
    [True, False, False, False, False]
    """
    if phrase[-1:] in ".:?!" or "{" in phrase or re.fullmatch(r"[\d,. ]+", phrase):
        return False
    return fold(phrase) not in LABELS and len(phrase.split()) <= MOST_WORDS


@rule
def terms_in_bold_are_in_the_glossary(page: Page) -> list[str]:
    """A reader who meets a term again finds it there, in English and Chinese."""
    texts = [cell.source for cell in page.prose]
    for cell in page.code:
        if READING in tags(cell):
            texts += [fixed_text(part) for call in parse(cell).body for part in call.value.args]
    return [
        f"{quote(phrase)} is bold and not in notebooks/glossary.md; add the term there, or set emphasis in *italics*"
        for text in texts
        for phrase in bold_phrases(text)
        if is_term(phrase) and fold(phrase) not in known_terms()
    ]
