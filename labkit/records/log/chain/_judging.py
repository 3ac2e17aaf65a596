"""What the head and the anchors say about a log whose chain was judged before."""

from labkit.records.log._heads import Head
from labkit.records.log.chain._locating import Problem
from labkit.records.log.chain._marks import Marks
from labkit.records.log.chain._scanning import Scanned


def judge_marks(
    found: Scanned, head: Head | None, marks: Marks, chain: list[Problem], reached: int
) -> tuple[list[Problem], list[str]]:
    """Compare a log with its head and anchors.

    Parameters
    ----------
    found : Scanned
        What a pass found.
    head : Head or None
        The head, if there is one.
    marks : Marks
        Which of head and anchors were met.
    chain : list of Problem
        What is wrong with the chain.
    reached : int
        The number of the last entry, changed ones too.

    Returns
    -------
    problems : list of Problem
        What the head and the anchors show besides.
    notices : list of str
        What is no tampering.
    """
    problems = [Problem("anchors", sentence) for sentence in marks.problems]
    notices: list[str] = []
    if head is not None and found.identifier is not None and head.log != found.identifier:
        problems.append(
            Problem("head", "the head is of another log, or the log was replaced as a whole: their identifiers differ")
        )
        head = None
    if found.identifier is not None and marks.others - {found.identifier}:
        sentence = "the anchors are of another log, or the log was replaced as a whole: their identifiers differ"
        problems.append(Problem("anchors", sentence))
        marks = Marks(None, ())
    known = {number for problem in chain if problem.entries for number in problem.entries}
    problems += _judge_chains(head, marks, known)
    problems += _judge_length(found, head, marks, reached, notices)
    return problems, notices


def _judge_chains(head: Head | None, marks: Marks, known: set[int]) -> list[Problem]:
    """Find hashes that were computed again up to the end, and between which anchors that began."""
    wrong = marks.first_wrong
    rewritten = wrong is not None and not marks.met_after and not (wrong.count in known and marks.wrong == 1)
    if head is not None and marks.head_seen and not marks.head_met and head.count not in known:
        what = f"entry {head.count:,} does not have the hash that the head has"
        after = 0 if marks.last_met is None else marks.last_met + 1
        if rewritten:
            where = f"the anchor of entry {wrong.count:,} is the first that does not agree"
            entries = after, wrong.count
        elif wrong is None:
            where = "no anchor disagrees" if marks.met else "there are no anchors to say where"
            entries = after, head.count
        else:
            where, entries = "anchors agree again after one that does not", (after, head.count)
    elif rewritten:
        what = f"the anchor of entry {wrong.count:,} does not agree with the log"
        where = f"{_anchors(marks.met)} before it agree{'s' if marks.met == 1 else ''}" if marks.met else "none agrees"
        entries = 0 if marks.last_met is None else marks.last_met + 1, wrong.count
    else:
        return []
    first = "the header" if entries[0] == 0 else f"entry {entries[0]:,}"
    sentence = (
        f"{what}: something was changed and all later hashes were computed again; {where}, so the first change is from "
        f"{first} to entry {entries[1]:,}"
    )
    return [Problem("re-chaining", sentence, entries)]


def _judge_length(found: Scanned, head: Head | None, marks: Marks, reached: int, notices: list[str]) -> list[Problem]:
    """Compare the number of entries with what the head and the anchors know."""
    end = None if head is None else head.count
    by = "the head"
    if marks.beyond is not None and (end is None or end < marks.beyond.count):
        end, by = marks.beyond.count, "an anchor"
    if end is not None and reached < end:
        missing = f"entries {reached + 1:,} to {end:,} were" if reached + 1 < end else f"entry {end:,} was"
        if reached < 0:
            missing = "all of it was"
        torn = f", and {found.incomplete:,} bytes of an incomplete line are left" if found.incomplete else ""
        sentence = f"the log ends with entry {reached:,}, and {by} knows entry {end:,}: {missing} cut off{torn}"
        if reached < 0:
            sentence = f"the log has no entry, and {by} knows entry {end:,}: all of it was cut off{torn}"
        return [Problem("truncation", sentence, (max(0, reached + 1), end))]
    problems = []
    if not found.lines:
        problems.append(Problem("truncation", "the log is empty: not even its header is there", (0, 0)))
    if head is not None and reached > head.count:
        more = reached - head.count
        number = f"{more:,} entr{'y' if more == 1 else 'ies'} more than the head knows"
        if more > head.allowed:
            sentence = (
                f"the log has {number}, and a crash explains {head.allowed:,} at most: entries {head.count + 1:,} to "
                f"{reached:,} were added; or this head is an older copy, which is to be compared as an anchor"
            )
            problems.append(Problem("addition", sentence, (head.count + 1, reached)))
        else:
            why = f"a batch of {head.announced:,} was interrupted" if head.announced else "a crash"
            notices.append(f"the log has {number}: {why}, or added by somebody who can write the log alone")
    if found.incomplete:
        why = (
            "a crash leaves such a line, and no entry that was confirmed is missing"
            if head is not None
            else ("a crash leaves such a line, and so does an end that was cut off; a head would tell")
        )
        sentence = f"the last line is incomplete ({found.incomplete:,} bytes): {why}; labkit log repair cuts it off"
        problems.append(Problem("incomplete line", sentence, None, (found.lines, found.lines)))
    return problems


def _anchors(number: int) -> str:
    """Write a number of anchors."""
    return f"{number:,} anchor{'' if number == 1 else 's'}"
