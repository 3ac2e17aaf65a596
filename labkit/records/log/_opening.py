"""A log before something is appended: what its end, its head and its anchors must be. The middle is not looked at."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labkit.errors import UserError
from labkit.records.log import _entries, _heads
from labkit.records.log._entries import LONGEST_LINE, read_line, read_log_header
from labkit.records.log._heads import EVERY, Head, append_anchor, read_head, read_last_anchor, write_head
from labkit.records.log._places import Places
from labkit.records.log.chain._scanning import read_lines

NEW_LOG = "or begin a new log with another name, and keep this one as it is"


@dataclass(frozen=True)
class Opened:
    """A log that can go on.

    Parameters
    ----------
    head : Head
        Of all whole entries, those that a crash kept from the head too.
    key : str or None
        Fingerprint of the key of its inputs.
    incomplete : int
        Bytes after the last whole entry, which a crash left.
    """

    head: Head
    key: str | None
    incomplete: int


def open_log(places: Places, *, durable: bool) -> Opened:
    """Compare the end of a log with its head and anchors; take over entries that a crash kept from the head.

    The caller holds the lock.
    """
    with places.log.open("rb") as file:
        header = check_header(read_log_header(file.readline(LONGEST_LINE)), places.log)
        head = _read_known_head(places)
        size = file.seek(0, 2)
        last = _read_last_line(file, head.size) if size >= head.size else None
        entry = read_line(last) if last else None
        if header["log"] != head.log:
            raise UserError(f"{str(places.head)!r} is the head of another log; name the head of this one, {NEW_LOG}")
        if entry is None or (entry.sequence, entry.hash.decode()) != (head.count, head.hash):
            raise UserError(
                f"the log {str(places.log)!r} does not have the entry {head.count:,} that its head knows, and nothing "
                f"was appended: find out what was changed with labkit log verify; restore a copy of the log and its "
                f"head, {NEW_LOG}"
            )
        file.seek(head.size)
        opened = Opened(replace(head, announced=0), header["key"], 0)
        for line, rest in read_lines(file, size - head.size):
            if rest or b"\0" in line:  # a power failure may leave zero bytes where a batch was to be
                opened = replace(opened, incomplete=size - opened.head.size)
                break
            entry, known = read_line(line), opened.head
            extra = known.count - head.count
            follows = entry is not None and (entry.sequence, entry.previous.decode()) == (known.count + 1, known.hash)
            if not follows or extra >= head.allowed:
                reason = "more entries than a crash explains" if follows else "lines that do not continue its chain"
                raise UserError(
                    f"the log {str(places.log)!r} has {reason} after entry {known.count:,}, and nothing was appended: "
                    f"find out what was added with labkit log verify; restore a copy of the log and its head, {NEW_LOG}"
                )
            grown = replace(known, count=entry.sequence, hash=entry.hash.decode(), size=known.size + len(line))
            opened = replace(opened, head=grown)
    if opened.head != head:
        write_head(places.head, opened.head, durable=durable)
    return opened


def check_header(header: dict[str, Any] | None, path: Path) -> dict[str, Any]:
    """Return the members of a header, or say that a log has none, or one of another version."""
    if header is None:
        raise UserError(
            f"{str(path)!r} does not begin with the header of a decision log: it is not one, or was changed; name the "
            "log, or find out with labkit log verify"
        )
    if header["version"] != _entries.VERSION:
        raise UserError(
            f"{str(path)!r} is a log of version {header['version']}, and this labkit reads version "
            f"{_entries.VERSION}; use the labkit that wrote it"
        )
    return header


def write_due_anchor(places: Places, head: Head, *, durable: bool) -> None:
    """Write the anchor of the last entry if one is due there and missing; check that no earlier one is missing."""
    due = head.count // EVERY * EVERY
    last = read_last_anchor(places.anchors)[0] if places.anchors.exists() else None
    if last is not None and last.log == head.log:
        if last.count == due and (due != head.count or last.hash == head.hash):
            return
        if last.count == due - EVERY and due == head.count:
            append_anchor(places.anchors, replace(head, announced=0), durable=durable)
            return
    elif last is None and head.count == 0:
        append_anchor(places.anchors, replace(head, announced=0), durable=durable)
        return
    found = "there is none" if last is None else "the last is of another log"
    found = f"the last is of entry {last.count:,}" if last is not None and last.log == head.log else found
    raise UserError(
        f"the anchors {str(places.anchors)!r} do not go with the log: an anchor of entry {due:,} is needed, and "
        f"{found}; name or restore the right file, or write the anchors again with labkit log repair --rebuild, which "
        "is recorded"
    )


def _read_known_head(places: Places) -> Head:
    """Read the head, or say what its absence means."""
    try:
        return read_head(places.head)
    except FileNotFoundError as error:
        raise UserError(
            f"the log {str(places.log)!r} is there, and its head {str(places.head)!r} is missing; name or restore it, "
            "or make a new one with labkit log repair --rebuild, which is recorded"
        ) from error
    except _heads.DamagedHead as error:
        raise UserError(f"{error}; restore it, {NEW_LOG}") from error


def _read_last_line(file: Any, end: int) -> bytes:
    """Read the line that ends at a byte of a file."""
    begin = max(0, end - LONGEST_LINE)
    file.seek(begin)
    content = file.read(end - begin)
    return content[content.rfind(b"\n", 0, len(content) - 1) + 1 :]
