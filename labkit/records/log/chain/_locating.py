"""What was done to a log, from the runs of entries that one pass found.

The runs that are in their places are the increasing sequence of runs with the most entries. Another run was moved, if
its numbers are missing there, and is a copy otherwise. Between two runs in their places, broken lines are entries that
were changed as far as numbers are missing; further lines were inserted, and further numbers deleted.
"""

from dataclasses import dataclass

from labkit.records.log._entries import START
from labkit.records.log.chain._scanning import BrokenLines, EntryRun, Scanned


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a log, its head or its anchors.

    Parameters
    ----------
    kind : str
        "change", "deletion", "insertion", "duplication", "reordering", "truncation", "addition", "re-chaining",
        "incomplete line", "many places", "head", "anchors", or "damaged anchors".
    sentence : str
        What was found, and where.
    entries : tuple of (int, int), or None
        The first and the last number of an entry that is affected.
    lines : tuple of (int, int), or None
        The first and the last line that is affected, counted from 1.
    """

    kind: str
    sentence: str
    entries: tuple[int, int] | None = None
    lines: tuple[int, int] | None = None


def locate_problems(found: Scanned, *, end: int | None) -> tuple[list[Problem], int, list[EntryRun]]:
    """Say what is wrong with the chain of a log, in the order of lines.

    Parameters
    ----------
    found : Scanned
        What a pass found.
    end : int, optional
        The number of the last entry, if a head or an anchor says so; later entries are not judged here.

    Returns
    -------
    problems : list of Problem
        Empty if the chain is whole.
    reached : int
        The number of the last entry, changed ones too; -1 if there is none.
    kept : list of EntryRun
        The runs that are in their places.
    """
    if found.more:
        line = found.places[isinstance(found.places[0], EntryRun)].line
        sentence = (
            f"the chain is broken at {len(found.places) + found.more:,} places, the first at line {line:,}: too many "
            "to say what was done at each"
        )
        return [Problem("many places", sentence, None, (line, found.lines))], found.highest, []
    runs = [place for place in found.places if isinstance(place, EntryRun)]
    broken = [place for place in found.places if isinstance(place, BrokenLines)]
    kept = _in_place(runs)
    moved = [run for run in runs if run not in kept]
    start = EntryRun(0, -1, -1, b"", b"", START.encode())  # before the first line
    problems = []
    for before, after, following in zip([start, *kept], kept, [*kept[1:], None], strict=False):
        between = [lines for lines in broken if before.last_line < lines.line < after.line]
        missing = _without(before.last + 1, after.first - 1, moved)
        problems += _judge_gap(before, after, following, between, missing)
    last = kept[-1] if kept else start
    between = [lines for lines in broken if lines.line > last.last_line]
    at_end, reached = _judge_end(last, between, end)
    problems += [*at_end, *(_judge_moved(run, kept) for run in moved)]
    problems.sort(key=lambda problem: problem.lines or (0, 0))
    return problems, reached, kept


def _in_place(runs: list[EntryRun]) -> list[EntryRun]:
    """Return the increasing sequence of runs with the most entries."""
    best: list[tuple[int, int]] = []  # for each run: entries of the best sequence that ends there, the run before
    for place, run in enumerate(runs):
        entries, before = 0, -1
        for earlier in range(place):
            other = runs[earlier]
            overlap = max(0, other.last - run.first + 1)
            if other.first < run.first and other.last < run.last and best[earlier][0] - overlap > entries:
                entries, before = best[earlier][0] - overlap, earlier
        best.append((entries + run.last - run.first + 1, before))
    place = max(range(len(best)), key=lambda each: best[each][0], default=-1)
    kept = []
    while place >= 0:
        kept.append(runs[place])
        place = best[place][1]
    return kept[::-1]


def _without(first: int, last: int, moved: list[EntryRun]) -> list[tuple[int, int]]:
    """Return the ranges of numbers from first to last that no moved run has."""
    ranges = []
    for run in sorted(moved, key=lambda each: each.first):
        if run.first <= last and run.last >= first:
            if run.first > first:
                ranges.append((first, run.first - 1))
            first = max(first, run.last + 1)
    return ranges + [(first, last)] * (first <= last)


def _judge_gap(
    before: EntryRun,
    after: EntryRun,
    following: EntryRun | None,
    between: list[BrokenLines],
    missing: list[tuple[int, int]],
) -> list[Problem]:
    """Say what is wrong between two runs that are in their places."""
    if after.first <= before.last:
        return [_judge_fork(before, after), *_insertions(between)]
    if not missing:
        if between:
            return _insertions(between)
        # an entry that both its neighbors do not know is to blame itself, and is reported by the next pair
        alone = after.first == after.last and following is not None and _is_unlinked(after, following)
        return [_judge_link(before, after)] if _is_unlinked(before, after) and not alone else []
    number = sum(last - first + 1 for first, last in missing)
    if not between:
        return [_deletion(*each, before.last_line, after.line) for each in missing]
    lines, count = _span(between)
    if count == number:
        return _changes(between, missing)
    first, last = missing[0][0], missing[-1][1]
    reason = between[0].reason
    if count < number:
        sentence = (
            f"of {_entries(first, last)} {_are(number - count)} missing, and {_lines(*lines)} in their place "
            f"{'is no entry' if count == 1 else 'are no entries'} ({reason}): deleted, and changed"
        )
        return [Problem("deletion", sentence, (first, last), lines)]
    sentence = (
        f"{_lines(*lines)}, where {_entries(first, last)} should be, are no entries ({reason}): {count - number} "
        f"{'was' if count - number == 1 else 'were'} inserted, and {_entries(first, last)} changed"
    )
    return [Problem("insertion", sentence, (first, last), lines)]


def _is_unlinked(before: EntryRun, after: EntryRun) -> bool:
    """Say whether a run has the next number after another, and does not name its hash."""
    return after.first == before.last + 1 and after.previous != before.hash


def _judge_fork(before: EntryRun, after: EntryRun) -> Problem:
    """Say what it means that a run begins with numbers that the run before has, and later entries go on from it."""
    number = before.last - after.first + 1
    lines = before.last_line - number + 1, before.last_line
    entries = after.first, before.last
    if after.repeats:
        again = after.line, after.line + number - 1
        return Problem(
            "duplication",
            f"{_lines(*again)} {'repeats' if number == 1 else 'repeat'} {_entries(*entries)}",
            entries,
            again,
        )
    sentence = (
        f"{_entries(*entries)} come twice with different text, and later entries go on from those after line "
        f"{before.last_line:,}: {_lines(*lines)} {'was' if number == 1 else 'were'} inserted"
    )
    return Problem("insertion", sentence, entries, lines)


def _judge_link(before: EntryRun, after: EntryRun) -> Problem:
    """Say what it means that an entry does not name the hash of the one before, though both are whole."""
    if before.line == 0:
        sentence = "the header names a hash before it, and there is none: it was changed, and its hash computed again"
        return Problem("change", sentence, (0, 0), (1, 1))
    number, line = (before.last, before.last_line)
    sentence = (
        f"{_entries(number, number)} (line {line:,}) does not have the hash that entry {after.first:,} names: it, and "
        "perhaps some before it, were changed and their hashes computed again, but not those after it"
    )
    return Problem("change", sentence, (number, number), (line, line))


def _judge_moved(run: EntryRun, kept: list[EntryRun]) -> Problem:
    """Say what a run is that is not in its place: moved there, or copied."""
    entries, lines = (run.first, run.last), (run.line, run.last_line)
    verb, plural = ("has", "") if run.first == run.last else ("have", "s")
    if any(other.first <= run.last and other.last >= run.first for other in kept):
        sentence = (
            f"{_lines(*lines)} {verb} the number{plural} of {_entries(*entries)} again: copied there, or inserted"
        )
        return Problem("duplication", sentence, entries, lines)
    return Problem("reordering", f"{_entries(*entries)}, on {_lines(*lines)}, {_are_not(run)} in place", entries, lines)


def _judge_end(last: EntryRun, between: list[BrokenLines], end: int | None) -> tuple[list[Problem], int]:
    """Say what lines after the last run are, and which number they reach; what is cut off is judged by the head."""
    if not between:
        return [], last.last
    lines, count = _span(between)
    if end is None:
        sentence = (
            f"{_lines(*lines)} at the end {'is no entry' if count == 1 else 'are no entries'} ({between[0].reason}): "
            "changed, or inserted; a head would tell"
        )
        return [Problem("change", sentence, (last.last + 1, last.last + count), lines)], last.last + count
    missing = min(count, max(0, end - last.last))
    if missing == 0:
        return _insertions(between), last.last
    problems = _changes(between, [(last.last + 1, last.last + missing)])
    return problems, last.last + missing


def _changes(between: list[BrokenLines], missing: list[tuple[int, int]]) -> list[Problem]:
    """Say which entries were changed, as many as there are lines that are none."""
    first, last = missing[0][0], missing[-1][1]
    if len(between) == 1:
        lines = between[0].line, between[0].last_line
        sentence = f"{_entries(first, last)} ({_lines(*lines)}) {'was' if first == last else 'were'} changed: "
        sentence += between[0].reason if first == last else f"of the first, {between[0].reason}"
        return [Problem("change", sentence, (first, last), lines)]
    lines, _ = _span(between)
    sentence = f"{_entries(first, last)} (in {_lines(*lines)}) were changed: of the first, {between[0].reason}"
    return [Problem("change", sentence, (first, last), lines)]


def _insertions(between: list[BrokenLines]) -> list[Problem]:
    """Say that lines are no entries, and that no entry is missing in their place."""
    return [
        Problem(
            "insertion",
            f"{_lines(each.line, each.last_line)} {'is no entry' if each.line == each.last_line else 'are no entries'} "
            f"of the log ({each.reason}): inserted",
            None,
            (each.line, each.last_line),
        )
        for each in between
    ]


def _deletion(first: int, last: int, line: int, following: int) -> Problem:
    """Say that entries are missing between two lines."""
    where = f"before line {following:,}" if line == 0 else f"between lines {line:,} and {following:,}"
    what = "the header and " * (first == 0 and last > 0) + _entries(max(first, min(1, last)), last)
    what = "the header" if last == 0 else what
    verb = "is" if first == last else "are"
    return Problem("deletion", f"{what} {verb} missing {where}: deleted", (first, last), (max(line, 1), following))


def _span(between: list[BrokenLines]) -> tuple[tuple[int, int], int]:
    """Return the first line and the last of some lines, and how many there are."""
    return (between[0].line, between[-1].last_line), sum(each.last_line - each.line + 1 for each in between)


def _entries(first: int, last: int) -> str:
    """Write a range of numbers of entries."""
    if first == last:
        return "the header" if first == 0 else f"entry {first:,}"
    return f"entries {first:,} to {last:,}"


def _lines(first: int, last: int) -> str:
    """Write a range of lines."""
    return f"line {first:,}" if first == last else f"lines {first:,} to {last:,}"


def _are(number: int) -> str:
    """Write how many there are."""
    return "1 is" if number == 1 else f"{number:,} are"


def _are_not(run: EntryRun) -> str:
    """Write the verb for the entries of a run."""
    return "is not" if run.first == run.last else "are not"
