"""Small logs for exercises: the same at every run, or drawn, and verified with their genuine head and anchor."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.records import Verification, verify

if TYPE_CHECKING:
    from numpy.random import Generator

START = "0" * 64
SCORES = (0.71, 0.32, 0.55, 0.18, 0.64, 0.49, 0.83, 0.27, 0.58, 0.44, 0.9, 0.12)
THRESHOLD = 0.5


def write_line(entry: dict[str, Any]) -> tuple[str, str]:
    """Return an entry as a line of the log, and its hash."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"entry":{text},"hash":"{digest}"}}\n', digest


def write_small_log(number: int, *, rng: "Generator | None" = None) -> list[str]:
    """Write a log with some decisions.

    Parameters
    ----------
    number : int
        Decisions, 1 to 12.
    rng : numpy.random.Generator, optional
        Draws the name of the log and its scores; as without it, the first decision is 1, and the second 0.

    Returns
    -------
    list of str
        The header and one line per decision.
    """
    name, scores = f"{number:032x}", list(SCORES[:number])
    if rng is not None:
        name = rng.bytes(16).hex()
        scores[:2] = [rng.uniform(0.6, 0.9), rng.uniform(0.1, 0.4)][:number]
        scores[2:] = rng.uniform(0.1, 0.9, max(number - 2, 0))
        scores = [round(float(score), 2) for score in scores]
    header = {
        "format": "labkit decision log",
        "inputs": "sha256",
        "key": None,
        "kind": "header",
        "log": name,
        "previous": START,
        "sequence": 0,
        "time": "2026-01-05T08:00:00.000000Z",
        "version": 1,
    }
    line, digest = write_line(header)
    lines = [line]
    for sequence, score in enumerate(scores, 1):
        entry = {
            "data": "d" * 64,
            "decision": int(score >= THRESHOLD),
            "input": hashlib.sha256(f"case {sequence} of {name}".encode()).hexdigest(),
            "kind": "decision",
            "model": "a" * 64,
            "operator": "pretrial office",
            "previous": digest,
            "score": score,
            "sequence": sequence,
            "threshold": THRESHOLD,
            "time": f"2026-01-05T09:{sequence:02}:00.000000Z",
        }
        line, digest = write_line(entry)
        lines.append(line)
    return lines


def verify_copy(forged: Sequence[str], genuine: Sequence[str]) -> Verification:
    """Verify a forged copy of a log with the head and the anchor of the genuine one.

    Parameters
    ----------
    forged, genuine : sequence of str
        Lines of the copy, and of the log. A line of the copy that has lost its end, other than the last, gets it back.

    Returns
    -------
    Verification

    Raises
    ------
    UserError
        The copy is no log of this version.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, head, anchors = (folder / f"copy.jsonl{ending}" for ending in ("", ".head", ".anchors"))
        whole = [line if line.endswith("\n") else f"{line}\n" for line in forged[:-1]]
        log.write_bytes("".join([*whole, *forged[-1:]]).encode("utf-8", "surrogatepass"))
        head.write_text(_write_mark(genuine, len(genuine) - 1), encoding="ascii")
        anchors.write_text(_write_mark(genuine, 0), encoding="ascii")
        return verify(log)


def _write_mark(lines: Sequence[str], count: int) -> str:
    """Write what a head or an anchor has about the first entries of a log."""
    mark = {
        "announced": 0,
        "count": count,
        "format": "labkit decision log head",
        "hash": json.loads(lines[count])["hash"],
        "log": json.loads(lines[0])["entry"]["log"],
        "size": len("".join(lines[: count + 1])),
        "version": 1,
    }
    return json.dumps(mark, sort_keys=True, separators=(",", ":")) + "\n"
