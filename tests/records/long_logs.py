"""Logs of many decisions, written at once: for tests of memory, and for `make bench`."""

import json
from pathlib import Path

from labkit.records.log._entries import write_line
from labkit.records.log._heads import EVERY
from tests.records.tamperings import entry_of, head_of, make_log


def write_long_log(path: Path, decisions: int) -> None:
    """Write a log of many decisions with its head and anchors, without waiting for the disk."""
    lines, _, _ = make_log()
    entry, previous, size = entry_of(lines[1]), json.loads(lines[0])["hash"], len(lines[0])
    log = entry_of(lines[0])["log"]
    anchors = [head_of([lines[0]])]
    with path.open("wb") as file:
        file.write(lines[0])
        for number in range(1, decisions + 1):
            line, previous = write_line(
                {**entry, "previous": previous, "sequence": number, "score": number / decisions}
            )
            file.write(line)
            size += len(line)
            if number % EVERY == 0:
                known = {"log": log, "count": number, "hash": previous, "size": size, "announced": 0}
                head = {"format": "labkit decision log head", "version": 1, **known}
                anchors.append(json.dumps(head, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    Path(f"{path}.anchors").write_bytes(b"".join(anchors))
    Path(f"{path}.head").write_bytes(anchors[-1])
