"""Appending to a log of decisions: what an entry is, what is rejected, and two writers at once."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from labkit.errors import UserError
from labkit.records import DecisionLog, hash_inputs, verify
from labkit.records.log._entries import read_line
from tests.records.tamperings import change, entry_of, make_clock

FIXED = {"model": "a" * 64, "data": "b" * 64, "operator": "credit desk", "durable": False}
KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path):
    """Where a log may be begun."""
    return tmp_path / "log"


def open_log(path, **settings):
    """Open a log with the usual settings."""
    return DecisionLog(path, **{**FIXED, **settings})


def read(path):
    """Return the entries of a log."""
    return [entry_of(line) for line in Path(path).read_bytes().splitlines(True)]


# Entries


def test_an_entry_has_what_is_promised(path):
    """Number, hash before, hash of inputs, checksums, score, threshold, decision, time, operator; times are UTC."""
    zone = timezone(timedelta(hours=2))
    with open_log(path, clock=lambda: datetime(2026, 3, 2, 10, 0, 0, 7, zone)) as log:
        assert log.append({"age": 41}, decision=1, score=0.71, threshold=0.5) == 1
        assert log.append("c" * 64, decision=False) == 2
    header, first, second = read(path)
    assert header | {"log": ""} == {
        "format": "labkit decision log",
        "version": 1,
        "kind": "header",
        "log": "",
        "inputs": "sha256",
        "key": None,
        "sequence": 0,
        "previous": "0" * 64,
        "time": "2026-03-02T08:00:00.000007Z",
    }
    assert first | {"previous": "", "input": ""} == {
        "kind": "decision",
        "sequence": 1,
        "previous": "",
        "input": "",
        "model": "a" * 64,
        "data": "b" * 64,
        "operator": "credit desk",
        "score": 0.71,
        "threshold": 0.5,
        "decision": 1,
        "time": "2026-03-02T08:00:00.000007Z",
    }
    assert (second["input"], second["decision"], second["score"], second["threshold"]) == ("c" * 64, 0, None, None)


def test_the_chain_can_be_checked_by_hand(path):
    """With json and hashlib alone: each hash is that of the canonical entry, and the next entry names it."""
    with open_log(path, operator="Bürgeramt") as log:
        for score in (0.1, 1e-7, 1, -0.0):
            log.append({"score": score}, decision=1, score=score)
    previous = "0" * 64
    for number, line in enumerate(path.read_bytes().splitlines()):
        found = json.loads(line)
        text = json.dumps(found["entry"], sort_keys=True, separators=(",", ":"), allow_nan=False)
        assert found["entry"]["previous"] == previous and found["entry"]["sequence"] == number
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert found["hash"] == previous and line.decode() == f'{{"entry":{text},"hash":"{previous}"}}'
    head = json.loads(Path(f"{path}.head").read_bytes())
    assert (head["count"], head["hash"], head["size"]) == (4, previous, path.stat().st_size)


def test_people_are_not_in_the_log(path):
    """No value and no name of an input is in any of the files."""
    frame = pd.DataFrame({"surname": ["Quixote"], "city": ["Toboso"], "d": [1]})
    with open_log(path, key=KEY) as log:
        log.append({"surname": "Quixote"}, decision=1)
        log.append_many(frame, decision="d")
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert not any(word in content for word in (b"Quixote", b"surname", b"Toboso", b"city", KEY, KEY.hex().encode()))


def test_a_table_is_appended_as_rows_are(path):
    """The same hashes as row by row; anchors at 0, 1,000 and 2,000, which are heads that were copied."""
    frame = pd.DataFrame({"age": range(2_100), "city": "Graz", "yes": np.arange(2_100) % 2, "p": 0.25})
    with open_log(path) as log:
        assert log.append("c" * 64, decision=1) == 1
        assert log.append_many(frame, decision="yes", score="p", threshold=0.5) == range(2, 2_102)
        assert log.append_many(frame[:0], decision="yes") == range(2_102, 2_102)
        assert log.append({"age": 7, "city": "Graz"}, decision=1) == 2_102
    entries = read(path)
    assert [entry["sequence"] for entry in entries] == list(range(2_103))
    assert entries[9]["input"] == entries[-1]["input"] == hash_inputs({"city": "Graz", "age": 7})
    assert (entries[9]["decision"], entries[9]["score"], entries[9]["threshold"]) == (1, 0.25, 0.5)
    anchors = [json.loads(line) for line in Path(f"{path}.anchors").read_bytes().splitlines()]
    hashes = [json.loads(line)["hash"] for line in path.read_bytes().splitlines()]
    assert [(each["count"], each["hash"]) for each in anchors] == [(n, hashes[n]) for n in (0, 1_000, 2_000)]
    found = verify(path)
    assert found.ok and not found.notices and (found.decisions, found.anchors_checked) == (2_102, 3)


def test_head_and_anchors_can_be_elsewhere(path, tmp_path):
    """On another disk, say; verify then needs to be told."""
    (tmp_path / "apart").mkdir()
    places = {"head": tmp_path / "apart" / "h", "anchors": tmp_path / "apart" / "a"}
    with open_log(path, **places) as log:
        log.append("c" * 64, decision=1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["apart", "log", "log.lock"]
    assert verify(path, **places).ok
    assert [problem.kind for problem in verify(path).problems] == ["head"]
    with pytest.raises(UserError, match="three files"):
        open_log(path, head=path)


def test_a_link_to_a_log_is_that_log(path, tmp_path):
    """Both names share the lock, the head and the anchors."""
    with open_log(path) as log:
        log.append("c" * 64, decision=1)
    (tmp_path / "link").symlink_to(path)
    with open_log(tmp_path / "link") as log:
        assert log.append("c" * 64, decision=1) == 2
    assert verify(tmp_path / "link").ok and not list(tmp_path.glob("link.*"))


# Hashes of inputs


def test_hashes_of_inputs():
    """Canonical JSON, by SHA-256, or by HMAC with a key; the order of names does not count, types do."""
    text = b'{"a":1,"b":null,"c":"\\u00e9","d":["2026-03-02",0.5,true]}'
    inputs = {"d": [date(2026, 3, 2), np.float32(0.5), np.bool_(True)], "c": "é", "b": float("nan"), "a": np.int64(1)}
    assert hash_inputs(inputs) == hashlib.sha256(text).hexdigest()
    assert hash_inputs(inputs, key=KEY) == hmac.new(KEY, text, "sha256").hexdigest()
    assert hash_inputs({"t": pd.Timestamp("2026-03-02 08:00")}) == hash_inputs({"t": "2026-03-02T08:00:00"})
    assert hash_inputs({"t": pd.NaT}) == hash_inputs({"t": pd.NA}) == hash_inputs({"t": None})
    assert len({hash_inputs({"a": value}) for value in (1, 1.0, "1", True, None, "e\u0301", "é")}) == 7


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([1], "inputs are a list; give a mapping"),
        ({1: 2}, "have the name 1, which is no text"),
        ({"a": float("inf")}, r"inputs\['a'\] is inf; write it as text"),
        ({"a": {"b": b"x"}}, r"inputs\['a'\]\['b'\] is b'x', a bytes"),
        ({"a": "\ud800"}, "half a character"),
        ({"a": pd.Timedelta(1)}, "a Timedelta; give text"),
    ],
)
def test_inputs_that_have_no_hash(inputs, message):
    """The message names the value."""
    with pytest.raises(UserError, match=message):
        hash_inputs(inputs)


def test_a_key_is_one_and_the_same(path):
    """A log begun with a key takes that key alone; one begun without takes none. Short keys are no keys."""
    with open_log(path, key=KEY) as log:
        log.append({"age": 41}, decision=1)
    assert read(path)[1]["input"] == hash_inputs({"age": 41}, key=KEY) and read(path)[0]["inputs"] == "hmac-sha256"
    for wrong, message in ((None, "with a key, and no key"), (KEY[::-1], "with a key, and another key")):
        with pytest.raises(UserError, match=message):
            open_log(path, key=wrong)
    with open_log(path.with_name("other")):
        pass
    with pytest.raises(UserError, match="without a key, and a key was given"):
        open_log(path.with_name("other"), key=KEY)
    with pytest.raises(UserError, match="the key is 5 bytes; it must be at least 16"):
        open_log(path, key=b"short")
    with pytest.raises(UserError, match="the key is a str"):
        open_log(path, key="x" * 40)


# What is rejected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "model.bin"}, "model is 'model.bin'; give a SHA-256"),
        ({"data": "B" * 64}, "give a SHA-256, 64 hexadecimal digits in lower case"),
        ({"operator": ""}, "the operator is ''"),
        ({"operator": "x" * 201}, "1 to 200 characters"),
        ({"operator": "two\nlines"}, "on one line"),
        ({"operator": "\x1b[2J"}, "the operator is"),
        ({"clock": lambda: datetime(2026, 3, 2)}, "without its difference to UTC"),
    ],
)
def test_settings_out_of_range(settings, message, path):
    """The message names them, and no log is begun."""
    with pytest.raises(UserError, match=message):
        open_log(path, **settings)
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c" * 63, {"decision": 1}), "the hash of inputs is"),
        (({"a": 1}, {"decision": 2}), "the decision is 2; it must be 0 or 1"),
        (({"a": 1}, {"decision": "1"}), "the decision is '1'"),
        (({"a": 1}, {"decision": float("nan")}), "the decision is nan"),
        (({"a": 1}, {"decision": pd.NA}), "the decision is <NA>"),
        (({"a": 1}, {"decision": 1, "score": True}), "the score is True"),
        (({"a": 1}, {"decision": 1, "score": float("inf")}), "the score is inf; give a finite number"),
        (({"a": 1}, {"decision": 1, "threshold": "0.5"}), "the threshold is '0.5'"),
    ],
)
def test_decisions_out_of_range(arguments, message, path):
    """Nothing is appended."""
    inputs, rest = arguments
    with open_log(path) as log:
        with pytest.raises(UserError, match=message):
            log.append(inputs, **rest)
    assert verify(path).ok and len(read(path)) == 1


def test_a_table_with_one_wrong_row_is_not_appended(path):
    """Not in part either; the message names the row. Columns that are missing or there twice are named."""
    frame = pd.DataFrame({"age": [1, 2, 3], "d": [1, 0, 3], "h": "c" * 64})
    with open_log(path) as log:
        with pytest.raises(UserError, match="row 3: the decision is 3"):
            log.append_many(frame, decision="d")
        with pytest.raises(UserError, match="unknown column 'approved'"):
            log.append_many(frame, decision="approved")
        with pytest.raises(UserError, match="two columns 'age'; rename one"):
            log.append_many(frame[["age", "age", "d"]], decision="d")
        with pytest.raises(UserError, match="no columns but those of decisions"):
            log.append_many(frame[["d"]][:2], decision="d")
        assert len(read(path)) == 1
        log.append_many(frame[:2], decision="d", input_hash="h")
    assert [entry["input"] for entry in read(path)[1:]] == ["c" * 64] * 2
    with pytest.raises(UserError, match="this log was closed"):
        log.append("c" * 64, decision=1)


# Clocks


def test_a_clock_that_is_set_back_is_accepted_and_noticed(path):
    """Not as tampering: the chain has the order, and the notice says where times go back."""
    times = iter([9, 10, 11, 8, 9, 7, 12])
    with open_log(path, clock=lambda: datetime(2026, 3, 2, next(times), tzinfo=UTC)) as log:
        for _ in range(6):
            log.append("c" * 64, decision=1)
    found = verify(path)
    assert found.ok and found.times == ("2026-03-02T09:00:00.000000Z", "2026-03-02T12:00:00.000000Z")
    said = "the clock went back at 2 entries, first at entry 3, from 2026-03-02T11:00:00.000000Z to 2026-03-02T08:0"
    assert len(found.notices) == 1 and found.notices[0].startswith(said)


# Two writers


def test_two_objects_take_turns(path):
    """Each sees what the other appended; two names of one log are fine."""
    first, second = open_log(path), open_log(path, operator="appeals", model="d" * 64)
    numbers = [log.append("c" * 64, decision=1) for log in (first, second, second, first, second)]
    assert numbers == [1, 2, 3, 4, 5]
    assert [entry["operator"] for entry in read(path)[1:]].count("appeals") == 3 and verify(path).ok


def test_a_writer_that_waits_too_long_says_so(path):
    """Nothing is appended; verify waits for the end of a write, too."""
    with open_log(path, timeout=0.05) as log, FileLock(f"{path}.lock"):
        with pytest.raises(UserError, match=r"another program has written to the log .* for 0.05 s"):
            log.append("c" * 64, decision=1)
    assert len(read(path)) == 1


WRITER = """
import sys
from labkit.records.log.writing import DecisionLog
log = DecisionLog(sys.argv[1], model="a" * 64, data="b" * 64, operator=sys.argv[2], durable=False)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    log.append({"row": number}, decision=1)
    print(number, flush=True)
"""


def start_writer(path, operator, number):
    """Start a process that appends when a line is written to it, and prints each confirmed entry."""
    command = [sys.executable, "-c", WRITER, str(path), operator, str(number)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once_append_everything(path):
    """Their lines do not interleave, and none is lost."""
    writers = [start_writer(path, operator, 150) for operator in ("first", "second")]
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.communicate()[0].count("\n") for writer in writers] == [150, 150]
    operators = [entry["operator"] for entry in read(path)[1:]]
    assert operators.count("first") == operators.count("second") == 150
    assert verify(path).ok and verify(path).decisions == 300


# A log that cannot go on


def grow(path, number=3, **settings):
    """Begin a log with some decisions."""
    with open_log(path, clock=make_clock(), **settings) as log:
        log.append_many(pd.DataFrame({"age": range(number), "d": 1}), decision="d")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda log: log.with_name("log.head").unlink(), "its head .* is missing; name or restore it"),
        (lambda log: log.with_name("log.head").write_bytes(b"{"), "is not the head of a decision log, or is damaged"),
        (lambda log: log.with_name("log.anchors").unlink(), "an anchor of entry 0 is needed, and there is none"),
        (lambda log: log.unlink(), "the head .* is there, and its log .* is missing or empty"),
        (lambda log: log.write_bytes(b""), "the head .* is there, and its log .* is missing or empty"),
        (lambda log: log.write_bytes(b"age,d\n1,1\n"), "does not begin with the header of a decision log"),
        (lambda log: os.truncate(log, log.stat().st_size - 300), "does not have the entry 3 that its head knows"),
    ],
)
def test_a_log_that_cannot_go_on(damage, message, path):
    """Each is named, and no file is touched."""
    grow(path)
    damage(path)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(UserError, match=message):
        open_log(path)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_head_and_anchors_of_another_log(path, tmp_path):
    """Are named, and nothing is appended."""
    grow(path)
    grow(tmp_path / "other")
    with pytest.raises(UserError, match="is the head of another log"):
        open_log(path, head=tmp_path / "other.head")
    with pytest.raises(UserError, match="an anchor of entry 0 is needed, and the last is of another log"):
        open_log(path, anchors=tmp_path / "other.anchors")
    with pytest.raises(UserError, match="the anchors .* are there, and their log .* is missing"):
        open_log(tmp_path / "third", anchors=tmp_path / "other.anchors")
    with pytest.raises(UserError, match="is a folder"):
        open_log(tmp_path)


def test_entries_that_a_forger_added_stop_the_log(path):
    """More than a crash explains, or not chained: the next append notices at once."""
    before = grow(path)
    last = before.splitlines(True)[-1]
    hashes = read_line(last).hash.decode()
    one = change(last, sequence=4, previous=hashes)
    two = change(one, sequence=5, previous=read_line(one).hash.decode())
    for more, message in (
        (one + two, "more entries than a crash explains after entry 4"),
        (last, "do not continue its"),
    ):
        path.write_bytes(before + more)
        with pytest.raises(UserError, match=message):
            open_log(path)
