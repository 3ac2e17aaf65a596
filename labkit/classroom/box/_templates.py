"""The template process: started in the box once, and asked for a child per attempt."""

import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from labkit.classroom.box._staging import stage_package
from labkit.classroom.box.finding import BUBBLEWRAP, LANDLOCK, BoxKind, box_command, readable_by_landlock, variables
from labkit.errors import UserError

STARTING = 180  # seconds that the imports of the template may take
ENDING = 15  # seconds until a child that was killed must be gone
LONGEST = 2**20  # bytes of a message of the template


class TemplateLost(Exception):
    """The template has ended, or does not answer; another one must be started."""


class Template:
    """A running template process.

    Parameters
    ----------
    kind : BoxKind
        Which box.
    imports : list of str
        Import statements to carry out before the first child.
    folders : list of pathlib.Path
        Folders to show besides labkit, read-only, each under its own name next to it.
    cores : list of int
        The cores that it and its children may use; empty for all.
    """

    def __init__(self, kind: BoxKind, *, imports: list[str], folders: list[Path], cores: list[int]):
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix="labkit-box-"))
        self.folder.chmod(0o700)
        self.staged = self.folder / "staged"
        self.staged.mkdir()
        stage_package(self.staged)
        for each in folders:
            place = self.staged / each.name
            place.mkdir() if kind.name == BUBBLEWRAP else place.symlink_to(each.resolve())
        settings = {"kind": kind.name, "imports": imports, "cores": cores}
        settings["readable"] = readable_by_landlock(self.staged, folders) if kind.name == LANDLOCK else []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        arguments = ["-m", "labkit.classroom.box.inside._template", str(number), json.dumps(settings)]
        self.errors = (self.folder / "errors").open("w+b")
        self.control = ours
        self.process = subprocess.Popen(
            box_command(kind, self.staged, [self.staged / "labkit", *folders], arguments),
            env=variables(kind, self.staged, self.folder),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=self.errors,
            stderr=self.errors,
            pass_fds=[number],
        )
        theirs.close()
        try:
            self.ready = self.receive(STARTING)
        except TemplateLost as error:
            self.errors.seek(0)
            told = self.errors.read()[-2000:].decode(errors="replace").strip()
            self.close()
            raise UserError(f"the box ({kind.name}) could not be started: {told or error}") from error

    def start(self, limits: dict) -> tuple[int, int]:
        """Fork a child; return the descriptors to write requests to, and to read replies from."""
        requests_read, requests_write = os.pipe()
        replies_read, replies_write = os.pipe()
        try:
            message = json.dumps({"run": limits}).encode()
            socket.send_fds(self.control, [message], [requests_read, replies_write])
        except OSError as error:
            os.close(requests_write)
            os.close(replies_read)
            raise TemplateLost(str(error)) from error
        finally:
            os.close(requests_read)
            os.close(replies_write)
        return requests_write, replies_read

    def end(self, patience: float = 0.0) -> dict:
        """End the child, if it has not ended by itself within some seconds; return how it ended and what it used."""
        if not select.select([self.control], [], [], patience)[0]:
            with contextlib.suppress(OSError):
                self.control.send(json.dumps({"kill": True}).encode())
        return self.receive(ENDING)

    def receive(self, seconds: float) -> dict[str, Any]:
        """Return the next message of the template."""
        if not select.select([self.control], [], [], seconds)[0]:
            raise TemplateLost(f"no answer within {seconds} seconds")
        try:
            data = self.control.recv(LONGEST)
        except OSError as error:
            raise TemplateLost(str(error)) from error
        if not data:
            raise TemplateLost("it has ended")
        return json.loads(data)

    def close(self) -> None:
        """End the template with all that runs in its box, and remove its folder."""
        self.control.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        clear_folder(self.folder)


def clear_folder(folder: Path) -> None:
    """Remove a folder that a student's code may have filled: deeper than Python can follow, or without rights."""
    if folder.exists():
        subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True)
    if folder.exists():
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(folder)], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
