"""Verifying a log: its chain, then its head and anchors, in one pass."""

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from labkit.errors import UserError
from labkit.records.log._entries import LONGEST_LINE, read_log_header
from labkit.records.log._heads import EVERY, DamagedHead, Head, read_anchors, read_head
from labkit.records.log._opening import check_header
from labkit.records.log._places import Places
from labkit.records.log.chain._judging import judge_marks
from labkit.records.log.chain._locating import Problem, locate_problems
from labkit.records.log.chain._marks import Marks
from labkit.records.log.chain._scanning import Scanned, scan_log

OUT_OF_ORDER = ("reordering", "duplication", "insertion", "many places")  # times go back there for another reason
Snapshot = tuple[Head | None, int, str | None]  # the head, the size of the log, and what is wrong with the head's file


@dataclass(frozen=True)
class Verification:
    """What was found about a log.

    Parameters
    ----------
    problems : tuple of Problem
        What is wrong, each with its ``kind``, a ``sentence``, and the ``entries`` and ``lines`` that it is about.
    notices : tuple of str
        What is worth knowing and is no tampering: a clock that was set back, repairs, what could not be checked.
    decisions, repairs : int
        Whole entries of each kind.
    times : tuple of str, or None
        Times of the first entry and the last.
    head_checked : bool
        Whether the head was compared.
    anchors_checked : int
        Anchors that agree.
    """

    problems: tuple[Problem, ...]
    notices: tuple[str, ...]
    decisions: int
    repairs: int
    times: tuple[str, str] | None
    head_checked: bool
    anchors_checked: int

    @property
    def ok(self) -> bool:
        """Whether no problem was found."""
        return not self.problems

    @property
    def is_crash(self) -> bool:
        """Whether the only problem is an incomplete last line, and the head shows that nothing confirmed is missing."""
        return self.head_checked and [problem.kind for problem in self.problems] == ["incomplete line"]

    def describe(self, most: int = 20) -> list[str]:
        """Return what was found in sentences: at most 20 problems first, then notices, then what was checked."""
        lines = [f"{problem.kind}: {problem.sentence}" for problem in self.problems[:most]]
        if len(self.problems) > most:
            lines.append(f"and {len(self.problems) - most:,} problems more")
        lines += [f"notice: {notice}" for notice in self.notices]
        repairs = "" if not self.repairs else f" and {self.repairs:,} repair{'' if self.repairs == 1 else 's'}"
        number = f"{self.decisions:,} decision{'' if self.decisions == 1 else 's'}{repairs}"
        head = "compared with the head" if self.head_checked else "not compared with a head"
        anchors = f"{self.anchors_checked:,} anchor{'' if self.anchors_checked == 1 else 's'}"
        agree = "agrees" if self.anchors_checked == 1 else "agree"
        if self.problems:
            return [*lines, f"{number} in whole lines; {head}; {anchors} {agree}"]
        if self.head_checked:
            verdict = "nobody can have changed them without changing the head, too"
        else:
            verdict = "whether all hashes were computed again, or the end was cut off, only a head shows"
        return [*lines, f"{number}: the chain is whole; {head}; {anchors} {agree}; {verdict}"]


def verify(
    log: str | Path,
    *,
    head: str | Path | Literal[False] | None = None,
    anchors: str | Path | Literal[False] | None = None,
) -> Verification:
    """Read a log once, in constant memory, and say what was changed in it and where.

    Every tampering that does not compute later hashes again is located: entries that were changed, deleted, inserted,
    repeated, moved or cut off at the end. Where hashes were computed again up to the end, the head shows it, and the
    anchors show between which two of them the first change is. What nobody finds are changes by those who can write
    the log, the head and the anchors; decisions that were never logged, or logged falsely; and of a copy of log and
    head that was put back, whatever came after the last anchor that is kept apart.

    The log may grow meanwhile: it is verified as it was at the beginning. A head that is an older copy is an anchor:
    give it as ``anchors``.

    Parameters
    ----------
    log : str or pathlib.Path
        The log.
    head, anchors : str or pathlib.Path, or False, optional
        Its head and its anchors; by default the files beside the log. False leaves them out, and says so. A head that
        is missing beside the log is a problem, anchors that are missing there are a notice.

    Returns
    -------
    Verification
        With ``ok``, ``problems`` and ``notices``.

    Raises
    ------
    FileNotFoundError
        There is no such log, or no file of the head or anchors that were named.
    UserError
        A file that is no log, or a log, a head or anchors of another version.

    Examples
    --------
    >>> import tempfile
    >>> from labkit.records import DecisionLog
    >>> path = Path(tempfile.mkdtemp()) / "decisions.jsonl"
    >>> with DecisionLog(path, model="a" * 64, data="b" * 64, operator="credit desk") as decisions:
    ...     number = decisions.append({"age": 41}, decision=1)
    >>> verify(path).ok
    True
    >>> changed = path.write_bytes(path.read_bytes().replace(b'"decision":1', b'"decision":0'))
    >>> print(*verify(path).describe(), sep="\\n")
    change: entry 1 (line 2) was changed: its hash is not that of what it says
    0 decisions in whole lines; compared with the head; 1 anchor agrees
    """
    places = Places.of(log, head or None, anchors or None)
    if not places.log.exists():
        raise FileNotFoundError(f"there is no log {str(log)!r}; name the file")
    for named, place in ((head, places.head), (anchors, places.anchors)):
        if named and not place.exists():
            raise FileNotFoundError(f"there is no file {str(named)!r}; name the head, or the anchors, of the log")
    lock = places.log.with_name(f"{places.log.name}.lock")
    with places.hold(60) if os.access(lock, os.W_OK) else nullcontext():
        snapshot = _take_snapshot(places, with_head=head is not False)
    return verify_places(places, use_head=head is not False, use_anchors=anchors is not False, snapshot=snapshot)


def verify_places(
    places: Places, *, use_head: bool, use_anchors: bool, snapshot: Snapshot | None = None
) -> Verification:
    """Verify a log as `verify` does, as it was at a moment; by default now, for callers that hold the lock."""
    known, size, damage = snapshot or _take_snapshot(places, with_head=use_head)
    has_anchors = use_anchors and places.anchors.exists()
    marks = Marks(known, (lambda: read_anchors(places.anchors)) if has_anchors else tuple)
    with places.log.open("rb") as file:
        _check_kind(file.readline(LONGEST_LINE), places.log, has_head=known is not None)
        file.seek(0)
        found = scan_log(file, size, marks)
    marks.finish(found.highest)
    return _judge(found, known, marks, damage, use_head, has_anchors, use_anchors)


def _judge(
    found: Scanned,
    head: Head | None,
    marks: Marks,
    damage: str | None,
    wants_head: bool,
    has_anchors: bool,
    wants_anchors: bool,
) -> Verification:
    """Put together what the chain, the head and the anchors say."""
    chain, reached, kept = locate_problems(found, end=None if head is None else head.count)
    others, notices, met = judge_marks(found, head, marks, kept, reached)
    problems = [*chain, *others]
    if damage is not None:
        problems.append(Problem("head", damage))
    if not wants_head:
        notices.append(
            "no head was compared: an end that was cut off, and hashes that were computed again, stay hidden"
        )
    if not has_anchors:
        why = "there are no anchors beside the log" if wants_anchors else "no anchors were compared"
        notices.append(f"{why}: where hashes were computed again would not be known")
    there, expected = marks.anchors, max(0, reached) // EVERY + 1
    if has_anchors and there < expected:
        notices.append(f"there are {there:,} of the {expected:,} anchors that a log of this length has")
    if found.backward and not any(problem.kind in OUT_OF_ORDER for problem in chain):
        sequence, time, before = found.first_backward
        places = "1 entry" if found.backward == 1 else f"{found.backward:,} entries"
        notices.append(f"the clock went back at {places}, first at entry {sequence:,}, from {before} to {time}")
    if repairs := found.kinds["repair"]:
        often = "once; the repair is" if repairs == 1 else f"{repairs:,} times; each repair is"
        notices.append(f"the log was repaired {often} an entry in it")
    return Verification(
        tuple(problems),
        tuple(notices),
        found.kinds["decision"],
        found.kinds["repair"],
        found.times,
        head is not None,
        met,
    )


def _take_snapshot(places: Places, *, with_head: bool) -> Snapshot:
    """Return the head, the size of the log at the same moment, and what is wrong with the file of the head.

    Writers hold a lock from the first byte to the head. Where this may not be taken (in a folder that is read-only),
    the two are read until they do not change between.
    """
    for _ in range(100):
        before = _stat(places)
        head, damage = None, None
        if with_head:
            try:
                head = read_head(places.head)
            except FileNotFoundError:
                damage = (
                    f"the head {str(places.head)!r} is missing, and nothing shows whether the end was cut off or "
                    "hashes were computed again; name it"
                )
            except DamagedHead as error:
                damage = str(error)
        size = places.log.stat().st_size
        if before == _stat(places):
            return head, size, damage
    return head, size, damage


def _stat(places: Places) -> tuple:
    """Return what changes when a log or its head is written."""
    log = places.log.stat()
    head = places.head.stat() if places.head.exists() else None
    return log.st_size, log.st_mtime_ns, head and (head.st_mtime_ns, head.st_ino)


def _check_kind(line: bytes, path: Path, *, has_head: bool) -> None:
    """Reject a log of another version, and a file without a head that never was a log; the pass judges all else."""
    header = read_log_header(line)
    if header is not None:
        check_header(header, path)
    elif not has_head and line and b"decision log" not in line and b'{"entry":{' not in line:
        raise UserError(
            f"{str(path)!r} is not a decision log; name the file that DecisionLog or labkit log append wrote"
        )
