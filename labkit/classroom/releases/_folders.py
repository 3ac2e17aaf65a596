"""A folder that is written as a whole or not at all, and never over another one that matters."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil

from labkit.cache import file_sha256
from labkit.errors import UserError
from labkit.validation import list_some


@contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """Yield an empty folder next to another one, and remove it afterwards; an error in between names the folder.

    What a process that was killed left behind there is removed, too.
    """
    aside = folder.absolute().with_name(f".{folder.absolute().name}.{os.getpid()}.part")
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        for left in aside.parent.glob(f".{folder.absolute().name}.*.part"):
            process = left.name.split(".")[-2]
            if process == str(os.getpid()) or process.isdigit() and not psutil.pid_exists(int(process)):
                shutil.rmtree(left, ignore_errors=True)
        aside.mkdir()
        yield aside
    except OSError as error:
        place = error.filename or folder
        raise UserError(
            f"cannot write {place}: {error.strerror or error}; name another folder with --output"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def checksums(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file in a folder, by its path in it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in paths}


def find_changed(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Return the files in a folder that no longer have their checksum; files that are missing are not changed."""
    paths = {name: folder / name for name in files}
    return [name for name, path in paths.items() if path.is_file() and file_sha256(path) != files[name]]


def find_others(folder: Path, files: Mapping[str, str], last: str) -> list[str]:
    """Return the files in a folder that are not of its release: submissions, for example."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(set(paths) - set(files) - {last})


def name_others(others: list[str]) -> str:
    """Say which files are not of a release; empty without any."""
    return f"; it also holds {list_some([repr(each) for each in others], 3)}" if others else ""


def move_away(folder: Path) -> Path:
    """Rename a folder to a name that is free, and return that."""
    names = (folder.with_name(f"{folder.name}.old{number or ''}") for number in count())
    former = next(path for path in names if not os.path.lexists(path))
    os.rename(folder, former)
    return former


def put_in_place(aside: Path, folder: Path, *, last: str) -> None:
    """Move what was written aside to where it belongs.

    A new folder appears at once. Into one that exists, files are moved one by one; files that are not of the release
    are left alone. The one that tells whether all is complete comes last.

    Parameters
    ----------
    aside, folder : pathlib.Path
        In the same folder.
    last : str
        The path of that one file.
    """
    if not os.path.lexists(folder) or folder.is_dir() and not any(folder.iterdir()):
        with suppress(FileNotFoundError):
            folder.rmdir()
        os.rename(aside, folder)
        return
    names = [path.relative_to(aside).as_posix() for path in sorted(aside.rglob("*")) if path.is_file()]
    for name in sorted(names, key=lambda each: each == last):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or file_sha256(target) != file_sha256(aside / name):
            os.replace(aside / name, target)
