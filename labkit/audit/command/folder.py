"""The folder that a command writes to: checked first, kept for one call at a time, and changed as a whole or not.

What is written is gathered in a hidden folder next to the old results and moved into place at the end. Only files that
an earlier call listed in its file for programs (``audit.json``) are replaced or removed: others may be somebody's own
work.
"""

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.errors import UserError
from labkit.validation import list_some

if TYPE_CHECKING:
    from filelock import FileLock

ROOM = 10_000_000  # bytes that must be free on the disk
ELSEWHERE = "choose another folder with output="
WAITING = ".labkit-audit-"  # how the hidden folders begin in which results wait
ALIVE = "alive"  # a file in them that is locked while its audit runs
LONGEST_NAME = 120  # bytes of the name of a folder that we choose


class Results(NamedTuple):
    """What one kind of call may write to a folder, and what it is called in messages."""

    noun: str  # "audit"
    files: tuple[str, ...]  # names, without folders
    listing: str  # the file for programs, which lists what was written
    format: str  # says in that file which command wrote it


TABLES = ("rates.csv", "comparisons.csv", "counts.csv", "scores.csv")
FILES = ("audit.html", "audit.png", "audit.svg", *TABLES, "audit.json")
AUDIT = Results("audit", FILES, listing="audit.json", format="labkit audit")


def name_folder(stem: str, columns: Sequence[str], results: Results = AUDIT) -> str:
    """Name an output folder by its file and its groups: ``loans-audit-sex-age_group``.

    Parameters
    ----------
    stem : str
        The name of the file, without its ending.
    columns : sequence of str
        The sensitive columns, in any characters.
    results : Results
        What is written there.

    Returns
    -------
    str
        A name that every file system takes, with the whole name of the file.
    """
    plain = [re.sub(r"[^\w.]+", "_", column).strip("._") or "column" for column in columns]
    groups = "-".join(plain).encode()[:LONGEST_NAME].decode(errors="ignore")
    return f"{stem}-{results.noun}-{groups}"


def describe_earlier(folder: Path) -> str:
    """Say which audit a folder holds, by its ``audit.json``: its file, its groups and when it ran; empty if none."""
    found = _read_earlier(folder, AUDIT)
    provenance, columns = found.get("provenance"), found.get("columns")
    if not isinstance(provenance, dict) or not isinstance(provenance.get("source"), str):
        return ""
    said = [repr(provenance["source"])]
    if isinstance(columns, list) and columns:
        said.append(f"by {', '.join(map(str, columns))}")
    if isinstance(date := provenance.get("date"), str):
        said.append(f"from {date[:16].replace('T', ' ')} UTC")
    return " ".join(said)


def compare_settings(folder: Path, settings: Mapping[str, Any]) -> list[str]:
    """Say which settings the audit in a folder had besides those of a new one, by its ``audit.json``; none if none.

    Parameters
    ----------
    folder : Path
        The output folder.
    settings : mapping of str to object
        Those of the new audit, of the kinds that JSON has.

    Returns
    -------
    list of str
        Such as "--confidence 0.9 (now 0.95)"; a setting that an older version did not have is left out.
    """
    earlier = _read_earlier(folder, AUDIT).get("settings")
    if not isinstance(earlier, dict):
        return []
    return [
        f"--{name.replace('_', '-')} {_say_setting(earlier[name])} (now {_say_setting(value)})"
        for name, value in settings.items()
        if name in earlier and earlier[name] != value
    ]


def _say_setting(value: Any) -> str:
    """Write a setting as it is typed, and one that was not set in words."""
    if value is None or value == [] or value == "":
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(shlex.quote(str(each)) for each in (value if isinstance(value, list) else [value]))


class Output(NamedTuple):
    """A folder that is ready to take the results of an audit; make one with `open_output`."""

    folder: Path
    waiting: Path  # the hidden folder in which results are gathered; on the same disk
    results: Results = AUDIT

    def write(self, contents: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
        """Write files by name: all of them or, where one cannot be written, none.

        Parameters
        ----------
        contents : mapping of str to bytes
            Some of the files of ``results``, with their content; the file for programs lists them all.

        Returns
        -------
        replaced, removed : list of str
            Names of the files of an earlier call that were replaced, and of those that this one does not write: they
            would be read as part of it.
        """
        new, old = self.waiting / "new", self.waiting / "old"
        failed = self.folder
        try:
            new.mkdir(exist_ok=True)
            old.mkdir(exist_ok=True)
            for name, content in contents.items():
                failed = self.folder / name
                (new / name).write_bytes(content)
        except OSError as error:
            raise _cannot_write(failed, error) from error
        earlier = check_strangers(self.folder, self.results)  # something may have come there during the count
        with without_interruption():
            _exchange(self.folder, new, old, earlier=earlier, names=list(contents))
        return [name for name in earlier if name in contents], [name for name in earlier if name not in contents]


@contextlib.contextmanager
def open_output(folder: str | Path, results: Results = AUDIT) -> Iterator[Output]:
    """Check an output folder and keep it for this call, before anything is counted; leave no trace where it fails.

    Parameters
    ----------
    folder : str or Path
        Where to write to; it need not exist.
    results : Results
        What may be written.

    Yields
    ------
    Output
        Writes to the folder.

    Raises
    ------
    UserError
        It is no folder, cannot be written to, has no room, holds files with our names that no such call listed, or
        another one is writing to it.
    """
    folder = Path(folder)
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise UserError(f"cannot write to the output folder {str(folder)!r}: {str(place)!r} is no folder; {ELSEWHERE}")
    with _keep(folder, results.noun):
        check_strangers(folder, results)
        try:
            free = shutil.disk_usage(place).free
            for parent in {place, folder.parent}:
                _remove_stale(parent)
            waiting = Path(tempfile.mkdtemp(prefix=WAITING, dir=place))
        except OSError as error:
            raise _cannot_write(folder, error) from error
        alive = _lock_alive(waiting)
        try:
            if free < ROOM:
                raise UserError(
                    f"cannot write to the output folder {str(folder)!r}: its disk has {free / 1e6:.1f} MB left, and "
                    f"{_name(results)} needs {ROOM / 1e6:.0f} MB; make room there, or {ELSEWHERE}"
                )
            yield Output(folder, waiting, results)
        finally:
            with without_interruption():
                if alive is not None:
                    alive.release()
                shutil.rmtree(waiting, ignore_errors=True)


def _lock_alive(waiting: Path) -> "FileLock | None":
    """Lock a file in a hidden folder: the system opens the lock when the program ends, however it ends."""
    from filelock import FileLock

    with contextlib.suppress(OSError, NotImplementedError):  # some disks have no locks
        lock = FileLock(waiting / ALIVE, timeout=0)
        lock.acquire()
        return lock
    return None


def _remove_stale(parent: Path) -> None:
    """Remove hidden folders of audits that were killed, whose locks are open; those of others are left alone."""
    from filelock import FileLock, Timeout

    for waiting in parent.glob(f"{WAITING}*"):
        if not (waiting / ALIVE).is_file():  # not ours, or just being made
            continue
        with contextlib.suppress(OSError, NotImplementedError, Timeout):
            with FileLock(waiting / ALIVE, timeout=0):
                pass
            shutil.rmtree(waiting, ignore_errors=True)


def _name(results: Results) -> str:
    """Write "an audit" or "a card"."""
    return f"a{'n' if results.noun[0] in 'aeiou' else ''} {results.noun}"


def check_strangers(folder: Path, results: Results = AUDIT) -> list[str]:
    """Return the files of an earlier call in a folder; reject files that have our names and that no call listed."""
    present = [name for name in results.files if os.path.lexists(folder / name)]
    listed = _list_earlier(folder, results)
    if strangers := [name for name in present if name not in listed or (folder / name).is_dir()]:
        named = list_some([repr(name) for name in strangers])
        raise UserError(
            f"the folder {str(folder)!r} holds {named}, which no {results.noun} lists as its own (in its "
            f"{results.listing}), and which would be overwritten; move {'it' if len(strangers) == 1 else 'them'} "
            f"elsewhere, or {ELSEWHERE}"
        )
    return present


@contextlib.contextmanager
def without_interruption() -> Iterator[None]:
    """Let Ctrl-C, and a request to end, wait for a moment in which files are half in place."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread gets signals
        yield
        return
    pressed: list[int] = []
    former = {
        number: signal.signal(number, lambda number, _: pressed.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for number in pressed[:1]:
        signal.raise_signal(number)


def _list_earlier(folder: Path, results: Results) -> list[str]:
    """List the files that an earlier call says it wrote to a folder; none where there was no such call."""
    found = _read_earlier(folder, results)
    return [] if not found else [*(name for name in found["files"] if name in results.files), results.listing]


def _read_earlier(folder: Path, results: Results) -> dict[str, Any]:
    """Read what an earlier call wrote for programs; nothing where there was no such call."""
    try:
        found = json.loads((folder / results.listing).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict) or found.get("format") != results.format or not isinstance(found.get("files"), list):
        return {}
    return found


@contextlib.contextmanager
def _keep(folder: Path, noun: str) -> Iterator[None]:
    """Keep a folder for one call of this user on this machine; the system releases it when the program ends."""
    from filelock import FileLock, Timeout

    key = hashlib.sha256(os.path.realpath(folder).encode(errors="surrogateescape")).hexdigest()[:16]
    user = getattr(os, "getuid", lambda: "")()
    lock = None
    with contextlib.suppress(OSError):  # no place for temporary files: the results are moved as a whole all the same
        lock = FileLock(Path(tempfile.gettempdir()) / f"labkit-{noun}-{user}-{key}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise UserError(
                f"another {noun} is writing to the folder {str(folder)!r}; wait until it has ended, or {ELSEWHERE}"
            ) from error
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _exchange(folder: Path, new: Path, old: Path, *, earlier: list[str], names: list[str]) -> None:
    """Put new files in the place of earlier ones; where a step fails, undo those before it."""
    taken, placed, made = [], [], not folder.is_dir()
    failed = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in earlier:
            failed = folder / name
            os.replace(failed, old / name)
            taken.append(name)
        for name in names:
            failed = folder / name
            os.replace(new / name, failed)
            placed.append(name)
    except OSError as error:
        with contextlib.suppress(OSError):
            for name in placed:
                (folder / name).unlink()
            for name in taken:
                os.replace(old / name, folder / name)
            if made:
                folder.rmdir()
        raise _cannot_write(failed, error) from error


def _cannot_write(path: Path, error: OSError) -> UserError:
    """Say that a file or folder cannot be written, and what to do."""
    reason = error.strerror or error
    return UserError(f"cannot write to {str(path)!r}: {reason}; make room there, or {ELSEWHERE}")
