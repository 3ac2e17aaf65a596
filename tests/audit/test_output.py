"""What an audit writes: whole or not at all, nothing of others in its place, and safe to open in a spreadsheet."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from labkit.audit.command._output import table_as_csv
from labkit.audit.command.folder import describe_earlier, name_folder, open_output
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


def write(folder, **contents):
    """Write files as an audit does: with a list of them."""
    contents = {name.replace("_", "."): content for name, content in contents.items()}
    listed = json.dumps({"format": "labkit audit", "files": [*contents, "audit.json"]}).encode()
    with open_output(folder) as output:
        return output.write(contents | {"audit.json": listed})


def read_folder(folder):
    """Return what is in a folder, without the list."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "audit.json"}


@pytest.fixture
def results(tmp_path):
    """A folder with the results of an audit and a file of the user's."""
    folder = tmp_path / "deep" / "results"
    assert write(folder, audit_html=b"former page", counts_csv=b"former counts") == ([], [])
    (folder / "notes.txt").write_bytes(b"mine")
    return folder


FORMER = {"audit.html": b"former page", "counts.csv": b"former counts", "notes.txt": b"mine"}


def test_only_what_an_audit_listed_is_replaced_or_removed(results):
    """Both are named; files of others stay, and nothing hidden is left beside them."""
    replaced, removed = write(results, audit_html=b"new page", scores_csv=b"new scores")
    assert (replaced, removed) == (["audit.html", "audit.json"], ["counts.csv"])
    assert read_folder(results) == {"audit.html": b"new page", "scores.csv": b"new scores", "notes.txt": b"mine"}
    assert [path.name for path in results.parent.iterdir()] == ["results"]


@pytest.mark.parametrize(
    "listed",
    [None, b"{", b"[]", b'{"files": ["scores.csv"]}', b'{"format": "labkit audit", "files": ["notes.txt", "x/../y"]}'],
)
def test_files_that_no_audit_listed_stop_it_before_it_begins(results, listed):
    """Whatever their audit.json says: they may be somebody's work."""
    (results / "scores.csv").write_bytes(b"my scores")
    if listed is not None:
        (results / "audit.json").write_bytes(listed)
    before = read_folder(results)
    with pytest.raises(UserError, match="holds .*'scores.csv'.*, which no audit lists .*or choose another folder"):
        with open_output(results):
            pytest.fail("it began")
    assert read_folder(results) == before


def test_a_file_that_comes_during_the_count_is_not_overwritten(results):
    """The list is looked at again before files are moved."""
    with pytest.raises(UserError, match="holds 'scores.csv'"), open_output(results) as output:
        (results / "scores.csv").write_bytes(b"mine")
        output.write({"audit.html": b"new", "scores.csv": b"new", "audit.json": b"{}"})
    assert read_folder(results) == FORMER | {"scores.csv": b"mine"}


def test_a_full_disk_leaves_the_former_files(results):
    """The error names the file and the remedy; the files of an earlier audit stay, and nothing half-written."""
    with room_for(1000), pytest.raises(UserError, match=r"cannot write to '.*results/counts.csv': .*output="):
        write(results, audit_html=b"new page", counts_csv=bytes(2000))
    assert read_folder(results) == FORMER and len(list(results.iterdir())) == 4


def test_a_disk_without_room_is_found_before_the_count(results, monkeypatch):
    """With how much there is and how much it takes."""
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2_500_000))
    with pytest.raises(UserError, match="its disk has 2.5 MB left, and an audit needs 10 MB"), open_output(results):
        pytest.fail("it began")
    assert len(list(results.iterdir())) == 4


@pytest.mark.parametrize("broken", [1, 2, 3, 4, 5])
def test_a_move_that_fails_is_undone(results, broken, monkeypatch):
    """Whichever it is: the former files are all there, and no new one."""
    moves, replace = [], os.replace

    def fail_once(source, target):
        moves.append(target)
        if len(moves) == broken:
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr("os.replace", fail_once)
    with pytest.raises(UserError, match="cannot write to .*: Permission denied"):
        write(results, audit_html=b"new page", scores_csv=b"new scores")
    assert read_folder(results) == FORMER and (results / "audit.json").exists()


def test_ctrl_c_waits_until_files_are_in_place(results, monkeypatch, interruptible):
    """Half of the new files beside half of the old ones would be read as one audit."""
    replace = os.replace

    def interrupt(source, target):
        signal.raise_signal(signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(results, audit_html=b"new page", scores_csv=b"new scores")
    assert read_folder(results) == {"audit.html": b"new page", "scores.csv": b"new scores", "notes.txt": b"mine"}
    assert len(list(results.iterdir())) == 4 and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_during_the_count_leaves_no_trace(results, tmp_path):
    """Neither beside old results nor where there are none."""
    for folder in (results, tmp_path / "new" / "results"):
        with pytest.raises(KeyboardInterrupt), open_output(folder):
            raise KeyboardInterrupt
    assert read_folder(results) == FORMER and not (tmp_path / "new").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"deep"}


def test_two_audits_do_not_write_to_one_folder(results, tmp_path):
    """The second is told at once, whether the folder exists yet and however it is written; others may go on."""
    for folder in (results, tmp_path / "new"):
        with open_output(folder):
            with pytest.raises(UserError, match="another audit is writing to the folder"):
                with open_output(folder.parent / "." / folder.name / ".." / folder.name):
                    pytest.fail("it began")
            with open_output(tmp_path / "other"):
                pass
        with open_output(folder):
            pass


KILLED = """
import os, sys
from labkit.audit.command.folder import open_output
with open_output(sys.argv[1]) as output:
    print(output.waiting, flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_audit_left_is_removed_and_that_of_a_running_one_is_not(tmp_path):
    """Both write into folders that do not exist yet, so that they wait in the same place."""
    started = []
    for name in ("killed", "running"):
        command = [sys.executable, "-c", KILLED, str(tmp_path / name)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    killed, running = started
    waiting = [Path(each.stdout.readline().strip()) for each in started]
    (tmp_path / ".labkit-audit-mine").mkdir()
    killed.communicate("end\n")
    assert all(path.is_dir() for path in waiting)
    with open_output(tmp_path / "next"):
        assert [path.is_dir() for path in waiting] == [False, True]
    running.communicate("end\n")
    with open_output(tmp_path / "next"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".labkit-audit-mine"]


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (["sex"], "loans-audit-sex"),
        (["sex", "age group"], "loans-audit-sex-age_group"),
        (["../../etc", "a\x00b\nc"], "loans-audit-etc-a_b_c"),
        (["性别", "...", "Größe (cm)"], "loans-audit-性别-column-Größe_cm"),
        (["ß" * 200], "loans-audit-" + "ß" * 60),
    ],
)
def test_the_folder_is_named_by_file_and_groups(columns, name, tmp_path):
    """In characters that every file system takes, and no longer than it takes."""
    assert name_folder("loans", columns) == name
    (tmp_path / name).mkdir()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"provenance": {"source": "a.csv", "date": "2026-01-31T10:20:30+00:00"}, "columns": ["sex", "age"]},
         "'a.csv' by sex, age from 2026-01-31 10:20 UTC"),
        ({"provenance": {"source": "a.csv"}}, "'a.csv'"),
        ({"provenance": ["a.csv"]}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_an_earlier_audit_is_described_as_far_as_it_says(written, said, tmp_path):
    """Its file, its groups and its date; nothing where they are missing."""
    (tmp_path / "audit.json").write_text(json.dumps({"format": "labkit audit", "files": []} | written))
    assert describe_earlier(tmp_path) == said and describe_earlier(tmp_path / "none") == ""


def test_without_a_place_for_locks_results_are_written(results, monkeypatch):
    """The folder of temporary files may be gone or full."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(results / "notes.txt"))
    assert write(results, audit_html=b"new page")[0] == ["audit.html", "audit.json"]


@pytest.mark.parametrize("place", ["file", "file/inside/deep"])
def test_a_file_in_the_place_of_the_folder_is_named(place, tmp_path):
    """Before anything is counted."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="cannot write to the output folder .*file' is no folder; choose another"):
        with open_output(tmp_path / place):
            pytest.fail("it began")


def test_a_folder_that_may_not_be_written_to_is_found_before_the_count(tmp_path, monkeypatch):
    """As its owner set it, or as its disk is mounted."""

    def refuse(**options):
        raise PermissionError(13, "Permission denied", str(options["dir"]))

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(UserError, match="cannot write to .*: Permission denied"), open_output(tmp_path / "out"):
        pytest.fail("it began")


def test_a_folder_in_the_place_of_a_file_is_not_removed(results):
    """Also where an earlier audit listed the name."""
    (results / "audit.html").unlink()
    (results / "audit.html").mkdir()
    (results / "audit.html" / "mine").write_text("mine")
    with pytest.raises(UserError, match="holds 'audit.html'"), open_output(results):
        pytest.fail("it began")
    assert (results / "audit.html" / "mine").exists()


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
