"""Recognize the cells of a notebook that was handed out in what a student handed in.

Outputs, metadata and check cells of the submission are not looked at. Cells run as the student left them, in the
student's order; what is damaged costs its own exercise, and the notes say what was found.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labkit.classroom.box.submissions import Cell
from labkit.classroom.questions import find_expression
from labkit.classroom.submissions._matching import Matched, Source, likeness, match_cells
from labkit.classroom.submissions._names import bound_names, read_words
from labkit.classroom.submissions._notebooks import SubmittedCell, parse_submitted
from labkit.classroom.submissions._sequence import Item, find_needed_items, insert_home

if TYPE_CHECKING:
    from labkit.classroom.releases import ReleasedCell

TEXT_ALIKE = 0.5  # from which likeness on a text cell that became a code cell is still the text

MOST_REMARKS = 20
MOST_NAMED = 3  # cells that a note names
LONGEST_CHECK = 2_000  # characters of a cell that holds only a check

_CHECK = re.compile(r"check\(\s*[\"'](\d\d\.\d+)[\"']\s*,(.*)\)\s*(?:#[^\n]*)?", re.DOTALL)
VARIANT = "variant="  # the last argument of a check: the student's number
_BESIDE = ("#", "from labkit.exercises import", "hint(", "solution(")  # what may stand around a check


@dataclass
class Recognized:
    """What was recognized in a notebook.

    Attributes
    ----------
    cells : list of Cell
        The code cells in the order in which they run, without check cells. An answer cell has the id that it was
        handed out with; other cells of the student have their place in the notebook, counted from 1; cells that were
        put back have the id that they were handed out with.
    after : dict of str to int
        For each exercise, how many of these cells stand before its check.
    notes : dict of str to list of str
        For each exercise about whose cells there is something to say, what was found.
    problem : str or None
        Why nothing can be graded.
    remarks : list of str
        What was found about the notebook as a whole: its encoding, its format, what could be rescued.
    """

    cells: list[Cell] = field(default_factory=list)
    after: dict[str, int] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    problem: str | None = None
    remarks: list[str] = field(default_factory=list)


def recognize(cells: Sequence["ReleasedCell"], notebook: bytes) -> Recognized:
    """Recognize the cells of a released notebook in a submission.

    Parameters
    ----------
    cells : sequence of ReleasedCell
        As they were handed out to this student.
    notebook : bytes
        The file that was handed in, whatever it is.

    Returns
    -------
    Recognized
        For whatever was handed in: no submission raises an error.
    """
    parsed = parse_submitted(notebook)
    if parsed.problem is not None:
        return Recognized(problem=parsed.problem, remarks=parsed.remarks)
    reading = _Reading(cells, parsed.cells)
    if not any(cells[number].kind == "code" for number in reading.matched.places):
        problem = "no code cell of this notebook is one that was handed out: it seems to be another notebook"
        return Recognized(problem=problem, remarks=parsed.remarks)
    found = reading.read()
    found.remarks = parsed.remarks + found.remarks
    if len(found.remarks) > MOST_REMARKS:
        found.remarks[MOST_REMARKS:] = [f"and {len(found.remarks) - MOST_REMARKS:,} remarks more"]
    return found


class _Reading:
    """The recognition of one submission."""

    def __init__(self, released: Sequence["ReleasedCell"], submitted: Sequence[SubmittedCell]):
        self.released, self.submitted = released, submitted
        self.answers: dict[str, list[int]] = defaultdict(list)
        self.checks: dict[str, int] = {}
        for number, cell in enumerate(released):
            if cell.role == "answer":
                self.answers[cell.exercise].append(number)
            elif cell.role == "check":
                self.checks[cell.exercise] = number
        self.expressions = {each: self.expression(each) for each in self.checks}
        names = {
            number: self.names_of(exercise, number) for exercise, numbers in self.answers.items() for number in numbers
        }
        self.names = names
        self.matched: Matched = match_cells(released, submitted, names)
        self.notes: dict[str, list[str]] = defaultdict(list)
        self.items: list[Item] = []
        self.remarks: list[str] = []

    def expression(self, exercise: str) -> str:
        """Return what the released check hands in."""
        try:
            return find_expression(exercise, self.released[self.checks[exercise]].source)
        except (ValueError, SyntaxError):  # a check of another form
            return ""

    def names_of(self, exercise: str, number: int) -> set[str]:
        """Return the names of an answer: those that its stub binds and its check hands in."""
        bound = bound_names(self.released[number].source)
        return bound & read_words(self.expressions.get(exercise, "")) or bound

    def note(self, exercise: str, sentence: str) -> None:
        """Note what was found about an exercise, once."""
        if sentence not in self.notes[exercise]:
            self.notes[exercise].append(sentence)

    def read(self) -> Recognized:
        """Return what was recognized."""
        self.items = [self.item(number) for number in range(len(self.submitted))]
        self.join_split()
        counted = {exercise: self.counted(exercise) for exercise in self.checks}
        self.put_back(counted)
        places = {exercise: self.place(exercise, counted[exercise]) for exercise in self.checks}
        found = Recognized(notes={each: notes for each, notes in self.notes.items() if notes}, remarks=self.remarks)
        found.after = {each: sum(item.runs for item in self.items[:place]) for each, place in places.items()}
        taken: set[str] = set()
        for item in self.items:
            if item.runs:
                identifier, copies = item.id, 1
                while identifier in taken:
                    copies += 1
                    identifier = f"{item.id} ({copies})"
                taken.add(identifier)
                found.cells.append(Cell(identifier, item.text.source))
        return found

    # ---- Each cell by itself -----------------------------------------------------------------------------------------

    def item(self, number: int) -> Item:
        """Return what a cell of the submission is."""
        cell, text = self.submitted[number], self.matched.submitted[number]
        owner = self.matched.owner.get(number)
        item = Item(str(cell.position), text, owner)
        pure = read_pure_check(text.plain)
        if owner is None:
            item.runs = cell.kind == "code" and pure is None
            item.check_of = pure[1] if pure and pure[1] in self.checks else None
            return item
        ours = self.released[owner]
        if ours.role == "check":
            self.read_check(item, number, ours.exercise, pure)
        elif ours.kind != "code":
            item.runs = cell.kind == "code" and likeness(text.tokens, self.matched.released[owner].tokens) < TEXT_ALIKE
            if cell.kind != "code":
                self.take_merged_text(item, number, owner)
        elif ours.role == "answer":
            item.id = ours.id
            if cell.kind != "code":
                kind = cell.kind if cell.kind in ("markdown", "raw") else "strange"
                self.note(ours.exercise, f"the answer cell of {ours.exercise} is a {kind} cell; it was read as code")
        elif cell.kind != "code":
            self.remarks.append(f"cell {cell.position}, {item.first_line()!r}, is no code cell; it was read as code")
        return item

    def read_check(self, item: Item, number: int, exercise: str, pure: re.Match | None) -> None:
        """Leave out a check; take an answer that was written into it, or merged with it, where there is no other."""
        item.check_of, item.runs = exercise, False
        if pure is not None:
            self.compare_checks(exercise, pure)
            return
        answers = self.answers.get(exercise, [])
        if not answers or not item.text.plain:
            return
        names = set().union(*(self.names[each] for each in answers))
        if names and names <= item.text.bound:
            if all(self.is_untouched(each) for each in answers):
                item.runs, item.released, item.check_of = True, answers[-1], None
                item.id = self.released[answers[-1]].id
                self.matched.places.setdefault(answers[-1], [number])
                self.note(exercise, f"the answer cell of {exercise} is part of its check cell; it was taken from there")
                return
        self.note(exercise, f"the check cell of {exercise} was changed; what stands in it is not read")

    def compare_checks(self, exercise: str, pure: re.Match) -> None:
        """Note where a check hands in something else than the released one, or has another student's number."""
        own, _, number = pure[2].partition(VARIANT)
        _, _, ours = self.released[self.checks[exercise]].source.partition(VARIANT)
        if number.strip(" )") != ours.strip(" )") and number:
            sentence = (
                f"its check cells have the number {_short(number)}, and not {_short(ours.strip(' )'))}: this may be "
                "somebody else's notebook"
            )
            if ours and sentence not in self.remarks:
                self.remarks.append(sentence)
        asked = self.expressions[exercise]
        same = "".join(own.split()).strip(",").replace("'", '"') == "".join(asked.split()).replace("'", '"')
        if pure[1] == exercise and asked and not same:
            self.note(
                exercise, f"the check cell of {exercise} hands in {_short(own)}; the course asks for {_short(asked)}"
            )

    def is_untouched(self, number: int) -> bool:
        """Say whether an answer cell is missing, or nobody changed it."""
        stub = self.matched.released[number].plain
        return all(self.matched.submitted[each].plain == stub for each in self.matched.places.get(number, []))

    def take_merged_text(self, item: Item, place: int, owner: int) -> None:
        """Take an answer out of the text cell with which it was merged."""
        ours = self.matched.released[owner].plain
        if ours not in item.text.plain:
            return
        rest = Source(item.text.plain.replace(ours, "", 1).strip("\n"))
        for exercise, numbers in self.answers.items():
            for number in numbers:
                if number not in self.matched.places and self.names[number] and self.names[number] <= rest.bound:
                    item.text, item.runs, item.released, item.id = rest, True, number, self.released[number].id
                    self.matched.places[number] = [place]
                    self.note(
                        exercise, f"the answer cell of {exercise} was merged with a text; its code was taken from there"
                    )
                    return

    # ---- Answers -----------------------------------------------------------------------------------------------------

    def join_split(self) -> None:
        """Put a cell that begins indented behind what it was split from."""
        former: Item | None = None
        for item in self.items:
            if item.runs and item.released is None and former is not None and continues(former.text, item.text):
                former.text = Source(f"{former.text.source.rstrip()}\n{item.text.source}")
                item.runs = False
                ours = self.released[former.released]
                if ours.exercise is not None:
                    self.note(ours.exercise, f"the answer cell of {ours.exercise} was split; its parts were joined")
                continue
            former = item if item.runs and item.released is not None else None

    def counted(self, exercise: str) -> Item | None:
        """Return the answer cell that counts, the last one where an exercise has several; note what was found."""
        last = None
        for number in self.answers.get(exercise, []):
            last = self.choose(exercise, number) or last
        return last

    def choose(self, exercise: str, number: int) -> Item | None:
        """Return which of the cells counts that are, or could be, an answer cell."""
        stub, names = self.matched.released[number].plain, self.names[number]
        items = [item for item in self.items if item.released == number and item.runs]
        changed = [item for item in items if item.text.plain != stub and names <= item.text.bound]
        if len(items) > 1:
            times = "twice" if len(items) == 2 else f"{len(items)} times"
            which = "the last one with a changed answer counts" if changed else "none of them has a changed answer"
            self.note(exercise, f"the answer cell of {exercise} appears {times}; {which}")
            for item in items:
                item.runs = not changed or item.text.plain != stub
        if changed:
            return changed[-1]
        others = [item for item in self.items if item.runs and names and names <= self.extra_names(item)]
        if others:
            defined = " and ".join(sorted(names))
            state = "is missing"
            if items:
                state = "was not changed" if items[-1].text.plain == stub else f"does not define {defined}"
            self.note(exercise, f"the answer cell of {exercise} {state}; the cell that defines {defined} counts")
            return others[-1]
        if not items:
            self.note(exercise, f"the answer cell of {exercise} is missing")
            return None
        return items[-1]

    def extra_names(self, item: Item) -> set[str]:
        """Return the names that a cell binds and that the cell which was handed out does not bind."""
        return item.text.bound - (set() if item.released is None else self.matched.released[item.released].bound)

    # ---- Order -------------------------------------------------------------------------------------------------------

    def put_back(self, counted: dict[str, Item | None]) -> None:
        """Put given cells that were deleted or moved back to their place, where an answer needs them."""
        in_order = self.matched.in_order()
        kept = set(in_order)
        tried: list[tuple[Item, Item | None]] = []
        for number, ours in enumerate(self.released):
            if ours.kind != "code" or ours.role != "given" or number in kept:
                continue
            former = next((item for item in self.items if item.released == number and item.runs), None)
            text = former.text if former is not None else self.matched.released[number]
            why = "deleted" if former is None else "moved"
            item = Item(ours.id, text, number, put_back=why)
            insert_home(self.items, item, kept)
            tried.append((item, former))
        if not tried:
            return
        needed: set[Item] = set()
        for exercise, answer in counted.items():
            before = self.items[: self.place(exercise, answer, silent=True)]
            found = find_needed_items(before, read_words(self.expressions[exercise]))
            found = [item for item in found if item.put_back and not self.is_elsewhere(item, before)]
            needed.update(found)
            for why, what in (("deleted", " as handed out"), ("moved", "")):
                lines = [repr(item.first_line()) for item in self.items if item in found and item.put_back == why]
                if len(lines) == 1:
                    self.note(exercise, f"the cell {lines[0]} was {why}; it was put back{what}")
                elif lines:
                    named = ", ".join(lines[:MOST_NAMED]) + ("..." if len(lines) > MOST_NAMED else "")
                    self.note(exercise, f"{len(lines)} cells were {why} ({named}); they were put back{what}")
        for item, former in tried:
            if item not in needed:
                self.items.remove(item)
            elif former is not None and self.items.index(former) > self.items.index(item):
                former.runs = False  # it would run a second time, after answers

    def is_elsewhere(self, item: Item, before: list[Item]) -> bool:
        """Say whether other cells bind all that a deleted one binds: it was merged, split or written anew."""
        others = [other for other in before if other.runs and not other.put_back]
        extra = set().union(*(self.extra_names(other) for other in others)) if others else set()
        return item.put_back == "deleted" and bool(item.text.bound) and item.text.bound <= extra

    def place(self, exercise: str, answer: Item | None, *, silent: bool = False) -> int:
        """Return how many items stand before the check of an exercise."""
        checks = [number for number, item in enumerate(self.items) if item.check_of == exercise]
        if answer is None:
            return checks[0] if checks else self.place_released(self.checks[exercise])
        start = self.items.index(answer) + 1
        behind = [number for number in checks if number >= start]
        if behind:
            return behind[0]
        if not silent:
            state = "stands above its answer" if checks else "is missing"
            self.note(
                exercise,
                f"the check cell of {exercise} {state}; the answer below was taken"
                if checks
                else f"the check cell of {exercise} {state}; the answer was taken where it would stand",
            )
        while start < len(self.items) and self.items[start].released is None and not self.items[start].check_of:
            start += 1
        return start

    def place_released(self, number: int) -> int:
        """Return where a released cell would stand."""
        places = [
            place for place, item in enumerate(self.items) if item.released is not None and item.released < number
        ]
        return places[-1] + 1 if places else 0


def read_pure_check(plain: str) -> re.Match | None:
    """Return the exercise that a cell checks, and what it hands in, where it does nothing else."""
    if len(plain) > LONGEST_CHECK:
        return None
    lines = [line for line in plain.split("\n") if line.strip() and not line.startswith(_BESIDE)]
    if not all(line[0] in " \t)]}" for line in lines[1:]):
        return None
    return _CHECK.fullmatch("\n".join(lines))


def continues(former: Source, source: Source) -> bool:
    """Say whether a cell seems to be the rest of the one above: it begins indented, and that one ends in a block.

    A whole cell may be indented, too: IPython takes that away. So a function that has returned is not continued.
    """
    first = next((line for line in source.source.split("\n") if line.strip()), "")
    last = former.plain.rpartition("\n")[2]
    ended = last.strip().startswith(("return", "raise"))
    is_open = last.endswith((":", "(", "[", "{", ",", "\\")) or last[:1] in (" ", "\t") and not ended
    return first[:1] in (" ", "\t") and is_open


def _short(code: str) -> str:
    """Return a piece of code for a message."""
    code = " ".join(code.split())
    return f"`{code if len(code) <= 60 else code[:60] + '...'}`"
