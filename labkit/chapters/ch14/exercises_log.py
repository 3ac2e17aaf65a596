"""Exercises of notebook 14 about the log: a verifier that trusts too much, and four forgeries."""

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from labkit.chapters.ch14.small_logs import verify_copy, write_line, write_small_log
from labkit.errors import UserError
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise

if TYPE_CHECKING:
    from numpy.random import Generator


# ---- 14.1 a verifier that trusts too much ----------------------------------------------------------------------------
def chain(*says: str) -> list[dict[str, str]]:
    """Return the entries of a small log."""
    entries, before = [], "start"
    for text in says:
        digest = hashlib.sha256((before + text).encode()).hexdigest()
        entries.append({"says": text, "previous": before, "hash": digest})
        before = digest
    return entries


def reseal(entries: list[dict[str, str]], place: int, says: str) -> list[dict[str, str]]:
    """Change an entry, and compute its own hash again."""
    digest = hashlib.sha256((entries[place]["previous"] + says).encode()).hexdigest()
    changed = {"says": says, "previous": entries[place]["previous"], "hash": digest}
    return [*entries[:place], changed, *entries[place + 1 :]]


SAYS = ("alarm", "none")
WHOLE = chain("1: alarm", "2: none", "3: none", "4: alarm", "5: none")
LAST = WHOLE[-1]["hash"]
TYPED_OVER = [{**entry, "says": "2: alarm"} if place == 1 else entry for place, entry in enumerate(WHOLE)]
LOGS = (
    (WHOLE, LAST),
    (TYPED_OVER, LAST),
    (reseal(WHOLE, 0, "1: none"), LAST),
    ([*WHOLE[:2], *WHOLE[3:]], LAST),
    ([WHOLE[0], WHOLE[1], WHOLE[3], WHOLE[2], WHOLE[4]], LAST),
    (WHOLE[:3], LAST),
    (chain("1: none", "2: none", "3: none", "4: alarm", "5: none"), LAST),
    (WHOLE[1:], LAST),
    ([], LAST),
    (WHOLE[:1], WHOLE[0]["hash"]),
)


def draw_logs(rng: "Generator") -> list[tuple]:
    """Draw logs: whole ones, one of them very short, and each kind of broken log."""
    found = []
    for size in rng.integers(5, 8, 9).tolist():
        times = np.sort(rng.choice(np.arange(100, 1000), size, replace=False))
        found.append(chain(*(f"{time}: {says}" for time, says in zip(times, rng.choice(SAYS, size), strict=True))))
    whole, typed, sealed, last, deleted, exchanged, end, start, other = found
    place = int(rng.integers(1, 4))  # neither the first entry nor the last
    cut = int(rng.integers(1, 3))
    new = f"100: {rng.choice(SAYS)}, late"
    logs = [
        (whole, whole),
        (whole[:1], whole[:1]),
        ([*typed[:place], typed[place] | {"says": new}, *typed[place + 1 :]], typed),
        (reseal(sealed, place - 1, new), sealed),
        (reseal(last, len(last) - 1, new), last),
        ([*deleted[:place], *deleted[place + 1 :]], deleted),
        ([*exchanged[:place], exchanged[place + 1], exchanged[place], *exchanged[place + 2 :]], exchanged),
        (end[:-cut], end),
        (start[cut:], start),
        (chain(new, *(entry["says"] for entry in other[1:])), other),
        ([], other),
    ]
    return [(entries, genuine[-1]["hash"]) for entries, genuine in logs]


def own_hash(entry: dict[str, str]) -> bool:
    """Say whether an entry has the hash of what it says."""
    return hashlib.sha256((entry["previous"] + entry["says"]).encode()).hexdigest() == entry["hash"]


def first_break(entries, head):
    """Return the place of the first entry that does not fit, or -1."""
    before = "start"
    for place, entry in enumerate(entries):
        if not own_hash(entry) or entry["previous"] != before:
            return place
        before = entry["hash"]
    return -1 if before == head else len(entries)


def as_it_came(entries, head):
    """Look at each entry alone."""
    return next((place for place, entry in enumerate(entries) if not own_hash(entry)), -1)


def without_head(entries, head):
    """Repair the links alone."""
    place = first_break(entries, head)
    return -1 if place == len(entries) else place


def without_links(entries, head):
    """Compare the head alone."""
    place = as_it_came(entries, head)
    last = entries[-1]["hash"] if entries else "start"
    return len(entries) if place == -1 and last != head else place


def without_own_hash(entries, head):
    """Check links and head, and drop the hash of the entry."""
    before = "start"
    for place, entry in enumerate(entries):
        if entry["previous"] != before:
            return place
        before = entry["hash"]
    return -1 if before == head else len(entries)


def without_the_start(entries, head):
    """Let the first entry have any entry before it."""
    place = first_break(entries, head)
    if place != 0 or not entries or not own_hash(entries[0]):
        return place
    before = entries[0]["hash"]
    for later, entry in enumerate(entries[1:], 1):
        if not own_hash(entry) or entry["previous"] != before:
            return later
        before = entry["hash"]
    return -1 if before == head else len(entries)


def without_the_ends(entries, head):
    """Compare with the entry before where there is one, and with the head where there are entries."""
    for place, entry in enumerate(entries):
        if not own_hash(entry) or (place and entry["previous"] != entries[place - 1]["hash"]):
            return place
    return len(entries) if entries and entries[-1]["hash"] != head else -1


def last_place_for_the_head(entries, head):
    """Return the last entry where the head does not fit."""
    place = first_break(entries, head)
    return len(entries) - 1 if place == len(entries) else place


def counted_from_one(entries, head):
    """Count places from 1."""
    place = first_break(entries, head)
    return place + 1 if 0 <= place < len(entries) else place


compare_answers(
    "14.1",
    points=2,
    objective="14-log",
    collect=outputs_of(*LOGS),
    hidden=draw_logs,
    reference=first_break,
    untouched=as_it_came,
    wrong=[
        (
            without_head,
            "The links are right. Now cut off the last two entries of a whole log: everything that is left fits. Only "
            "something that was kept apart can show it.",
        ),
        (
            without_links,
            "The head is right. But delete an entry in the middle: each of the others still has the hash of what it "
            "says, and its place is not found. What does each entry say about the one before?",
        ),
        (
            without_own_hash,
            "Links and head are right. But you no longer compute the hash of what an entry says, so a text that was "
            "typed over is not found.",
        ),
        (
            without_the_start,
            "Nearly: a log whose first entries were cut off begins with an entry that knows another one before it. "
            'The first `previous` must be `"start"`.',
        ),
        (
            without_the_ends,
            'Right for the middle of a log. Now its ends: the first entry must have `"start"` before it, or the '
            'beginning may have been cut off; and an empty log does not fit a head that is not `"start"`.',
        ),
        (
            last_place_for_the_head,
            "Right but for one case: where all entries fit and the head does not, return `len(entries)`, a place "
            "after the last entry.",
        ),
        (counted_from_one, "You count places from 1. The first entry has place 0."),
    ],
    otherwise="Not the first break. Take a log of three entries, delete the second, and go through it on paper.",
    hints=(
        "Each entry is only compared with itself. Which two entries must agree about one hash?",
        "Keep the hash of the entry before in a variable, beginning with the text that the first entry has to have. "
        "What must this variable be after the loop?",
    ),
    idea='`before = "start"`; in the loop compare `entry["previous"]` with it, then set it to `entry["hash"]`; after '
    "the loop compare it with the head.",
    praise="Two comparisons, and only a log whose hashes were all computed again, with its head, gets through.",
)


# ---- 14.2 your own four ----------------------------------------------------------------------------------------------
GENUINE = tuple(write_small_log(number) for number in (8, 12))
ASKED = 4


def draw_genuine(rng: "Generator") -> list[tuple]:
    """Draw two other logs, as long as the declared ones or a little shorter or longer."""
    return [(write_small_log(int(rng.integers(*sizes)), rng=rng),) for sizes in ((7, 10), (10, 13))]


def forge(log_lines):
    """Return a log with a decision turned round, one without an entry, one with an entry twice, and one cut off."""
    turned = [line.replace('"decision":1', '"decision":0') for line in log_lines]
    return [turned, log_lines[:3] + log_lines[4:], log_lines[:4] + log_lines[3:], log_lines[:-1]]


def forge_nothing(log_lines):
    """Copy the log."""
    return [list(log_lines) for _ in range(ASKED)]


def forge_three(log_lines):
    """Stop after three."""
    return forge(log_lines)[:3]


def forge_two_alike(log_lines):
    """Delete twice."""
    return [*forge(log_lines)[:3], log_lines[:5] + log_lines[6:]]


def forge_one_more(log_lines):
    """Add an entry that continues the chain."""
    last = json.loads(log_lines[-1])
    line, _ = write_line(last["entry"] | {"previous": last["hash"], "sequence": len(log_lines)})
    return [*forge(log_lines)[:3], [*log_lines, line]]


def forge_another_version(log_lines):
    """Change the header to another version of the format, with a hash that fits."""
    line, _ = write_line(json.loads(log_lines[0])["entry"] | {"version": 2})
    return [*forge(log_lines)[:3], [line, *log_lines[1:]]]


@exercise(
    "14.2",
    points=3,
    objective="14-log",
    reference=forge,
    collect=outputs_of(*((lines,) for lines in GENUINE)),
    any_length=True,
    hidden=draw_genuine,
    always_apart=True,
    wrong=[
        (forge_nothing, "Forgery 1 is the log as it was. Change something in the copy before you return it."),
        (forge_three, "You return 3 forgeries; four are asked for."),
        (
            forge_two_alike,
            "`verify` calls forgeries 2 and 4 by the same kind, *deletion*. Find another way to forge one of them.",
        ),
        (
            forge_one_more,
            "Nobody finds forgery 4! One more entry that continues the chain looks as if the office had crashed before "
            "it wrote the head: `verify` only mentions it. Keep it in mind, and find another one for this exercise.",
        ),
        (
            forge_another_version,
            "`verify` does not read forgery 4 as a log of this version, so it cannot say what was done. Leave the "
            "header's version alone.",
        ),
    ],
    hints=(
        "Lists of lines can be cut and joined: `log_lines[:3] + log_lines[4:]` leaves out entry 3.",
        "A change inside a line needs `line.replace(old, new)`. For the others, think of what can happen to a page of "
        "a notebook: torn out, copied, moved, the last ones cut off.",
    ),
    idea='Turn `"decision":1` into `"decision":0`; leave out an entry; write one twice; cut off the last.',
    praise="All four are found, by four different traces. What would a forgery look like that leaves none?",
)
def judge_forgeries(collected, asked):
    """Verify each forgery, and compare the kinds."""
    for (genuine,), forgeries in zip(asked.calls, collected, strict=True):
        if len(forgeries) != ASKED:
            return f"You return {len(forgeries)} forgeries; four are asked for."
        kinds = {}
        for number, forged in enumerate(forgeries, 1):
            kind = kind_of_forgery(forged, genuine)
            if kind is None or kind not in NAMED:
                return (REMARKS[kind] if kind in REMARKS else OTHER_KIND).format(number=number, kind=kind)
            if kind in kinds:
                if forged == forgeries[kinds[kind] - 1]:
                    return SAME_LIST.format(first=kinds[kind], second=number)
                return (
                    f"`verify` calls forgeries {kinds[kind]} and {number} by the same kind, *{kind}*. Find another way "
                    "to forge one of them."
                )
            kinds[kind] = number
    return None


NAMED = {
    "change",
    "deletion",
    "insertion",
    "duplication",
    "reordering",
    "truncation",
    "addition",
    "re-chaining",
    "incomplete line",
}
REMARKS = {
    None: "Nobody finds forgery {number}! One more entry that continues the chain looks as if the office had crashed "
    "before it wrote the head: `verify` only mentions it. Keep it in mind, and find another one for this exercise.",
    "nothing": "Forgery {number} is the log as it was. Change something in the copy before you return it.",
    "version": "`verify` does not read forgery {number} as a log of this version, so it cannot say what was done. "
    "Leave the header's version alone.",
}
SAME_LIST = (
    "Forgeries {first} and {second} are the same. If you changed one list in place, copy the log first, for each of "
    "them: `list(log_lines)`."
)
OTHER_KIND = "`verify` finds forgery {number} and calls it *{kind}*, which is not in the list of kinds. Change less."


def kind_of_forgery(forged: list[str], genuine: list[str]) -> str | None:
    """Return the first kind of problem that is found in a forgery; None where nothing is found."""
    if "".join(forged) == "".join(genuine):
        return "nothing"
    try:
        found = verify_copy(forged, genuine)
    except UserError:
        return "version"
    return found.problems[0].kind if found.problems else None
