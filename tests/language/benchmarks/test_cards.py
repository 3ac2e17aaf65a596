"""Each benchmark has a card with the sections of a datasheet, its columns and its counts."""

import re

import pytest

from labkit.data.datasheets import SECTIONS, check_datasheet, group_sizes
from labkit.data.tables import DATASETS_FOLDER, read_registry

COUNTED = {
    "crows_pairs": ["bias_type"],
    "stereoset": ["task", "bias_type"],
    "winobias": ["condition", "occupation_gender"],
    "winogender": ["gender", "refers_to"],
    "bbq": ["category", "condition"],
}


@pytest.mark.parametrize("name", COUNTED)
def test_a_card_answers_the_questions_of_a_datasheet(name, request):
    """Every section, every column, and the counts of the loaded set, whose rows are as registered."""
    frame = request.getfixturevalue(name)
    text = (DATASETS_FOLDER / name / "card.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == list(SECTIONS)
    assert check_datasheet(text, columns=list(frame.columns), sizes=group_sizes(frame, COUNTED[name])) == []
    assert len(frame) == read_registry()[name]["rows"]


@pytest.mark.parametrize("name", COUNTED)
def test_a_card_names_known_flaws_with_their_source(name):
    """At least one source with its year among the limits, and what a score of one half means or does not."""
    text = (DATASETS_FOLDER / name / "card.md").read_text(encoding="utf-8")
    limits = text.split("## Known harms and limits")[1].split("\n## ")[0]
    assert re.search(r"Blodgett.*2021|issue 11 in nyu-mll/BBQ", limits.replace("\n", " "))
    assert "raining" in text.split("## Do not use it for")[1]


@pytest.mark.parametrize("name", ["crows_pairs", "stereoset", "bbq"])
def test_a_card_warns_of_offensive_texts_before_anything_else(name):
    """The first line after the title."""
    lines = (DATASETS_FOLDER / name / "card.md").read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith("**") and "offensive" in lines[2]
