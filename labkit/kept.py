"""States that are kept on disk: read where they are there, computed and written where they are not."""

import numpy as np
import torch

from labkit.cache import open_cache


def fill(keys, shapes, dtype, compute, place, disk):
    """Place a state for every key: from the disk cache, or from ``compute(rows)``, which is then written to it.

    Parameters
    ----------
    keys : list of n bytes
    shapes : list of n tuples
        Of each state.
    dtype : torch.dtype
        In which states are kept.
    compute : callable
        From row numbers to pairs of row number and state, in any order.
    place : callable
        Takes a row number and its state.
    disk : bool
        False: compute all, and neither read nor write.
    """
    if not disk:
        for row, state in compute(range(len(keys))):
            place(row, state)
        return
    with open_cache() as cache:
        missing = []
        for row, (key, shape) in enumerate(zip(keys, shapes, strict=True)):
            state = read(cache, key, shape, dtype)
            if state is None:
                missing.append(row)
            else:
                place(row, state)
        pending = []
        for row, state in compute(missing) if missing else ():
            place(row, state)
            pending.append((keys[row], state.to(dtype).cpu().contiguous().view(torch.uint8).numpy().tobytes()))
            if len(pending) == 256:  # one transaction for many texts: short enough for another process to get its turn
                store(cache, pending)
        store(cache, pending)


def read(cache, key, shape, dtype):
    """Return a kept state, or None when it is not there or is not of this shape."""
    data = cache.get(key)
    if data is None or len(data) != np.prod(shape) * dtype.itemsize:
        return None
    return torch.frombuffer(bytearray(data), dtype=dtype).view(shape)


def store(cache, pending):
    """Write (key, bytes) pairs in one transaction and forget them."""
    with cache.transact(retry=True):
        for key, data in pending:
            cache.set(key, data, retry=True)
    pending.clear()


class Kept:
    """The states on disk by row number, read when they are asked for; used in a ``with`` block.

    Parameters
    ----------
    keys, shapes, dtype
        As for `fill`; no keys: it is empty.
    """

    def __init__(self, keys, shapes, dtype):
        self.keys, self.shapes, self.dtype = keys, shapes, dtype

    def __enter__(self):
        self.opened = open_cache()
        self.cache = self.opened.__enter__()
        return self

    def __exit__(self, *error):
        return self.opened.__exit__(*error)

    def __contains__(self, row):
        return row < len(self.keys) and self.keys[row] in self.cache

    def get(self, row):
        """Return a row's state, or None: another process may have pushed it out since it was seen."""
        return read(self.cache, self.keys[row], self.shapes[row], self.dtype)
