"""Files of other formats and encodings are counted as a CSV is; what cannot be read is known by its first bytes."""

import bz2
import gzip
import json
import lzma
import os
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from labkit.audit.command.run import audit_file
from labkit.audit.files import _columns, _delimited, kinds
from labkit.audit.files.logs import count_file
from labkit.errors import DataWarning, UserError

NAMES = {"label": "y", "prediction": "yhat", "sensitive": "race"}
ROWS = [[0, True, "NA"], [1, False, "blé"], [1, True, "blé"], [0, True, "中"]]
TEXT = "y,yhat,race\n" + "".join(f'{y},{yhat},"{race}"\n' for y, yhat, race in ROWS)
SIZES = {"NA": 1, "blé": 2, "中": 1}


def frame():
    """Return the rows as a table."""
    return pd.DataFrame(ROWS, columns=["y", "yhat", "race"])


def sizes(path, **options):
    """Return the sizes of the groups in a file."""
    counts = count_file(path, **{**NAMES, **options})
    return dict(zip(counts.groups.tolist(), counts.sizes.tolist(), strict=True))


def zipped(path, files):
    """Write an archive of files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def write_xlsx(path, sheets):
    """Write a workbook with the fewest parts that Excel needs; numbers, booleans and text in its cells."""
    kinds = {str: ("inlineStr", "<is><t>{}</t></is>"), bool: ("b", "<v>{:d}</v>"), int: ("n", "<v>{}</v>")}
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    links = "".join(
        f'<Relationship Id="r{n}" Type="{kind}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"></Types>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{kind}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{kind}"><sheets>{names}</sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>'
        )
        for n, rows in enumerate(sheets.values(), 1):
            cells = ""
            for place, row in enumerate(rows, 1):
                written = [
                    f'<c r="{chr(65 + column)}{place}" t="{kinds[type(value)][0]}">'
                    f"{kinds[type(value)][1].format(value)}</c>"
                    for column, value in enumerate(row)
                    if value is not None
                ]
                cells += f'<row r="{place}">{"".join(written)}</row>'
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'
            )


SHEET = [["y", "yhat", "race"], *ROWS]
WRITERS = {
    "utf-8": lambda path: path.write_text(TEXT, encoding="utf-8-sig"),
    "utf-16": lambda path: path.write_text(TEXT, encoding="utf-16"),
    "utf-16-be": lambda path: path.write_bytes(b"\xfe\xff" + TEXT.encode("utf-16-be")),
    "utf-16 without a mark": lambda path: path.write_text(TEXT[:12] + 9 * " , \n" + TEXT[12:], encoding="utf-16-le"),
    "utf-32": lambda path: path.write_text(TEXT, encoding="utf-32"),
    "gzip": lambda path: path.write_bytes(gzip.compress(TEXT.encode())),
    "two gzips": lambda path: path.write_bytes(gzip.compress(TEXT[:20].encode()) + gzip.compress(TEXT[20:].encode())),
    "bzip2": lambda path: path.write_bytes(bz2.compress(TEXT.encode("utf-16"))),
    "xz": lambda path: path.write_bytes(lzma.compress(TEXT.encode())),
    "zip": lambda path: zipped(path, {"data/log.csv": TEXT, "__MACOSX/log.csv": "x"}),
    "zip of gzip": lambda path: zipped(path, {"log.csv": gzip.compress(TEXT.encode())}),
    "parquet": lambda path: frame().to_parquet(path),
    "feather": lambda path: frame().to_feather(path),
    "excel": lambda path: write_xlsx(path, {"Tabelle1": SHEET}),
    "json lines": lambda path: path.write_text(frame().to_json(orient="records", lines=True)),
    "json": lambda path: path.write_text(json.dumps(frame().to_dict("records"), indent=1)),
}  # fmt: skip


@pytest.mark.parametrize("name", ["log.csv", "log.dat", "log"])
@pytest.mark.parametrize("kind", WRITERS)
def test_the_first_bytes_say_what_a_file_is(kind, name, tmp_path):
    """Whatever its name; the counts are those of the table."""
    WRITERS[kind](tmp_path / name)
    if kind == "utf-16 without a mark":
        with pytest.warns(DataWarning, match="has 9 rows without any value"):
            assert sizes(tmp_path / name) == SIZES
        return
    assert sizes(tmp_path / name) == SIZES


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (
            "y,yhat,race\n0,1,grün\n1,1,–\n".encode("cp1252"),
            r"is not UTF-8 \(first in line 2\) and was read as Windows-12",
        ),
        ("y,yhat,grün,race\n0,1,x,grün\n1,1,x,–\n".encode("cp1252"), r"is not UTF-8 \(first in line 1\)"),
    ],
)
def test_text_of_windows_is_decoded_and_said(content, note, tmp_path):
    """The names are right, and whoever used another encoding can see why they look wrong."""
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.warns(DataWarning, match=note):
        assert sizes(tmp_path / "log.csv") == {"grün": 1, "–": 1}


def test_wrong_bytes_in_utf_8_are_named(tmp_path):
    """They do not turn all other letters into those of Windows."""
    rows = ["y,yhat,race\n", *["0,1,grün\n"] * 50, "1,1,blau\n"]
    (tmp_path / "log.csv").write_bytes("".join(rows).encode() + b"1,1,gr\xfcn\n")
    with pytest.warns(DataWarning, match="is UTF-8 except for some bytes, first in line 53, .* read as �"):
        assert sizes(tmp_path / "log.csv") == {"blau": 1, "grün": 50, "gr�n": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: it has 0 bytes; export or download it again"),
        (b"<!DOCTYPE html>\n<html><body>Log in</body></html>", "a page of the web and no table .*asks to log in"),
        (b"\n<html><head>", "a page of the web"),
        (b"%PDF-1.7\n...", "is a PDF document, whatever its name; save its table as CSV"),
        (b"SQLite format 3\x00", "is a SQLite database"),
        (b"7z\xbc\xaf\x27\x1c\x00", "is a 7z archive.*unpack it first"),
        (b"\x28\xb5\x2f\xfd\x00", "compressed with zstd"),
        (b"x" * 257 + b"ustar" + b"x" * 300, r"archive of several files \(tar\)"),
        (bytes(range(256)) * 9, "is no table that is read here; save it as one of these: CSV"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "packed with gzip and broken .*; copy or download it again"),
        (lzma.compress(TEXT.encode())[:-9], "packed with xz and broken"),
        (b"PK\x03\x04" + b"x" * 99, "packed with zip and broken"),
        (b"PAR1" + b"x\x00" * 99, "cannot read 'log.csv' as Parquet"),
        (b"ARROW1" + b"x\x00" * 99, "cannot read 'log.csv' as Feather"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "cannot read 'log.csv' as a workbook"),
        (b'{"y": 0, "yhat": 1, "race": "a"}\n{"y": ', "cannot read 'log.csv' as JSON"),
        (b'{"data": [{"y": 0}]}', "unknown column 'y': log.csv has no such column; it has data"),
        (
            b'{"y": 0, "yhat": 7, "race": "a"}\n',
            "'yhat' must hold 0 and 1, true and false, or yes and no, but it has '7'",
        ),
        (b'{"y": 0, "yhat": 1, "race": null}\n', "'race' is missing for 1 people"),
        (b'[{"y": 0}, 3]', "holds 3 where an object is expected"),
    ],
)
def test_what_is_no_table_is_said(content, message, tmp_path):
    """With what to do about it, in one sentence."""
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        sizes(tmp_path / "log.csv")


@pytest.mark.parametrize("name", ["PAR1", "ARROW1", "ORCID", "FEA1", "RDX", "BZh9", "#id", "<html"])
def test_names_of_columns_are_no_magic(name, tmp_path):
    """A CSV may begin with the same letters as another format, or with a mark of comments."""
    rows = TEXT.splitlines()
    rows = [f"{first},{row}" for first, row in zip([name, "#1", "2", "<html>", "4"], rows, strict=True)]
    (tmp_path / "log.csv").write_text("\n".join(rows).replace("<html,", "a <html,"))
    assert sizes(tmp_path / "log.csv") == SIZES


def test_archives_of_several_files_name_them(tmp_path):
    """Nobody can guess which one is meant."""
    zipped(tmp_path / "log.zip", {"a.csv": TEXT, "b.csv": TEXT})
    with pytest.raises(UserError, match="'log.zip' holds 2 files, 'a.csv', 'b.csv'; unpack it"):
        sizes(tmp_path / "log.zip")
    (tmp_path / "log.csv").write_bytes(gzip.compress(gzip.compress(gzip.compress(TEXT.encode()))))
    with pytest.raises(UserError, match="is packed more than 2 times"):
        sizes(tmp_path / "log.csv")


def test_sheets_are_named_where_there_are_several(tmp_path):
    """``--sheet`` chooses one; titles are left out, empty cells are missing, and rows are counted as Excel does."""
    bad = [["Decisions", None, None], [None, None, None], *SHEET, [0, 7, "blé"]]
    write_xlsx(tmp_path / "log.xlsx", {"Notes": [["x"]], "März": SHEET, "bad": bad, "gaps": [*SHEET, [0, 1, None]]})
    asked = "y, yhat, race are the names of columns in 'März', 'bad', 'gaps': name one of them with sheet="
    with pytest.raises(UserError, match=f"the sheets 'Notes', 'März', 'bad', 'gaps'; {asked}"):
        sizes(tmp_path / "log.xlsx")
    assert sizes(tmp_path / "log.xlsx", sheet="März") == SIZES
    with pytest.raises(UserError, match="has no sheet 'Maerz' but the sheets 'Notes', 'März'"):
        sizes(tmp_path / "log.xlsx", sheet="Maerz")
    with pytest.raises(UserError, match="'yhat' must hold .* it has '7' in row 8"):
        sizes(tmp_path / "log.xlsx", sheet="bad")
    with pytest.raises(UserError, match="'race' is missing for 1 people.*first in row 6"):
        sizes(tmp_path / "log.xlsx", sheet="gaps")
    (tmp_path / "log.csv").write_text(TEXT)
    with pytest.raises(UserError, match="the sheet 'Notes' of 'log.xlsx' does not have all columns; .* in 'März', "):
        sizes(tmp_path / "log.xlsx", sheet="Notes")
    with pytest.raises(UserError, match="'log.csv' has no sheets: sheet='März'"):
        sizes(tmp_path / "log.csv", sheet="März")


def test_a_sheet_is_suggested_where_it_alone_has_the_columns(tmp_path):
    """Where no sheet was named, one that is not there, or the wrong one; where none has them, nothing is suggested."""
    path = tmp_path / "log.xlsx"
    below_titles = [["Decisions", None, None], [None, None, None], *SHEET]
    write_xlsx(path, {"Notes": [["x"]], "März": below_titles, "other": [["y", "race"], [1, 2]]})
    for sheet in (None, "April", "Notes", "other"):
        with pytest.raises(UserError, match="y, yhat, race are the names of columns in 'März': pass sheet='März'"):
            sizes(path, sheet=sheet)
    write_xlsx(path, {"Notes": [["x"]], "other": [["y", "race"], [1, 2]]})
    with pytest.raises(UserError, match="the sheets 'Notes', 'other'; name the one that holds the table with sheet="):
        sizes(path)
    with pytest.raises(UserError, match="unknown column 'yhat': log.xlsx has no such column"):
        sizes(path, sheet="other")


def test_categories_in_feather_are_declared(tmp_path):
    """In their order, with a warning on those without rows."""
    chosen = pd.Categorical(["low", "high", "low"], categories=["low", "medium", "high"], ordered=True)
    pd.DataFrame({"y": [0, 1, 0], "yhat": [1, 1, 0], "race": chosen}).to_feather(tmp_path / "log.feather")
    with pytest.warns(DataWarning, match="category 'medium' of column 'race' has no rows"):
        assert list(sizes(tmp_path / "log.feather")) == ["low", "high"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("https://example.org/log.csv", "'https://example.org/log.csv' is an address; download the file first"),
        ("s3://bucket/log.csv", "'s3://bucket/log.csv' is an address"),
        ("*.csv", "patterns are not read: name one file, or a folder of Parquet files"),
        ("~/log.csv", "write the path of your home folder"),
        ("lag.csv", "did you mean 'log.csv'"),
        ("link.csv", "the link leads to 'gone.csv', which does not exist"),
        ("none/log.csv", "the folder 'none' does not exist either"),
    ],
)
def test_paths_that_are_no_files_get_a_sentence(path, message, tmp_path, monkeypatch):
    """What was meant, and how to say it."""
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text(TEXT)
    os.symlink("gone.csv", "link.csv")
    with pytest.raises((UserError, FileNotFoundError), match=message):
        sizes(path)


def test_files_that_may_not_be_read_get_a_sentence(tmp_path, monkeypatch):
    """Root may read everything, so that the system's answer is made up here."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "log.csv").write_text(TEXT)
    monkeypatch.setattr(kinds, "open", refuse, raising=False)
    with pytest.raises(UserError, match="you may not read '.*log.csv'; ask its owner"):
        sizes(tmp_path / "log.csv")


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_copies_are_removed_also_when_somebody_stops_the_audit(ending, tmp_path, monkeypatch):
    """Whether Python or DuckDB was at work."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()

    def stop(*_):
        assert list((tmp_path / "copies").glob("*/unpacked-0"))
        raise ending

    monkeypatch.setattr(_delimited, "run_steps", stop)
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    with pytest.raises(KeyboardInterrupt):
        sizes(tmp_path / "log.csv.gz")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_full_disk_gets_a_sentence(tmp_path, monkeypatch):
    """Where copies are unpacked."""

    def fill(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_delimited, "run_steps", fill)
    (tmp_path / "log.csv").write_text(TEXT)
    with pytest.raises(UserError, match="the disk is full where copies are unpacked, .*; set TMPDIR to another one"):
        sizes(tmp_path / "log.csv")


def test_duckdb_is_silent_and_needs_no_network():
    """No progress bar in the terminal, and no extension is looked for."""
    with _columns.working_folder() as (connection, folder):
        names = ("enable_progress_bar", "autoinstall_known_extensions", "autoload_known_extensions", "temp_directory")
        values = [connection.sql(f"SELECT current_setting('{name}')").fetchall()[0][0] for name in names]
    assert values == [False, False, False, str(folder / "spill")] and not folder.exists()


def test_the_command_takes_sheets_and_decimal_marks(tmp_path, monkeypatch):
    """Its output is named after the file, without its ending."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("labkit.audit.command.steps.write_page", lambda *_, **__: "")
    rows = [["y", "s", "race"], *([n % 2, f"0,{n}", "ab"[n % 2]] for n in range(1, 9))]
    write_xlsx("log.v2.xlsx", {"one": [["x"]], "two": rows})
    options = {"label": "y", "sensitive": "race", "score": "s", "threshold": 0.5, "sheet": "two", "decimal": ","}
    assert audit_file("log.v2.xlsx", **options).by_group["n"].tolist() == [4, 4]
    assert (tmp_path / "log.v2-audit-race" / "counts.csv").exists()


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.csv", ".csv"),
        ("a.CSV.gz", ".CSV.gz"),
        ("a.b", ""),
        ("a.csv.zip", ".csv.zip"),
        (".csv", ""),
        ("a.zip", ".zip"),
    ],
)
def test_the_ending_of_a_name(name, ending):
    """As it is written."""
    assert kinds.file_ending(Path(name)) == ending
