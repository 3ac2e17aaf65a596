"""The cells of a submission in the order in which they run, with given cells put back where answers need them."""

from collections.abc import Iterable
from dataclasses import dataclass

from labkit.classroom.submissions._matching import Source

LONGEST_LINE = 60  # characters by which a message names a cell
MOST_ROUNDS = 5  # through all cells, to find those that an answer needs


@dataclass(eq=False)
class Item:
    """A cell in the order in which cells run.

    Attributes
    ----------
    id : str
        By which messages name it.
    text : Source
    released : int or None
        The number of the released cell that it is; None for one that the student added.
    runs : bool
        Whether it is executed: text, checks and what does not count are not.
    put_back : str
        Why it was put here, in words; empty for a cell of the submission.
    check_of : str or None
        The exercise that it checks.
    """

    id: str
    text: Source
    released: int | None = None
    runs: bool = True
    put_back: str = ""
    check_of: str | None = None

    def first_line(self) -> str:
        """Return the beginning of its source, for a message."""
        line = self.text.plain.partition("\n")[0]
        return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..."


def insert_home(items: list[Item], item: Item, in_order: set[int]) -> None:
    """Put a released cell behind the nearest one above it that is in its place."""
    place = 0
    best = -1
    for number, other in enumerate(items):
        if other.released is not None and best <= other.released < item.released:
            if other.released in in_order or other.put_back:
                best, place = other.released, number + 1
    items.insert(place, item)


def find_needed_items(items: list[Item], expression_words: Iterable[str]) -> list[Item]:
    """Return the cells that may have to do with an answer, by the names in them.

    Unlike the box, which reads the code itself, this takes a cell rather once too often.

    Parameters
    ----------
    items : list of Item
        All that run before the answer is asked for.
    expression_words : iterable of str
        The names in what the check hands in.
    """
    wanted, needed = set(expression_words), {}
    for _ in range(MOST_ROUNDS):  # a function may read a name that is bound further down
        grown = False
        for item in reversed(items):
            if item.runs and item not in needed and not wanted.isdisjoint(item.text.changed):
                needed[item] = None
                wanted |= item.text.words
                grown = True
        if not grown:
            break
    return list(needed)
