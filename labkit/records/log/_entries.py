"""One entry of the log as a line of canonical JSON, whose bytes are what is hashed."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from labkit.errors import UserError

FORMAT, VERSION = "labkit decision log", 1
START = "0" * 64  # the header has it where other entries have the hash of the entry before
LONGEST_LINE = 8_192  # bytes; an operator's name is limited, so that no line of ours comes near
LONGEST_OPERATOR = 200  # characters

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_HASH, _NUMBER = r'"[0-9a-f]{64}"', r"-?[0-9][-+.0-9e]*"
_DIGITS = '"([^"]{64})"'  # a hash whose digits are looked at later, which takes half the time
_TEXT = r'"(?:[ !#-\[\]-~]|\\["\\]|\\u[0-9a-f]{4})+"'
_COUNT = r"(?:0|[1-9][0-9]{0,17})"
_SEQUENCE, _PREVIOUS = rf'"sequence":({_COUNT})', f'"previous":{_DIGITS}'
_TIME = r'"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)"'
_OPERATOR = f'"operator":({_TEXT})'


def _line_of(*members: str) -> re.Pattern[bytes]:
    """Return the pattern of a whole line, with the members of its entry in the order of their names."""
    entry = ",".join(members)
    return re.compile(rf'\{{"entry":(\{{{entry}\}}),"hash":{_DIGITS}\}}\n'.encode())


# What each kind of entry has; these patterns are the format. `read_line` takes their groups in this order.
DECISION = _line_of(
    f'"data":{_DIGITS}',
    '"decision":[01]',
    f'"input":{_DIGITS}',
    '"kind":"decision"',
    f'"model":{_DIGITS}',
    _OPERATOR,
    _PREVIOUS,
    f'"score":({_NUMBER}|null)',
    _SEQUENCE,
    f'"threshold":({_NUMBER}|null)',
    _TIME,
)
REPAIR = _line_of(
    f'"cut_bytes":{_COUNT}',
    f'"cut_sha256":(?:{_HASH}|null)',
    '"kind":"repair"',
    _OPERATOR,
    _PREVIOUS,
    r'"rebuilt":\[(?:"anchors"|"head"|"anchors","head")?\]',
    _SEQUENCE,
    _TIME,
)
HEADER = _line_of(
    f'"format":"{FORMAT}"',
    '"inputs":"(?:hmac-)?sha256"',
    f'"key":(?:{_HASH}|null)',
    '"kind":"header"',
    '"log":"[0-9a-f]{32}"',
    _PREVIOUS,
    '"sequence":(0)',
    _TIME,
    f'"version":{VERSION}',
)


class Entry(NamedTuple):
    """What the chain is checked by: number, hash of the entry before, own hash, kind and time."""

    sequence: int
    previous: bytes
    hash: bytes
    kind: str
    time: bytes


def write_canonical(value: Any) -> bytes:
    """Write a value as canonical JSON; NaN and infinity are a ValueError."""
    return _ENCODER.encode(value).encode()


def write_line(entry: Mapping[str, Any]) -> tuple[bytes, str]:
    """Write an entry as a line, and return its hash, too."""
    text = write_canonical(entry)
    digest = hashlib.sha256(text).hexdigest()
    return b'{"entry":%b,"hash":"%b"}\n' % (text, digest.encode()), digest


def read_line(line: bytes) -> Entry | None:
    """Read a line; None if a single byte of it is not as the log writes it, or its hash is not that of its entry."""
    match = DECISION.fullmatch(line)
    if match is not None:
        kind = "decision"
        entry, data, inputs, model, operator, previous, score, sequence, threshold, time, digest = match.groups()
        known = _is_checksum(data) and _is_checksum(model) and _is_operator(operator) and _is_threshold(threshold)
        if not (known and _is_hash(inputs) and _is_float(score)):
            return None
    elif (match := REPAIR.fullmatch(line)) is not None:
        kind = "repair"
        entry, operator, previous, sequence, time, digest = match.groups()
        if not _is_operator(operator):
            return None
    elif (match := HEADER.fullmatch(line)) is not None:
        kind = "header"
        entry, previous, sequence, time, digest = match.groups()
    else:
        return None
    if hashlib.sha256(entry).hexdigest().encode() != digest or not (_is_hash(previous) and _is_day(time[:10])):
        return None
    return Entry(int(sequence), previous, digest, kind, time)


def read_log_header(line: bytes) -> dict[str, Any] | None:
    """Return the members of a line that is a header of any version; None if it is none, or its hash is wrong."""
    try:
        header = json.loads(line)["entry"]
        known = header["format"] == FORMAT and write_line(header)[0] == line
        return header if known and isinstance(header["version"], int) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def explain_line(line: bytes) -> str:
    """Say what is wrong with a line that `read_line` does not accept."""
    if not line.strip():
        return "it is blank"
    if line.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark"
    if line.endswith(b"\r\n"):
        return "it ends with a carriage return, as Windows writes it"
    if b"\0" in line:
        return "it has zero bytes, as a power failure leaves them"
    if len(line) > LONGEST_LINE:
        return "it is longer than any entry"
    twice = []

    def collect(pairs):
        names = [name for name, _ in pairs]
        twice.extend(name for name in names if names.count(name) > 1)
        return dict(pairs)

    try:
        found = json.loads(line, object_pairs_hook=collect)
    except (ValueError, RecursionError):
        return "it is not JSON"
    if twice:
        return f"it has {twice[0]!r} twice"
    if not isinstance(found, dict) or set(found) != {"entry", "hash"} or not isinstance(found["entry"], dict):
        return "it is not an entry with its hash"
    try:
        canonical, digest = write_line(found["entry"])
    except ValueError:
        return "it has a number that is not finite"
    if digest == found["hash"]:
        return (
            "it is not spelled as the log spells it" if canonical != line else "its members are not those of an entry"
        )
    return "its hash is not that of what it says"


def _is_hash(digits: bytes) -> bool:
    """Say whether bytes are lowercase hexadecimal digits alone."""
    return not digits.translate(None, b"0123456789abcdef")


def _is_float(number: bytes) -> bool:
    """Say whether a number is written as ``repr`` writes a finite float, or is null."""
    if number == b"null":
        return True
    try:
        return repr(float(number)).encode() == number
    except ValueError:
        return False


@lru_cache(maxsize=64)  # entries of a day follow each other
def _is_day(day: bytes) -> bool:
    """Say whether a date of the right shape exists."""
    try:
        date.fromisoformat(day.decode())
    except ValueError:
        return False
    return True


@lru_cache(maxsize=64)  # few operators write a log
def _is_operator(text: bytes) -> bool:
    """Say whether a text is the canonical spelling of a name that the log takes."""
    name = json.loads(text)
    return is_operator(name) and write_canonical(name) == text


def is_operator(name: Any) -> bool:
    """Say whether a name can stand in the log: 1 to 200 characters, all of which can be printed."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_OPERATOR and name.isprintable() and bool(name.strip())


_is_threshold = lru_cache(maxsize=64)(_is_float)  # few thresholds, models and data are in use
_is_checksum = lru_cache(maxsize=64)(_is_hash)


def check_operator(operator: str) -> str:
    """Return the name of an operator, or say that it is none."""
    if not is_operator(operator):
        raise UserError(
            f"the operator is {operator!r}; give a name of 1 to {LONGEST_OPERATOR} characters on one line, an "
            "office or a role"
        )
    return operator


def write_time(time: datetime) -> str:
    """Write a time in UTC, with six digits of the second, so that texts have the order of times."""
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
