"""Entries whose hashes are known apart from the log: the one of the head, and those of the anchors."""

import math
from collections.abc import Callable, Iterable, Iterator

from labkit.records.log._heads import DamagedHead, Head

MOST_PROBLEMS = 10  # of a file of anchors


class Marks:
    """Compares entries with the head and with anchors, as they come; keeps one anchor at a time.

    What was found is kept with the run of entries in which it was found, because a copy of a genuine entry, put
    anywhere, must not make up for a forged one in its place.

    Attributes
    ----------
    next : int or infinity
        Number of the entry from which on `meet` must be called.
    passed : int
        The last anchor that is not waited for any more; -1 before the first.
    anchors : int
        Anchors in the file, of any log.
    logs : set of str
        Identifiers of logs that head anchors have; two at most are kept.
    beyond : Head or None
        The last anchor after the end of the log.
    problems : list of str
        What is wrong with the file of anchors.
    """

    def __init__(self, head: Head | None, read: Callable[[], Iterable[Head | DamagedHead]] = tuple) -> None:
        self._head, self._read = head, read
        self._anchors: Iterator[Head | DamagedHead] = iter(read())
        self._anchor, self._first_pass, self._before_head = None, True, head is not None
        self.passed, self.anchors, self.beyond = -1, 0, None
        self.logs: set[str] = set()
        self.problems: list[str] = []
        self._advance()

    def meet(self, sequence: int, digest: bytes, run) -> None:
        """Compare an entry with the head and the next anchor, and tell its run."""
        if self._before_head and sequence >= self._head.count:
            if sequence == self._head.count:
                run.agrees_with_head = digest.decode() == self._head.hash
            self._before_head = False
        while self._anchor is not None and sequence >= self._anchor.count:
            if sequence == self._anchor.count:
                if digest.decode() == self._anchor.hash:
                    run.met, run.last_met = run.met + 1, sequence
                elif run.first_wrong is None:
                    run.first_wrong = sequence
            self._advance()
        self._set_next()

    def rewind(self, sequence: int) -> None:
        """Go back to the first anchor from an entry on: a run begins before one that is not waited for any more."""
        self.beyond = self._finish_first_pass()
        self._anchors, self._anchor, self.passed, self._first_pass = iter(self._read()), None, -1, False
        self._before_head = self._head is not None and sequence <= self._head.count
        self._advance()
        while self._anchor is not None and self._anchor.count < sequence:
            self._advance()

    def finish(self, highest: int) -> None:
        """Look at the anchors that are left; `beyond` is the last, if it is after the highest number."""
        last = self._finish_first_pass()
        self.beyond = last if last is not None and last.count > highest else None

    def _finish_first_pass(self) -> Head | None:
        """Read the anchors once to their end, and return the last."""
        if not self._first_pass:
            return self.beyond
        last = None
        while self._anchor is not None:
            last = self._anchor
            self._advance()
        return last

    def _advance(self) -> None:
        """Take the next anchor that comes after this one."""
        former = self._anchor
        if former is not None:
            self.passed = former.count
        for each in self._anchors:
            if isinstance(each, DamagedHead):
                self._note(str(each))
                continue
            if self._first_pass:
                self.anchors += 1
                if len(self.logs) < 2:
                    self.logs.add(each.log)
            if each.count > self.passed:
                self._anchor = each
                break
            if each.count < self.passed:
                self._note(f"the anchor of entry {each.count:,} comes after that of entry {self.passed:,}")
        else:
            self._anchor = None
        self._set_next()

    def _note(self, problem: str) -> None:
        """Keep a problem of the file of anchors."""
        if self._first_pass and len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def _set_next(self) -> None:
        """Say from which entry on `meet` must be called."""
        head = self._head.count if self._before_head else math.inf
        self.next = min(head, math.inf if self._anchor is None else self._anchor.count)
