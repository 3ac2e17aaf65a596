"""The cache folder: fetched carriers, converted models and hidden states live here, outside the repository."""

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path

import platformdirs


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
    """
    root = os.environ.get("LABKIT_CACHE") or platformdirs.user_cache_dir("fairness-lab", appauthor=False)
    folder = Path(root).expanduser().joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def open_cache():
    """Open the cache of hidden states: safe for several processes, bounded to ``LABKIT_STATES_GB`` (default 4) GiB."""
    import diskcache

    class BytesDisk(diskcache.Disk):
        """Keep bytes as bytes; never unpickle what a file on disk says."""

        def fetch(self, mode, filename, value, read):
            if mode == diskcache.core.MODE_PICKLE:
                raise ValueError("the cache of hidden states holds something that labkit did not write")
            return super().fetch(mode, filename, value, read)

    folder = cache_folder("states")
    limit = int(float(os.environ.get("LABKIT_STATES_GB", 4)) * 2**30)
    try:
        # The oldest states go first when the limit is reached; values stay inside the database (no file for each).
        with diskcache.Cache(
            folder, disk=BytesDisk, size_limit=limit, cull_limit=64, disk_min_file_size=2**31
        ) as cache:
            yield cache
    except sqlite3.DatabaseError as error:
        raise RuntimeError(f"the cache of hidden states is damaged ({error}); delete {folder} and run again") from error
