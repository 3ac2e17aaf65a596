"""The beginning of a log: its header, as a whole or not at all, then its head."""

import secrets

from labkit.errors import UserError
from labkit.files import replace_file
from labkit.records.log._entries import FORMAT, START, VERSION, read_line, read_log_header, write_line
from labkit.records.log._heads import Head, write_head
from labkit.records.log._places import Places

LONGEST_HEADER = 1_000  # bytes


def begin_log(places: Places, *, key: str | None, time: str, durable: bool) -> None:
    """Write the header of a new log and its head; do nothing where there is a log with a head.

    The caller holds the lock.
    """
    log, head, anchors = places.log, places.head, places.anchors
    header = log.read_bytes() if log.exists() and log.stat().st_size < LONGEST_HEADER else None
    is_new = not log.exists() or header == b""
    if head.exists():
        if is_new:
            raise UserError(
                f"the head {str(head)!r} is there, and its log {str(log)!r} is missing or empty; restore the log, or "
                "name another head for a new one"
            )
        return
    try:
        if is_new:
            if anchors.exists() and anchors.stat().st_size:
                raise UserError(
                    f"the anchors {str(anchors)!r} are there, and their log {str(log)!r} is missing or empty; restore "
                    "the log, or name another place for the anchors of a new one"
                )
            header, _ = write_line(
                {
                    "format": FORMAT,
                    "inputs": "sha256" if key is None else "hmac-sha256",
                    "key": key,
                    "kind": "header",
                    "log": secrets.token_hex(16),
                    "previous": START,
                    "sequence": 0,
                    "time": time,
                    "version": VERSION,
                }
            )
            replace_file(log, header, durable=durable)
        begun = _read_new(header) if header else None
        if begun is not None:  # otherwise there are entries without a head, which opening reports
            write_head(head, begun, durable=durable)
    except OSError as error:
        raise UserError(
            f"cannot begin the log {str(log)!r}: {error.strerror}; make room, or name another place"
        ) from error


def _read_new(content: bytes) -> Head | None:
    """Return the head of a log that has its header alone, as a crash leaves it; None for any other content."""
    entry = read_line(content)
    if entry is None or entry.kind != "header":
        return None
    return Head(read_log_header(content)["log"], 0, entry.hash.decode(), len(content))
