"""Files of decisions: whatever their format, they are counted alike, and errors say what is wrong with a file."""

import csv
import gzip
import os
import warnings

import numpy as np
import pandas as pd
import pytest

from labkit.audit.counts import count
from labkit.audit.files import _delimited
from labkit.audit.files.logs import count_file
from labkit.errors import DataWarning, UserError

NAMES = {"label": "y", "prediction": "yhat"}


def people(n=500):
    """Make a table of decisions."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "race": rng.choice(["blue, light", 'the "red"', "grün"], n),
            "site": rng.choice([3, 20, 100], n),
            "y": rng.integers(0, 2, n),
            "yhat": rng.random(n) < 0.4,
            "note": ["two\nlines" if i % 7 == 0 else "one" for i in range(n)],
        }
    )


OPTIONS = {
    "count": {"prediction": "yhat", "count": "site"},
    "weight": {"prediction": "yhat", "weight": "w"},
    "person": {"prediction": "yhat", "person": "id"},
    "person and weight": {"prediction": "yhat", "person": "id", "weight": "w"},
    "threshold": {"score": "w", "threshold": 1},
    "no labels": {"label": None, "prediction": "yhat"},
}
WRITERS = {
    "log.csv": lambda frame, path: frame.to_csv(path, index=False),
    "log.CSV": lambda frame, path: frame.to_csv(path, index=False),
    "semicolons.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";"),
    "excel.csv": lambda frame, path: frame.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n"),
    "log.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "log.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "floats.csv": lambda frame, path: frame.astype({"y": float}).to_csv(path, index=False),
    "lower.csv": lambda frame, path: frame.assign(yhat=frame["yhat"].map({True: "true", False: "false"})).to_csv(path),
    "log.parquet": lambda frame, path: frame.to_parquet(path, row_group_size=37),
    "log.pq": lambda frame, path: frame.astype({"race": "category", "y": "int8"}).to_parquet(path, row_group_size=60),
    "text.parquet": lambda frame, path: frame.assign(y=frame["y"].astype(str)).to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("sensitive", ["race", "site", ["site", "race"]], ids=str)
def test_files_are_counted_as_the_table_is(name, sensitive, tmp_path):
    """CSV and Parquet of every kind give the counts, and the names of groups, of the table they were written from."""
    frame = people()
    WRITERS[name](frame, tmp_path / name)
    found = count_file(tmp_path / name, **NAMES, sensitive=sensitive)
    expected = count(frame, **NAMES, sensitive=sensitive)
    assert found == expected and found.groups.tolist() == expected.groups.tolist()


@pytest.fixture
def small_parts(monkeypatch):
    """Let DuckDB read a CSV in parts of a few rows; Parquet is written in parts of 37 rows."""
    monkeypatch.setattr(_delimited, "BUFFER_BYTES", 600)
    monkeypatch.setattr(_delimited, "LINE_BYTES", 300)


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_parts_of_a_file_add_up(name, tmp_path, small_parts):
    """A file larger than one part, sorted so that each part holds one group, neither loses nor doubles a row."""
    frame, seen = people(5000).sort_values("race"), []
    WRITERS[name](frame, tmp_path / name)
    found = count_file(tmp_path / name, **NAMES, sensitive="race", progress=seen.append)
    assert found == count(frame, **NAMES, sensitive="race") and seen == [len(frame)]


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_rows_stand_for_people_in_every_part(name, options, tmp_path, small_parts):
    """Counts, weights, persons and thresholds are those of the table, also where a person is in several parts."""
    frame = people().assign(w=lambda each: each["id"] % 7 / 2)
    frame["id"] = frame["race"].str[-1] + (frame["id"] % 100).astype(str)  # five rows each, far apart
    WRITERS[name](frame, tmp_path / name)
    found = count_file(tmp_path / name, **{"label": "y", **options}, sensitive="race")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # identifiers are seen in frames only
        assert found == count(frame, **{"label": "y", **options}, sensitive="race")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            {"w": "many"},
            {"weight": "w"},
            "column 'w' must hold numbers, but it has 'many' in line 2; fix or drop",
        ),
        ({"w": -2}, {"weight": "w"}, "weight column 'w'.*-2"),
        ({"w": 0}, {"weight": "w"}, "weight column 'w' is 0 in all rows of group 'blue, light'"),
        ({"w": None}, {"person": "w"}, "person column 'w' is missing for [0-9]+ rows"),
        ({"y": 3}, {"person": "id"}, "column 'y' must hold 0 and 1, true and false, or yes and no, but it has '3'"),
        ({"y": None}, {"person": "id"}, "column 'y' must hold 0 and 1.*missing"),
        ({"w": 0.5}, {"count": "w"}, "count column 'w'.*0.5; if a row has a survey weight, pass weight='w' instead"),
    ],
)
def test_rejects_files_whose_rows_stand_for_nobody(change, options, message, tmp_path):
    """As in a frame."""
    people().assign(**change).to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(UserError, match=message):
        count_file(tmp_path / "log.csv", **NAMES, sensitive="race", **options)


def test_a_file_is_warned_about_once(tmp_path):
    """Also where several parts give reason to."""
    frame = people(3000).assign(w=lambda each: 1000 + each["id"] % 99, race="red").assign(site=lambda f: f["id"] % 2)
    frame.to_parquet(tmp_path / "log.parquet", row_group_size=1500)
    with pytest.warns(DataWarning, match="looks like survey weights") as caught:
        count_file(tmp_path / "log.parquet", **NAMES, sensitive="site", count="w")
    assert len({str(each.message) for each in caught}) == len(caught) and caught[0].filename == __file__


def test_numbers_with_leading_zeros_stay_text(tmp_path):
    """A postal code is not a number: its zeros are kept."""
    people().assign(site=np.where(people()["y"] == 1, "02139", "94110")).to_csv(tmp_path / "log.csv")
    assert count_file(tmp_path / "log.csv", **NAMES, sensitive="site").groups.tolist() == ["02139", "94110"]


def test_a_group_that_looks_like_text_late_in_the_file(tmp_path, small_parts):
    """A column that holds numbers at first, and text later, is read as it is written."""
    frame = people().assign(site=["1"] * 499 + ["unknown"])
    frame.to_csv(tmp_path / "log.csv", index=False)
    assert count_file(tmp_path / "log.csv", **NAMES, sensitive="site").groups.tolist() == ["1", "unknown"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"y,yhat,race\n0,1,a\n1,2,b\n",
            "column 'yhat' must hold 0 and 1, true and false, or yes and no, but it has '2'",
        ),
        (b"y,yhat,race\n0,si,a\n", "column 'yhat'.*'si' in line 2; recode it first: 1 where"),
        (b"y,yhat,race\n0,0.4,a\n", "column 'yhat'.*'0.4'.*threshold"),
        (b"y,yhat,race\n0,,a\n", "column 'yhat'.*missing"),
        (b"y,yhat,race\n0,1,a\n1,1,NA\n", "'race' is missing for 1 people"),
        (b"y,yhat,Race\n0,1,a\n", "unknown column 'race': log.csv has no such column; did you mean 'Race'"),
        (b"y,yhat,race,race\n0,1,a,b\n", "2 columns called 'race'"),
        (b"y,yhat,race\n0,1\n", "cannot read 'log.csv' as CSV: line 2 has 2 fields and the header has 3 names: '0,1'"),
        (b"y,yhat,race\n", "'log.csv' is empty"),
        (b"", "'log.csv' is empty: it has 0 bytes"),
        (b"\n\n,,\n", "'log.csv' is empty: it holds blank lines only"),
    ],
)
def test_rejects_files_with_the_remedy(content, message, tmp_path):
    """The message names the column or the file that is wrong."""
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        count_file(tmp_path / "log.csv", **NAMES, sensitive="race")


def test_rejects_broken_archives_and_parquet(tmp_path):
    """A download that stopped half-way is an error, never a smaller log."""
    people().to_csv(tmp_path / "whole.csv.gz", index=False)
    people().to_parquet(tmp_path / "whole.parquet")
    for ending, kind in ((".csv.gz", "CSV"), (".parquet", "Parquet")):
        content = (tmp_path / f"whole{ending}").read_bytes()
        (tmp_path / f"half{ending}").write_bytes(content[: len(content) // 2])
        with pytest.raises(ValueError, match=f"cannot read 'half{ending}' as {kind}.*again"):
            count_file(tmp_path / f"half{ending}", **NAMES, sensitive="race")
    (tmp_path / "plain.csv.gz").write_bytes(gzip.decompress((tmp_path / "whole.csv.gz").read_bytes()))
    expected = count_file(tmp_path / "whole.csv.gz", **NAMES, sensitive="race")
    assert count_file(tmp_path / "plain.csv.gz", **NAMES, sensitive="race") == expected  # never packed


def test_unknown_columns_of_parquet_are_named(tmp_path):
    """A Parquet file without the column names those that are close."""
    people().to_parquet(tmp_path / "log.parquet")
    with pytest.raises(ValueError, match="unknown column 'rase': log.parquet has no such column; did you mean 'race'"):
        count_file(tmp_path / "log.parquet", **NAMES, sensitive="rase")


def test_rejects_a_file_of_names(tmp_path):
    """A column with a value for every row is rejected."""
    people(10_100).assign(id=lambda frame: "n" + frame["id"].astype(str)).to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(ValueError, match="more than 10000 groups"):
        count_file(tmp_path / "log.csv", **NAMES, sensitive="id")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("decision.csv", FileNotFoundError, "no file .*decision.csv.*did you mean 'decisions.csv'"),
        ("other/log.csv", FileNotFoundError, "the folder .*other.* does not exist"),
        ("decisions", FileNotFoundError, "no file .*did you mean 'decisions.csv'"),
    ],
)
def test_rejects_files_that_do_not_exist_or_of_another_kind(name, error, message, tmp_path):
    """The message for a misspelled name suggests a close one, that for another kind of file lists the known kinds."""
    people().to_csv(tmp_path / "decisions.csv")
    with pytest.raises(error, match=message):
        count_file(tmp_path / name, **NAMES, sensitive="race")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["two\nlines", "a,b,c,d,e,f", "a;b;c;d;e;f", "a|b|c|d|e|f", 'the "race"'])
def test_names_of_columns_are_data(name, delimiter, tmp_path):
    """A name may hold line breaks, quotes, and more of another delimiter than there are of the file's."""
    frame = people().rename(columns={"race": name})
    frame.to_csv(tmp_path / "log.csv", index=False, sep=delimiter)
    found = count_file(tmp_path / "log.csv", **NAMES, sensitive=name)
    assert found == count(frame, **NAMES, sensitive=name)


def test_the_header_may_hold_unquoted_marks(tmp_path):
    """The delimiter is the one that gives the columns that are asked for."""
    (tmp_path / "log.csv").write_text("y;yhat;race, as said, by all, of them\n0;1;a\n1;1;b\n")
    counts = count_file(tmp_path / "log.csv", **NAMES, sensitive="race, as said, by all, of them")
    assert counts.groups.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"y,yhat,race," + b"x" * 2**18 + b"\n0,1,a,1\n1,1,b,1\n", "field larger than field limit"),
        (b'y,yhat,race,"' + b"x,\n" * 2**16, "field larger than field limit"),
        (b"y,yhat,race" + b",x" * 2**20, "the first row does not end within"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_headers_are_bounded(content, reason, ending, tmp_path):
    """A first row without end takes neither the memory nor a traceback."""
    (tmp_path / f"log.{ending}").write_bytes(gzip.compress(content, 1) if ending == "csv.gz" else content)
    with pytest.raises(ValueError, match=f"cannot read 'log.{ending}' as CSV: {reason}"):
        count_file(tmp_path / f"log.{ending}", **NAMES, sensitive="race")


def test_rejects_pipes(tmp_path):
    """A pipe is there, but it can be read only once."""
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(ValueError, match="log.csv' is not a regular file; write what it holds to a file"):
        count_file(tmp_path / "log.csv", **NAMES, sensitive="race")


@pytest.mark.parametrize("name", ["N/A", "NA", "null"])
def test_groups_that_look_missing_are_an_error_in_a_csv_unless_quoted(name, tmp_path):
    """Bare they are missing, which the error says with the line; in quotation marks, and in Parquet, they are names."""
    frame = people().replace({"race": {"grün": name}})
    frame.to_csv(tmp_path / "log.csv", index=False)
    frame.to_csv(tmp_path / "quoted.csv", index=False, quoting=csv.QUOTE_NONNUMERIC)
    frame.to_parquet(tmp_path / "log.parquet")
    line = 2 + sum(len(note.splitlines()) for note in frame["note"][: (frame["race"] == name).argmax()])
    with pytest.raises(ValueError, match=f"'race' is missing for .* missing_group='not stated'.*line {line}, .*{name}"):
        count_file(tmp_path / "log.csv", **NAMES, sensitive="race")
    expected = count(frame, **NAMES, sensitive="race")
    for file in ("quoted.csv", "log.parquet"):
        found = count_file(tmp_path / file, **NAMES, sensitive="race")
        assert found == expected and name in found.groups


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_an_empty_name_is_missing_everywhere(name, tmp_path):
    """A group without a name could not be shown; in memory, too."""
    frame = people().replace({"race": {"grün": ""}})
    with pytest.raises(UserError, match="'race' is missing for"):
        count(frame, **NAMES, sensitive="race")
    frame.to_csv(tmp_path / name, quoting=csv.QUOTE_ALL) if name == "log.csv" else frame.to_parquet(tmp_path / name)
    with pytest.raises(UserError, match="'race' is missing for"):
        count_file(tmp_path / name, **NAMES, sensitive="race")
    found = count_file(tmp_path / name, **NAMES, sensitive="race", missing_group="?")
    assert found == count(frame.replace({"race": {"": "?"}}), **NAMES, sensitive="race")
