"""The attempts to run one submission: what ends the child is left out the next time."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from labkit.classroom.box._conversation import Conversation, Ended, Overfull, TimedOut
from labkit.classroom.box._templates import TemplateLost
from labkit.classroom.box.finding import BUBBLEWRAP
from labkit.classroom.box.submissions import Cell, Collected, Limits, Question
from labkit.classroom.box.values import BadReply, read_fault, unpack_plain
from labkit.errors import UserError
from labkit.exercises.words import printable

MOST_FILES = 10_000  # of a submission
PATIENCE = 0.5  # seconds in which a child may end by itself, once its pipes are closed
LONGEST_NAME = 64  # characters of the name of a cell, as in the notebook format
LONGEST_REASON = 300  # characters of what a student's code says about itself


class Attempts:
    """The attempts to run one submission."""

    def __init__(self, box: Any, cells: list[Cell], questions: list[Question], limits: Limits, every: bool):
        self.box, self.cells, self.limits, self.every = box, cells, limits, every
        self.left = {each.id: each for each in questions}
        self.began = time.monotonic()
        self.skip: set[int] = set()
        self.found = Collected()

    def run(self) -> Collected:
        """Attempt until every answer is collected, or time or attempts are used up."""
        while self.left:
            if self.found.attempts >= self.limits.attempts or self.seconds_left() <= 0:
                what = "took too much time" if self.seconds_left() <= 0 else "was stopped too often"
                self.give_up(f"the submission {what}{self.say_stopped()}")
                break
            self.found.attempts += 1
            self.attempt()
        self.found.seconds = time.monotonic() - self.began
        return self.found

    def name(self, position: int) -> str:
        """Return the name of a cell, which the student may have chosen."""
        return printable(self.cells[position].id)[:LONGEST_NAME]

    def seconds_left(self) -> float:
        """Return how many seconds are left for the submission."""
        return self.limits.seconds - (time.monotonic() - self.began)

    def deadline(self, seconds: float) -> float:
        """Return until when something may take, given how many seconds it may take at most."""
        return time.monotonic() + min(seconds, max(0.0, self.seconds_left()))

    def say_stopped(self) -> str:
        """Return which cells were stopped."""
        stopped = [f"cell {self.name(each)}: {self.found.failures[self.name(each)]}" for each in self.skip]
        return f" ({'; '.join(stopped[:3])})" if stopped else ""

    def give_up(self, reason: str) -> None:
        """Say of all exercises that are left why they have no answer."""
        for each in self.left:
            self.found.answers[each] = {"problem": reason}
        self.left.clear()

    def attempt(self) -> None:
        """Run the submission once; collect what can be collected."""
        self.where: int | str | None = None  # the cell or the exercise at which it stands
        folder = Path(tempfile.mkdtemp(prefix="labkit-files-")) if self.box.kind.name != BUBBLEWRAP else None
        limits = self.limits
        settings = {"cpu": limits.cpu_seconds, "memory": limits.memory, "file": limits.file, "disk": limits.disk}
        settings["folder"] = str(folder)
        reason, conversation = None, None
        try:
            template = self.box._started()
            descriptors = template.start(settings)
            conversation = Conversation(
                *descriptors,
                longest=limits.answer,
                most=1000 + 3 * len(self.cells) + sum(len(each.calls or ((),)) for each in self.left.values()),
                look=lambda: check_files(folder, limits.disk),
            )
            self.talk(conversation)
        except TimedOut:
            reason = "took too much time and was stopped"
        except Overfull:
            reason = "wrote more files than allowed"
        except BadReply as error:
            reason = f"gave what is no answer: {error}"
        except Ended:
            reason = ""
        except TemplateLost:
            self.box.close()
            reason = "ended the box, which had to be started again" if self.where is not None else None
        finally:
            if conversation is not None:
                conversation.close()
            ended = self.end(PATIENCE if reason in (None, "") else 0.0)
            if folder is not None:
                self.box._remove(folder)
        if ended is None and self.where is None:
            return  # the template was lost before a line of the student's ran
        if reason is not None:
            self.blame(reason or say_end(ended or {}, limits))

    def end(self, patience: float) -> dict | None:
        """End the child and add up what it used; where the template does not answer, end that and return None."""
        try:
            if self.box._template is None:
                return None
            ended = self.box._template.end(patience)
        except TemplateLost:
            self.box.close()
            return None
        self.found.cpu_seconds += ended.get("cpu", 0.0)
        return ended

    def blame(self, reason: str) -> None:
        """Leave out next time what stopped the submission."""
        if isinstance(self.where, int):
            self.skip.add(self.where)
            self.found.failures[self.name(self.where)] = reason
        elif isinstance(self.where, str):
            self.found.answers[self.where] = {"problem": f"your answer {reason}"}
            self.left.pop(self.where, None)
        else:
            self.give_up(f"the submission {reason}")

    def talk(self, conversation: Conversation) -> None:
        """Send the submission, follow its cells, and ask for the answers."""
        asked = [
            {
                "id": each.id,
                "expression": each.expression,
                "after": len(self.cells) if each.after is None else each.after,
                "through": each.through,
            }
            for each in self.left.values()
        ]
        task = {"cells": [each.source for each in self.cells], "asked": asked}
        task |= {"skip": sorted(self.skip), "every": self.every}
        conversation.send(task, self.deadline(self.limits.cell_seconds))
        note = conversation.receive(self.deadline(self.limits.cell_seconds))
        if "broken" in note:  # sent before a line of the student's ran
            raise UserError(f"the box could not be closed: {str(note['broken'])[:LONGEST_REASON]}")
        while "ready" not in note:
            self.follow(note)
            note = conversation.receive(self.deadline(self.limits.cell_seconds))
        for each in list(self.left.values()):
            self.where = each.id
            self.found.answers[each.id] = self.collect(conversation, each)
            del self.left[each.id]

    def follow(self, note: dict) -> None:
        """Take a note on the cells."""
        if isinstance(needed := note.get("needed"), list):
            self.where = None
            self.found.executed = min(len(needed), len(self.cells))
        if type(cell := note.get("cell")) is int and 0 <= cell < len(self.cells):
            self.where = cell
        if type(failed := note.get("failed")) is int and 0 <= failed < len(self.cells):
            self.found.failures[self.name(failed)] = say_reason(note.get("error"))

    def collect(self, conversation: Conversation, question: Question) -> dict:
        """Ask for the answer to one exercise, call by call."""
        if question.calls is None:
            reply = self.ask(conversation, {"value": question.id})
            return reply if "problem" in reply or "value" in reply else {"calls": [reply]}
        results = []
        for position, arguments in enumerate(question.calls):
            request = {"call": question.id, "position": position, "arguments": arguments, "through": question.through}
            reply = self.ask(conversation, request)
            if "problem" in reply:
                return reply
            results.append(reply)
            if "fault" in reply:
                break
        return {"calls": results}

    def ask(self, conversation: Conversation, request: dict) -> dict:
        """Return the reply to a request, checked: a value, a fault or a problem."""
        seconds = self.deadline(self.limits.call_seconds) - time.monotonic()
        reply = conversation.ask(request, seconds)
        if set(reply) == {"value"}:
            unpack_plain(reply["value"])
            return reply
        if set(reply) == {"fault", "key"}:
            read_fault(reply["fault"], reply["key"])
            return reply
        if set(reply) == {"missing"}:
            failed = [f"cell {name}: {reason}" for name, reason in self.found.failures.items()]
            because = f"; {'; '.join(failed[:3])}" if failed else ""
            return {"problem": f"there is no answer to collect ({say_reason(reply['missing'])}){because}"}
        raise BadReply("a reply is neither a value nor a fault")


def say_reason(told: Any) -> str:
    """Return what a student's code says of itself, shortened, without what no page can show."""
    return printable(told if isinstance(told, str) else "no reason")[:LONGEST_REASON]


def say_end(ended: dict, limits: Limits) -> str:
    """Return how a child ended by itself, for a message."""
    code = ended.get("ended", 0)
    if code in (128 + 24, 128 + 9) and ended.get("cpu", 0) >= limits.cpu_seconds - 1:
        return f"took more than {limits.cpu_seconds} seconds of the processor and was stopped"
    if code == 128 + 9:
        return "was stopped by the system (memory)"
    if code > 128:
        return f"crashed (signal {code - 128})"
    return f"ended the program (status {code})"


def check_files(folder: Path | None, most: int) -> None:
    """Raise Overfull where a folder holds more bytes, or more files, than allowed."""
    if folder is None:
        return
    used, number, waiting = 0, 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    number += 1
                    used += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if used > most or number > MOST_FILES:
                        raise Overfull
        except FileNotFoundError:  # removed meanwhile
            continue
        except OSError:  # a path too long, or a folder closed to everybody, in which nothing can be counted
            raise Overfull from None
