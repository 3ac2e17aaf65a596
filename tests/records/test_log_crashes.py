"""Crashes, full disks and repairs: nothing that was confirmed is lost, and a repair is an entry in the log."""

import errno
import hashlib
import os
import resource
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from labkit.errors import DataWarning, UserError
from labkit.records import DecisionLog, repair_log, verify
from labkit.records.log._entries import read_line
from tests.records.tamperings import FILES, chain_again, entry_of, flip, head_of, make_log
from tests.records.test_log import FIXED, grow, open_log, read, start_writer


@pytest.fixture
def path(tmp_path):
    """Where a log may be begun."""
    return tmp_path / "log"


def copy_files(path, folder):
    """Copy a log, its head and its anchors, as far as they are there, to a folder; return the copy of the log."""
    folder.mkdir(exist_ok=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
        if path.with_name(name).exists():
            shutil.copy(path.with_name(name), folder / name)
    return folder / "log"


# Crashes


def test_a_crash_at_any_byte_of_a_line_loses_that_line_at_most(path):
    """The head is as before; the log goes on without the line or with all of it, or after a repair."""
    before = grow(path)
    head = path.with_name("log.head").read_bytes()
    with open_log(path) as log:
        log.append("c" * 64, decision=1, score=0.5)
    line = path.read_bytes()[len(before) :]
    for length in (*range(0, len(line), 41), len(line) - 1, len(line)):
        path.write_bytes(before + line[:length])
        path.with_name("log.head").write_bytes(head)
        found, whole = verify(path), length in (0, len(line))
        assert [problem.kind for problem in found.problems] == ["incomplete line"] * (not whole)
        assert found.is_crash == (not whole) and found.decisions == 3 + (length == len(line))
        assert any("1 entry more than the head knows: a crash" in each for each in found.notices) == (
            length == len(line)
        )
        if not whole:
            with pytest.raises(UserError, match="is incomplete, as a crash leaves it, .* with labkit log repair"):
                open_log(path)
            done = repair_log(path, operator="on call")
            assert (done.entry, done.cut_bytes, done.rebuilt) == (4, length, ())
            entry = read(path)[4]
            assert (entry["kind"], entry["operator"], entry["rebuilt"]) == ("repair", "on call", [])
            assert entry["cut_sha256"] == hashlib.sha256(line[:length]).hexdigest()
        with open_log(path) as log:
            log.append("d" * 64, decision=0)
        found = verify(path)
        assert found.ok and found.repairs == (not whole) and path.read_bytes().startswith(before)
        assert found.decisions == 4 + (length == len(line))
    assert repair_log(path, operator="on call") is None


@pytest.mark.parametrize("number", [1, 2_500])
def test_a_crash_at_any_step_leaves_a_log_that_goes_on(number, path, tmp_path, monkeypatch):
    """Whatever was on the disk at each write is accepted, with a notice at most, and keeps what was confirmed."""
    grow(path, 998)
    log, states = DecisionLog(path, **{**FIXED, "durable": True}), []
    sync = os.fsync

    def remember(handle):
        states.append(copy_files(path, tmp_path / f"state {len(states)}"))
        sync(handle)

    frame = pd.DataFrame({"age": range(number), "d": 1})
    monkeypatch.setattr("os.fsync", remember)
    log.append_many(frame, decision="d")
    log.append("c" * 64, decision=1)
    log.append("c" * 64, decision=1)
    monkeypatch.undo()
    assert len(states) >= 10
    for state in states:
        assert verify(state).ok
        with open_log(state) as again:
            assert again.append("d" * 64, decision=1) >= 999
        found = verify(state)
        assert found.ok and not found.notices


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_a_killed_writer_loses_nothing_that_it_confirmed(kills, path):
    """By kill -9, at once or after some entries, again and again on the same log."""
    confirmed = 0
    for kill in range(kills):
        writer = start_writer(path, "writer", 100_000)
        writer.stdin.write("\n")
        writer.stdin.flush()
        for _ in range(1 + 7 * kill):
            assert writer.stdout.readline()
            confirmed += 1
        writer.send_signal(signal.SIGKILL)
        confirmed += writer.communicate()[0].count("\n")
        found = verify(path)
        assert found.ok or found.is_crash
        assert confirmed <= found.decisions <= confirmed + kill + 1
        repair_log(path, operator="on call")
    assert verify(path).ok


def test_a_log_that_was_just_begun_survives_a_crash(path):
    """A header without a head, or without the first anchor, goes on; a header that is cut off never was a log."""
    grow(path, 0)
    head, anchors = (path.with_name(name).read_bytes() for name in FILES[1:])
    path.with_name("log.head").unlink()
    path.with_name("log.anchors").unlink()
    with open_log(path) as log:
        assert log.append("c" * 64, decision=1) == 1
    assert path.with_name("log.anchors").read_bytes() == anchors and verify(path).ok
    path.write_bytes(path.read_bytes().splitlines(True)[0])
    path.with_name("log.head").write_bytes(head)
    path.with_name("log.anchors").write_bytes(anchors[:50])  # cut off: it is completed
    with open_log(path):
        assert path.with_name("log.anchors").read_bytes() == anchors


# Full disks


def say_full(*arguments, **options):
    """Raise what a full disk raises."""
    raise OSError(errno.ENOSPC, "No space left on device")


def files_of(path):
    """Return the contents of the three files."""
    return {name: path.with_name(name).read_bytes() for name in FILES}


def test_a_limit_on_the_size_of_a_file(path, monkeypatch):
    """A line of which only a part could be written is taken back, and the call says so."""
    grow(path)
    before, limits = files_of(path), resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_log(path) as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["log"]) + 300, limits[1]))
        try:
            with pytest.raises(UserError, match="File too large; nothing of this call is there, and nothing that was"):
                log.append("c" * 64, decision=1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert files_of(path) == before and verify(path).ok
        assert log.append("c" * 64, decision=1) == 4
    assert verify(path).ok


@pytest.mark.parametrize("full", ["labkit.records.log.writing.add_lines", "labkit.records.log._heads.replace_file"])
def test_a_full_disk(full, path, monkeypatch):
    """Whether the log or its head cannot be written: files are as they were, and the same call works later."""
    grow(path)
    before = files_of(path)
    with open_log(path) as log:
        with monkeypatch.context() as patched:
            patched.setattr(full, say_full)
            with pytest.raises(
                UserError, match="cannot append to the log .*: No space left on device; nothing of this"
            ):
                log.append("c" * 64, decision=1)
        assert files_of(path) == before
        assert log.append("c" * 64, decision=1) == 4
    assert verify(path).ok


def test_a_disk_that_fills_within_a_table(path, monkeypatch):
    """Whole batches that were written stay, and the message says how many rows; the rest can be appended."""
    frame = pd.DataFrame({"age": range(3_000), "d": 1})
    from labkit.records.log import writing

    writes, add = [], writing.add_lines

    def fill(*arguments, **options):
        writes.append(1)
        return add(*arguments, **options) if len(writes) < 3 else say_full()

    with open_log(path) as log:
        with monkeypatch.context() as patched:
            patched.setattr(writing, "add_lines", fill)
            with pytest.raises(UserError, match="the first 2,000 of these 3,000 are in the log"):
                log.append_many(frame, decision="d")
        assert verify(path).ok and (log.head.count, log.head.announced) == (2_000, 0)
        assert log.append_many(frame[2_000:], decision="d") == range(2_001, 3_001)
    found = verify(path)
    assert found.ok and not found.notices and found.anchors_checked == 4


def test_no_room_for_an_anchor(path, monkeypatch):
    """The entry is in the log, with a warning; the next call writes the anchor, or appends nothing."""
    grow(path, 999)
    with open_log(path) as log:
        with monkeypatch.context() as patched:
            patched.setattr("labkit.records.log._opening.append_anchor", say_full)
            with pytest.warns(DataWarning, match="the anchor of entry 1,000 could not be written .No space left"):
                assert log.append("c" * 64, decision=1) == 1_000
            with pytest.raises(UserError, match="cannot write the anchor of entry 1,000 .* nothing was appended"):
                log.append("c" * 64, decision=1)
        found = verify(path)
        assert found.ok and found.notices == ("there are 1 of the 2 anchors that a log of this length has",)
        assert log.append("c" * 64, decision=1) == 1_001
    assert verify(path).anchors_checked == 2 and not verify(path).notices


def test_no_room_for_an_anchor_within_a_table(path, monkeypatch):
    """The batch before it is in the log, and the next one waits for the anchor."""
    frame = pd.DataFrame({"age": range(3_000), "d": 1})
    with open_log(path) as log:
        with monkeypatch.context() as patched:
            patched.setattr("labkit.records.log._opening.append_anchor", say_full)
            with pytest.warns(DataWarning, match="the anchor of entry 1,000"):
                with pytest.raises(UserError, match="the first 1,000 of these 3,000 are in the log"):
                    log.append_many(frame, decision="d")
        assert log.append_many(frame[1_000:], decision="d") == range(1_001, 3_001)
    assert verify(path).anchors_checked == 4 and not verify(path).notices


def test_a_line_that_cannot_be_taken_back(path, monkeypatch):
    """Where even that fails, the log is as after a crash: the head knows what was confirmed, and a repair helps."""
    whole = grow(path)

    def write_a_part(log, content, **options):
        with log.open("ab") as file:
            file.write(content[:50])
        say_full()

    with open_log(path) as log:
        with monkeypatch.context() as patched:
            patched.setattr("labkit.records.log.writing.add_lines", write_a_part)
            patched.setattr("labkit.records.log.writing.os.truncate", say_full)
            with pytest.raises(UserError, match="No space left on device; nothing of this call is there"):
                log.append("c" * 64, decision=1)
        assert log.head.count == 3 and verify(path).is_crash
        with pytest.raises(UserError, match="with labkit log repair"):
            log.append("c" * 64, decision=1)
        assert repair_log(path, operator="on call").cut_bytes == 50
        assert log.append("c" * 64, decision=1) == 5
    assert verify(path).ok and path.read_bytes().startswith(whole)


def test_no_room_to_go_on_after_a_crash(path, monkeypatch):
    """The entry that the head does not have yet stays, and nothing is appended."""
    before = grow(path)
    head = path.with_name("log.head").read_bytes()
    with open_log(path) as log:
        log.append("c" * 64, decision=1)
    path.with_name("log.head").write_bytes(head)
    after = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("labkit.records.log._heads.replace_file", say_full)
        with pytest.raises(UserError, match="cannot open the log .*: No space left on device; nothing was appended"):
            open_log(path)
    assert path.read_bytes() == after and after.startswith(before)
    with open_log(path) as log:
        assert log.append("c" * 64, decision=1) == 5
    assert verify(path).ok


def test_no_room_to_begin_a_log(path, monkeypatch):
    """Nothing remains."""
    monkeypatch.setattr("labkit.files.os.fsync", say_full)
    with pytest.raises(UserError, match="cannot begin the log .*: No space left on device"):
        open_log(path, durable=True)
    assert not path.exists() and not list(path.parent.glob("*.part"))


def test_an_interrupted_call_is_taken_back(path, monkeypatch):
    """Ctrl-C between the log and its head."""
    grow(path)
    before = files_of(path)

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    with open_log(path) as log:
        with monkeypatch.context() as patched:
            patched.setattr("labkit.records.log.writing.write_head", interrupt)
            with pytest.raises(KeyboardInterrupt):
                log.append("c" * 64, decision=1)
        assert files_of(path) == before and log.append("c" * 64, decision=1) == 4


# Repairs


def test_a_crash_within_a_repair(path, tmp_path, monkeypatch):
    """Whatever was on the disk can be repaired, and the log records it."""
    whole = grow(path)
    path.write_bytes(whole + b'{"entry":{"data"')
    states, sync = [], os.fsync

    def remember(handle):
        states.append(copy_files(path, tmp_path / f"state {len(states)}"))
        sync(handle)

    monkeypatch.setattr("os.fsync", remember)
    repair_log(path, operator="on call")
    monkeypatch.undo()
    assert len(states) >= 3
    for state in states:
        repair_log(state, operator="on call")
        found = verify(state)
        assert found.ok and found.repairs >= 1 and state.read_bytes().startswith(whole)


def test_a_long_rest_is_cut_off_as_a_whole(path):
    """Where the line of the repair is shorter than what it replaces."""
    whole = grow(path)
    path.write_bytes(whole + b"x" * 5_000)
    assert repair_log(path, operator="on call").cut_bytes == 5_000
    assert verify(path).ok and len(path.read_bytes()) < len(whole) + 600


def test_confirmed_entries_that_are_missing_are_no_crash(path):
    """Nothing is repaired: the head knows more."""
    whole = grow(path)
    path.write_bytes(whole[:-100])
    assert [problem.kind for problem in verify(path).problems] == ["truncation"]
    with pytest.raises(UserError, match="does not have the entry 3 that its head knows"):
        repair_log(path, operator="on call")
    assert path.read_bytes() == whole[:-100]


@pytest.mark.parametrize("lost", [("head",), ("anchors",), ("anchors", "head")])
def test_what_was_lost_can_be_written_again_and_the_log_says_so(lost, path):
    """Only on request, and only where the rest agrees."""
    grow(path, 2_100)
    anchors = path.with_name("log.anchors").read_bytes()
    for name in lost:
        path.with_name(f"log.{name}").unlink()
    with pytest.raises(UserError, match="--rebuild, which is recorded"):
        repair_log(path, operator="on call")
    done = repair_log(path, operator="on call", rebuild=True)
    assert (done.entry, done.cut_bytes, done.rebuilt) == (2_101, 0, lost)
    assert read(path)[-1]["rebuilt"] == list(lost) and path.with_name("log.anchors").read_bytes() == anchors
    found = verify(path)
    assert found.ok and found.notices == ("the log was repaired once; the repair is an entry in it",)
    assert repair_log(path, operator="on call", rebuild=True) is None


def test_a_head_is_not_written_again_for_a_log_that_was_changed(path):
    """Where anchors or the chain show it."""
    lines, head, anchors = make_log()
    path.with_name("log.anchors").write_bytes(b"".join(anchors))
    for forged, message in (
        (chain_again(flip(1_234)(list(lines)), 1_234), "chained|computed again"),
        (lines[:5] + lines[6:], "deleted"),
    ):
        path.write_bytes(b"".join(forged))
        with pytest.raises(UserError, match=message):
            repair_log(path, operator="on call", rebuild=True)
        assert not path.with_name("log.head").exists()
    with pytest.raises(FileNotFoundError, match="there is no log"):
        repair_log(path.with_name("nowhere"), operator="on call")


def test_a_torn_line_and_a_lost_head_at_once(path):
    """One repair for both."""
    whole = grow(path)
    path.write_bytes(whole + b'{"ent')
    path.with_name("log.head").unlink()
    done = repair_log(path, operator="on call", rebuild=True)
    assert (done.cut_bytes, done.rebuilt) == (5, ("head",)) and verify(path).ok


def test_the_head_that_a_batch_announces(path):
    """As many entries more as it announced are accepted, if they continue the chain; one more is not."""
    lines, _, anchors = make_log()
    path.with_name("log.anchors").write_bytes(anchors[0])
    path.with_name("log.head").write_bytes(head_of(lines[:11], announced=30))
    for number, ok in ((11, True), (41, True), (42, False)):
        path.write_bytes(b"".join(lines[:number]))
        assert verify(path).ok == ok
    path.write_bytes(b"".join(lines[:41]))
    assert "30 entries more than the head knows: a batch of 30 was interrupted" in verify(path).notices[0]
    with open_log(path) as log:
        assert log.head.count == 40 and log.head.hash == read_line(lines[40]).hash.decode()
        log.append("c" * 64, decision=1)
    assert verify(path).ok and entry_of(path.read_bytes().splitlines(True)[-1])["sequence"] == 41


def test_replaced_files_keep_their_place(path, tmp_path):
    """A log that was put back from a copy with its head and anchors goes on from there."""
    grow(path)
    copy = copy_files(path, tmp_path / "copy")
    with open_log(path) as log:
        log.append("c" * 64, decision=1)
        copy_files(copy, path.parent)
        assert log.append("d" * 64, decision=1) == 4
    assert verify(path).ok and Path(path).read_bytes().startswith(copy.read_bytes())


@pytest.mark.parametrize("rest", [bytes(20_000), bytes(700) + b'"hash":"0"}\n{"entry":{}}\n', b'{"entry":{"da\0\0\0\n'])
def test_zero_bytes_that_a_power_failure_left_are_cut_off(rest, path):
    """However many, and with what follows them: the head has none of it."""
    whole = grow(path)
    path.write_bytes(whole + rest)
    assert not verify(path).ok
    done = repair_log(path, operator="on call")
    assert done.cut_bytes == len(rest) and read(path)[-1]["cut_sha256"] == hashlib.sha256(rest).hexdigest()
    assert verify(path).ok and path.read_bytes().startswith(whole)


def test_lines_that_somebody_added_are_not_cut_off(path):
    """A whole line that is no entry is no crash: nothing is repaired, and verify names it."""
    whole = grow(path)
    path.write_bytes(whole + b'{"remark":"checked"}\n')
    with pytest.raises(UserError, match="lines that do not continue its chain after entry 3"):
        repair_log(path, operator="on call")
    assert [problem.kind for problem in verify(path).problems] == ["insertion"]


@pytest.mark.parametrize("rest", [b"\0" * 100, b"x"])
def test_anchors_that_a_power_failure_damaged_can_be_written_again(rest, path):
    """Until then nothing is appended where an anchor is due; those that are whole are compared before."""
    grow(path, 1_999)
    anchors = path.with_name("log.anchors")
    whole = anchors.read_bytes()
    anchors.write_bytes(whole + rest)
    with open_log(path) as log:
        with pytest.warns(DataWarning, match="the anchor of entry 2,000 could not be written .the last line of .* is"):
            assert log.append("c" * 64, decision=1) == 2_000
        with pytest.raises(UserError, match="the last line of .* is damaged"):
            log.append("c" * 64, decision=1)
    assert repair_log(path, operator="on call", rebuild=True).rebuilt == ("anchors",)
    assert anchors.read_bytes().startswith(whole) and verify(path).ok


def test_a_head_behind_a_link_stays_there(path, tmp_path):
    """It is replaced where the link leads, on another disk, say."""
    (tmp_path / "apart").mkdir()
    path.with_name("log.head").symlink_to(tmp_path / "apart" / "head")
    grow(path)
    assert path.with_name("log.head").is_symlink() and (tmp_path / "apart" / "head").stat().st_size > 200
    assert verify(path).ok


def test_places_that_are_no_files(path, tmp_path):
    """A pipe would be waited for without end."""
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path):
        with pytest.raises(UserError, match="is no file|is a folder"):
            verify(place)
        with pytest.raises(UserError, match="is no file|is a folder"):
            open_log(path, head=place)


def test_threads_take_turns(path):
    """One object that several threads append to."""
    with open_log(path) as log, ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda row: log.append({"row": row}, decision=1), range(60)))
    assert sorted(numbers) == list(range(1, 61)) and verify(path).decisions == 60
