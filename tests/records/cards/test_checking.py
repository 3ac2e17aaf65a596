"""What a check of a card finds, and what it leaves to people."""

import re

import pytest

from labkit.audit import audit
from labkit.errors import UserError
from labkit.records import check_card, write_model_card
from labkit.records.cards._sections import SECTIONS, SHORT, STATED
from tests.records.cards.decisions import SENTENCE, make_decisions

FRAME = make_decisions({"men": 30, "women": 30})
CARD = write_model_card(
    audit(y_true=FRAME["y"], y_pred=FRAME["yhat"], sensitive_features=FRAME[["sex"]]),
    title="Triage",
    statements=dict.fromkeys(STATED, SENTENCE),
)


def change(pattern, replacement):
    """Return the card with one change."""
    text, number = re.subn(pattern, replacement, CARD.text, count=1, flags=re.MULTILINE)
    assert number == 1
    return text


@pytest.mark.parametrize("section", SECTIONS)
def test_each_missing_section_is_named(section):
    """Whichever it is, and it alone."""
    assert check_card(change(rf"^## {section}\n(?s:.*?)(?=^## |\Z)", "")) == [f"missing section: {section}"]


@pytest.mark.parametrize("section", SECTIONS)
def test_each_empty_section_is_named(section):
    """With its question; spaces do not fill it."""
    (complaint,) = check_card(change(rf"^## {section}\n(?s:.*?)(?=^## |\Z)", f"## {section}\n\n \n\n"))
    said = "is empty" if section in SHORT else "says next to nothing"
    assert complaint == f"'{section}' {said}: {SECTIONS[section]}"


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r"\A---(?s:.*?)^---$", "", "the front matter is missing"),
        (r"\A---(?s:.*?)^---$", "---\n[a: {\n---", "the front matter is missing"),
        (r"\A---(?s:.*?)^---$", "---\n- a list\n---", "the front matter is missing"),
        (r"^# Triage$", "", "the title is missing: begin with '# ' and the name of the model"),
        (r"^## Limits$", "## Limits\n\nNone.\n\n## Limits", "'Limits' is there 2 times; keep one"),
        (
            rf"^## Limits\n\n{re.escape(SENTENCE)}",
            "## Limits\n\nTODO: ask the clinic about this again",
            "still holds 'TODO'",
        ),
    ],
)
def test_other_faults_are_named(pattern, replacement, message):
    """One complaint for each."""
    (complaint,) = check_card(change(pattern, replacement))
    assert message in complaint


def test_an_empty_text_lacks_everything():
    """It is a text and no file."""
    assert [complaint.split(":")[0] for complaint in check_card("")] == [
        "the front matter is missing",
        "the title is missing",
        "missing sections",
    ]


def test_other_sections_may_be_added():
    """A card may say more."""
    assert check_card(CARD.text + "\n## Thanks\n\nTo all.\n") == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r"^(\| men \| 30 \|) 0\.\d(\d\d .* \|.* \|)", r"\1 0.9\2", "'Results by group' was changed after the card"),
        (re.escape(SENTENCE), "Eight other words say who, what, when, why.", "'What it is' was changed after"),
        (r"value: 0\.\d", "value: 0.9", "the front matter was changed after the card was written"),
    ],
)
def test_a_change_shows_where_the_facts_are_next_to_the_card(pattern, replacement, message, tmp_path):
    """A number, a statement, or the front matter; the text alone does not show it."""
    readme = CARD.save(tmp_path / "card") / "README.md"
    assert check_card(readme) == check_card(tmp_path / "card") == check_card(str(readme)) == []
    text = change(pattern, replacement)
    readme.write_text(text)
    (complaint,) = check_card(readme)
    assert message in complaint and check_card(text) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "was not written by labkit card"),
        ("[]", "was not written"),
        ('{"format": "labkit card", "version": 9}', "9"),
    ],
)
def test_facts_of_something_else_are_named(content, message, tmp_path):
    """Damaged, of another program, or of another version."""
    CARD.save(tmp_path)
    (tmp_path / "card.json").write_text(content)
    (complaint,) = check_card(tmp_path)
    assert message in complaint and complaint.endswith("write the card again")


def test_files_that_are_no_card(tmp_path):
    """Missing, not UTF-8, or too large."""
    with pytest.raises(FileNotFoundError, match="there is no card .*README.md"):
        check_card(tmp_path)
    (tmp_path / "README.md").write_bytes("# größer".encode("latin-1"))
    with pytest.raises(UserError, match="'README.md' is no text in UTF-8"):
        check_card(tmp_path)
    with (tmp_path / "README.md").open("wb") as file:
        file.truncate(30_000_000)
    with pytest.raises(UserError, match="has 30,000,000 bytes, and is no card"):
        check_card(tmp_path)
