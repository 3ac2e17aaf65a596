"""What a reader of files can leave out is named: other files of a folder, and rows that a quotation mark swallowed."""

import gzip

import pandas as pd
import pytest

from labkit.audit.files.logs import count_file, count_folder
from labkit.errors import DataWarning, UserError

MONTHS = [f"2025-{month:02}.txt.zip" for month in range(1, 13)]
ROLES = {"label": "y", "prediction": "yhat", "sensitive": "sex"}


def rows(number):
    """Return the rows of a CSV as text, with a free text that is not counted."""
    return [f"{i % 2},{i % 3 % 2},{'fm'[i % 2]},note {i}" for i in range(number)]


def write(path, lines, *, end="\n"):
    """Write a CSV with a header, compressed by its name."""
    text = end.join(["y,yhat,sex,text", *lines, ""]).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz"])
def test_rows_that_a_quotation_mark_swallowed_are_noticed(tmp_path, name):
    """A mark that opens in row 10 and closes in row 30 makes one row of twenty-one."""
    lines = rows(40)
    lines[10], lines[30] = lines[10].replace("note", '"note'), lines[30] + '"'
    with pytest.warns(DataWarning, match=f"{name} has 20 rows on 40 lines: .* opens in line 12 and closes 21 lines on"):
        counts = count_file(write(tmp_path / name, lines), **ROLES)
    assert counts.cells.sum() == 20
    assert any("quotation mark" in line for line in counts.audit().warnings)


def test_swallowed_rows_are_noticed_in_a_file_that_had_to_be_repaired(tmp_path):
    """A row without values is left out with a note of its own, and does not hide the other one."""
    lines = rows(40)
    lines[10], lines[30] = lines[10].replace("note", '"note'), lines[30] + '"'
    with pytest.warns(DataWarning) as caught:
        counts = count_file(write(tmp_path / "log.csv", [*lines[:5], ",,,", *lines[5:]]), **ROLES)
    assert counts.cells.sum() == 20 and len(caught) == 2
    assert any("opens in line 13 and closes 21 lines on" in note for note in counts.notes)


def test_texts_with_line_breaks_are_not_suspected(tmp_path):
    """Nor are inches, and quotation marks in the middle of a value."""
    lines = [line.replace("note", '"a note\n\non two lines:') + '"' for line in rows(40)]
    lines += [line + ' of 5"' for line in rows(41)]
    assert count_file(write(tmp_path / "log.csv", lines), **ROLES).notes == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("change", [lambda lines: lines, lambda lines: [*lines[:9], "", *lines[9:], "", "  "]])
def test_files_with_a_row_in_each_line_are_not_suspected(tmp_path, end, change):
    """Whatever their line ends, and with blank lines between and after the rows."""
    kept = [line for line in change(rows(40)) if end != "\r" or line.strip()]
    if "  " in kept:  # blanks are a row for no reader of our columns
        kept.remove("  ")
    assert count_file(write(tmp_path / "log.csv", kept, end=end), **ROLES).notes == ()


@pytest.fixture
def folder(tmp_path):
    """A folder with a Parquet file, and files beside it that hold no data."""
    frame = pd.DataFrame({"y": [0, 1] * 20, "yhat": [0, 1, 1, 0] * 10, "sex": list("fm") * 20})
    frame.to_parquet(tmp_path / "january.parquet")
    for name in ("_SUCCESS", "_SUCCESS.csv", ".hidden.csv", ".january.parquet.crc", "README.md", "january.parquet.crc"):
        (tmp_path / name).write_text("y,yhat,sex\n")
    return tmp_path


def test_a_folder_of_two_formats_is_an_error_that_names_what_is_there(folder):
    """Counted in part, it would look as if it had been counted; hidden files do not matter."""
    (folder / "sub").mkdir()
    for name in ("sub/march.CSV", "february.csv.gz", *MONTHS):
        (folder / name).write_text("y,yhat,sex\n")
    match = (
        r"two formats: 1 Parquet file \('january.parquet'\) and 14 CSV files \(.*'2025-01.txt.zip'.* and 11 more\)\."
    )
    with pytest.raises(UserError, match=match) as caught:
        count_folder(folder, **ROLES)
    said = str(caught.value)
    assert "a pattern such as *.parquet is not taken" in said and "SUCCESS" not in said and "README" not in said


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.xlsx", "Excel"), ("a.jsonl", "JSON"), ("a.feather", "Feather"), ("a.zip", "ZIP"), ("readme_rows.csv", "CSV")],
)
def test_every_format_is_called_by_its_name(folder, name, kind):
    """Also archives of which nothing says what they hold."""
    (folder / name).write_bytes(b"x")
    with pytest.raises(UserError, match=rf"1 Parquet file .* and 1 {kind} file \('{name}'\)"):
        count_folder(folder, **ROLES)


def test_files_that_describe_the_data_are_named_and_no_error(folder):
    """They hold no decisions, and their endings are those of tables."""
    for name in ("README.txt", "schema.json", "Data-Dictionary.csv"):
        (folder / name).write_text("what the columns mean")
    with pytest.warns(DataWarning, match="only Parquet files were counted in") as caught:
        counts = count_folder(folder, **ROLES)
    assert counts.cells.sum() == 40 and len(caught) == 1
    assert counts.notes[0].endswith("which also holds 'Data-Dictionary.csv', 'README.txt', 'schema.json'")


def test_a_folder_of_parquet_alone_is_not_suspected(tmp_path):
    """Nothing was left out."""
    frame = pd.DataFrame({"y": [0, 1] * 20, "yhat": [0, 1, 1, 0] * 10, "sex": list("fm") * 20})
    frame.to_parquet(tmp_path / "january.parquet")
    assert count_folder(tmp_path, **ROLES).notes == ()
