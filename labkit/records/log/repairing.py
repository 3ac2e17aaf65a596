"""Repairing a log after a crash, so that the repair itself is an entry in it."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from labkit.cache import file_sha256
from labkit.errors import UserError
from labkit.files import replace_file
from labkit.records.log._entries import (
    LONGEST_LINE,
    check_operator,
    read_line,
    read_log_header,
    write_line,
    write_time,
)
from labkit.records.log._heads import EVERY, DamagedHead, Head, read_last_anchor, write_all, write_head, write_line_of
from labkit.records.log._opening import Opened, check_header, open_log, write_due_anchor
from labkit.records.log._places import Places
from labkit.records.log.chain._scanning import read_lines
from labkit.records.log.verifying import verify_places

BEGINNING = b'{"announced":'  # of every anchor


@dataclass(frozen=True)
class LogRepair:
    """What a repair did.

    Parameters
    ----------
    entry : int
        The number of the entry that records it.
    cut_bytes : int
        Bytes of an incomplete last line that were cut off; 0 if there were none.
    rebuilt : tuple of str
        Which of "anchors" and "head" were written again.
    """

    entry: int
    cut_bytes: int
    rebuilt: tuple[str, ...]


def repair_log(
    log: str | Path,
    *,
    operator: str,
    head: str | Path | None = None,
    anchors: str | Path | None = None,
    rebuild: bool = False,
    timeout: float = 60,
    clock: Callable[[], datetime] | None = None,
) -> LogRepair | None:
    """Cut off an incomplete last line, as a crash leaves it, and record that as an entry in the log.

    The entry has the number of bytes that were cut off, and their SHA-256. Nothing that was confirmed is lost: where
    the head knows more entries than the log has, that is tampering, and nothing is repaired.

    Parameters
    ----------
    log, head, anchors : str or pathlib.Path
        As for `DecisionLog`.
    operator : str
        Who repairs, as for `DecisionLog`.
    rebuild : bool
        Also write a head that is missing, and anchors that are missing or incomplete, again from the log, if its chain
        is whole and agrees with what there is. What was changed before stays hidden then: that is why the entry says
        that they were rebuilt.
    timeout, clock : optional
        As for `DecisionLog`.

    Returns
    -------
    LogRepair or None
        None if there was nothing to repair.

    Raises
    ------
    FileNotFoundError
        There is no such log.
    UserError
        A log that was changed; a head or anchors that are missing, without ``rebuild``; or what cannot be written.
    """
    check_operator(operator)
    places = Places.of(log, head, anchors)
    if not places.log.exists():
        raise FileNotFoundError(f"there is no log {str(log)!r}; name the file")
    try:
        with places.hold(timeout):
            rebuilt = _find_missing(places) if rebuild else ()
            opened = _open_without_head(places, rebuilt) if rebuilt else open_log(places, durable=True)
            if "anchors" not in rebuilt:
                write_due_anchor(places, opened.head, durable=True)
            if not opened.incomplete and not rebuilt:
                return None
            new = _record(places.log, opened, operator, rebuilt, (clock or (lambda: datetime.now(UTC)))())
            write_head(places.head, new)
            if "anchors" in rebuilt:
                _write_anchors(places)
            write_due_anchor(places, new, durable=True)
    except OSError as error:
        raise UserError(
            f"cannot repair the log {str(log)!r}: {error.strerror}; make room, and call again: nothing that was "
            "confirmed is lost"
        ) from error
    return LogRepair(new.count, opened.incomplete, rebuilt)


def _record(log: Path, opened: Opened, operator: str, rebuilt: tuple[str, ...], time: datetime) -> Head:
    """Write the entry of a repair over the incomplete line, then cut off what is left of that; return the new head.

    In this order, a crash leaves either the incomplete line or an entry that says that it was cut off.
    """
    head = opened.head
    with log.open("r+b") as file:
        file.seek(head.size)
        cut_bytes = os.fstat(file.fileno()).st_size - head.size
        checksum = file_sha256(file)
        line, digest = write_line(
            {
                "cut_bytes": cut_bytes,
                "cut_sha256": checksum if cut_bytes else None,
                "kind": "repair",
                "operator": operator,
                "previous": head.hash,
                "rebuilt": list(rebuilt),
                "sequence": head.count + 1,
                "time": write_time(time),
            }
        )
        os.lseek(file.fileno(), head.size, os.SEEK_SET)
        write_all(file.fileno(), line)
        os.fsync(file.fileno())
        os.ftruncate(file.fileno(), head.size + len(line))
        os.fsync(file.fileno())
    return replace(head, count=head.count + 1, hash=digest, size=head.size + len(line), announced=0)


def _find_missing(places: Places) -> tuple[str, ...]:
    """Say which of anchors and head have to be written again."""
    known = _read_end(places).head
    last, rest = None, b""
    with suppress(DamagedHead):
        last, rest = read_last_anchor(places.anchors) if places.anchors.exists() else (None, b"")
    if last is not None and last.log != known.log:
        raise UserError(f"the anchors {str(places.anchors)!r} are of another log; name another place")
    torn = not BEGINNING.startswith(rest[: len(BEGINNING)])  # another rest is completed when the next anchor is due
    lacks_anchors = torn or last is None or last.count < (known.count - 1) // EVERY * EVERY
    return ("anchors",) * lacks_anchors + ("head",) * (not places.head.exists())


def _open_without_head(places: Places, missing: tuple[str, ...]) -> Opened:
    """Verify a whole log with what there is, and return its end."""
    use_anchors = places.anchors.exists()
    found = verify_places(places, use_head="head" not in missing, use_anchors=use_anchors)
    problems = [problem for problem in found.problems if problem.kind not in ("incomplete line", "damaged anchors")]
    if problems:
        raise UserError(
            f"the log {str(places.log)!r} was changed, and nothing was written again: {problems[0].sentence}; "
            "restore a copy, or begin a new log with another name, and keep this one as it is"
        )
    return _read_end(places)


def _read_end(places: Places) -> Opened:
    """Return the head that the last whole line of a log makes."""
    with places.log.open("rb") as file:
        header = check_header(read_log_header(file.readline(LONGEST_LINE)), places.log)
        file.seek(0)
        size, incomplete, last = 0, 0, b""
        for line, incomplete in read_lines(file, places.log.stat().st_size):
            if not incomplete:
                size, last = size + len(line), line
    entry = read_line(last)
    if entry is None:
        raise UserError(f"the last whole line of {str(places.log)!r} is no entry; see labkit log verify")
    head = Head(header["log"], entry.sequence, entry.hash.decode(), size)
    return Opened(head, header["key"], incomplete)


def _write_anchors(places: Places) -> None:
    """Write all anchors of a log that was verified."""
    lines, size, identifier = [], 0, ""
    with places.log.open("rb") as file:
        for line in file:
            size += len(line)
            entry = read_line(line)
            if entry.sequence % EVERY == 0:
                identifier = identifier or read_log_header(line)["log"]
                lines.append(write_line_of(Head(identifier, entry.sequence, entry.hash.decode(), size)))
    replace_file(places.anchors, b"".join(lines))
