"""One pass over a log, in constant memory: runs of entries that follow each other, and lines that are no entries.

What is wrong with a log shows where one run ends and another begins; `_locating` says what it was.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from labkit.records.log._entries import LONGEST_LINE, Entry, explain_line, read_line, read_log_header
from labkit.records.log.chain._marks import Marks

MOST_PLACES = 1_000  # runs and broken lines that are kept; in a log with more of them, the rest is not located
RECENT = 1_000  # hashes that are kept to recognize a copied block


@dataclass
class EntryRun:
    """Entries on consecutive lines, each of which names the hash of the one before.

    Parameters
    ----------
    line : int
        Line of the first entry, counted from 1.
    first, last : int
        Numbers of the first entry and the last.
    previous, first_hash, hash : bytes
        Which hash the first names, and the hashes of the first and of the last.
    repeats : bool or None
        Whether the first is, to the byte, an entry of the run before; None where that is too long ago to tell.
    agrees_with_head : bool or None
        Whether the entry that the head knows has its hash; None where the run does not have that entry.
    met : int
        Anchors whose entry is in the run, with their hash.
    last_met, first_wrong : int or None
        The last of these anchors, and the first whose entry is in the run with another hash. After a wrong one none is
        met in the same run, as each hash depends on all before it.
    """

    line: int
    first: int
    last: int
    previous: bytes
    first_hash: bytes
    hash: bytes
    repeats: bool | None = None
    agrees_with_head: bool | None = None
    met: int = 0
    last_met: int | None = None
    first_wrong: int | None = None

    @property
    def last_line(self) -> int:
        """Line of the last entry."""
        return self.line + self.last - self.first


@dataclass
class BrokenLines:
    """Consecutive lines that are no entries, and what is wrong with the first."""

    line: int
    last_line: int
    reason: str


@dataclass
class Scanned:
    """What one pass over a log found.

    Parameters
    ----------
    places : list of EntryRun or BrokenLines
        In the order of lines; at most `MOST_PLACES`.
    lines : int
        Lines in the log, an incomplete last one too.
    incomplete : int
        Bytes of an incomplete last line.
    highest : int
        The highest number of an entry; -1 without any.
    kinds : Counter
        Entries of each kind.
    backward : int
        Entries whose time is before that of the entry before.
    first_backward : tuple or None
        The number of the first of these, its time, and the time before.
    times : tuple of str, or None
        Times of the first entry and the last, as lines stand.
    identifier : str or None
        Identifier of the log, if its first line is a whole header.
    more : int
        Places that are not kept.
    """

    places: list = field(default_factory=list)
    lines: int = 0
    incomplete: int = 0
    highest: int = -1
    kinds: Counter = field(default_factory=Counter)
    backward: int = 0
    first_backward: tuple | None = None
    times: tuple | None = None
    identifier: str | None = None
    more: int = 0


def scan_log(file: BinaryIO, size: int, marks: Marks) -> Scanned:
    """Read a log up to a size in bytes, and compare entries with the head and anchors on the way."""
    found, recent = Scanned(), deque(maxlen=RECENT)
    run, expected, link = None, -1, b""  # the entry that must come next, and the hash that it must name
    begin = before = b""  # the times of the first entry, and of the one before
    kinds: dict[str, int] = {}
    for number, (line, rest) in enumerate(read_lines(file, size), 1):
        found.lines = number
        if number == 1:
            header = read_log_header(line)
            found.identifier = None if header is None else header.get("log")
        if rest:
            found.incomplete = rest
            break
        entry = read_line(line)
        if entry is None:
            run = expected = None
            _add_broken(found, number, line)
            continue
        sequence, previous, digest, kind, time = entry
        if sequence != expected or previous != link:
            repeats = None if run is None else _repeats(recent, run.last, entry)
            run = EntryRun(number, sequence, sequence, previous, digest, digest, repeats)
            _add(found, run)
            recent.clear()
            if sequence <= marks.passed and not found.more:
                marks.rewind(sequence)
        run.last, run.hash = sequence, digest
        expected, link = sequence + 1, digest
        recent.append(digest)
        kinds[kind] = kinds.get(kind, 0) + 1
        if sequence > found.highest:
            found.highest = sequence
        if sequence >= marks.next:
            marks.meet(sequence, digest, run)
        if time < before:
            found.backward += 1
            found.first_backward = found.first_backward or (sequence, time.decode(), before.decode())
        before = time
        begin = begin or time
    if begin:
        found.times = (begin.decode(), before.decode())
    found.kinds.update(kinds)
    return found


def read_lines(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Go through lines up to a size; of a line that is too long for memory comes the beginning alone.

    With each line comes 0, or the number of its bytes if it is the last, and does not end.
    """
    left = size
    while left > 0 and (line := file.readline(min(left, LONGEST_LINE + 1))):
        if line.endswith(b"\n"):
            left -= len(line)
            yield line, 0
            continue
        length, part = len(line), line
        while not part.endswith(b"\n") and length < left and (part := file.readline(min(left - length, 1 << 20))):
            length += len(part)
        left -= length
        yield line, 0 if part.endswith(b"\n") else length


def _repeats(recent: deque, last: int, entry: Entry) -> bool | None:
    """Say whether the run before, which ends with an entry, has the same one; None where that is too long ago."""
    back = last - entry.sequence
    return recent[-1 - back] == entry.hash if 0 <= back < len(recent) else None


def _add_broken(found: Scanned, number: int, line: bytes) -> None:
    """Add a line that is no entry to those before it, if they are none either."""
    last = found.places[-1] if found.places else None
    if isinstance(last, BrokenLines) and last.last_line == number - 1:
        last.last_line = number
    else:
        _add(found, BrokenLines(number, number, explain_line(line)))


def _add(found: Scanned, place: EntryRun | BrokenLines) -> None:
    """Keep a place, if there are not too many."""
    if len(found.places) < MOST_PLACES:
        found.places.append(place)
    else:
        found.more += 1
