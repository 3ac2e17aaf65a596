"""Judge what came out of the box, in a process of its own."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, Self

from labkit.classroom.box.submissions import Question
from labkit.exercises.outcomes import Outcome

WAIT = 60.0  # seconds that judging one submission may take
STARTING = 180.0  # seconds until the judge has loaded the exercises
LONGEST = 2**26  # bytes of all outcomes of a submission
NOT_COLLECTED = "not collected"  # a state besides those of `check`: the box gave no answer


class Judge:
    """A process that knows the exercises and judges submissions, one after the other.

    It sees what was collected, plain values, and never a line of a student's code. Where judging an answer takes too
    long or ends the process, that answer is not judged, and another process goes on with the others.

    Parameters
    ----------
    seconds : float, default 60
        For each submission.
    """

    def __init__(self, seconds: float = WAIT):
        self.seconds = seconds
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        """Start when the first answers come."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def outcomes(self, answers: Mapping[str, dict], questions: Iterable[Question] = ()) -> dict[str, Outcome]:
        """Judge the answers of one submission.

        Parameters
        ----------
        answers : mapping of str to dict
            `Collected.answers`, also after it was stored as JSON.
        questions : iterable of Question, optional
            Those that were asked; needed where they have hidden probes or variants.

        Returns
        -------
        dict of str to Outcome
            The state "not collected" has the problem as its message.
        """
        asked = {each.id: each for each in questions}
        found, left = {}, self.seconds
        for identifier, answer in answers.items():
            if "problem" in answer:
                found[identifier] = Outcome(NOT_COLLECTED, str(answer["problem"]))
                continue
            began, loading = time.monotonic(), self._process is None
            question = asked.get(identifier, Question(identifier, ""))
            calls = question.calls if question.hidden else None
            request = {"id": identifier, "answer": answer, "calls": calls, "variant": question.variant}
            reply = self._ask(request, left) if left > 0 else None
            if reply is None or not loading:
                left -= time.monotonic() - began
            if reply is None:
                message = f"judging took more than {self.seconds:g} seconds, or ended the judge"
                found[identifier] = Outcome(NOT_COLLECTED, message, crashed=True)
            else:
                found[identifier] = Outcome(reply["state"], reply["message"], crashed=reply["crashed"])
        return found

    def _ask(self, request: dict, seconds: float) -> Any:
        started = self._process is None
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "labkit.classroom._judge_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._read_line(time.monotonic() + seconds + (STARTING if started else 0))
            if line is not None:
                return json.loads(line)
        self.close()
        return None

    def _read_line(self, deadline: float) -> bytes | None:
        stream, data = self._process.stdout.fileno(), b""
        while not data.endswith(b"\n"):
            if not select.select([stream], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            piece = os.read(stream, 2**16)
            if not piece or len(data) > LONGEST:
                return None
            data += piece
        return data


def judge_answers(answers: Mapping[str, dict], questions: Iterable[Question] = ()) -> dict[str, Outcome]:
    """Judge the answers of one submission in a process of its own; for several submissions, use one `Judge`.

    Parameters
    ----------
    answers : mapping of str to dict
        `Collected.answers`.
    questions : iterable of Question, optional
        As for `Judge.outcomes`.

    Returns
    -------
    dict of str to Outcome
    """
    with Judge() as judge:
        return judge.outcomes(answers, questions)
