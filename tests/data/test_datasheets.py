"""Datasheets: what a draft holds, what a check finds missing, and what it leaves to people."""

import pandas as pd
import pytest

from labkit.data.datasheets import SECTIONS, check_datasheet, group_sizes, write_datasheet

TABLE = pd.DataFrame({"y": [0, 1, 1, 0], "sex": ["f", "m", None, "f"], "note": ["a" * 30, "b" * 30, "c" * 30, "d"]})
SIZES = {("sex", "f"): 2, ("sex", "m"): 1, ("sex", "missing"): 1}
LICENCE = "## Source and licence\n"
PROSE = "Eight plain words say who, what, when, why."
SHEET = f"""# Four people

## What it is
{PROSE}

```python
## not a heading
```

## Who collected it and why
{PROSE}

## Source and licence
{PROSE}

## Columns
| column | meaning | unit or codes |
|---|---|---|
| `y` | label | 0, 1 |
| `sex` | recorded by ... an official | f, m |
| `note` | what was said | text |

## Our own section

## Sensitive attributes and how they were recorded
{PROSE}

## Group sizes
| column | group | n |
|---|---|---:|
| sex | f | 2 |
| `sex` | m | 1 |
| sex | missing | 1 |

## Known harms and limits
{PROSE}

## Do not use it for
{PROSE}
"""


def complaints(text):
    """Check a datasheet of the table."""
    return check_datasheet(text, columns=list(TABLE), sizes=SIZES)


def test_a_complete_datasheet_has_no_complaint():
    """Additional sections, code, and dots inside a sentence do no harm."""
    assert complaints(SHEET) == []


def test_a_draft_knows_counts_and_leaves_the_rest_open():
    """Columns and sizes agree with the table; each other section is named as still open."""
    draft = write_datasheet(TABLE, title="Four people", sensitive=["sex"])
    open_sections = [section for section in SECTIONS if section != "Group sizes"]
    found = complaints(draft)
    assert len(found) == len(open_sections)
    for section, complaint in zip(open_sections, found, strict=True):
        assert complaint.startswith(f"'{section}' still holds 'TODO'") and SECTIONS[section] in complaint
    assert complaints(draft.replace("TODO", PROSE)) == []
    assert "| `note` | TODO | text |" in draft and "| `y` | TODO | 0, 1 |" in draft


def test_answers_complete_a_draft():
    """Answers go to their sections and meanings to their columns; then nothing is open."""
    prose = [section for section in SECTIONS if section not in ("Columns", "Group sizes")]
    answers, meanings = {section: f"{section}: {PROSE}" for section in prose}, dict.fromkeys(TABLE, "meant so")
    text = write_datasheet(TABLE, title="Four people", sensitive=["sex"], answers=answers, meanings=meanings)
    assert complaints(text) == [] and all(answer in text for answer in answers.values())
    assert "| `y` | meant so | 0, 1 |" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"answers": {"Licence": "x"}}, "no section 'Licence' to answer; there are: What it is, Who"),
        ({"answers": {"Columns": "x"}}, "no section 'Columns' to answer"),
        ({"meanings": {"race": "x"}}, "no column 'race'; the table has y, sex, note"),
    ],
)
def test_an_answer_to_nothing_is_an_error(options, message):
    """A misspelled section would otherwise silently stay open."""
    with pytest.raises(ValueError, match=message):
        write_datasheet(TABLE, title="x", sensitive=["sex"], **options)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_missing_section_is_named(section):
    """Whichever it is."""
    assert complaints(SHEET.replace(f"## {section}\n", "")) == [f"missing section: {section}"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("# Four people", "Four people", "the title is missing"),
        (
            f"## Source and licence\n{PROSE}",
            "## Source and licence\nNone.",
            "'Source and licence' says next to nothing",
        ),
        (f"{LICENCE}{PROSE}", f"{LICENCE}...", "'Source and licence' still holds '...'"),
        ("| label |", "| TBD |", "'Columns' still holds 'TBD'"),
        ("| label |", "| … |", "'Columns' still holds '…'"),
        ("| `note` |", "| note |", "'Columns' does not describe note"),
        ("| sex | f | 2 |", "| sex | f | 3 |", "'Group sizes' gives 3 for sex 'f'; it is 2"),
        ("| sex | f | 2 |\n", "", "'Group sizes' lacks the group 'f' of sex, which has 2"),
        ("| sex | f | 2 |", "| sex | f | 2 |\n| sex | x | 1 |", "'Group sizes' has 'x' of sex"),
    ],
)
def test_what_is_wrong_is_said(old, new, complaint):
    """One change, one complaint."""
    assert old in SHEET
    (found,) = complaints(SHEET.replace(old, new, 1))
    assert found.startswith(complaint)


@pytest.mark.parametrize("text", ["", "?", "Only prose.", "## \n"])
def test_anything_can_be_checked(text):
    """What is no datasheet lacks a title and all sections."""
    assert check_datasheet(text)[:2] == [
        "the title is missing: begin with '# ' and the name of the data set",
        f"missing sections: {', '.join(SECTIONS)}",
    ]


def test_sizes_count_people_not_rows():
    """With counts a row represents several people; people without a group are counted as missing."""
    assert group_sizes(TABLE, ["sex"]) == SIZES
    assert group_sizes(TABLE.assign(n=[10, 1, 1, 5]), ["sex"], count="n")["sex", "f"] == 15


@pytest.mark.parametrize("options", [{"sensitive": ["race"]}, {"sensitive": ["sex"], "count": "race"}])
def test_an_unknown_column_is_named(options):
    """With those that there are."""
    with pytest.raises(ValueError, match="no column 'race'; the table has y, sex, note"):
        write_datasheet(TABLE, title="x", **options)
