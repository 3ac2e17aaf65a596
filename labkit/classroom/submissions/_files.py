"""Files of submissions, on the disk and in archives: listed without following links, read within limits."""

import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from labkit.classroom.submissions import _zips
from labkit.errors import UserError
from labkit.exercises.words import printable

DEEPEST = 12  # folders in folders
MOST_FILES = 200_000  # in the folder of a class
MOST_ARCHIVES = 20  # of a student that are opened
DEEPEST_ZIP = 2  # a student's zip, and one in it


@dataclass(frozen=True)
class SubmittedFile:
    """A file of a submission, which is read when it is needed.

    Attributes
    ----------
    path : pathlib.Path
        The file, or the archive that it is in.
    members : tuple of int
        Its place in the archive; with a second number, in an archive in that archive.
    parts : tuple of str
        Its folders and its name, as the submissions are laid out; archives count as folders.
    size : int
        Bytes.
    modified : datetime or None
        When it was last changed, according to the disk or the archive.
    problem : str or None
        Why it cannot be read.
    encoding : str
        Of its name in an archive; empty for ASCII and UTF-8.
    """

    path: Path
    members: tuple[int, ...]
    parts: tuple[str, ...]
    size: int
    modified: datetime | None = None
    problem: str | None = None
    encoding: str = ""

    @property
    def name(self) -> str:
        """Its name, without folders."""
        return self.parts[-1]

    def shown(self, skip: int = 0) -> str:
        """Return its name with folders, for messages."""
        return printable("/".join(self.parts[min(skip, len(self.parts) - 1) :]))[-120:]

    def read(self) -> bytes:
        """Return its content.

        Raises
        ------
        UserError
            It cannot be read; the message says why.
        """
        if self.problem is not None:
            raise UserError(f"{self.shown()} was not read: {self.problem}")
        try:
            with open_plain(self.path) as file:
                data = _zips.read_member(file, self.members[0]) if self.members else read_whole(file)
            for number in self.members[1:]:
                data = _zips.read_member(io.BytesIO(data), number)
        except (OSError, _zips.BadMember) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UserError(f"{self.shown()} cannot be read: {reason}") from error
        return data


def open_plain(path: Path) -> io.BufferedReader:
    """Open a file that is an ordinary one, and no link; OSError otherwise."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no ordinary file")
    return os.fdopen(descriptor, "rb")


def read_whole(file: BinaryIO) -> bytes:
    """Return all of a file that is not too large."""
    data = file.read(_zips.MOST_BYTES + 1)
    if len(data) > _zips.MOST_BYTES:
        raise OSError(0, f"it has more than {_zips.say_size(_zips.MOST_BYTES)}")
    return data


def list_folder(folder: Path) -> Iterator[SubmittedFile]:
    """Yield the files in a folder and its folders, also those that are not read; links are not followed."""
    waiting: list[tuple[Path, tuple[str, ...]]] = [(folder, ())]
    count = 0
    while waiting:
        here, parts = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            yield SubmittedFile(here, (), (*parts, "?"), 0, None, f"the folder cannot be read: {error.strerror}")
            continue
        for entry in entries:
            count += 1
            if count > MOST_FILES:
                raise UserError(f"{folder} holds more than {MOST_FILES:,} files; name the folder with the submissions")
            path, place = Path(entry.path), (*parts, entry.name)
            try:
                about = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield SubmittedFile(path, (), place, 0, None, error.strerror)
                continue
            modified = datetime.fromtimestamp(about.st_mtime, UTC)
            if stat.S_ISDIR(about.st_mode):
                if len(place) < DEEPEST:
                    waiting.append((path, place))
                else:
                    yield SubmittedFile(path, (), place, 0, modified, "folders are nested too deeply")
                continue
            yield SubmittedFile(path, (), place, about.st_size, modified, say_kind(about))


def say_kind(about: os.stat_result) -> str | None:
    """Return why a file is not read, by its kind and size."""
    if stat.S_ISLNK(about.st_mode):
        return "it is a link to another file"
    if not stat.S_ISREG(about.st_mode):
        return "it is no ordinary file (a device, a pipe or the like)"
    return None


def list_archive(file: SubmittedFile, *, export: bool) -> list[SubmittedFile]:
    """Return the files in an archive; `BadArchive` says why it is not opened."""
    if file.problem is not None:
        raise _zips.BadArchive(file.problem)
    if not export and file.size > _zips.MOST_ARCHIVE:
        raise _zips.BadArchive(
            f"it has {_zips.say_size(file.size)}; at most {_zips.say_size(_zips.MOST_ARCHIVE)} are read"
        )
    try:
        with io.BytesIO(file.read()) if file.members else open_plain(file.path) as opened:
            members = _zips.list_members(opened, export=export)
    except (OSError, UserError) as error:
        raise _zips.BadArchive(str(error)) from error
    return [
        SubmittedFile(
            file.path,
            (*file.members, member.index),
            (*(() if export else file.parts), *member.parts),
            member.size,
            None if member.modified is None else member.modified.astimezone(),
            member.problem,
            member.encoding or file.encoding,
        )
        for member in members
    ]


@dataclass
class OpenedArchives:
    """How many archives of a student were opened, how many files they hold, and how many were not opened."""

    archives: int = 0
    files: int = 0
    left: int = 0

    def is_enough(self) -> bool:
        """Say whether no more archives are opened."""
        return self.archives >= MOST_ARCHIVES or self.files > _zips.MOST_MEMBERS


def open_archives(file: SubmittedFile, notes: list[str], skip: int, opened: OpenedArchives) -> list[SubmittedFile]:
    """Return a file of a student, or what is in it where it is an archive, two levels deep; say what is not opened."""
    found: list[SubmittedFile] = []
    waiting = [(file, 0)]
    while waiting:
        file, depth = waiting.pop()
        if not is_zip(file.name) or file.problem is not None:
            found.append(file)
            continue
        if depth >= DEEPEST_ZIP:
            notes.append(
                f"{file.shown(skip)} was not opened: it is a zip in a zip in a zip; hand in the notebook itself"
            )
            continue
        if opened.is_enough():
            opened.left += 1
            continue
        opened.archives += 1
        try:
            members = list_archive(file, export=False)
        except _zips.BadArchive as error:
            notes.append(f"{file.shown(skip)} was not opened: {error}")
            continue
        opened.files += len(members)
        if depth:
            notes.append(f"{file.shown(skip)} is a zip in a zip; it was opened")
        waiting += [(member, depth + 1) for member in reversed(members)]
    return found


def is_zip(name: str) -> bool:
    """Say whether a file is a zip archive, by its name."""
    return name.lower().endswith(".zip")
