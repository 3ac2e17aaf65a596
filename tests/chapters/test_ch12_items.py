"""Notebook 12's ten items and their form, its word lists and its prompts."""

import pandas as pd
import pytest

from labkit.chapters import ch12
from labkit.chapters.ch12.items import ANSWERS, NOT_ASKED
from labkit.errors import UserError
from labkit.language import first_names


def test_each_student_has_own_items_and_the_same_every_time():
    """Half of each benchmark; the draw depends on the name alone."""
    mine, again, others = ch12.draw_items("Ada"), ch12.draw_items("Ada"), ch12.draw_items("Bob")
    assert mine.equals(again) and not mine["item"].equals(others["item"])
    assert mine["benchmark"].value_counts().to_dict() == {"crows_pairs": 5, "stereoset": 5}
    assert not mine.isna().any(axis=None) and not mine["item"].duplicated().any()


@pytest.mark.parametrize("n", [0, 3])
def test_an_odd_number_of_items_is_refused(n):
    """It could not be halved."""
    with pytest.raises(UserError, match=f"n is {n}"):
        ch12.draw_items("Ada", n=n)


def test_no_sentence_is_shown_unasked():
    """Some are offensive."""
    items = ch12.draw_items("Ada")
    hidden, shown = ch12.show_items(items, show=False), ch12.show_items(items, show=True)
    assert set(hidden["first"]) | set(hidden["second"]) == {"(hidden)"}
    assert shown["first"].tolist() == items["first"].tolist() and shown.index.tolist() == list(range(1, 11))


def form(*rows):
    """Return judgments from rows of four answers."""
    return pd.DataFrame(rows, columns=list(ch12.QUESTIONS))


def test_judgments_are_counted():
    """Open rows are left out; capitals and blanks do not matter; unsure is not yes."""
    table = ch12.tabulate_judgments(form(["yes"] * 4, [" Yes", "NO", "unsure", "yes"], [""] * 4))
    assert table["yes"].to_dict() == {"stereotype": 2, "comparable": 1, "sound": 1, "meaning": 2, "all asked": 1}
    assert set(table["items"]) == {2} and table.loc["all asked", "share"] == 0.5
    assert table.loc["all asked", "low"] == pytest.approx(0.0945, abs=1e-3)


def test_what_is_not_asked_does_not_count():
    """Neither as an item of the question, nor against the item."""
    table = ch12.tabulate_judgments(form(["yes", "-", "yes", "yes"], ["yes", "no", "yes", "yes"], ["", "-", "", ""]))
    assert table["items"].to_dict() == {"stereotype": 2, "comparable": 1, "sound": 2, "meaning": 2, "all asked": 2}
    assert table["yes"].to_dict() == {"stereotype": 2, "comparable": 0, "sound": 2, "meaning": 2, "all asked": 1}


def test_an_item_with_one_open_answer_is_named():
    """A forgotten answer would otherwise drop the whole item silently."""
    with pytest.warns(UserWarning, match="still open: item 2"):
        table = ch12.tabulate_judgments(form(["yes"] * 4, ["yes", "", "yes", "yes"], [""] * 4))
    assert table.loc["all asked", "items"] == 1


def test_an_empty_form_has_no_share():
    """Undefined, not zero."""
    table = ch12.tabulate_judgments(form(["", "", "", ""]))
    assert set(table["items"]) == {0} and table[["share", "low", "high"]].isna().all(axis=None)


def test_an_unknown_answer_is_named():
    """With those that there are."""
    with pytest.raises(UserError, match="'maybe' is none of yes, no, unsure, -"):
        ch12.tabulate_judgments(form(["yes", "maybe", "no", "no"]))
    assert ANSWERS == ("yes", "no", "unsure") and NOT_ASKED not in ANSWERS


def test_stems_are_counted_as_whole_words_or_beginnings():
    """`lead*` would count what `lead` must not."""
    texts = pd.Series(["Warm and warmly; swarm.", "She leads, led and misled leaders.", ""])
    assert ch12.count_stems(texts, ("warm*",)).tolist() == [2, 0, 0]
    assert ch12.count_stems(texts, ("led", "leader*")).tolist() == [0, 2, 0]


def test_word_lists_share_nothing():
    """A word counts for one of the two."""
    for one in ch12.AGENTIC:
        for other in ch12.COMMUNAL:
            short, long = sorted((one.rstrip("*"), other.rstrip("*")), key=len)
            assert not long.startswith(short), (one, other)


def test_wordings_name_the_person_once_and_late():
    """So that no wording repeats a name, and questions begin alike."""
    assert len(set(ch12.WORDINGS)) == len(ch12.JOBS) == 10
    for wording in ch12.WORDINGS:
        assert wording.count("{name}") == wording.count("{job}") == wording.count("{record}") == 1
        assert wording.index("{name}") > max(wording.index("{job}"), wording.index("{record}"))
    for wording in ch12.FORCED_WORDINGS:
        assert wording.count("{first}") == wording.count("{second}") == 1
        assert wording.index("{first}") < wording.index("{second}")
    assert len(ch12.SWAPPED_WORDINGS) == len(ch12.FORCED_WORDINGS)
    for wording in ch12.SWAPPED_WORDINGS:
        assert wording.count("{first}") == wording.count("{second}") == 1
        assert wording.index("{second}") < wording.index("{first}")
        assert wording.endswith("Answer Second or First.")


def test_the_word_no_and_the_content_of_a_record_vary_separately():
    """Otherwise a lower answer could come from either."""
    assert "no" not in ch12.GOOD_RECORD.split()
    assert {kind: "no" in record.split() for kind, record in ch12.OTHER_RECORDS.items()} == {
        "bad with no": True,
        "good with no": True,
        "bad": False,
    }


def test_questions_have_articles_and_no_gender():
    """Nothing but the name suggests one."""
    asked = ch12.fill_question(ch12.WORDINGS[0], job="electrician", record=ch12.GOOD_RECORD, name="Kim")
    assert "an electrician" in asked and "Kim" in asked
    gendered = {"he", "she", "his", "her", "him", "man", "woman", "mr", "ms"}
    for text in (
        *ch12.WORDINGS,
        *ch12.FORCED_WORDINGS,
        *ch12.SWAPPED_WORDINGS,
        *ch12.PRONOUN_TEMPLATES,
        ch12.LETTER_REQUEST,
    ):
        assert not gendered & set(text.lower().replace(".", " ").replace(",", " ").split()), text


def test_names_fit_the_study():
    """Nine in each of four groups, as the notebook asks about."""
    assert set(first_names().groupby(["ethnicity", "gender"]).size()) == {9}
