"""The glossary: one table, in order, that anybody can read; and the rule that finds its terms."""

import re
from functools import cache

from tests.notebooks.page import COURSE
from tests.notebooks.rules_glossary import bold_phrases, fold, glossary_rows, is_term

ROWS = glossary_rows()
LONGEST = 30  # words of a meaning


def test_the_table_is_in_alphabetical_order_and_names_no_term_twice():
    """Four columns; a row may give several forms of a term."""
    assert len(ROWS) > 60 and {len(row) for row in ROWS} == {4}
    names = [row[0].lower() for row in ROWS]
    assert names == sorted(names)
    forms = [fold(form) for row in ROWS for form in row[0].split(" / ")]
    assert len(forms) == len(set(forms))


def test_each_row_has_a_chinese_term_and_one_plain_sentence():
    """Short, without a formula, code or a second sentence."""
    for term, chinese, meaning, _ in ROWS:
        assert re.search(r"[\u4e00-\u9fff]", chinese), term
        assert 3 <= len(meaning.split()) <= LONGEST and not re.search(r"[.$`*]", meaning), term


def test_each_row_names_a_notebook_that_uses_the_term():
    """A reader who follows the link finds the word in its text."""
    lost = []
    for term, _, _, place in ROWS:
        if place == "a notebook to come":
            continue
        number, name = re.fullmatch(r"\[(\d\d)\]\((\w+)\.ipynb\)", place).groups()
        assert name in COURSE.names and name.startswith(number)
        forms = "|".join(re.escape(fold(form.split(" (")[0])) for form in term.split(" / "))
        if not re.search(rf"\b({forms})\b", prose_of(name)):
            lost.append((term, name))
    assert lost == []


@cache
def prose_of(name):
    """Return the markdown of a notebook's source, without stars, as terms are compared."""
    lines = COURSE.path(name).read_text(encoding="utf-8").splitlines()
    return fold(" ".join(line[2:] for line in lines if line.startswith("# ")).replace("*", ""))


def test_bold_is_found_wherever_it_is_in_a_text():
    """Across line breaks, in lists and tables; a term is no label, number, computed text or statement."""
    text = (
        "The **base\nrate** is **04**. **Predict:** **{gap:.2f}**\n\n- **Look for** it\n\n| **a cell** |\n|---|\n"
        "\n**Nobody can say what it means to them.** **many words are no term at all**"
    )
    assert [phrase for phrase in bold_phrases(text) if is_term(phrase)] == ["base rate", "a cell"]
