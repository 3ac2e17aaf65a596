"""The folder that an audit writes to: checked first, kept for one audit at a time, and changed as a whole or not.

What is written is gathered in a hidden folder next to the old results and moved into place at the end. Only files that
an earlier audit listed in its ``audit.json`` are replaced or removed: others may be somebody's own work.
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

# What an audit may write.
TABLES = ("rates.csv", "comparisons.csv", "counts.csv", "scores.csv")
FILES = ("audit.html", "audit.png", "audit.svg", *TABLES, "audit.json")
FORMAT = "labkit audit"  # says in audit.json that an audit wrote it
ROOM = 10_000_000  # bytes that must be free on the disk
ELSEWHERE = "choose another folder with output="
WAITING = ".labkit-audit-"  # how the hidden folders begin in which results wait
ALIVE = "alive"  # a file in them that is locked while its audit runs
LONGEST_NAME = 120  # bytes of the name of a folder that we choose


def name_folder(stem: str, columns: Sequence[str]) -> str:
    """Name the folder of an audit by its file and its groups: ``loans-audit-sex-age_group``.

    Parameters
    ----------
    stem : str
        The name of the file, without its ending.
    columns : sequence of str
        The sensitive columns, in any characters.

    Returns
    -------
    str
        A name that every file system takes, with the whole name of the file.
    """
    plain = [re.sub(r"[^\w.]+", "_", column).strip("._") or "column" for column in columns]
    groups = "-".join(plain).encode()[:LONGEST_NAME].decode(errors="ignore")
    return f"{stem}-audit-{groups}"


def describe_earlier(folder: Path) -> str:
    """Say which audit a folder holds, by its ``audit.json``: its file, its groups and when it ran; empty if none."""
    found = _read_earlier(folder)
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
    earlier = _read_earlier(folder).get("settings")
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

    def write(self, contents: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
        """Write files by name: all of them or, where one cannot be written, none.

        Parameters
        ----------
        contents : mapping of str to bytes
            Some of ``FILES``, with their content; "audit.json" lists them all.

        Returns
        -------
        replaced, removed : list of str
            Names of the files of an earlier audit that were replaced, and of those that this audit does not write:
            they would be read as part of it.
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
        earlier = check_strangers(self.folder)  # something may have come there during the count
        with without_interruption():
            _exchange(self.folder, new, old, earlier=earlier, names=list(contents))
        return [name for name in earlier if name in contents], [name for name in earlier if name not in contents]


@contextlib.contextmanager
def open_output(folder: str | Path) -> Iterator[Output]:
    """Check an output folder and keep it for this audit, before anything is counted; leave no trace where it fails.

    Parameters
    ----------
    folder : str or Path
        Where to write to; it need not exist.

    Yields
    ------
    Output
        Writes to the folder.

    Raises
    ------
    UserError
        It is no folder, cannot be written to, has no room, holds files with our names that no audit listed, or another
        audit is writing to it.
    """
    folder = Path(folder)
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise UserError(f"cannot write to the output folder {str(folder)!r}: {str(place)!r} is no folder; {ELSEWHERE}")
    with _keep(folder):
        check_strangers(folder)
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
                    f"cannot write to the output folder {str(folder)!r}: its disk has {free / 1e6:.1f} MB left, and an "
                    f"audit needs {ROOM / 1e6:.0f} MB; make room there, or {ELSEWHERE}"
                )
            yield Output(folder, waiting)
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


def check_strangers(folder: Path) -> list[str]:
    """Return the files of an earlier audit in a folder; reject files that have our names and that no audit listed."""
    present = [name for name in FILES if os.path.lexists(folder / name)]
    listed = _list_earlier(folder)
    if strangers := [name for name in present if name not in listed or (folder / name).is_dir()]:
        named = list_some([repr(name) for name in strangers])
        raise UserError(
            f"the folder {str(folder)!r} holds {named}, which no audit lists as its own (in its audit.json), and which "
            f"would be overwritten; move {'it' if len(strangers) == 1 else 'them'} elsewhere, or {ELSEWHERE}"
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


def _list_earlier(folder: Path) -> list[str]:
    """List the files that an earlier audit says it wrote to a folder; none where there is no such audit."""
    found = _read_earlier(folder)
    return [] if not found else [*(name for name in found["files"] if name in FILES), "audit.json"]


def _read_earlier(folder: Path) -> dict[str, Any]:
    """Read what an earlier audit wrote for programs; nothing where there is no such audit."""
    try:
        found = json.loads((folder / "audit.json").read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("files"), list):
        return {}
    return found


@contextlib.contextmanager
def _keep(folder: Path) -> Iterator[None]:
    """Keep a folder for one audit of this user on this machine; the system releases it when the program ends."""
    from filelock import FileLock, Timeout

    key = hashlib.sha256(os.path.realpath(folder).encode(errors="surrogateescape")).hexdigest()[:16]
    user = getattr(os, "getuid", lambda: "")()
    lock = None
    with contextlib.suppress(OSError):  # no place for temporary files: the results are moved as a whole all the same
        lock = FileLock(Path(tempfile.gettempdir()) / f"labkit-audit-{user}-{key}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise UserError(
                f"another audit is writing to the folder {str(folder)!r}; wait until it has ended, or {ELSEWHERE}"
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
