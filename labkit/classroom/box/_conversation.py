"""Our end of the two pipes to a child in the box: it may send anything, at any time, or nothing."""

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any

from labkit.classroom.box.values import BadReply, read_reply

CHUNK = 2**16  # bytes read at once
LOOK = 0.05  # seconds between two looks at the files of a child


class Ended(Exception):
    """The child has closed its pipes, or has ended."""


class TimedOut(Exception):
    """The child has not answered in time."""


class Overfull(Exception):
    """The child keeps more files than it may."""


class Conversation:
    """Lines of JSON to and from a child.

    Parameters
    ----------
    requests, replies : int
        Descriptors of the pipes: to write to, and to read from.
    longest : int
        Bytes of one reply; more of them is a `BadReply`.
    most : int
        Replies in all.
    look : callable
        Called every now and then; may raise Overfull.
    """

    def __init__(self, requests: int, replies: int, *, longest: int, most: int, look: Callable[[], None]):
        self.requests, self.replies = requests, replies
        self.longest, self.left = longest, most
        self.look, self.looked = look, 0.0
        self.buffer = bytearray()
        for each in (requests, replies):
            os.set_blocking(each, False)

    def close(self) -> None:
        """Close both pipes."""
        os.close(self.requests)
        os.close(self.replies)

    def ask(self, message: Any, seconds: float) -> dict:
        """Send a request and return the reply to it."""
        deadline = time.monotonic() + seconds
        self.send(message, deadline)
        return self.receive(deadline)

    def send(self, message: Any, deadline: float) -> None:
        """Send a message; TimedOut where the child does not read it."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            self._wait([], [self.requests], deadline)
            try:
                data = data[os.write(self.requests, data[:CHUNK]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise Ended from None

    def receive(self, deadline: float) -> dict:
        """Return the next reply, a dict; BadReply for what is none."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > self.longest:
                raise BadReply(f"a reply has more than {self.longest:,} bytes")
            self._wait([self.replies], [], deadline)
            try:
                data = os.read(self.replies, CHUNK)
            except BlockingIOError:
                continue
            if not data:
                raise Ended
            self.buffer += data
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        self.left -= 1
        if self.left < 0:
            raise BadReply("more replies than were asked for")
        reply = read_reply(line, self.longest)
        if not isinstance(reply, dict):
            raise BadReply("a reply is no object")
        return reply

    def _wait(self, readable: list[int], writable: list[int], deadline: float) -> None:
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise TimedOut
            if now >= self.looked + LOOK:  # also where replies come all the time
                self.look()
                self.looked = time.monotonic()
            if any(select.select(readable, writable, [], min(deadline - now, LOOK))[:2]):
                return
