"""What an audit writes: whole or not at all, and safe to open in a spreadsheet."""

import io
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from labkit.audit.command._output import table_as_csv, write_whole
from labkit.errors import UserError

resource = pytest.importorskip("resource", reason="limits on files are those of Unix")


@contextmanager
def room_for(size):
    """Let no file grow beyond a number of bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_former_files(tmp_path):
    """The error names the file and the remedy; the files of an earlier audit stay, and nothing half-written."""
    write_whole(tmp_path, {"audit.html": b"former page", "counts.csv": b"former counts"})
    with room_for(1000), pytest.raises(UserError, match=rf"cannot write '{tmp_path}/counts.csv': .*--output"):
        write_whole(tmp_path, {"audit.html": b"new page", "counts.csv": bytes(2000)})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "audit.html": b"former page",
        "counts.csv": b"former counts",
    }


def test_a_folder_in_the_place_of_a_file_is_an_error(tmp_path):
    """It is named, and nothing is left beside it."""
    (tmp_path / "audit.html").mkdir()
    with pytest.raises(UserError, match=r"cannot write '.*audit.html': "):
        write_whole(tmp_path, {"audit.html": b"page"})
    assert [path.name for path in tmp_path.iterdir()] == ["audit.html"]


def read(written, **options):
    """Read a CSV as text."""
    return pd.read_csv(io.BytesIO(written), dtype=str, keep_default_na=False, **options)


FORMULAS = ["=HYPERLINK(A1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\uff1d1", "=1\n+2"]


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_get_an_apostrophe(name):
    """As group, as part of an intersection, and as name of a column; `raw` leaves them."""
    single = pd.DataFrame({"tn": [1]}, index=pd.Index([name], name=name))
    both = pd.DataFrame({"tn": [1]}, index=pd.MultiIndex.from_tuples([("a", name)], names=["sex", name]))
    for table in (single, both):
        safe = read(table_as_csv(table))
        assert safe.columns[-2] == safe.iloc[0, -2] == f"'{name}"
        assert table_as_csv(table, raw=True).decode() == table.to_csv()


def test_other_names_are_written_as_they_are():
    """Numbers, negative ones too, words, and signs inside of a name."""
    index = pd.MultiIndex.from_product(
        [[-1, 20], ["-1", "+2.5", "a=b", "O'Neil", "grün, light"]], names=["site", "x-y"]
    )
    table = pd.DataFrame({"tn": np.arange(len(index))}, index=index)
    assert table_as_csv(table).decode() == table.to_csv()


@pytest.mark.parametrize("mark", [";", "\t", "\r"])
def test_nothing_inside_of_a_name_starts_a_cell(mark):
    """Where spreadsheets separate cells by semicolons or tabs, and rows by returns, quotes keep a name together."""
    name = f"a{mark}=cmd()"
    written = table_as_csv(pd.DataFrame({"tn": [1]}, index=pd.Index([name], name=name))).decode()
    assert written.count(f'"{name}"') == 2
