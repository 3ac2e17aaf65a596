"""Hidden states on disk: one database in the cache folder, which several processes may read and fill at once.

A state is kept as its bytes, under a key made from everything that determines it: see
`labkit.models.hidden_states.state_keys`. Nothing here ever unpickles what a file says.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import diskcache
import numpy as np
import torch
from torch import Tensor

from labkit.cache import cache_folder
from labkit.errors import UserError

TRANSACTION = 256  # states written at once: few enough that another process soon gets its turn
CULLED = 64  # states removed at once when the cache is full, the oldest first
NO_FILES = 2**31  # bytes from which diskcache would put a value into its own file; no state is that large

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
    RuntimeError
        The cache cannot be read or written; the message says why and what to do.
    """
    if not disk:
        yield from compute(range(len(keys)))
        return
    with open_cache() as cache:
        missing = []
        for row, (key, shape) in enumerate(zip(keys, shapes, strict=True)):
            state = read_state(cache, key, shape, dtype)
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
                write_states(cache, pending)
                pending = []
        write_states(cache, pending)


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

    def __enter__(self) -> "KeptStates":
        self.opened = open_cache()
        self.cache = self.opened.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return self.opened.__exit__(kind, error, traceback)

    def __contains__(self, row: int) -> bool:
        return row < len(self.keys) and self.keys[row] in self.cache

    def get(self, row: int) -> Tensor | None:
        """Return a row's state, or None: another process may have removed it since it was seen."""
        return read_state(self.cache, self.keys[row], self.shapes[row], self.dtype)


def read_state(cache: diskcache.Cache, key: bytes, shape: Shape, dtype: torch.dtype) -> Tensor | None:
    """Return a kept state, or None where there is none of this shape."""
    data = cache.get(key)
    if data is None or len(data) != np.prod(shape) * dtype.itemsize:
        return None
    return torch.frombuffer(bytearray(data), dtype=dtype).view(shape)


def write_states(cache: diskcache.Cache, pending: list[tuple[bytes, bytes]]) -> None:
    """Write pairs of key and bytes in one transaction."""
    with cache.transact(retry=True):
        for key, data in pending:
            cache.set(key, data, retry=True)


class BytesDisk(diskcache.Disk):
    """Keep bytes as bytes; never unpickle what a file on disk says."""

    def fetch(self, mode, filename, value, read):
        """Return the bytes of a value, or reject a value that only a pickle could hold."""
        if mode == diskcache.core.MODE_PICKLE:
            raise UserError("the cache of hidden states holds something that labkit did not write")
        return super().fetch(mode, filename, value, read)


@contextmanager
def open_cache() -> Iterator[diskcache.Cache]:
    """Open the cache of hidden states, which is limited to ``LABKIT_STATES_GB`` (default 4) GiB.

    Raises
    ------
    RuntimeError
        The cache cannot be read or written; the message says why and what to do.
    """
    try:
        folder = cache_folder("states")
    except OSError as error:
        raise RuntimeError(
            f"the folder for the cache of hidden states cannot be created ({error}); set the environment variable "
            "LABKIT_CACHE to a folder that you may write in"
        ) from error
    limit = int(float(os.environ.get("LABKIT_STATES_GB", 4)) * 2**30)
    try:
        with diskcache.Cache(
            folder, disk=BytesDisk, size_limit=limit, cull_limit=CULLED, disk_min_file_size=NO_FILES
        ) as cache:
            yield cache
    except sqlite3.DatabaseError as error:
        raise RuntimeError(explain(error, folder)) from error


def explain(error: sqlite3.DatabaseError, folder: Path) -> str:
    """Say why the database in a folder failed, and what to do about it; each cause has its own remedy."""
    elsewhere = "set the environment variable LABKIT_CACHE to a folder on another disk"
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # the kind, without its details
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
    return f"the cache of hidden states is damaged ({error}); delete {folder} and run again"
