"""The head of a log, and the anchors, which are heads that were copied apart."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from labkit.errors import UserError
from labkit.files import replace_file, sync_folder
from labkit.records.log._entries import write_canonical

FORMAT, VERSION = "labkit decision log head", 1
EVERY = 1_000  # entries from one anchor to the next
_LONGEST = 1_024  # bytes of a head, many times what it needs
_HEX = {"log": re.compile("[0-9a-f]{32}"), "hash": re.compile("[0-9a-f]{64}")}


@dataclass(frozen=True)
class Head:
    """What is known about a log apart from it.

    Parameters
    ----------
    log : str
        The identifier in the log's header, 32 hexadecimal digits.
    count : int
        Entries after the header, which is the number of the last.
    hash : str
        Hash of the last entry, 64 hexadecimal digits.
    size : int
        Bytes of the log.
    announced : int
        Entries that a batch is about to append; 0 when none is.
    """

    log: str
    count: int
    hash: str
    size: int
    announced: int = 0

    @property
    def allowed(self) -> int:
        """How many entries the log may have more, after a crash between the two writes."""
        return max(1, self.announced)


class DamagedHead(UserError):
    """A file, or a line, that should hold a head does not."""


class OtherHeadVersion(UserError):
    """A head of another version."""


def write_line_of(head: Head) -> bytes:
    """Write a head as a line of canonical JSON."""
    return write_canonical({"format": FORMAT, "version": VERSION, **asdict(head)}) + b"\n"


def parse_head(line: bytes, place: str) -> Head:
    """Read a head from a line; DamagedHead, with the place, if it is none."""
    try:
        found = json.loads(line)
        if found["format"] != FORMAT:
            raise ValueError("another format")
        if found["version"] != VERSION:
            raise OtherHeadVersion(
                f"{place} is a head of version {found['version']!r}, and this labkit reads version {VERSION}; use the "
                "labkit that wrote it"
            )
        head = Head(**{name: found[name] for name in Head.__dataclass_fields__})
        texts = all(pattern.fullmatch(getattr(head, name)) for name, pattern in _HEX.items())
        if (
            head.announced > EVERY
            or not texts
            or any(type(n) is not int or n < 0 for n in (head.count, head.size, head.announced))
        ):
            raise ValueError("wrong values")
        return head
    except OtherHeadVersion:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedHead(f"{place} is not the head of a decision log, or is damaged") from error


def read_head(path: Path) -> Head:
    """Read a head from its file."""
    with path.open("rb") as file:
        return parse_head(file.read(_LONGEST), repr(str(path)))


def write_head(path: Path, head: Head, *, durable: bool = True) -> None:
    """Put a head in place of the former one."""
    replace_file(path, write_line_of(head), durable=durable)


def read_anchors(path: Path) -> Iterator[Head | DamagedHead]:
    """Go through the anchors in a file, one at a time; what is none comes as the error that it is."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
            try:
                yield parse_head(line, f"line {number:,} of {str(path)!r}")
            except DamagedHead as error:
                yield error


def read_last_anchor(path: Path) -> tuple[Head | None, bytes]:
    """Return the last whole anchor in a file, and what a crash left of one after it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2 * _LONGEST))
        *lines, rest = file.read().split(b"\n")
    return (parse_head(lines[-1], f"the last line of {str(path)!r}") if lines else None), rest


def append_anchor(path: Path, head: Head, *, durable: bool = True) -> None:
    """Add an anchor to its file; what a crash left of the same line is completed, so that nothing is ever removed."""
    line = write_line_of(head)
    rest = read_last_anchor(path)[1] if path.exists() else b""
    if not line.startswith(rest):
        raise DamagedHead(f"the last line of {str(path)!r} is damaged; restore the anchors, or name another place")
    with path.open("ab", buffering=0) as file:
        write_all(file.fileno(), line[len(rest) :])
        if durable:
            os.fsync(file.fileno())
    if durable and head.count == 0:
        sync_folder(path)


def write_all(handle: int, content: bytes) -> None:
    """Write all bytes to an open file: a single call may write a part of them."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def add_lines(path: Path, content: bytes, *, durable: bool) -> None:
    """Write bytes to the end of a file."""
    with path.open("ab", buffering=0) as file:
        write_all(file.fileno(), content)
        if durable:
            os.fsync(file.fileno())
