"""Folders of Parquet files: counted as the table is, whatever their layout, and rejected with the file's name."""

import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from labkit.audit.counts import count
from labkit.audit.files._columns import Wanted, working_folder
from labkit.audit.files._parquet import open_folder
from labkit.audit.files.logs import count_file_scores, count_folder, count_folder_scores
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import count_scores
from labkit.errors import DataWarning
from tests.audit.test_logs import OPTIONS

NAMES = {"label": "y", "prediction": "yhat"}


def people(n=400):
    """Make a table of decisions and scores."""
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "race": rng.choice(["blue, light", "it's red", "grün"], n),
            "site": rng.choice([3, 20, 100], n),
            "y": rng.integers(0, 2, n),
            "yhat": rng.random(n) < 0.4,
            "score": rng.random(n),
        }
    )


def in_parts(frame, folder, change=lambda part, number: part):
    """Write a table as three files, one of them deeper than the others."""
    for number, name in enumerate(("a.parquet", "b.PQ", "more/c.snappy.parquet")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        change(frame[number::3], number).to_parquet(folder / name)


LAYOUTS = {
    "parts": in_parts,
    "types": lambda frame, folder: in_parts(
        frame, folder, lambda part, number: part.astype({"y": ["int8", "float64", "uint16"][number]})
    ),
    "categories": lambda frame, folder: in_parts(
        frame, folder, lambda part, number: part.astype({"race": ["category", "str", "object"][number]})
    ),
    "text": lambda frame, folder: in_parts(
        frame.assign(y=frame["y"].map({0: "0.0", 1: "1"}), yhat=frame["yhat"].map({True: "True", False: "false"})),
        folder,
    ),
    "other columns": lambda frame, folder: in_parts(
        frame, folder, lambda part, number: part.assign(**{f"only {number}": 1})[part.columns[::-1].tolist()]
    ),
    "by race": lambda frame, folder: frame.to_parquet(folder, partition_cols=["race"]),
    "by site and label": lambda frame, folder: frame.to_parquet(folder, partition_cols=["site", "y"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("sensitive", ["race", "site", ["site", "race"]], ids=str)
def test_folders_are_counted_as_the_table_is(layout, sensitive, tmp_path):
    """Several files, several types, partitions in the path: the counts and groups of the table."""
    frame, seen = people(), []
    LAYOUTS[layout](frame, tmp_path)
    found = count_folder(tmp_path, **NAMES, sensitive=sensitive, progress=seen.append)
    expected = count(frame, **NAMES, sensitive=sensitive)
    assert found == expected and found.groups.tolist() == expected.groups.tolist()
    assert seen == [len(frame)]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_rows_stand_for_people_in_folders(options, tmp_path):
    """Counts, weights, persons and thresholds are those of the table; partitions may hold the label."""
    frame = people().assign(id=lambda each: each["race"].str[-1] + (each.index % 70).astype(str))
    frame["w"] = frame["score"] * 2
    frame.to_parquet(tmp_path, partition_cols=["y"])
    found = count_folder(tmp_path, **{"label": "y", **options}, sensitive="race")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # identifiers are seen in frames only
        assert found == count(frame, **{"label": "y", **options}, sensitive="race")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("part[1].parquet", "part1.parquet"),
        ("p*.parquet", "pq.parquet"),
        ("p?.parquet", "pq.parquet"),
        ("**.parquet", "pq.parquet"),
        ("[!x].parquet", "a.parquet"),
        ("[[a]].parquet", "a.parquet"),
        ("q{a,b}.parquet", "qa.parquet"),
        ("it's.parquet", "its.parquet"),
    ],
)
@pytest.mark.parametrize("deep", [False, True], ids=["file", "folder"])
def test_names_are_not_patterns(name, other, deep, tmp_path):
    """A file or folder whose name could be read as a pattern is counted itself, once, and no other one for it."""
    frame = people(300)
    for place, part in ((name, frame[:100]), (other, frame[100:])):
        file = tmp_path / "log" / place.removesuffix(".parquet") / "part.parquet" if deep else tmp_path / "log" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        part.to_parquet(file)
    assert count_folder(tmp_path / "log", **NAMES, sensitive="race") == count(frame, **NAMES, sensitive="race")
    if deep:
        found = count_folder(tmp_path / "log" / name.removesuffix(".parquet"), **NAMES, sensitive="race")
        assert found == count(frame[:100], **NAMES, sensitive="race")


def test_as_many_rows_are_counted_as_the_files_hold(tmp_path, monkeypatch):
    """Whatever makes DuckDB read other files than those that were checked: it is an error, never a result."""
    in_parts(people(), tmp_path / "log")
    monkeypatch.setattr("labkit.audit.files._parquet.escape_pattern", lambda file: str(file.parent / "*.parquet"))
    with pytest.raises(ValueError, match=r"DuckDB counted [\d,]+ rows in the folder .*, whose files hold 400"):
        count_folder(tmp_path / "log", **NAMES, sensitive="race")


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        (["y", "yhat", "race", "Race"], "race", "'a.parquet' in 'log' has the columns 'race', 'Race', which DuckDB"),
        (["y", "yhat", "race", "Y"], "race", "'a.parquet' in 'log' has the columns 'y', 'Y', which DuckDB"),
        (["y", "yhat", "*", "race"], "*", "a column called '[*]', which DuckDB reads as all columns; rename it"),
    ],
)
def test_rejects_names_that_duckdb_confuses(columns, wanted, message, tmp_path):
    """DuckDB ignores case and has a meaning for the star: it would count another column than the one named."""
    (tmp_path / "log").mkdir()
    pd.DataFrame(np.arange(80).reshape(20, 4) % 2, columns=columns).to_parquet(tmp_path / "log" / "a.parquet")
    with pytest.raises(ValueError, match=message):
        count_folder(tmp_path / "log", **NAMES, sensitive=wanted)


def test_rejects_names_that_differ_between_files_by_case(tmp_path):
    """One file has the column, another has it in capitals beside it."""
    in_parts(people(), tmp_path / "log", lambda part, number: part.assign(**{"RACE": 1} if number == 2 else {}))
    with pytest.raises(ValueError, match="has the columns 'race', 'RACE'"):
        count_folder(tmp_path / "log", **NAMES, sensitive="race")


def test_folders_above_the_folder_are_not_partitions(tmp_path):
    """A folder above named `race=red` would give everybody that value; where that can happen it is an error."""
    frame = people()
    folder = tmp_path / "race=red" / "log"
    folder.parent.mkdir()
    frame.to_parquet(folder, partition_cols=["site"])
    with pytest.raises(ValueError, match="the folder 'log' has partitions and lies in 'race=red'.* column 'race'"):
        count_folder(folder, **NAMES, sensitive=["race", "site"])
    assert count_folder(folder, **NAMES, sensitive="race") == count(frame, **NAMES, sensitive="race")
    in_parts(frame, tmp_path / "race=blue" / "flat")
    found = count_folder(tmp_path / "race=blue" / "flat", **NAMES, sensitive="race")
    assert found == count(frame, **NAMES, sensitive="race")


def test_scores_of_folders_and_files_are_those_of_the_table(tmp_path):
    """Parts in Parquet, one CSV and one Parquet file give the histogram of the table."""
    frame = people()
    expected = count_scores(frame, label="y", score="score", sensitive="site")
    in_parts(frame, tmp_path / "log")
    frame.to_csv(tmp_path / "log.csv")
    frame.to_parquet(tmp_path / "log.parquet")
    options = {"label": "y", "score": "score", "sensitive": "site"}
    assert count_folder_scores(tmp_path / "log", **options) == expected
    for name in ("log.csv", "log.parquet"):
        assert count_file_scores(tmp_path / name, **options) == expected


def test_nothing_is_read_before_it_is_asked_for(tmp_path):
    """Opening a folder reads no row: where data is overwritten and the footer left, only counting fails, by name."""
    frame = people(20_000)
    frame.to_parquet(tmp_path / "a.parquet")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[4:-20_000] = bytes(len(content) - 20_004)
    (tmp_path / "a.parquet").write_bytes(content)
    with working_folder() as (connection, _):
        table = open_folder(tmp_path, Wanted(Roles("y", "yhat", ("race",))), connection)
        assert table.rows.columns == ["y", "yhat", "race"] and table.texts == [] and table.number == 20_000
    with pytest.raises(
        ValueError, match=f"DuckDB cannot read the folder .*{tmp_path.name}': .*; write its files again"
    ):
        count_folder(tmp_path, **NAMES, sensitive="race")


def test_what_writers_leave_behind_is_not_data(tmp_path):
    """Hidden files and those of writers (`_temporary`, `.crc`) are left out."""
    frame = people()
    in_parts(frame, tmp_path)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".a.parquet.crc").touch()
    for name in ("_temporary/x.parquet", ".hidden/x.parquet", "_metadata.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"no Parquet")
    assert count_folder(tmp_path, **NAMES, sensitive="race") == count(frame, **NAMES, sensitive="race")


def test_postal_codes_in_paths_keep_their_zeros(tmp_path):
    """A partition is named by text; only whole numbers become numbers."""
    frame = people().assign(site=lambda rows: np.where(rows["y"] == 1, "02139", "94110"))
    frame.to_parquet(tmp_path, partition_cols=["site"])
    assert count_folder(tmp_path, **NAMES, sensitive="site").groups.tolist() == ["02139", "94110"]


def test_a_partition_without_a_value_is_a_missing_group(tmp_path):
    """What Hive calls its default partition is a missing value, not a group of that name."""
    in_parts(people(), tmp_path / "race=__HIVE_DEFAULT_PARTITION__", lambda part, _: part.drop(columns="race"))
    in_parts(people(), tmp_path / "race=red", lambda part, _: part.drop(columns="race"))
    with pytest.raises(ValueError, match="'race' is missing for 400 people"):
        count_folder(tmp_path, **NAMES, sensitive="race")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda part, n: part.drop(columns=["race"] * (n == 1)), "'a.parquet' has a column 'race' and 'b.PQ' has none"),
        (lambda part, n: part.drop(columns=["race"] * (n == 0)), "'b.PQ' has a column 'race' and 'a.parquet' has none"),
        (lambda part, n: part.astype({"y": "str" if n == 2 else int}), "'y' holds numbers in 'a.parquet' and text in"),
        (lambda part, n: part.rename(columns={"race": "Race"}), "unknown column 'race': log has no such.*'Race'"),
        (lambda part, n: part.assign(yhat="perhaps"), "column 'yhat' must hold 0 and 1, true and.*'perhaps'"),
        (lambda part, n: part.assign(yhat=0.4), "column 'yhat' must hold 0 and 1.*0.4"),
        (lambda part, n: part.assign(yhat=None).astype({"yhat": "str"}), "column 'yhat'.*missing"),
        (lambda part, n: part.assign(race="red"), "one single group"),
        (lambda part, n: part[:0], "is empty"),
    ],
)  # fmt: skip
def test_rejects_folders_with_the_remedy(change, message, tmp_path):
    """The message names the file, the column or the value that is wrong."""
    in_parts(people(), tmp_path / "log", change)
    with pytest.raises(ValueError, match=message):
        count_folder(tmp_path / "log", **NAMES, sensitive="race").audit()


def test_rejects_a_folder_without_parquet(tmp_path):
    """A folder of CSV files is not a folder of Parquet files; the files that it holds are named."""
    with pytest.raises(ValueError, match=r"holds no Parquet file \(.parquet or .pq\); name a folder that does"):
        count_folder(tmp_path, **NAMES, sensitive="race")
    people().to_csv(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"no Parquet file \(.parquet or .pq\) but 'a.csv'; name one of these files"):
        count_folder(tmp_path, **NAMES, sensitive="race")


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    """It need not be written again; root may read everything, so that the system's answer is made up here."""
    in_parts(people(), tmp_path / "log")
    real = pyarrow.parquet.ParquetFile

    def refuse(file):
        if file.name == "b.PQ":
            raise PermissionError(13, "Permission denied")
        return real(file)

    monkeypatch.setattr(pyarrow.parquet, "ParquetFile", refuse)
    with pytest.raises(ValueError, match="you may not read 'b.PQ' in 'log'; ask its owner"):
        count_folder(tmp_path / "log", **NAMES, sensitive="race")


def test_rejects_a_broken_file_by_name(tmp_path):
    """A copy that stopped half-way is an error, never a smaller log."""
    in_parts(people(), tmp_path / "log")
    content = (tmp_path / "log" / "b.PQ").read_bytes()
    (tmp_path / "log" / "b.PQ").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="cannot read 'b.PQ' in 'log' as Parquet.*write it again"):
        count_folder(tmp_path / "log", **NAMES, sensitive="race")
