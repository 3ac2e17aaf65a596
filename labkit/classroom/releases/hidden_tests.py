"""The check of a function by hidden calls, in a notebook that nbgrader executes."""

import json

from labkit.classroom.box.values import unpack_argument
from labkit.exercises.checking import find_exercise
from labkit.exercises.judging import CORRECT
from labkit.exercises.outcomes import NotEarned

GENERAL = "The answer holds for the calls that you can see, and not for others. Think of inputs that differ from them."


def check_hidden(identifier: str, answer: object, calls: str) -> None:
    """Raise where a function is wrong for hidden calls, so that nbgrader gives no points.

    It runs in the kernel of the student's code, which can find the calls and can change this function, too.

    Parameters
    ----------
    identifier : str
        "04.1".
    answer : object
        What the exercise asks for.
    calls : str
        JSON: the arguments of each call, packed (see `labkit.classroom.box.values`).

    Raises
    ------
    NotEarned
        The answer is not correct. The message has the hint where it is a mistake that the exercise knows, and nothing
        about the calls.
    """
    asked = find_exercise(identifier).asking([tuple(map(unpack_argument, each)) for each in json.loads(calls)])
    outcome = asked.outcome(answer)
    if outcome.state != CORRECT:
        known = {hint for _, hint in asked.wrong}
        raise NotEarned(f"{identifier}: {outcome.message if outcome.message in known else GENERAL}")
