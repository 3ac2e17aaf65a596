"""Verifying a log with heads and anchors of all kinds, in constant memory, while others write."""

import io
import tracemalloc

import pytest

from labkit.errors import UserError
from labkit.records import verify
from labkit.records.log._entries import read_line, write_line
from labkit.records.log.chain._marks import Marks
from labkit.records.log.chain._scanning import scan_log
from tests.records.long_logs import write_long_log
from tests.records.tamperings import Files, chain_again, edit_entry, entry_of, make_log
from tests.records.test_log import grow


@pytest.fixture
def files():
    """A log of 3,500 decisions, its head and its anchors."""
    lines, head, anchors = make_log()
    return Files(list(lines), head, list(anchors))


def kinds(found):
    """Return the kinds of problems."""
    return [problem.kind for problem in found.problems]


def test_a_log_of_another_version_is_an_error(files, tmp_path):
    """For verify and for a writer; so are a head and an anchor of another version. A version that was edited is not."""
    from tests.records.test_log import open_log

    path = files.write(tmp_path)
    later = write_line({**entry_of(files.lines[0]), "version": 2})[0]
    path.write_bytes(b"".join([later, *files.lines[1:]]))
    with pytest.raises(UserError, match="is a log of version 2, and this labkit reads version 1"):
        verify(path)
    with pytest.raises(UserError, match="is a log of version 2"):
        open_log(path)
    path.write_bytes(b"".join([files.lines[0].replace(b'"version":1', b'"version":2'), *files.lines[1:]]))
    found = verify(path)
    assert kinds(found) == ["change"] and found.problems[0].entries == (0, 0)
    for name, content in (("log.head", files.head), ("log.anchors", b"".join(files.anchors))):
        path = files.write(tmp_path)
        (tmp_path / name).write_bytes(content.replace(b'"version":1', b'"version":3'))
        with pytest.raises(UserError, match="is a head of version 3, and this labkit reads version 1"):
            verify(path)


def test_heads_that_do_not_help(files, tmp_path):
    """Missing, damaged, of another log: each is a problem, and the chain is verified all the same."""
    for content, said in ((None, "is missing"), (b"{}", "is not the head"), (b"\x00" * 300, "is not the head")):
        path = files.write(tmp_path)
        path.with_name("log.head").unlink()
        if content is not None:
            path.with_name("log.head").write_bytes(content)
        found = verify(path)
        assert kinds(found) == ["head"] and said in found.problems[0].sentence and found.decisions == 3_500
        assert not found.head_checked and found.anchors_checked == 4
    path = files.write(tmp_path)
    path.with_name("log.head").write_bytes(files.head.replace(b'"log":"', b'"log":"' + b"0" * 32 + b'","was":"'))
    assert kinds(verify(path)) == ["head"] and "of another log" in verify(path).problems[0].sentence
    with pytest.raises(FileNotFoundError, match="there is no file"):
        verify(path, head=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        verify(path, anchors=tmp_path / "nowhere")


def test_anchors_that_do_not_help(files, tmp_path):
    """Missing is a notice, damaged or of another log a problem; out of order is one, too."""
    path = files.write(tmp_path)
    path.with_name("log.anchors").unlink()
    assert verify(path).ok and "there are no anchors beside the log" in verify(path).notices[0]
    others = [line.replace(b'"log":"', b'"log":"' + b"0" * 32 + b'","was":"') for line in files.anchors]
    for lines, kind, said in (
        (others, "anchors", "of another log"),
        ([*files.anchors[:2], b"nonsense\n", *files.anchors[2:]], "damaged anchors", "line 3 of"),
        (
            [files.anchors[1], files.anchors[0], *files.anchors[2:]],
            "damaged anchors",
            "entry 0 comes after that of entry 1,000",
        ),
    ):
        files.anchors = lines
        found = verify(files.write(tmp_path))
        assert kinds(found) == [kind] and said in found.problems[0].sentence


def test_an_older_head_is_an_anchor(files, tmp_path):
    """As a head it is a problem, which says so; as anchors it agrees."""
    path = files.write(tmp_path)
    (tmp_path / "older").write_bytes(files.anchors[2])
    found = verify(path, head=tmp_path / "older")
    assert kinds(found) == ["addition"] and "to be compared as an anchor" in found.problems[0].sentence
    found = verify(path, anchors=tmp_path / "older")
    assert found.ok and found.anchors_checked == 1


def test_members_are_checked_although_hashes_agree(files, tmp_path):
    """A line that a forger chained again is none if the log would not have written it."""
    for members in (
        {"time": "2026-13-02T08:00:00.000000Z"},
        {"operator": "\x07"},
        {"score": 1},
        {"decision": 2},
        {"decision": True},
        {"surname": "Quixote"},
        {"input": "Quixote".center(64, "_")},
        {"model": "A" * 64},
        {"previous": "x" * 64},
        {"sequence": "7"},
        {"kind": "header"},
    ):
        edited = write_line({**entry_of(files.lines[7]), **members})[0]
        assert read_line(files.lines[7]) is not None and read_line(edited) is None
    for text in (b"1e999", b"NaN", b"-Infinity", b"0.250", b"00.5", b"1E5"):
        assert read_line(files.lines[7].replace(b'"threshold":0.5', b'"threshold":' + text)) is None
    forged = chain_again(edit_entry(3_499, decision=2)(files.lines), 3_499)
    (tmp_path / "log").write_bytes(b"".join(forged))
    assert kinds(verify(tmp_path / "log", head=False)) == ["change"]


def test_several_tamperings_at_once_are_all_named(files, tmp_path):
    """Each with its place."""
    lines = files.lines
    lines[100] = lines[100].replace(b'"decision":0', b'"decision":1').replace(b'"threshold":0.5', b'"threshold":0.6')
    files.lines = lines[:500] + lines[510:2_000] + [lines[1_999]] + lines[2_000:2_500] + [b"\n"] + lines[2_500:3_000]
    found = verify(files.write(tmp_path))
    assert kinds(found) == ["change", "deletion", "duplication", "insertion", "truncation"]
    assert [problem.entries for problem in found.problems] == [
        (100, 100),
        (500, 509),
        (1_999, 1_999),
        None,
        (3_000, 3_500),
    ]
    assert [problem.lines for problem in found.problems][:4] == [(101, 101), (500, 501), (1_991, 1_991), (2_492, 2_492)]


def test_rubbish_does_not_stop_a_pass(files, tmp_path):
    """Lines without end, bytes that are no text, deep nesting: each is a broken line, and memory stays small."""
    long = b"x" * 30_000_000
    deep = b"[" * 4_000 + b"\n"
    files.lines[5:5] = [long + b"\n", b"\xff\xfe\n", deep, b'{"entry":{},"hash":1}\n', b"null\n"]
    path = files.write(tmp_path)
    tracemalloc.start()
    found = verify(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kinds(found) == ["insertion"] and found.problems[0].lines == (6, 10) and peak < 5_000_000
    path.write_bytes(long)
    with pytest.raises(UserError, match="is not a decision log"):
        verify(path, head=False)


def test_memory_does_not_grow_with_the_log(files):
    """A log that is five times as long needs no more."""
    peaks = []
    for times in (1, 5):
        content = io.BytesIO(files.lines[0] + b"".join(files.lines[1:1_201]) * times)
        tracemalloc.start()
        found = scan_log(content, len(content.getbuffer()), Marks(None))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.kinds["decision"] == 1_200 * times and len(found.places) == times
    assert peaks[1] < peaks[0] + 20_000


def test_a_log_is_verified_as_it_was_at_the_beginning(files, tmp_path, monkeypatch):
    """What is appended during a pass is not looked at."""
    path = files.write(tmp_path)
    from labkit.records.log import verifying

    scan = verifying.scan_log

    def scan_late(file, size, marks):
        with path.open("ab") as more:
            more.write(b"later\n")
        return scan(file, size, marks)

    monkeypatch.setattr(verifying, "scan_log", scan_late)
    assert verify(path).ok


@pytest.mark.slow
def test_a_million_entries_are_verified(tmp_path):
    """With all their anchors. How long it takes is a line of `make bench`."""
    write_long_log(tmp_path / "log", 1_000_000)
    found = verify(tmp_path / "log")
    assert found.ok and (found.decisions, found.anchors_checked) == (1_000_000, 1_001)


@pytest.mark.parametrize(("edit", "step"), [("change", 5), ("insert", 31), ("delete", 31)])
def test_no_byte_can_be_changed_unnoticed(edit, step, tmp_path):
    """Without a head or anchors; the line that is named is the one with the byte, or the one after a new line break."""
    path, content = tmp_path / "log", grow(tmp_path / "log", 3)
    edits = {
        "change": lambda byte: bytes([byte ^ 1]),
        "insert": lambda byte: bytes([byte] * 2),
        "delete": lambda _: b"",
    }
    for place in [*range(0, len(content), step), content.index(b"\n"), len(content) - 1]:
        path.write_bytes(content[:place] + edits[edit](content[place]) + content[place + 1 :])
        line = content.count(b"\n", 0, place) + 1
        first, last = verify(path, head=False, anchors=False).problems[0].lines
        assert first - (content[place] == ord("\n")) <= line <= last, place
