"""Appending to a log: entries are on the disk before the head names them, and the call returns after both."""

import itertools
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.records.log._beginning import begin_log
from labkit.records.log._entries import check_operator, write_line, write_time
from labkit.records.log._heads import EVERY, Head, add_lines, read_head, write_head
from labkit.records.log._opening import Opened, open_log, write_due_anchor
from labkit.records.log._places import Places
from labkit.records.log.inputs import fingerprint_of, hash_inputs
from labkit.validation import check_columns, warn

CHECKSUM = re.compile("[0-9a-f]{64}")


class DecisionLog:
    """A log of decisions, to which entries are appended; begun if there is none.

    Several programs may append to one log at once: each waits for its turn, and entries of one `append_many` stay
    together. Every call compares the end of the log with its head and anchors first, and appends nothing where they do
    not agree; only `verify` reads the whole log.

    The time of an entry is that of this machine's clock when it is appended, in UTC. A clock that was set back is
    accepted, and `verify` says where times go back.

    Parameters
    ----------
    path : str or pathlib.Path
        The log.
    model, data : str
        SHA-256 of the model that decides, and of the data that it was fitted on: 64 lowercase hexadecimal digits, as
        ``labkit.cache.file_sha256`` and ``sha256sum`` give them. A new model needs a new object, not a new log.
    operator : str
        Who is responsible for these decisions: an office or a role rather than a person. 1 to 200 characters.
    key : bytes, optional
        Secret key for hashes of inputs, see `hash_inputs`; the log takes one key from its beginning, or none.
    head, anchors : str or pathlib.Path, optional
        Where the head and the anchors are; beside the log by default, with the same name and ``.head``, ``.anchors``.
        On another disk or machine they protect the log from those who can write here.
    durable : bool
        Wait until every entry is on the disk. False is for simulations: what a power failure takes is then unknown.
    timeout : float
        Seconds to wait for other writers.
    clock : callable, optional
        Returns the time, as a `datetime` with a difference to UTC; the machine's clock by default.

    Attributes
    ----------
    head : Head
        Entries after the header (``count``) and hash of the last, as of the last call.

    Raises
    ------
    UserError
        Arguments out of range; a log of another version, or with another key; a head or anchors that are missing,
        damaged or of another log; an end of the log that the head does not know; a lock that others hold too long; or
        a disk that is full.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "decisions.jsonl"
    >>> with DecisionLog(path, model="a" * 64, data="b" * 64, operator="credit desk") as log:
    ...     log.append({"age": 41, "income": 2300}, decision=1, score=0.71, threshold=0.5)
    1
    """

    def __init__(
        self,
        path: str | Path,
        *,
        model: str,
        data: str,
        operator: str,
        key: bytes | None = None,
        head: str | Path | None = None,
        anchors: str | Path | None = None,
        durable: bool = True,
        timeout: float = 60,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        for name, value in {"model": model, "data": data}.items():
            if not isinstance(value, str) or not CHECKSUM.fullmatch(value):
                raise UserError(f"{name} is {value!r}; give a SHA-256, 64 hexadecimal digits in lower case")
        self._fixed = {"model": model, "data": data, "operator": check_operator(operator), "kind": "decision"}
        self._places = Places.of(path, head, anchors)
        self._key, self._durable, self._timeout = key, durable, timeout
        self._fingerprint = None if key is None else fingerprint_of(key)
        self._clock = clock or (lambda: datetime.now(UTC))
        self._open, self._known = True, None
        with self._places.hold(timeout):
            begin_log(self._places, key=self._fingerprint, time=self._time(), durable=durable)
            self._refresh()

    def __enter__(self) -> "DecisionLog":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Take no more entries; what was appended is already on the disk."""
        self._open = False

    @property
    def head(self) -> Head:
        """Return the head as of the last call."""
        return read_head(self._places.head) if self._known is None else self._known.head

    def append(
        self,
        inputs: Mapping[str, Any] | str,
        *,
        decision: int,
        score: float | None = None,
        threshold: float | None = None,
    ) -> int:
        """Append one decision, and return when it is on the disk.

        Parameters
        ----------
        inputs : mapping, or str
            What the decision was based on, of which only `hash_inputs` is kept; or that hash.
        decision : {0, 1}
            What was decided.
        score, threshold : float, optional
            The model's score and the threshold; None where there is none.

        Returns
        -------
        int
            The number of the entry.

        Raises
        ------
        UserError
            Values out of range; or a log that cannot go on, as for the class. Nothing is appended then.
        """
        return self._append([self._entry(inputs, decision, score, threshold)], 1)[0]

    def append_many(
        self,
        frame: pd.DataFrame,
        *,
        decision: str,
        score: str | None = None,
        threshold: float | None = None,
        input_hash: str | None = None,
    ) -> range:
        """Append a decision for each row of a table, in its order.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row per decision.
        decision, score : str
            Columns with the decision, 0 or 1, and with the score.
        threshold : float, optional
            The threshold of all rows.
        input_hash : str, optional
            Column with hashes of the inputs. Without it the inputs are all other columns than these.

        Returns
        -------
        range
            The numbers of the entries.

        Raises
        ------
        UserError
            Nothing is appended where a column is missing or any row has a value out of range. Where the disk is full,
            the message says how many rows are in the log; no row is there in part.
        """
        named = [name for name in (decision, score, input_hash) if name is not None]
        check_columns(frame.columns, named)
        if not frame.columns.is_unique:
            raise UserError(f"the frame has two columns {frame.columns[frame.columns.duplicated()][0]!r}; rename one")
        others = [name for name in frame.columns if name not in named]
        if input_hash is None and not others:
            raise UserError("the frame has no columns but those of decisions; add the inputs, or name input_hash=")
        columns = {name: frame[name].tolist() for name in frame.columns}
        scores = itertools.repeat(None) if score is None else columns[score]
        if input_hash is None:
            inputs = (dict(zip(others, row, strict=True)) for row in zip(*(columns[n] for n in others), strict=True))
        else:
            inputs = iter(columns[input_hash])
        entries = []
        for row, values in enumerate(zip(inputs, columns[decision], scores, strict=False), 1):
            try:
                entries.append(self._entry(*values, threshold))
            except UserError as error:
                raise UserError(f"row {row:,}: {error}") from error
        return self._append(entries, len(entries))

    def _entry(self, inputs: Any, decision: Any, score: Any, threshold: Any) -> dict[str, Any]:
        """Return what an entry has before its place in the chain is known."""
        if isinstance(inputs, str):
            if not CHECKSUM.fullmatch(inputs):
                raise UserError(f"the hash of inputs is {inputs!r}; give 64 hexadecimal digits in lower case")
            digest = inputs
        else:
            digest = hash_inputs(inputs, key=self._key)
        if not isinstance(decision, Real | np.bool_) or decision not in (0, 1):
            raise UserError(f"the decision is {decision!r}; it must be 0 or 1")
        numbers = {"score": _finite(score, "score"), "threshold": _finite(threshold, "threshold")}
        return {"input": digest, "decision": int(decision), **numbers}

    def _append(self, entries: list[dict[str, Any]], number: int) -> range:
        """Append entries in batches that end where an anchor is due."""
        if not self._open:
            raise UserError("this log was closed; open it again with DecisionLog(...)")
        with self._places.hold(self._timeout):
            self._refresh()
            first = self.head.count + 1
            sizes = list(_batches(first, number))
            if sizes and sizes[0] > 1:
                self._in_words(lambda: self._write_head(replace(self.head, announced=sizes[0])), 0, number)
            rest = iter(entries)
            for size, after in itertools.pairwise([*sizes, 0]):
                done = self.head.count + 1 - first
                batch = itertools.islice(rest, size)
                self._in_words(lambda batch=batch, after=after: self._write_batch(batch, after), done, number)
        return range(first, first + number)

    def _write_batch(self, batch: Iterable[dict[str, Any]], after: int) -> None:
        """Write entries, then the head with the size of the next batch, then the anchor that is due."""
        head, lines = self.head, []
        try:
            write_due_anchor(self._places, head, durable=self._durable)  # of the batch before, if that failed
            for entry in batch:
                place = {"previous": head.hash, "sequence": head.count + 1, "time": self._time()}
                line, digest = write_line({**self._fixed, **entry, **place})
                lines.append(line)
                head = replace(head, count=head.count + 1, hash=digest, size=head.size + len(line))
            add_lines(self._places.log, b"".join(lines), durable=self._durable)
            self._write_head(replace(head, announced=after if after > 1 else 0))
        except BaseException:
            self._take_back()
            raise
        try:
            write_due_anchor(self._places, self.head, durable=self._durable)
        except (OSError, UserError) as error:
            reason = getattr(error, "strerror", None) or error
            warn(
                f"the anchor of entry {self.head.count:,} could not be written ({reason}); the entry is in the log, "
                "and the next call writes its anchor before it appends anything: make room, or repair it"
            )

    def _write_head(self, head: Head) -> None:
        write_head(self._places.head, head, durable=self._durable)
        self._known = replace(self._known, head=head)

    def _take_back(self) -> None:
        """Cut off what the head on the disk does not have; where even that fails, the next call or a repair does."""
        try:
            self._known = replace(self._known, head=read_head(self._places.head))
            os.truncate(self._places.log, self.head.size)
            if self.head.announced:  # as long as a head announces more entries, somebody could add them
                self._write_head(replace(self.head, announced=0))
        except (OSError, UserError):
            self._known = None

    def _in_words(self, write: Callable[[], None], done: int, number: int) -> None:
        """Turn an error of the disk into one that says what is in the log."""
        try:
            write()
        except OSError as error:
            kept = f"the first {done:,} of these {number:,} are in the log" if done else "nothing of this call is there"
            raise UserError(
                f"cannot append to the log {str(self._places.log)!r}: {error.strerror}; {kept}, and nothing that was "
                "there before is lost; make room, and append the rest"
            ) from error

    def _refresh(self) -> None:
        """Look at the end of the log, unless it is as this object left it."""
        known, doing = self._known, f"cannot open the log {str(self._places.log)!r}"
        try:
            if known is None or not _is_as_left(self._places, known.head):
                known = self._in_order(open_log(self._places, durable=self._durable))
            doing = f"cannot write the anchor of entry {known.head.count:,} to {str(self._places.anchors)!r}"
            write_due_anchor(self._places, known.head, durable=self._durable)
        except OSError as error:
            raise UserError(
                f"{doing}: {error.strerror}; nothing was appended; make room, or name another place"
            ) from error
        self._known = known

    def _in_order(self, opened: Opened) -> Opened:
        """Reject a log with an incomplete last line, or with another key."""
        if opened.incomplete:
            raise UserError(
                f"the last line of the log {str(self._places.log)!r} is incomplete, as a crash leaves it, and nothing "
                "was appended; cut it off with labkit log repair, which is recorded"
            )
        if opened.key != self._fingerprint:
            here = "no key" if self._fingerprint is None else "a key" if opened.key is None else "another key"
            there = "without a key" if opened.key is None else "with a key"
            raise UserError(f"the log hashes inputs {there}, and {here} was given; use one and the same for a log")
        return opened

    def _time(self) -> str:
        """Write the time of the clock."""
        time = self._clock()
        if time.tzinfo is None:
            raise UserError(f"the clock gives {time}, without its difference to UTC; let it return datetime.now(UTC)")
        return write_time(time)


def _batches(first: int, number: int) -> Iterator[int]:
    """Return the sizes of batches of entries that end where an anchor is due."""
    while number:
        size = min(number, EVERY - (first - 1) % EVERY)
        yield size
        first, number = first + size, number - size


def _finite(number: Any, name: str) -> float | None:
    """Return a number as a float; missing ones as None."""
    if number is None or number is pd.NA or isinstance(number, float) and math.isnan(number):
        return None
    if not isinstance(number, Real) or isinstance(number, bool) or not math.isfinite(number):
        raise UserError(f"the {name} is {number!r}; give a finite number")
    return float(number) + 0.0  # no minus zero


def _is_as_left(places: Places, head: Head) -> bool:
    """Say whether the head and the size of the log are those that this object left."""
    try:
        return places.log.stat().st_size == head.size and read_head(places.head) == head
    except (OSError, UserError):
        return False
