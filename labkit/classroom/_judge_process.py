"""The process that judges: lines of JSON, an answer in, an outcome out."""

import json
import os
import resource
import sys
from pathlib import Path

from labkit.classroom.box.values import BadReply, read_fault, unpack_argument, unpack_plain
from labkit.exercises.answers import Fault, RecordedFault, RecordedFunction
from labkit.exercises.checking import find_exercise
from labkit.exercises.judging import NOT_YET, Exercise, Outcome

_asked: dict[str, tuple[tuple, Exercise]] = {}  # each as it was asked last: by which calls and variant, and itself
MEMORY = 4 * 2**30  # bytes of address space that exercises and answers may take


def judge_lines() -> None:
    """Judge each line of the standard input, until it ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an exercise prints is no outcome
    space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (space + MEMORY, hard))
    for line in sys.stdin.buffer:
        request = json.loads(line)
        outcome = judge(request["id"], request["answer"], request["calls"], request["variant"])
        reply = {"state": outcome.state, "message": outcome.message, "crashed": outcome.crashed}
        out.write(json.dumps(reply) + "\n")
        out.flush()


def judge(identifier: str, answer: dict, calls: list | None = None, variant: int = 0) -> Outcome:
    """Return the outcome of what was collected of one answer, for the declared probes or hidden ones, by a variant."""
    try:
        given = stand_in(answer)
    except BadReply as error:
        return Outcome(NOT_YET, f"Your answer cannot be read: {error}.")
    return find_asked(identifier, calls, variant).outcome(given)


def find_asked(identifier: str, calls: list | None, variant: int) -> Exercise:
    """Return an exercise as it was asked; most often as the time before."""
    how, found = _asked.get(identifier, (None, None))
    if how != (calls, variant):
        found = find_exercise(identifier).variant(variant)
        if calls is not None:
            found = found.asking([tuple(map(unpack_argument, each)) for each in calls])
        _asked[identifier] = (calls, variant), found
    return found


def stand_in(answer: dict) -> object:
    """Return what takes the place of an answer: its plain value, or what is known of a function."""
    if "value" in answer:
        return unpack_plain(answer["value"])
    results = [
        unpack_plain(each["value"]) if "value" in each else read_fault(each["fault"], each["key"])
        for each in answer["calls"]
    ]
    if results and all(each is ... for each in results):
        return ...
    if len(results) == 1 and isinstance(results[0], Fault) and results[0].key is None:
        return RecordedFault(results[0])
    return RecordedFunction(results)


if __name__ == "__main__":
    judge_lines()
