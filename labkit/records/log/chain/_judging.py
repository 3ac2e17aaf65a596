"""What the head and the anchors say about a log whose chain was judged before."""

from labkit.records.log._heads import Head
from labkit.records.log.chain._locating import Problem
from labkit.records.log.chain._marks import Marks
from labkit.records.log.chain._scanning import EntryRun, Scanned


def judge_marks(
    found: Scanned, head: Head | None, marks: Marks, kept: list[EntryRun], reached: int
) -> tuple[list[Problem], list[str], int]:
    """Compare a log with its head and anchors.

    Parameters
    ----------
    found : Scanned
        What a pass found.
    head : Head or None
        The head, if there is one.
    marks : Marks
        Which anchors there are.
    kept : list of EntryRun
        The runs that are in their places; what others have says nothing.
    reached : int
        The number of the last entry, changed ones too.

    Returns
    -------
    problems : list of Problem
        What the head and the anchors show.
    notices : list of str
        What is no tampering.
    met : int
        Anchors that agree.
    """
    problems = [Problem("damaged anchors", sentence) for sentence in marks.problems]
    notices: list[str] = []
    if head is not None and found.identifier is not None and head.log != found.identifier:
        problems.append(
            Problem("head", "the head is of another log, or the log was replaced as a whole: their identifiers differ")
        )
        head = None
    comparable = found.identifier is None or not marks.logs - {found.identifier}
    if not comparable:
        sentence = "the anchors are of another log, or the log was replaced as a whole: their identifiers differ"
        problems.append(Problem("anchors", sentence))
    problems += _judge_chains(head, kept, comparable)
    problems += _judge_length(found, head, marks.beyond if comparable else None, reached, notices)
    return problems, notices, sum(run.met for run in kept)


def _judge_chains(head: Head | None, kept: list[EntryRun], comparable: bool) -> list[Problem]:
    """Find hashes that were computed again up to the end, and between which anchors that began."""
    wrong = min((run.first_wrong for run in kept if _is_chained_again(run, kept)), default=None)
    met = [run.last_met for run in kept if run.last_met is not None] if comparable else []
    verdicts = [run.agrees_with_head for run in kept if run.agrees_with_head is not None]
    head_wrong = head is not None and bool(verdicts) and not any(verdicts)
    wrong = wrong if comparable else None
    if not head_wrong and wrong is None:
        return []
    after = max((each for each in met if wrong is None or each < wrong), default=-1) + 1
    if head_wrong:
        what = f"entry {head.count:,} does not have the hash that the head has"
    else:
        what = f"entry {wrong:,} does not have the hash that its anchor has"
    if wrong is not None:
        where = f"the anchor of entry {wrong:,} is the first that does not agree"
    else:
        where = "no anchor disagrees" if met else "no anchor says where"
    last = head.count if wrong is None else wrong
    first = "the header" if after == 0 else f"entry {after:,}"
    sentence = (
        f"{what}: something was changed and the hashes after it were computed again; {where}, so the first change is "
        f"(if the anchors are genuine) from {first} to entry {last:,}"
    )
    return [Problem("re-chaining", sentence, (after, last))]


def _is_chained_again(run: EntryRun, kept: list[EntryRun]) -> bool:
    """Say whether a run has a wrong anchor, other than of its last entry where later runs agree; the chain has that."""
    later = [each for each in kept if each.first > run.last]
    genuine = any(each.met or each.agrees_with_head for each in later)
    return run.first_wrong is not None and not (run.first_wrong == run.last and genuine)


def _judge_length(
    found: Scanned, head: Head | None, beyond: Head | None, reached: int, notices: list[str]
) -> list[Problem]:
    """Compare the number of entries with what the head and the anchors know."""
    end = None if head is None else head.count
    by = "the head"
    if beyond is not None and (end is None or end < beyond.count):
        end, by = beyond.count, "an anchor"
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
