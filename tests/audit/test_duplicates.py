"""Rows that are in a file twice: counted and named where that is suspicious, and never left out."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from labkit.audit.files._columns import Wanted
from labkit.audit.files.logs import count_file, read_in
from labkit.audit.files.oddities import _duplicates
from labkit.audit.sampling._roles import Roles
from labkit.errors import DataWarning

ROLES = {"label": "y", "prediction": "yhat", "sensitive": "sex"}


def people(n=200):
    """Make people with identifiers and free texts."""
    rng = np.random.default_rng(2)
    columns = {name: rng.integers(0, 2, n) for name in ("y", "yhat")}
    return pd.DataFrame({"id": np.arange(n), "sex": rng.choice(["f", "m"], n), **columns, "note": "a, b"})


def repeat(frame, *places):
    """Put copies of some rows at the end."""
    return pd.concat([frame, frame.iloc[list(places)]], ignore_index=True)


def look(path, **more):
    """Return what is found of duplicates, and the notes of the counts."""
    (counts,), found = read_in(path, Wanted(Roles.named(**(ROLES | more))))
    return found, counts


def write(frame, path):
    """Write a table in the format that the ending of its file says."""
    writers = {".parquet": frame.to_parquet, ".feather": frame.to_feather}
    if path.suffix in writers:
        writers[path.suffix](path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "feather", "jsonl"])
def test_repeated_rows_are_counted_and_named_and_not_left_out(ending, tmp_path):
    """In every format; a line of a CSV has the names of columns above it."""
    path = write(repeat(people(), 3, 7), tmp_path / f"log.{ending}")
    with pytest.warns(DataWarning, match="2 rows of .* are the same as an earlier row in all 5 columns") as caught:
        counts = count_file(path, **ROLES)
    first = "line 202 repeats line 5" if "csv" in ending else "row 201 repeats row 4"
    assert first in str(caught[0].message) and len(caught) == 1
    assert counts.cells.sum() == 202 and look(path)[0].number == 2


def test_rows_alike_in_the_wanted_columns_alone_are_no_duplicates(tmp_path):
    """People of the same sex with the same decision are the rule."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert count_file(write(people(), tmp_path / "log.csv"), **ROLES).notes == ()
    assert look(tmp_path / "log.csv")[0] == (0, "", "")


def test_lines_are_not_named_where_values_have_line_breaks(tmp_path):
    """The row is, since its line would be another one; a title above the names is counted with lines."""
    frame = repeat(people(), 3)
    frame.loc[10, "note"] = "two\nlines"
    assert "(row 201 repeats row 4)" in look(write(frame, tmp_path / "log.csv"))[0].note
    plain = write(repeat(people(), 3), tmp_path / "plain.csv")
    plain.write_text("Decisions of 2025\n\n" + plain.read_text())
    assert "(line 204 repeats line 7)" in look(plain)[0].note


def test_a_month_that_is_in_a_folder_twice_is_noticed(tmp_path):
    """Rows of a folder have no numbers."""
    for name in ("june", "june (1)"):
        people().to_parquet(tmp_path / f"{name}.parquet")
    found, counts = look(tmp_path)
    assert found.number == 200 and "so that every row occurs 2 times" in found.note and "repeats row" not in found.note
    assert found.note in counts.notes


def test_people_who_are_alike_by_nature_are_no_news(tmp_path):
    """Four columns of categories make few rows; some repeats are noted, and so is a table that was doubled."""
    frame = people(500)[["sex", "y", "yhat"]].assign(area=np.arange(500) % 3)
    found, counts = look(write(frame, tmp_path / "log.csv"))
    assert found.number == 500 - 24 and found.note == "" and counts.notes == ()
    once = frame.drop_duplicates()
    twice = look(write(repeat(once, *range(len(once))), tmp_path / "log.csv"))[0]
    assert "24 rows" in twice.note and "every row occurs 2 times" in twice.note
    few = look(write(repeat(once, 5), tmp_path / "log.csv"))[0]
    assert few.note.startswith("1 row of log.csv is the same") and "people may be alike in all of them" in few.note
    assert "may be alike" not in look(write(repeat(people(), 5), tmp_path / "log.csv"))[0].note


@pytest.mark.parametrize(
    ("change", "more", "why"),
    [
        (lambda frame: frame, {"person": "id"}, r"a person \(id\) may have several rows"),
        (lambda frame: frame[["sex", "y", "yhat"]], {}, "fewer than 4 columns"),
        (lambda frame: repeat(frame, *range(100)), {}, "more than 250 rows"),
        (lambda frame: frame.assign(**{f"x{i}": 1 for i in range(10)}), {}, "or 3,000 fields"),
    ],
    ids=["person", "columns", "rows", "fields"],
)
def test_where_nobody_looks_the_reason_is_said(change, more, why, tmp_path, monkeypatch):
    """Persons have several rows, few columns tell nobody apart, and large files would take long."""
    monkeypatch.setattr(_duplicates, "MOST_ROWS", 250)
    monkeypatch.setattr(_duplicates, "MOST_FIELDS", 3_000)
    found, _ = look(write(change(repeat(people(), 3)), tmp_path / "log.csv"), **more)
    assert found.number is None and found.note == ""
    assert re.search(why, found.why)


def test_three_columns_with_an_identifier_are_enough(tmp_path):
    """Nobody has the identifier of another one."""
    frame = repeat(people()[["id", "sex", "yhat"]], 3)
    assert look(write(frame, tmp_path / "log.csv"), label=None)[0].number == 1


def test_columns_that_cannot_be_compared_do_not_stop_the_count(tmp_path, monkeypatch):
    """Nobody asked for them."""
    import duckdb

    def fail(*arguments):
        raise duckdb.NotImplementedException("hash")

    monkeypatch.setattr(_duplicates, "_describe", fail)
    found, counts = look(write(repeat(people(), 3), tmp_path / "log.csv"))
    assert found.why == "its columns cannot be compared" and counts.cells.sum() == 201
