"""Tamperings with a log of 3,500 decisions, and what finds them.

``python -m tests.records.tamperings`` writes the table beside this file; ``test_tamperings.py`` recomputes it. One row
per tampering:

- ``tampering``: what was done;
- ``forger_writes``: the files that were changed; the head and the anchors that a forger cannot write are as they were;
- ``chained_again``: how many hashes were computed again: "none", "one" (that of a changed entry), or "to the end";
- ``entries``: the numbers of the entries that were touched, first and last; empty where only lines were added;
- ``without_head``, ``with_head``, ``with_anchors``: the kinds of problems that `verify` names with the log alone, with
  the head, and with the head and the anchors; "nothing" where it names none, "no log" where the file is none;
- ``detected_by``: the first of chain, head and anchors that shows it, or "nobody";
- ``located_to``: the entries or lines that `verify` names with everything it has; of several, the first.

The log was not written by a forger: what was false when it was logged, or was never logged, is in no row.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

from labkit.errors import UserError
from labkit.records import DecisionLog, verify
from labkit.records.log._entries import read_line, write_line
from labkit.records.log._heads import Head, write_line_of

TABLE = Path(__file__).with_suffix(".csv")
DECISIONS = 3_500
OPERATOR = "crédit desk"
FILES = ("log", "log.head", "log.anchors")


@dataclass
class Files:
    """A log as lines, its head, and its anchors as lines."""

    lines: list[bytes]
    head: bytes
    anchors: list[bytes]

    def write(self, folder: Path) -> Path:
        """Write the three files, and return the path of the log."""
        for name, content in zip(FILES, (b"".join(self.lines), self.head, b"".join(self.anchors)), strict=True):
            (folder / name).write_bytes(content)
        return folder / "log"


def make_clock(step: float = 1.0):
    """Return a clock that goes on by some seconds at each look."""
    times = (datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(seconds=step * n) for n in range(1_000_000))
    return lambda: next(times)


@cache
def make_log(decisions: int = DECISIONS) -> tuple[tuple[bytes, ...], bytes, tuple[bytes, ...]]:
    """Return the lines of a log, its head, and its anchors."""
    frame = pd.DataFrame({"age": range(decisions), "approved": [n % 3 == 0 for n in range(decisions)]})
    frame["score"] = [n % 101 / 100 for n in range(decisions)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        fixed = {"model": "a" * 64, "data": "b" * 64, "operator": OPERATOR, "durable": False, "clock": make_clock()}
        with DecisionLog(path, **fixed) as log:
            log.append_many(frame, decision="approved", score="score", threshold=0.5)
        log, head, anchors = (Path(f"{path}{end}").read_bytes() for end in ("", ".head", ".anchors"))
    return tuple(log.splitlines(True)), head, tuple(anchors.splitlines(True))


def entry_of(line: bytes) -> dict:
    """Return the members of an entry."""
    return json.loads(line)["entry"]


def change(line: bytes, **members) -> bytes:
    """Change members of an entry, and compute its own hash again."""
    return write_line({**entry_of(line), **members})[0]


def chain_again(lines: list[bytes], start: int) -> list[bytes]:
    """Number the entries from a line on anew, and compute all their hashes again."""
    lines = list(lines)
    previous = read_line(lines[start - 1]).hash.decode() if start else "0" * 64
    for place in range(start, len(lines)):
        lines[place], previous = write_line({**entry_of(lines[place]), "previous": previous, "sequence": place})
    return lines


def head_of(lines: list[bytes], announced: int = 0) -> bytes:
    """Return the head that a log should have."""
    last = read_line(lines[-1])
    log = entry_of(lines[0])["log"]
    return write_line_of(Head(log, last.sequence, last.hash.decode(), sum(map(len, lines)), announced))


def anchors_of(lines: list[bytes]) -> list[bytes]:
    """Return the anchors that a log should have."""
    return [head_of(lines[: place + 1]) for place in range(0, len(lines), 1_000)]


TAMPERINGS: dict[str, tuple[str, str, tuple[int, int] | None, Callable[[Files], Files]]] = {}


def tampering(name: str, entries, *, writes: str = "log", again: str = "none"):
    """Register a tampering, which takes the files and changes them."""

    def register(function):
        assert name not in TAMPERINGS
        TAMPERINGS[name] = (writes, again, (entries, entries) if isinstance(entries, int) else entries, function)
        return function

    return register


def on_line(number: int, edit: Callable[[bytes], bytes]):
    """Return a tampering with the bytes of one line, the one with the entry of that number."""

    def do(files):
        edited = edit(files.lines[number])
        assert edited != files.lines[number]
        files.lines[number] = edited

    return do


def on_lines(edit: Callable[[list[bytes]], list[bytes]], again_from: int | None = None, *, write: str = "log"):
    """Return a tampering with all lines, which are chained again from one on; then with the head and the anchors."""

    def do(files):
        former = files.lines
        files.lines = edit(list(files.lines))
        if again_from is not None:
            files.lines = chain_again(files.lines, again_from)
        assert files.lines != former
        if "head" in write:
            files.head = head_of(files.lines)
        if "anchors" in write:
            files.anchors = anchors_of(files.lines)

    return do


def swap(old: bytes, new: bytes):
    """Return an edit that replaces bytes once."""

    def edit(line):
        assert old in line, (old, line)
        return line.replace(old, new, 1)

    return edit


def edit_entry(number: int, **members):
    """Return an edit of lines that changes members of one entry, and computes its own hash again."""
    return lambda lines: [*lines[:number], change(lines[number], **members), *lines[number + 1 :]]


def flip(number: int):
    """Return an edit of lines that turns one decision around, and computes its own hash again."""
    return lambda lines: edit_entry(number, decision=1 - entry_of(lines[number])["decision"])(lines)


def cut(first: int, last: int):
    """Return an edit that deletes the lines of entries."""
    return lambda lines: lines[:first] + lines[last + 1 :]


def copy(first: int, last: int, after: int):
    """Return an edit that repeats the lines of entries after another entry."""
    return lambda lines: lines[: after + 1] + lines[first : last + 1] + lines[after + 1 :]


def move(first: int, last: int, after: int):
    """Return an edit that moves the lines of entries to after a later entry."""
    return lambda lines: lines[:first] + lines[last + 1 : after + 1] + lines[first : last + 1] + lines[after + 1 :]


def insert(after: int, *new: Callable[[list[bytes]], bytes] | bytes):
    """Return an edit that inserts lines after an entry."""
    return lambda lines: (
        lines[: after + 1] + [each(lines) if callable(each) else each for each in new] + lines[after + 1 :]
    )


def invent(number: int):
    """Return a line with an invented decision under a number, which names the hash of the entry before it."""
    return lambda lines: change(
        lines[number], decision=1, input="c" * 64, previous=read_line(lines[number - 1]).hash.decode()
    )


def add(number: int):
    """Return an edit that appends invented decisions at the end, each of which names the hash of the one before."""

    def edit(lines):
        more = lines + [change(lines[-1], input=f"{n:064x}") for n in range(number)]
        return chain_again(more, len(lines))

    return edit


def _list() -> None:
    """Register all tamperings."""
    none = [
        ("a decision is turned around", 1_234, swap(b'"decision":1', b'"decision":0')),
        ("a score is raised", 1_234, swap(b'"score":0.2', b'"score":0.8')),
        ("a threshold is lowered", 1_234, swap(b'"threshold":0.5', b'"threshold":0.4')),
        ("a time is changed", 1_234, swap(b"T08:2", b"T07:2")),
        ("another operator is named", 1_234, swap(b"\\u00e9", b"e")),
        ("the hash of inputs is replaced", 1_234, swap(b'"input":"', b'"input":"' + b"0" * 64 + b'","x":"')),
        ("the checksum of the model is replaced", 1_234, swap(b"a" * 64, b"d" * 64)),
        ("the hash that an entry names before it is replaced", 1_234, swap(b'"previous":"', b'"previous":"0')),
        ("the number of an entry is changed", 1_234, swap(b'"sequence":1234', b'"sequence":9234')),
        ("the hash of an entry is replaced", 1_234, lambda line: line[:-67] + b"e" * 64 + b'"}\n'),
        (
            "the hash of an entry is written in capitals",
            1_234,
            lambda line: line[:-67] + line[-67:-3].upper() + b'"}\n',
        ),
        ("the time of the header is changed", 0, swap(b"T08:0", b"T07:0")),
        ("the last decision is changed", 3_500, swap(b'"decision":0', b'"decision":1')),
        ("a space after a colon", 1_234, swap(b'"score":', b'"score": ')),
        ("a space at the end of a line", 1_234, swap(b"\n", b" \n")),
        ("two members in another order", 1_234, _reorder),
        (
            "a decision twice in an entry, the true one first",
            1_234,
            swap(b'"decision":1,', b'"decision":1,"decision":0,'),
        ),
        (
            "a decision twice in an entry, the true one last",
            1_234,
            swap(b'"decision":1,', b'"decision":0,"decision":1,'),
        ),
        ("a letter written as an escape", 1_234, swap(b'"kind":"d', b'"kind":"\\u0064')),
        ("an escape written as the letter", 1_234, swap(b"\\u00e9", "é".encode())),
        ("an escape in capitals", 1_234, swap(b"\\u00e9", b"\\u00E9")),
        ("a number spelled 0.50", 1_234, swap(b'"threshold":0.5', b'"threshold":0.50')),
        ("a number spelled 5e-1", 1_234, swap(b'"threshold":0.5', b'"threshold":5e-1')),
        ("a line ended as on Windows", 1_234, swap(b"\n", b"\r\n")),
        ("a byte order mark", 0, lambda line: b"\xef\xbb\xbf" + line),
        ("a line overwritten with zero bytes", 1_234, lambda line: bytes(len(line) - 1) + b"\n"),
    ]
    for name, number, edit in none:
        tampering(name, number)(on_line(number, edit))
    lines = [
        ("all lines ended as on Windows", (0, 3_500), lambda each: [line[:-1] + b"\r\n" for line in each]),
        ("three decisions are changed", (100, 3_300), _change_three),
        ("an entry is deleted", 1_234, cut(1_234, 1_234)),
        ("five hundred entries are deleted", (1_234, 1_733), cut(1_234, 1_733)),
        ("the header is deleted", 0, cut(0, 0)),
        ("everything before entry 1,001 is deleted", (0, 1_000), cut(0, 1_000)),
        ("one entry is deleted, and the next changed", (1_234, 1_235), _delete_and_change),
        ("a line with a remark is inserted", None, insert(1_234, b'{"remark":"checked"}\n')),
        ("a blank line is inserted", None, insert(1_234, b"\n")),
        ("an entry from a line of text is inserted", None, insert(1_234, lambda each: _spoil(each[1_235]))),
        ("the lines of two entries become one", (1_234, 1_235), _join),
        ("an entry is repeated at once", 1_234, copy(1_234, 1_234, 1_234)),
        ("an entry is repeated much later", 1_234, copy(1_234, 1_234, 2_500)),
        ("ten entries are repeated at once", (1_234, 1_243), copy(1_234, 1_243, 1_243)),
        ("an entry is repeated at the end", 1_234, copy(1_234, 1_234, 3_500)),
        ("two neighbors are exchanged", 1_234, move(1_234, 1_234, 1_235)),
        ("an entry is moved back by a thousand", 1_234, move(1_234, 1_234, 2_234)),
        ("two blocks of ten are exchanged", (1_234, 1_243), move(1_234, 1_243, 1_253)),
        ("all lines in reverse", (0, 3_500), lambda each: each[::-1]),
        ("the last entry is cut off", 3_500, cut(3_500, 3_500)),
        ("the last 1,200 entries are cut off", (2_301, 3_500), cut(2_301, 3_500)),
        ("the end is cut off in the middle of a line", (3_000, 3_500), lambda each: [*each[:3_000], each[3_000][:99]]),
        ("the last line break is cut off", 3_500, lambda each: [*each[:-1], each[-1][:-1]]),
        ("the log is emptied", (0, 3_500), lambda each: []),
        ("the log is saved in UTF-16", (0, 3_500), lambda each: [b"".join(each).decode().encode("utf-16")]),
        ("zero bytes after the end", None, lambda each: [*each, bytes(20_000)]),
    ]
    for name, entries, edit in lines:
        tampering(name, entries)(on_lines(edit))
    one = [
        ("a decision is turned around, with its own hash", 1_234, flip(1_234)),
        ("an entry is invented between two others", 1_235, insert(1_234, invent(1_235))),
        (
            "an entry of another log is inserted",
            1_235,
            insert(1_234, lambda each: change(each[1_235], previous="f" * 64)),
        ),
        ("the last decision is turned around, with its own hash", 3_500, flip(3_500)),
        ("an invented entry continues the log", 3_501, add(1)),
        ("five invented entries continue the log", (3_501, 3_505), add(5)),
    ]
    for name, entries, edit in one:
        tampering(name, entries, again="one")(on_lines(edit))
    end = [
        ("a decision is turned around", 500, flip(500), 500),
        ("a decision is turned around", 1_234, flip(1_234), 1_234),
        ("a decision is turned around", 3_200, flip(3_200), 3_200),
        ("another operator is named throughout", 1, _rename, 1),
        ("a threshold is lowered from an entry on", 2_500, _lower, 2_500),
        ("an entry is deleted", 1_234, cut(1_234, 1_234), 1_234),
        (
            "an entry is deleted, and one invented at the end",
            1_234,
            lambda each: add(1)(cut(1_234, 1_234)(each)),
            1_234,
        ),
        ("an entry is invented between two others", 1_235, insert(1_234, invent(1_235)), 1_235),
        ("two neighbors are exchanged", 1_234, move(1_234, 1_234, 1_235), 1_234),
        ("an entry is repeated", 1_235, copy(1_234, 1_234, 1_234), 1_235),
        ("all times are an hour earlier", 0, _earlier, 0),
        ("the header says that inputs have a key", 0, edit_entry(0, key="d" * 64, inputs="hmac-sha256"), 0),
        ("the log is replaced by another", 0, edit_entry(0, log="0" * 32), 0),
    ]
    for name, entry, edit, start in end:
        tampering(f"{name}, chained again from {start:,}", entry, again="to the end")(on_lines(edit, start))
    disguises = [
        ("a copy of the last entry as it was at the end", lambda each: [*_forge(each), each[-1]]),
        ("copies of the entries of anchors as they were at the end", lambda each: [*_forge(each), *each[2_000::500]]),
        ("later entries copied to the beginning", lambda each: [each[0], *each[3_400:3_402], *_forge(each)[1:]]),
        ("the log as it was before it", lambda each: [*each[:-1], *_forge(each)]),
    ]
    for name, edit in disguises:
        tampering(f"a decision is turned around, chained again from 1,234, with {name}", 1_234, again="to the end")(
            on_lines(edit)
        )
    tampering("a number spelled 0.50, with hashes to match", 1_234, again="to the end")(_respell)
    both = [
        ("a decision is turned around", 1_234, flip(1_234), 1_234),
        ("a decision is turned around", 3_200, flip(3_200), 3_200),
        ("an entry is deleted", 1_234, cut(1_234, 1_234), 1_234),
        ("an entry is deleted", 3_200, cut(3_200, 3_200), 3_200),
        ("the log is replaced by another", 0, edit_entry(0, log="0" * 32), 0),
        ("an older copy of both is put back, from entry 2,300", (2_301, 3_500), cut(2_301, 3_500), None),
        ("an older copy of both is put back, from entry 3,300", (3_301, 3_500), cut(3_301, 3_500), None),
        ("five invented entries continue the log", (3_501, 3_505), add(5), None),
    ]
    for name, entries, edit, start in both:
        again = "none" if start is None else "to the end"
        named = name if start is None else f"{name}, chained again from {start:,}"
        tampering(f"{named}, with a new head", entries, writes="log and head", again=again)(
            on_lines(edit, start, write="log and head")
        )
    tampering("a decision is turned around, with new anchors", 1_234, writes="log and anchors", again="to the end")(
        on_lines(flip(1_234), 1_234, write="log and anchors")
    )
    everything = "log, head and anchors"
    tampering(
        "a decision is turned around, with a new head and new anchors", 1_234, writes=everything, again="to the end"
    )(on_lines(flip(1_234), 1_234, write=everything))
    tampering("an entry is deleted, with a new head, without anchors", 1_234, writes=everything, again="to the end")(
        _hide
    )
    tampering("an older copy of all three is put back", (2_301, 3_500), writes=everything)(
        on_lines(cut(2_301, 3_500), write=everything)
    )


def _forge(lines):
    return chain_again(flip(1_234)(lines), 1_234)


def _reorder(line):
    decision, rest = line.index(b'"decision"'), line.index(b'"input"')
    end = line.index(b'"kind"')
    return line[:decision] + line[rest:end] + line[decision:rest] + line[end:]


def _change_three(lines):
    for number in (100, 1_800, 3_300):
        lines[number] = swap(b'"threshold":0.5', b'"threshold":0.9')(lines[number])
    return lines


def _delete_and_change(lines):
    lines[1_235] = swap(b'"threshold":0.5', b'"threshold":0.9')(lines[1_235])
    return cut(1_234, 1_234)(lines)


def _spoil(line):
    return swap(b'"threshold":0.5', b'"threshold":0.9')(line)


def _join(lines):
    return [*lines[:1_234], lines[1_234][:-1] + lines[1_235], *lines[1_236:]]


def _rename(lines):
    return [lines[0], *(change(line, operator="nobody") for line in lines[1:])]


def _lower(lines):
    return lines[:2_500] + [change(line, threshold=0.4) for line in lines[2_500:]]


def _earlier(lines):
    return [change(line, time=entry_of(line)["time"].replace("T08", "T07").replace("T09", "T08")) for line in lines]


def _respell(files):
    """Chain again from an entry on that has a number in another spelling."""
    import hashlib

    text = files.lines[1_234].split(b',"hash"')[0][len(b'{"entry":') :].replace(b'"threshold":0.5', b'"threshold":0.50')
    line = b'{"entry":%b,"hash":"%b"}\n' % (text, hashlib.sha256(text).hexdigest().encode())
    digest, lines = hashlib.sha256(text).hexdigest(), files.lines[:1_234] + [line]
    for number in range(1_235, len(files.lines)):
        line, digest = write_line({**entry_of(files.lines[number]), "previous": digest})
        lines.append(line)
    files.lines = lines


def _hide(files):
    """Delete an entry, chain again, and leave only the anchors that still agree."""
    files.lines = chain_again(cut(1_234, 1_234)(files.lines), 1_234)
    files.head, files.anchors = head_of(files.lines), anchors_of(files.lines)[:2]


_list()


def compute(name: str) -> tuple:
    """Do one tampering, verify with and without head and anchors, and return its row."""
    writes, again, entries, do = TAMPERINGS[name]
    lines, head, anchors = make_log()
    files = Files(list(lines), head, list(anchors))
    do(files)
    with tempfile.TemporaryDirectory() as folder:
        path = files.write(Path(folder))
        found = [verify(path, anchors=False), verify(path)]
        kinds = [_kinds(each) for each in found]
        try:
            kinds = [_kinds(verify(path, head=False, anchors=False)), *kinds]
        except UserError:
            kinds = ["no log", *kinds]
    by = zip(("chain", "head", "anchors"), kinds, strict=True)
    detected = next((name for name, kind in by if kind != "nothing"), "nobody")
    return name, writes, again, _range(entries), *kinds, detected, _locate(found[-1])


def _kinds(found) -> str:
    """Write the kinds of problems."""
    return " and ".join(dict.fromkeys(problem.kind for problem in found.problems)) or "nothing"


def _locate(found) -> str:
    """Write what the most exact problem is about: entries, or lines where it has no entries."""
    if found.ok:
        return ""
    places = [problem for problem in found.problems if problem.entries] or list(found.problems)
    again = [problem for problem in found.problems if problem.kind == "re-chaining"]
    places = again or places
    narrow = min(places, key=lambda each: (each.entries or each.lines or (0, 0))[1] - (each.entries or (0, 0))[0])
    first = narrow if narrow.kind != "truncation" else places[0]
    if first.entries:
        return f"entries {_range(first.entries)}"
    return f"lines {_range(first.lines)}" if first.lines else "the file"


def _range(numbers: tuple[int, int] | None) -> str:
    """Write a range of numbers."""
    return "" if numbers is None else f"{numbers[0]}-{numbers[1]}"


def tabulate(rows) -> pd.DataFrame:
    """Put rows into a table."""
    names = ["tampering", "forger_writes", "chained_again", "entries", "without_head", "with_head", "with_anchors"]
    return pd.DataFrame(rows, columns=[*names, "detected_by", "located_to"])


if __name__ == "__main__":
    table = tabulate([compute(name) for name in TAMPERINGS])
    table.to_csv(TABLE, index=False)
    print(table.drop(columns="forger_writes").to_string())
    print(pd.crosstab(table["chained_again"] + ", " + table["forger_writes"], table["detected_by"]))
