"""Where the numbers come from: the file and its checksum, the settings, the versions, and what repeats the audit."""

import hashlib
import os
import shlex
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from labkit.audit.files._parquet import _files as list_counted
from labkit.audit.files.oddities._duplicates import Duplicates
from labkit.audit.sections._provenance import Provenance
from labkit.errors import UserError
from labkit.version import __version__

BLOCK = 2**20  # bytes that are hashed at a time
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "pyarrow", "duckdb", "narwhals")


class Found(NamedTuple):
    """What was counted."""

    size: int  # bytes of all files
    sha256: str  # of the file; for a folder, see `join_hashes`
    parts: list[tuple[str, int, str]]  # name, bytes and sha256 of each file


class Fingerprint(threading.Thread):
    """Hash a file, or all counted files of a folder, while they are counted.

    Parameters
    ----------
    path : pathlib.Path
        A file or a folder. Another path has nothing to hash: whoever counts says what is wrong with it.
    """

    def __init__(self, path: Path):
        super().__init__(name="fingerprint", daemon=True)
        self.path, self.is_folder = path, path.is_dir()
        self.files = list_counted(path) if self.is_folder else [path] if path.is_file() else []
        self.seen = self._look()
        self.failed: OSError | None = None
        self.hashes: list[str] = []
        self.stopped = threading.Event()

    def __enter__(self) -> "Fingerprint":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()

    def run(self) -> None:
        """Hash every file in blocks."""
        try:
            self.hashes = [self._hash(file) for file in self.files]
        except OSError as error:
            self.failed = error

    def finish(self) -> "Found":
        """Return the files with their bytes and checksums; a UserError where they changed meanwhile."""
        self.join()
        if self.failed is not None:
            raise self.failed
        if self._look() != self.seen:
            raise UserError(
                f"{self.path.name!r} changed while it was counted; audit it again when nothing writes to it"
            )
        names = [file.relative_to(self.path).as_posix() if self.is_folder else file.name for file in self.files]
        sizes = [size for size, _ in self.seen]
        sha256 = join_hashes(dict(zip(names, self.hashes, strict=True))) if self.is_folder else "".join(self.hashes)
        return Found(sum(sizes), sha256, list(zip(names, sizes, self.hashes, strict=True)))

    def _look(self) -> list[tuple[int, int]]:
        """Return size and time of the last change of each file."""
        return [(found.st_size, found.st_mtime_ns) for found in map(os.stat, self.files)]

    def _hash(self, file: Path) -> str:
        """Hash a file in blocks, until it ends or nobody waits any more."""
        digest = hashlib.sha256()
        with open(file, "rb", buffering=0) as opened:
            while (block := opened.read(BLOCK)) and not self.stopped.is_set():
                digest.update(block)
        return digest.hexdigest()


def join_hashes(hashes: Mapping[str, str]) -> str:
    """Hash the names and hashes of the files of a folder: the lines that ``sha256sum`` prints for them, sorted by name.

    Parameters
    ----------
    hashes : mapping of str to str
        Name below the folder, with slashes, to the sha256 of the file.

    Returns
    -------
    str
        sha256, in hexadecimal.
    """
    lines = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def make_provenance(
    name: str,
    found: Found,
    *,
    rows: int,
    twice: Duplicates,
    seed: int,
    settings: Mapping[str, Any],
    defaults: Mapping[str, Any],
    command: str = "audit",
) -> Provenance:
    """Say where an audit comes from.

    Parameters
    ----------
    name : str
        The file or folder, without the folders above it.
    found : Found
        Its files, bytes and checksums.
    rows : int
        How many rows were read.
    twice : Duplicates
        Those that are the same as an earlier one.
    seed : int
        Seed of random tables and samples.
    settings, defaults : mapping of str to object
        The parameters of the audit, and those that nobody need set with what they are then.
    command : {"audit", "card"}
        The command of ``labkit`` that they were given to.

    Returns
    -------
    Provenance
        With the command that repeats the audit in the folder of the file.
    """
    return Provenance(
        source=name,
        files=len(found.parts),
        size=found.size,
        rows=rows,
        sha256=found.sha256,
        parts=found.parts,
        duplicates=f"not looked for: {twice.why}" if twice.number is None else f"{twice.number:,}",
        duplicate_rows=twice.number,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        command=write_command(name, settings, defaults, command),
        versions=find_versions(),
        settings={key.replace("_", "-"): _say(value) for key, value in settings.items()} | {"seed": str(seed)},
    )


def write_command(name: str, settings: Mapping[str, Any], defaults: Mapping[str, Any], command: str) -> str:
    """Write the call of ``labkit`` that these settings come from, as a shell reads it."""
    words = ["labkit", command, f"./{name}" if name.startswith("-") else name]
    for key, value in settings.items():
        if value is None or key in defaults and value == defaults[key]:
            continue
        option = f"--{key.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] if value else []
        elif key == "explain_gap":
            words += [option, *value]
        else:
            for each in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
                words += [f"{option}={each}"] if str(each).startswith("-") else [option, str(each)]
    return shlex.join(words)


def find_versions() -> dict[str, str]:
    """Return the versions of what numbers depend on; of what is installed."""
    found = {"fairness-lab": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _say(value: Any) -> str:
    """Write a setting as text; nothing where it was not set."""
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
