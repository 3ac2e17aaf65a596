"""Hidden states on disk: one database in the cache folder, which several processes may read and fill at once.

A state is kept as its bytes, under a key made from everything that determines it: see
`labkit.models.hidden_states.state_keys`. A digest of key and bytes is kept with them, so that a damaged or exchanged
value is computed again. Nothing here ever unpickles what a file says.

The cache saves time and nothing else. Where it cannot be read or written, a warning says why, and states are computed.
"""

import errno
import hashlib
import math
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence

import diskcache
import numpy as np
import torch
from torch import Tensor

from labkit.cache import cache_folder
from labkit.errors import UserError

TRANSACTION = 256  # states written at once: few enough that another process soon gets its turn
CULLED = 64  # states removed at once when the cache is full, the oldest first
NO_FILES = 2**31  # bytes from which diskcache would put a value into its own file; no state is that large
DIGEST = 16  # bytes of the digest before each value
LARGEST = 2**62  # bytes; the largest limit that SQLite can hold

Shape = tuple[int, ...]


def recall_or_compute(
    keys: Sequence[bytes],
    shapes: Sequence[Shape],
    dtype: torch.dtype,
    compute: Callable[[Sequence[int]], Iterable[tuple[int, Tensor]]],
    *,
    disk: bool = True,
) -> Iterator[tuple[int, Tensor]]:
    """Yield each row number and its state: what is on disk first, then what had to be computed, which is kept.

    Parameters
    ----------
    keys : list of n bytes
    shapes : list of n tuples
        Of each state.
    dtype : torch.dtype
        In which states are kept.
    compute : callable
        From the row numbers that are missing to pairs of row number and state, in any order.
    disk : bool
        False: compute every state, and neither read nor write.

    Yields
    ------
    tuple (int, Tensor)

    Raises
    ------
    UserError
        ``LABKIT_STATES_GB`` is not a number.

    Warns
    -----
    UserWarning
        The cache cannot be read or written, so that states are computed; the message says why and what to do.
    """
    if not disk:
        yield from compute(range(len(keys)))
        return
    with StateCache() as cache:
        missing = []
        for row, (key, shape) in enumerate(zip(keys, shapes, strict=True)):
            state = cache.read(key, shape, dtype)
            if state is None:
                missing.append(row)
            else:
                yield row, state
        if not missing:
            return
        pending = []  # (key, bytes) that are not written yet
        for row, state in compute(missing):
            yield row, state
            kept = state.to(dtype).cpu().contiguous()
            pending.append((keys[row], kept.view(torch.uint8).numpy().tobytes()))
            if len(pending) == TRANSACTION:
                cache.write(pending)
                pending = []
        cache.write(pending)


class StateCache:
    """The cache of hidden states, used in a ``with`` block; after a failure it warns, finds nothing and keeps nothing.

    Any exception of diskcache counts as a failure: a database that was damaged, or written by another program, makes it
    raise nearly every kind.
    """

    def __init__(self):
        self.database = None

    def __enter__(self) -> "StateCache":
        limit = read_limit()
        try:
            self.database = open_database(limit)
        except Exception as error:
            self.give_up(error)
        return self

    def __exit__(self, *_) -> None:
        if self.database is not None:
            self.database.close()

    def __contains__(self, key: bytes) -> bool:
        try:
            return self.database is not None and key in self.database
        except Exception as error:
            self.give_up(error)
            return False

    def read(self, key: bytes, shape: Shape, dtype: torch.dtype) -> Tensor | None:
        """Return a kept state, or None where there is none of this shape that is as it was written."""
        if self.database is None:
            return None
        try:
            kept = self.database.get(key)
        except Exception as error:
            self.give_up(error)
            return None
        if not isinstance(kept, bytes) or len(kept) != DIGEST + np.prod(shape) * dtype.itemsize:
            return None
        data = bytearray(kept[DIGEST:])
        if kept[:DIGEST] != digest(key, data):
            return None
        return torch.frombuffer(data, dtype=dtype).view(shape)

    def write(self, pending: Sequence[tuple[bytes, bytes]]) -> None:
        """Write pairs of key and bytes in one transaction."""
        if self.database is None:
            return
        try:
            # No retry: diskcache would repeat a transaction for ever, for example where the file is read-only.
            with self.database.transact():
                for key, data in pending:
                    self.database.set(key, digest(key, data) + data)
        except Exception as error:
            self.give_up(error)

    def give_up(self, error: Exception) -> None:
        """Say why the cache failed, and do without it from now on."""
        database, self.database = self.database, None
        if database is not None:
            database.close()
        warnings.warn(f"{explain(error)}; until then, results are computed without it", stacklevel=2)


def digest(key: bytes, data: bytes | bytearray) -> bytes:
    """Return what tells whether a value belongs to a key and is undamaged."""
    return hashlib.sha256(key + data).digest()[:DIGEST]


class KeptStates:
    """The states on disk by row number, read when they are asked for; used in a ``with`` block.

    Parameters
    ----------
    keys, shapes, dtype
        As for `recall_or_compute`; without keys it is empty.
    """

    def __init__(self, keys: Sequence[bytes], shapes: Sequence[Shape], dtype: torch.dtype):
        self.keys = keys
        self.shapes = shapes
        self.dtype = dtype
        self.cache = StateCache()

    def __enter__(self) -> "KeptStates":
        if self.keys:
            self.cache.__enter__()
        return self

    def __exit__(self, *_) -> None:
        self.cache.__exit__()

    def __contains__(self, row: int) -> bool:
        return row < len(self.keys) and self.keys[row] in self.cache

    def get(self, row: int) -> Tensor | None:
        """Return a row's state, or None: it may be damaged, or another process removed it since it was seen."""
        return self.cache.read(self.keys[row], self.shapes[row], self.dtype)


class BytesDisk(diskcache.Disk):
    """Keep bytes in the database; never unpickle, open or remove what a file on disk says."""

    def fetch(self, mode, filename, value, read):
        """Return the bytes of a value, or None for a value of another kind, which labkit did not write."""
        return value if mode == diskcache.core.MODE_RAW else None

    def remove(self, file_path):
        """Do nothing: no value of ours is in a file."""


def read_limit() -> int:
    """Return the limit of the cache of hidden states in bytes: ``LABKIT_STATES_GB`` (default 4) GiB."""
    given = os.environ.get("LABKIT_STATES_GB") or "4"
    try:
        limit = float(given)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise UserError(f"LABKIT_STATES_GB is {given!r}; give the size of the cache of hidden states in GiB, such as 4")
    return int(max(-LARGEST, min(limit * 2**30, LARGEST)))


def open_database(limit: int) -> diskcache.Cache:
    """Open the cache of hidden states, which holds at most ``limit`` bytes; a failure is an exception of any kind."""
    return diskcache.Cache(
        cache_folder("states"),
        disk=BytesDisk,
        size_limit=limit,
        cull_limit=CULLED,
        disk_min_file_size=NO_FILES,
        eviction_policy="least-recently-stored",  # named, because a database could ask for another one
        statistics=0,
    )


def explain(error: Exception) -> str:
    """Say why the cache failed, and what to do about it; each cause has its own remedy."""
    if isinstance(error, UserError):  # from `cache_folder`
        return f"there is no cache of hidden states: {error}"
    folder = cache_folder("states")
    if isinstance(error, diskcache.Timeout) and error.__context__ is not None:
        error = error.__context__  # diskcache calls every failure to begin a transaction a timeout
    elsewhere = "set the environment variable LABKIT_CACHE to a folder on another disk"
    code = failure_code(error)
    if code == sqlite3.SQLITE_FULL:
        return (
            f"the disk that holds the cache of hidden states is full ({error}); free space in {folder}, or {elsewhere}"
        )
    if code == sqlite3.SQLITE_IOERR:
        return (
            f"the disk that holds the cache of hidden states failed to read or write ({error}), as a full disk or a "
            f"lost network drive does; check the free space in {folder}, or {elsewhere}"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return (
            f"the cache of hidden states cannot be written ({error}); give yourself permission to write in {folder}, "
            "or set the environment variable LABKIT_CACHE to a folder of yours"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"another program is using the cache of hidden states ({error}); wait until it is done with {folder} and "
            "run again"
        )
    return f"the cache of hidden states is damaged ({type(error).__name__}: {error}); delete {folder} and run again"


def failure_code(error: Exception) -> int:
    """Return the kind of a failure as SQLite numbers them."""
    if isinstance(error, OSError):  # from the folder, not from the database
        return {errno.ENOSPC: sqlite3.SQLITE_FULL, errno.EIO: sqlite3.SQLITE_IOERR}.get(
            error.errno, sqlite3.SQLITE_CANTOPEN
        )
    if isinstance(error, diskcache.Timeout):
        return sqlite3.SQLITE_BUSY
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # without its details
