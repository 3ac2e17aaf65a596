"""The committed table of tamperings is what `verify` finds, and keeps what is promised."""

from pathlib import Path

import pandas as pd
import pytest

from tests.records.tamperings import DECISIONS, TABLE, TAMPERINGS, compute, tabulate

SEGMENT = 1_000  # entries from one anchor to the next
ALLOWED = "an invented entry continues the log"  # what looks like a crash before the head was written


@pytest.fixture(scope="module")
def table():
    """The table as committed, indexed by tampering."""
    return pd.read_csv(TABLE, keep_default_na=False).set_index("tampering")


def span(text):
    """Return the first and the last number of a range."""
    first, last = text.split()[-1].split("-")
    return int(first), int(last)


def test_the_table_has_every_tampering(table):
    """At least 40, of which at least 10 were chained again to the end; each is there once, in its order."""
    assert list(table.index) == list(TAMPERINGS)
    assert len(table) >= 40 and (table["chained_again"] == "to the end").sum() >= 10


def test_the_readme_counts_them_right(table):
    """All of them, and those that were chained again to the end."""
    readme = " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())
    again = (table["chained_again"] == "to the end").sum()
    assert f"try {len(table)} tamperings, {again} of them chained again to the end" in readme


def test_what_was_not_chained_again_is_located_exactly(table):
    """By the chain, or at the end by the head; the entries that are named are those that were touched."""
    rows = table[(table["forger_writes"] == "log") & (table["chained_again"] == "none")]
    assert set(rows["detected_by"]) == {"chain", "head"} and len(rows) >= 40
    for name, row in rows[(rows["entries"] != "") & rows["located_to"].str.startswith("entries")].iterrows():
        first, last = span(row["located_to"])
        assert first == span(row["entries"])[0] and last <= span(row["entries"])[1], name
    lines_alone = rows[~rows["located_to"].str.startswith("entries")]
    assert set(lines_alone["with_head"]) == {"insertion", "many places", "incomplete line"}


def test_what_was_chained_again_is_found_by_the_head_and_located_by_anchors(table):
    """To a segment of 1,000 entries that has the first one that was touched."""
    rows = table[(table["forger_writes"] == "log") & (table["chained_again"] == "to the end")]
    assert set(rows["without_head"]) == {"nothing", "change", "duplication"} and "nothing" not in set(rows["with_head"])
    for name, row in rows.iterrows():
        if row["located_to"] == "the file":
            assert "replaced by another" in name
            continue
        (first, last), (touched, _) = span(row["located_to"]), span(row["entries"])
        assert first <= touched <= last and last - first < SEGMENT, name


def test_nobody_finds_what_only_files_kept_apart_would_show(table):
    """Those who write the head are found by anchors up to the last one alone; those who write all three never."""
    unseen = table[table["detected_by"] == "nobody"]
    assert set(unseen[unseen["forger_writes"] == "log"].index) == {ALLOWED}
    both = table[table["forger_writes"] == "log and head"]
    late = both["entries"].map(lambda text: span(text)[0]) > DECISIONS // SEGMENT * SEGMENT
    assert ((both["detected_by"] == "nobody") == late).all() and late.sum() >= 3 and (~late).sum() >= 3
    anchors = table[table["forger_writes"] == "log and anchors"]
    assert set(anchors["detected_by"]) == {"head"}  # located wrongly: the anchors are not genuine
    everything = table[table["forger_writes"] == "log, head and anchors"]
    assert len(everything) >= 3 and set(everything["detected_by"]) == {"nobody"}


def test_the_readme_says_what_the_table_has():
    """Its numbers of tamperings are those of the table."""
    from tests.records.test_log_command import README

    text = " ".join(README.read_text(encoding="utf-8").split())
    rechained = sum(again == "to the end" for _, again, _, _ in TAMPERINGS.values())
    assert f"{len(TAMPERINGS)} tamperings, {rechained} of them chained again to the end" in text


def mark_slow(number, name):
    """Leave every ninth tampering to the fast tests."""
    return pytest.param(name, marks=() if number % 9 == 0 else pytest.mark.slow)


@pytest.mark.parametrize("name", [mark_slow(number, name) for number, name in enumerate(TAMPERINGS)])
def test_the_table_is_what_verify_finds(name, table):
    """A part of it, computed again; the rest in the slow tests."""
    again = tabulate([compute(name)]).set_index("tampering")
    assert again.loc[name].to_dict() == table.loc[name].to_dict()
