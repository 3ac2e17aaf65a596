"""The commands `labkit log append`, `verify` and `repair`: what they print, exit statuses, and every bad input."""

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from labkit.cache import file_sha256
from labkit.course.cli import app
from labkit.records import hash_inputs, verify
from tests.records.test_log import read
from tests.records.test_log_crashes import say_full

README = Path(__file__).parents[2] / "README.md"
FILES = ["--model", "model.safetensors", "--data", "train.csv"]
CALL = [*FILES, "--decision", "approved", "--score", "score", "--threshold", "0.5", "--operator", "credit desk"]
PYTHON = re.compile(r"input_hash=|the frame|pandas|Traceback")  # words for people who write Python


def make_decisions(n=3_000):
    """Return decisions with two columns of inputs."""
    rng = np.random.default_rng(21)
    score = rng.random(n).round(3)
    table = {"age": rng.integers(18, 80, n), "postal_code": "08010", "score": score, "approved": (score >= 0.5) * 1}
    return pd.DataFrame(table)


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Return a function that runs the command in a new folder with decisions, a model, its data and a key."""
    monkeypatch.chdir(tmp_path)
    make_decisions().to_csv("decisions.csv", index=False)
    Path("model.safetensors").write_bytes(b"weights")
    Path("train.csv").write_bytes(b"age\n41\n")
    Path("inputs.key").write_bytes(bytes(range(32)))
    return lambda *arguments: CliRunner().invoke(app, ["log", *arguments])


def rejected(done):
    """Return the message of a call with bad input: exit status 1, nothing printed, no words of Python."""
    assert done.exit_code == 1 and done.stdout == "" and done.stderr.startswith("labkit: ")
    assert done.stderr.count("\n") == 1 and not PYTHON.search(done.stderr)
    return done.stderr


def test_the_example_of_the_readme_prints_what_it_shows(call):
    """Word for word: append, then turn one decision around, then verify."""
    section = README.read_text(encoding="utf-8").split("**Your decisions in a log.**")[1]
    lines, shown = re.search(r"```sh\n(.+?)\n```.*?```text\n(.+?)```", section, re.DOTALL).groups()
    (_, _, *append), (_, _, *check) = map(shlex.split, lines.splitlines())
    done = call(*append)
    assert (done.exit_code, done.stdout) == (0, "3,000 decisions appended to approvals.jsonl: entries 1 to 3,000\n")
    assert call(*check).exit_code == 0
    log = Path("approvals.jsonl").read_text().splitlines(keepends=True)
    decision = read("approvals.jsonl")[1_234]["decision"]
    log[1_234] = log[1_234].replace(f'"decision":{decision}', f'"decision":{1 - decision}')
    Path("approvals.jsonl").write_text("".join(log))
    done = call(*check)
    assert (done.exit_code, done.stdout) == (3, shown)


def test_entries_are_the_rows_of_the_file(call):
    """Checksums are those of the files; inputs are the other columns, as texts."""
    assert call("append", "log", "decisions.csv", *CALL).exit_code == 0
    first, frame = read("log")[1], make_decisions()
    row = frame.iloc[0]
    assert first["input"] == hash_inputs({"age": str(int(row["age"])), "postal_code": "08010"})
    assert first["model"] == file_sha256("model.safetensors") and first["data"] == file_sha256("train.csv")
    assert (first["score"], first["threshold"], first["operator"]) == (row["score"], 0.5, "credit desk")
    assert [entry["decision"] for entry in read("log")[1:]] == frame["approved"].tolist()
    done = call("append", "log", "decisions.csv", *CALL, "--from-row", "3000")
    assert done.stdout == "1 decision appended to log: entries 3,001 to 3,001\n"


def test_empty_fields_and_other_spellings(call):
    """A missing score is null, true is 1, an empty input and NA are two different texts."""
    Path("d.csv").write_text("\ufeffx;approved;score\nNA;true;\n;FALSE;1e-3\n", encoding="utf-8")
    assert call("append", "log", "d.csv", *FILES, *CALL[4:]).exit_code == 0
    entries = read("log")[1:]
    assert [(entry["decision"], entry["score"]) for entry in entries] == [(1, None), (0, 0.001)]
    assert [entry["input"] for entry in entries] == [hash_inputs({"x": "NA"}), hash_inputs({"x": ""})]


def test_hashes_can_be_given(call):
    """Other columns are then not looked at; a hash that is none is an error with its row."""
    frame = make_decisions(2).assign(h=["c" * 64, "d" * 64])
    frame.to_csv("d.csv", index=False)
    assert call("append", "log", "d.csv", *CALL, "--input-hash", "h").exit_code == 0
    assert [entry["input"] for entry in read("log")[1:]] == ["c" * 64, "d" * 64]
    frame.assign(h=["c" * 64, "41"]).to_csv("d.csv", index=False)
    assert "row 2: the hash of inputs is '41'" in rejected(call("append", "log", "d.csv", *CALL, "--input-hash", "h"))


def test_head_and_anchors_elsewhere(call):
    """In both commands; without them, verify says what it cannot know."""
    places = ["--head", "apart/head", "--anchors", "apart/anchors"]
    Path("apart").mkdir()
    assert call("append", "log", "decisions.csv", *CALL, *places).exit_code == 0
    assert call("verify", "log", *places).exit_code == 0
    done = call("verify", "log")
    assert done.exit_code == 3 and "head: the head" in done.stdout and "is missing" in done.stdout
    done = call("verify", "log", "--no-head", "--no-anchors")
    assert done.exit_code == 0 and "only a head shows" in done.stdout
    assert call("verify", "log", "--no-head", "--head", "apart/head").exit_code == 2
    assert "there is no file 'head'" in rejected(call("verify", "log", "--head", "head"))


def test_a_crash_and_a_repair(call):
    """Verify exits with 1, which can be fixed; append asks for a repair; then all is well, and says that."""
    assert call("append", "log", "decisions.csv", *CALL).exit_code == 0
    with open("log", "ab") as file:
        file.write(b'{"entry":{"data"')
    done = call("verify", "log")
    assert (
        done.exit_code == 1 and "no entry that was confirmed is missing; labkit log repair cuts it off" in done.stdout
    )
    assert "labkit log repair" in rejected(call("append", "log", "decisions.csv", *CALL))
    done = call("repair", "log", "--operator", "on call")
    said = "16 bytes of an incomplete line were cut off; entry 3,001 records that\n"
    assert (done.exit_code, done.stdout) == (0, said)
    assert call("repair", "log", "--operator", "on call").stdout == "nothing to repair\n"
    done = call("verify", "log")
    assert done.exit_code == 0 and "3,000 decisions and 1 repair: the chain is whole" in done.stdout
    Path("log.head").unlink()
    done = call("repair", "log", "--operator", "on call", "--rebuild")
    assert done.stdout == "head written again from the log; entry 3,002 records that\n"


def test_a_full_disk_and_the_rest_of_a_table(call, monkeypatch):
    """The message says how many rows are in the log."""
    from labkit.records.log import writing

    add, writes = writing.add_lines, []
    with monkeypatch.context() as patched:
        full = lambda *a, **o: writes.append(1) or (add(*a, **o) if len(writes) < 3 else say_full())  # noqa: E731
        patched.setattr(writing, "add_lines", full)
        message = rejected(call("append", "log", "decisions.csv", *CALL))
    assert "No space left on device; the first 2,000 of these 3,000 are in the log" in message
    assert call("append", "log", "decisions.csv", *CALL, "--from-row", "2001").exit_code == 0
    assert verify("log").ok and verify("log").decisions == 3_000


def test_two_calls_at_once(call, monkeypatch):
    """The second waits, and says so if that takes too long."""
    from labkit.records.log.writing import DecisionLog

    monkeypatch.setitem(DecisionLog.__init__.__kwdefaults__, "timeout", 0.05)
    with FileLock("log.lock"):
        assert "another program has written" in rejected(call("append", "log", "decisions.csv", *CALL))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; it needs a line with the names of columns"),
        ("age,approved,score\n", "has no decisions; give a row for each"),
        ("age,aproved,score\n41,1,0.7\n", "unknown column 'approved': the file has no such column; did you mean"),
        ("age,approved,score\n41,maybe,0.7\n", "holds 'maybe', first in row 1; decisions must be 0 or 1"),
        ("age,approved,score\n41,,0.7\n", "holds '', first in row 1"),
        ("age,approved,score\n41,1,0.7\n41,1,high\n", "row 2: column 'score' holds 'high'; scores must be numbers"),
        ("age,approved,score\n41,1,inf\n", "row 1: the score is inf; give a finite number"),
        ("approved,score\n1,0.7\n", "no columns but those of decisions; add the inputs, or name --input-hash"),
        ("age,age,approved,score\n41,1,1,0.7\n", "has 2 columns 'age'; rename all but one"),
        ("age,approved,score\n41,1,0.7,9\n", "is no table"),
    ],
)
def test_tables_that_cannot_be_appended(text, message, call):
    """One line each, with the row; no log is begun where the table is wrong."""
    Path("d.csv").write_text(text)
    assert re.search(message, rejected(call("append", "log", "d.csv", *CALL)))
    assert not Path("log").exists() or len(read("log")) == 1


def test_files_that_are_missing_or_something_else(call):
    """Each is named with its option."""
    for option in ("model", "data", "key"):
        message = rejected(call("append", "log", "decisions.csv", *CALL, f"--{option}", "nowhere"))
        assert f"--{option}: there is no file 'nowhere'" in message
    assert "there is no file 'nowhere'" in rejected(call("append", "log", "nowhere", *CALL))
    Path("short.key").write_bytes(b"abc\n")
    assert "the key is 4 bytes" in rejected(call("append", "log", "decisions.csv", *CALL, "--key", "short.key"))
    assert "--from-row is 3,001" in rejected(call("append", "log", "decisions.csv", *CALL, "--from-row", "3001"))
    assert call("append", "log", "decisions.csv").exit_code == 2
    assert "there is no log 'nowhere'" in rejected(call("verify", "nowhere"))
    assert "is not a decision log" in rejected(call("verify", "decisions.csv"))
    assert "does not begin with the header" in rejected(call("append", "train.csv", "decisions.csv", *CALL))
    assert "is a folder" in rejected(call("verify", "."))
    assert "there is no log" in rejected(call("repair", "nowhere", "--operator", "on call"))
    assert os.listdir() == [name for name in os.listdir() if name != "log"]


def test_names_cannot_steer_a_terminal(call):
    """Control characters are written as Python writes them."""
    done = call("append", "l\x1b[2Jog", "decisions.csv", *CALL)
    assert done.exit_code == 0 and "\x1b" not in done.stdout and r"l\x1b[2Jog" in done.stdout
