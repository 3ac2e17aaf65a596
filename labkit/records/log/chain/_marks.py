"""Entries whose hashes are known apart from the log: the one of the head, and those of the anchors."""

import math
from collections.abc import Iterable

from labkit.records.log._heads import DamagedHead, Head


class Marks:
    """Compares entries with the head and with anchors, as they come; keeps one anchor at a time.

    Attributes
    ----------
    next : int or infinity
        Number of the entry from which on `meet` must be called.
    head_seen, head_met : bool
        Whether the entry of the head came, and whether with its hash.
    met, wrong, passed : int
        Anchors whose entry came with the same hash, came with another hash, or did not come.
    last_met : int or None
        The last anchor that was met before the first wrong one; None if there was none.
    first_wrong, last_wrong : Head or None
        The first and the last anchor whose entry has another hash.
    met_after : bool
        Whether an anchor was met after a wrong one.
    beyond : Head or None
        The last anchor after the end of the log.
    problems : list of str
        What is wrong with the file of anchors.
    """

    def __init__(self, head: Head | None, anchors: Iterable[Head | DamagedHead]) -> None:
        self._head, self._anchors = head, iter(anchors)
        self.head_seen = self.head_met = self.met_after = False
        self.met = self.wrong = self.passed = 0
        self.last_met = self.first_wrong = self.last_wrong = self.beyond = None
        self.problems: list[str] = []
        self.others: set[str] = set()  # identifiers of logs; two at most are kept
        self._anchor, self._state = None, ""
        self._advance()

    def meet(self, sequence: int, digest: bytes) -> None:
        """Compare an entry with the head and the next anchor."""
        if self._head is not None and sequence == self._head.count:
            self.head_seen = True
            self.head_met |= digest.decode() == self._head.hash
        while self._anchor is not None and sequence > self._anchor.count:
            self._settle()
        if self._anchor is not None and sequence == self._anchor.count:
            if digest.decode() == self._anchor.hash:
                self._state = "met"
            elif not self._state:
                self._state = "wrong"
        self._set_next()

    def finish(self, highest: int) -> None:
        """Count the anchors that are left; those after the highest number of an entry are beyond the end."""
        while self._anchor is not None:
            if self._anchor.count > highest:
                self.beyond = self._anchor
            self._settle()

    def _settle(self) -> None:
        """Count the anchor, and take the next."""
        if self._state == "met":
            self.met += 1
            if self.first_wrong is None:
                self.last_met = self._anchor.count
            else:
                self.met_after = True
        elif self._state == "wrong":
            self.wrong += 1
            self.first_wrong, self.last_wrong = self.first_wrong or self._anchor, self._anchor
        else:
            self.passed += 1
        self._advance()

    def _advance(self) -> None:
        """Take the next anchor that comes after this one."""
        former, self._state = self._anchor, ""
        for each in self._anchors:
            if isinstance(each, DamagedHead):
                if len(self.problems) < 10:
                    self.problems.append(str(each))
                continue
            if len(self.others) < 2:
                self.others.add(each.log)
            if former is not None and each.count <= former.count:
                if each.count < former.count and len(self.problems) < 10:
                    self.problems.append(
                        f"the anchor of entry {each.count:,} comes after that of entry {former.count:,}"
                    )
                continue
            self._anchor = each
            break
        else:
            self._anchor = None
        self._set_next()

    def _set_next(self) -> None:
        """Say from which entry on `meet` must be called: head and anchor may be met again by a repeated entry."""
        head = math.inf if self._head is None or self.head_met else self._head.count
        anchor = math.inf if self._anchor is None else self._anchor.count
        self.next = min(head, anchor)
