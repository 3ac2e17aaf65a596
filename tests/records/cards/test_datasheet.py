"""Datasheets of the data behind a run: what is computed, what is asked, and what no longer agrees."""

import pandas as pd
import pytest

from labkit.audit import wilson_interval
from labkit.data import check_datasheet, load_compas
from labkit.data.datasheets import read_sizes, split_sections
from labkit.errors import UserError
from labkit.records import check_run_datasheet, write_run_datasheet
from labkit.records.cards.datasheet import COMPUTED, RUN_SECTIONS
from tests.records.cards.decisions import SENTENCE, make_decisions

FRAME = make_decisions()[["y", "sex"]]
FRAME.loc[3, "sex"] = None
FRAME = FRAME.astype({"y": float})
FRAME.loc[5, "y"] = None
OPTIONS = {"sensitive": ["sex"], "label": "y"}
ANSWERS = {section: SENTENCE for section in RUN_SECTIONS if section not in COMPUTED}
SHEET = write_run_datasheet(FRAME, title="People", answers=ANSWERS, meanings={"y": "a", "sex": "b"}, **OPTIONS)


def test_a_complete_datasheet_has_no_complaint():
    """It has all sections, also those of the course's own datasheets."""
    assert check_run_datasheet(SHEET, FRAME, **OPTIONS) == check_datasheet(SHEET, columns=list(FRAME)) == []
    assert list(split_sections(SHEET)[1]) == list(RUN_SECTIONS)


def test_the_composition_is_computed():
    """Rows, columns, missing values, and how often the label is 1 in each group, with the interval."""
    written = split_sections(SHEET)[1]["Composition"]
    assert "- Rows: 226\n- Columns: 2\n- Missing values: y 1, sex 1\n" in written
    men = FRAME[(FRAME["sex"] == "men") & FRAME["y"].notna()]
    low, high = wilson_interval(men["y"].sum(), len(men), confidence=0.95)
    assert f"| sex | men | {len(men)} | {men['y'].mean():.3f} [{low:.3f}, {high:.3f}] |" in written
    assert "| sex | missing | 1 | " in written and "it is missing in 1 rows" in written


def test_what_nobody_answered_is_marked():
    """Each with its question, and the check lists it."""
    sheet = write_run_datasheet(FRAME, title="People", sensitive=["sex"])
    open_ones = [section for section in RUN_SECTIONS if section not in (*COMPUTED, "Columns")]
    for section in open_ones:
        assert f"## {section}\nTODO: {RUN_SECTIONS[section]}" in sheet
    complaints = check_run_datasheet(sheet, FRAME, sensitive=["sex"])
    assert len(complaints) == len(open_ones) + 1 and all("still holds 'TODO'" in each for each in complaints)


def test_another_table_is_noticed():
    """One row less changes sizes and composition; another value changes the checksum."""
    fewer = check_run_datasheet(SHEET, FRAME.iloc[1:], **OPTIONS)
    assert any("'Group sizes' gives" in each for each in fewer) and "'Composition' does not agree" in fewer[-1]
    other = FRAME.assign(y=FRAME["y"].to_numpy()[::-1])
    assert ["'Composition' does not agree" in each for each in check_run_datasheet(SHEET, other, **OPTIONS)] == [True]


def test_the_checksum_of_a_file():
    """That of the registry of the course's own tables."""
    compas = load_compas()
    file = compas.card.parent / "data.csv.gz"
    sheet = write_run_datasheet(compas.frame, title="COMPAS", sensitive=compas.sensitive, label=compas.label, data=file)
    assert "`7a49478685627a64b533a782bb822ca9d8d00c8f5aea3b14fd528c189c654f6d`" in sheet
    assert "| race | Native American | 18 | 0.556 " in sheet


def test_names_of_groups_and_columns_are_text():
    """Marks of Markdown and HTML in them change no table, and are read back as they are."""
    frame = pd.DataFrame({"a|b `c`": ["<b>x</b>|\n# y", "*z*"] * 10, "y": [0, 1] * 10})
    sheet = write_run_datasheet(frame, title="T", sensitive=["a|b `c`"], label="y")
    assert "<b>" not in sheet and list(split_sections(sheet)[1]) == list(RUN_SECTIONS)
    assert read_sizes(split_sections(sheet)[1]["Group sizes"]) == {
        ("a|b `c`", "<b>x</b>| # y"): 10,
        ("a|b `c`", "*z*"): 10,
    }
    complaints = check_run_datasheet(sheet, frame.replace("\n", " ", regex=True), sensitive=["a|b `c`"], label="y")
    assert not [each for each in complaints if "Group sizes" in each or "does not describe" in each]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sensitive": ["sexx"]}, "unknown column 'sexx'.*did you mean 'sex'"),
        ({"label": "z"}, "unknown column 'z'"),
        ({"label": "sex"}, "labels must be 0 or 1"),
        ({"answers": {"Composition": "x"}}, "no section 'Composition' to answer"),
        ({"answers": {"Motives": "x"}}, "no section 'Motives' to answer"),
    ],
)
def test_bad_arguments_are_named(options, message):
    """Columns, labels and sections that do not exist."""
    with pytest.raises(UserError, match=message):
        write_run_datasheet(FRAME, **{"title": "T", "sensitive": ["sex"], **options})
