"""The cache folder: fetched carriers, converted models and hidden states live here, outside the repository."""

import os
from pathlib import Path

import platformdirs

from labkit.errors import UserError


def cache_folder(*parts: str) -> Path:
    """Return the cache folder, or a folder inside it, and make it when it is missing.

    The environment variable ``LABKIT_CACHE`` names it; without it, the user's cache directory holds it
    (``~/.cache/fairness-lab`` on Linux). Everything in it can be deleted: ``labkit fetch`` brings back what was
    fetched, and what was computed is computed again.

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
