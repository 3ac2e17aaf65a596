"""The cache folder, where downloads, converted models and hidden states are kept; checksums of files and texts."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

import platformdirs

from labkit.errors import UserError

REPOSITORY = Path(__file__).resolve().parents[1]


def cache_folder(*parts: str) -> Path:
    """Return the cache folder, or a folder inside it, and create it if it is missing.

    The environment variable ``LABKIT_CACHE`` names it; without it, the folder is in the user's cache directory
    (``~/.cache/fairness-lab`` on Linux). A relative path counts from the repository that holds this package, not from
    the current folder, so that commands and notebooks, which work in different folders, share one cache. Everything in
    it can be deleted: ``labkit fetch`` downloads the data sets and models again, and results are computed again.

    Parameters
    ----------
    *parts : str
        Names of nested folders inside the cache folder.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    UserError
        The folder cannot be made, for example because ``LABKIT_CACHE`` names a file.
    """
    root = os.environ.get("LABKIT_CACHE") or platformdirs.user_cache_dir("fairness-lab", appauthor=False)
    folder = Path(root)
    try:
        folder = REPOSITORY / folder.expanduser() / Path(*parts)  # an absolute path replaces what is before it
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: "~someone", and nobody has that name
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot make the cache folder {folder}: {reason}; name another one in LABKIT_CACHE") from error
    return folder


def writable_cache_folder(*parts: str) -> Path:
    """Return a folder as `cache_folder` does, after a file could be created in it.

    For downloads, which have to be kept. What can be computed again does not need a cache folder that can be written.

    Parameters
    ----------
    *parts : str
        Names of nested folders inside the cache folder.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    UserError
        The folder cannot be made, or nothing can be written in it.
    """
    folder = cache_folder(*parts)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"cannot write in the cache folder {folder}: {reason}; name another one in LABKIT_CACHE"
        ) from error
    return folder


def file_sha256(file: str | Path | BinaryIO) -> str:
    """Return the SHA-256 checksum of a file.

    Parameters
    ----------
    file : str, pathlib.Path or binary file
        The file, or one that is already open for reading (an `io.BytesIO`, too).

    Returns
    -------
    str
        64 lowercase hexadecimal digits.
    """
    if isinstance(file, str | Path):
        with open(file, "rb") as opened:
            return file_sha256(opened)
    return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(folder: Path, *patterns: str, leave_out: tuple[str, ...] = ()) -> str:
    """Return one hash over the names and contents of files; hidden files and compiled code do not count.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look; one that is missing has no files.
    *patterns : str
        Glob patterns, relative to the folder; a file that matches one of them counts.
    leave_out : tuple of str
        Names of folders directly in it whose files do not count.
    """
    files = []
    for path in {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}:
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if not hidden and parts[0] not in leave_out:
            files.append(("/".join(parts), file_sha256(path)))
    return hashlib.sha256(json.dumps(sorted(files)).encode()).hexdigest()


def short_hash(text: str) -> str:
    """Return twelve hexadecimal digits that change with a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
