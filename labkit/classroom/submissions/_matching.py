"""Which cells of a submission are those that were handed out: by id, then by text, then by what they have in common."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from labkit.classroom.submissions._names import (
    bound_names,
    changed_names,
    count_tokens,
    likeness,
    read_words,
    without_blanks,
)
from labkit.classroom.submissions._notebooks import SubmittedCell

if TYPE_CHECKING:
    from labkit.classroom.releases import ReleasedCell

ALIKE = 0.6  # from which likeness on a cell in the right place counts as a changed one
COPY = 0.8  # and from which on one anywhere counts as a copy
MOST_COMPARED = 400  # cells in one place


class Source:
    """A source, with what is compared: found when it is first asked for."""

    def __init__(self, source: str):
        self.source = source

    @cached_property
    def plain(self) -> str:
        """The source without what does not count."""
        return without_blanks(self.source)

    @cached_property
    def tokens(self) -> Counter[str]:
        """How often each word and sign appears."""
        return count_tokens(self.source)

    @cached_property
    def bound(self) -> set[str]:
        """The names that it binds."""
        return bound_names(self.source)

    @cached_property
    def changed(self) -> set[str]:
        """The names that it binds or changes."""
        return changed_names(self.source)

    @cached_property
    def words(self) -> set[str]:
        """The names that it mentions."""
        return read_words(self.source)


@dataclass
class Matched:
    """Which cell is which.

    Attributes
    ----------
    places : dict of int to list of int
        For each released cell that was found, by its number, the numbers of cells of the submission: its own first,
        then copies of it.
    owner : dict of int to int
        For each cell of the submission that was recognized, the number of the released one.
    released, submitted : list of Source
    """

    released: list[Source]
    submitted: list[Source]
    places: dict[int, list[int]] = field(default_factory=dict)
    owner: dict[int, int] = field(default_factory=dict)

    def add(self, released: int, submitted: int) -> None:
        """Note that a cell of the submission is a released one, or a copy of it."""
        self.places.setdefault(released, []).append(submitted)
        self.owner[submitted] = released

    def missing(self) -> list[int]:
        """Return the released cells that were not found."""
        return [number for number in range(len(self.released)) if number not in self.places]

    def added(self) -> list[int]:
        """Return the cells of the submission that were not recognized."""
        return [number for number in range(len(self.submitted)) if number not in self.owner]

    def in_order(self) -> dict[int, int]:
        """Return, by released cell, the place of those that stand in the order in which they were handed out."""
        firsts = sorted(self.places.items(), key=lambda item: item[1][0])
        kept = longest_rise([released for released, _ in firsts])
        return {released: self.places[released][0] for released in kept}


def match_cells(
    released: Sequence["ReleasedCell"], submitted: Sequence[SubmittedCell], names: dict[int, set[str]]
) -> Matched:
    """Recognize the released cells in a submission.

    Parameters
    ----------
    released : sequence of ReleasedCell
    submitted : sequence of SubmittedCell
    names : dict of int to set of str
        For each answer cell, by its number, the names of the answer.
    """
    found = Matched([Source(each.source) for each in released], [Source(each.source) for each in submitted])
    numbers = {each.id: number for number, each in enumerate(released)}
    by_id = {number: numbers[each.id] for number, each in enumerate(submitted) if each.id in numbers}
    match_texts(found, by_id)
    match_ids(found, by_id, names)
    match_places(found, released, submitted, names)
    match_answers(found, submitted, names)
    match_copies(found, names)
    for places in found.places.values():
        places.sort(key=lambda number: (by_id.get(number) != found.owner[number], number))
    return found


def match_texts(found: Matched, by_id: dict[int, int]) -> None:
    """Recognize cells that nobody changed: first those with the right id, then equal ones in their order."""
    for number, one in by_id.items():
        if found.submitted[number].plain == found.released[one].plain:
            found.add(one, number)
    by_text = defaultdict(list)
    for one in found.missing():
        by_text[found.released[one].plain].append(one)
    for number in found.added():
        if waiting := by_text.get(found.submitted[number].plain):
            found.add(waiting.pop(0), number)


def match_ids(found: Matched, by_id: dict[int, int], names: dict[int, set[str]]) -> None:
    """Recognize cells by their ids; several with one id are copies where they have something in common with it."""
    holders = defaultdict(list)
    for number, one in by_id.items():
        if number not in found.owner:
            holders[one].append(number)
    for one, others in holders.items():
        alike = [number for number in others if is_version(found, one, number, names)]
        for number in alike or (others[:1] if one not in found.places else []):
            found.add(one, number)


def is_version(found: Matched, one: int, other: int, names: dict[int, set[str]]) -> bool:
    """Say whether a cell of the submission seems to be a version of a released one."""
    if names.get(one) and names[one] <= found.submitted[other].bound:
        return True
    return likeness(found.released[one].tokens, found.submitted[other].tokens) >= ALIKE


def match_places(
    found: Matched,
    released: Sequence["ReleasedCell"],
    submitted: Sequence[SubmittedCell],
    names: dict[int, set[str]],
) -> None:
    """Recognize changed cells by where they stand, between two that are known, and by what they have in common."""
    known = sorted(found.in_order().items())
    before = [(-1, -1), *known]
    behind = [*known, (len(released), len(submitted))]
    missing, added = set(found.missing()), set(found.added())
    for (first, start), (last, end) in zip(before, behind, strict=True):
        ours = [number for number in range(first + 1, last) if number in missing]
        theirs = [number for number in range(start + 1, end) if number in added][:MOST_COMPARED]
        pairs = []
        for one in ours:
            wanted = names.get(one)
            is_bound = bool(wanted) and any(wanted <= found.submitted[other].bound for other in added)
            for other in theirs:
                score = likeness(found.released[one].tokens, found.submitted[other].tokens)
                if is_bound:  # stubs may look alike; the one that binds the names is the answer
                    score = 0.9 + score / 10 if wanted <= found.submitted[other].bound else 0.0
                if score >= ALIKE:
                    pairs.append((-score, one, other))
        for _, one, other in sorted(pairs):
            if one not in found.places and other not in found.owner:
                found.add(one, other)


def match_answers(found: Matched, submitted: Sequence[SubmittedCell], names: dict[int, set[str]]) -> None:
    """Recognize answers that stand elsewhere by the names that they bind."""
    for one in found.missing():
        if names.get(one):
            others = [number for number in found.added() if names[one] <= found.submitted[number].bound]
            if others:
                found.add(one, max(others, key=lambda other: (submitted[other].kind == "code", other)))


def match_copies(found: Matched, names: dict[int, set[str]]) -> None:
    """Find copies of answer cells that have ids of their own."""
    for other in found.added():
        text = found.submitted[other]
        for one in sorted(names):
            if one in found.places and names[one] and names[one] <= text.bound:
                originals = [found.released[one], *(found.submitted[number] for number in found.places[one])]
                if any(likeness(original.tokens, text.tokens) >= COPY for original in originals):
                    found.add(one, other)
                    break


def longest_rise(numbers: Iterable[int]) -> list[int]:
    """Return the longest rising part of different numbers, in their order (patience sorting)."""
    numbers = list(numbers)
    tops: list[int] = []  # the smallest end of a rising part of each length
    places: list[int] = []  # where that end is
    before: list[int | None] = []
    for place, number in enumerate(numbers):
        length = bisect_left(tops, number)
        before.append(places[length - 1] if length else None)
        tops[length : length + 1] = [number]
        places[length : length + 1] = [place]
    kept: list[int] = []
    place = places[-1] if places else None
    while place is not None:
        kept.append(numbers[place])
        place = before[place]
    return kept[::-1]
