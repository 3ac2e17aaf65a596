"""The cache folder, where downloads, converted models and hidden states are kept, and the checksums of files."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import platformdirs

from labkit.errors import UserError


def cache_folder(*parts: str) -> Path:
    """Return the cache folder, or a folder inside it, and create it if it is missing.

    The environment variable ``LABKIT_CACHE`` names it; without it, the folder is in the user's cache directory
    (``~/.cache/fairness-lab`` on Linux). Everything in it can be deleted: ``labkit fetch`` downloads the data sets and
    models again, and results are computed again.

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
    folder = Path(root).expanduser().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot make the cache folder {folder}: {reason}; name another one in LABKIT_CACHE") from error
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
