"""Batches of texts of similar length, so that little arithmetic is spent on padding."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from labkit.errors import UserError

CHUNK = 32  # batches among which texts are sorted by length


class LengthBuckets(Sampler):
    """Shuffled batches of row numbers; the rows of a batch have similar lengths.

    Every epoch draws its own order from ``(seed, epoch)`` alone, so that a resumed run sees what an uninterrupted one
    sees. Rows are shuffled, cut into chunks of `CHUNK` batches, sorted by length inside a chunk, cut into batches, and
    the batches are shuffled.

    Parameters
    ----------
    lengths : array of int, shape (n,)
        In tokens.
    batch_size : int
    seed : int
    """

    parts = 1

    def __init__(self, lengths: Sequence[int], batch_size: int, *, seed: int):
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self.drop_last = False  # accelerate asks for it

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        generator = np.random.default_rng((self.seed, self.epoch))
        order = generator.permutation(len(self.lengths))  # (n,)
        span = self.batch_size * CHUNK
        chunks = [order[start : start + span] for start in range(0, len(order), span)]
        order = np.concatenate([chunk[np.argsort(self.lengths[chunk], kind="stable")] for chunk in chunks])
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        generator.shuffle(batches)  # moves whole batches
        yield from (batch.tolist() for batch in batches)


class StratifiedBuckets(Sampler):
    """Shuffled batches in which every cell (a group, or a group and label) has its share of rows, sorted by length.

    Each cell's rows are shuffled and cut into as many slices as there are parts of batches in an epoch, all equally
    large up to one row; inside a chunk of batches they are sorted by length first. A part takes one slice of every
    cell, the k-th shortest of each, so that its rows have similar lengths. Every row is used once in an epoch.

    **Why parts.** Two halves of *one* length bucket are not independent: both hold short texts, or both hold long ones,
    and the expected product of the two gaps measured on them is the mean over lengths of gap², which is more than gap².
    So the parts of a batch come from different buckets, drawn at random, and are padded separately. They are drawn
    without replacement, so the expected product over two parts is the training set's gap² minus the variance of a
    part's gap divided by (number of parts in an epoch - 1); see `labkit.training.objectives.Penalty`.

    Parameters
    ----------
    lengths : array of int, shape (n,)
        In tokens.
    cells : array of int, shape (n,)
        Codes from 0.
    batch_size : int
        Rows in a batch, give or take one for each cell and part.
    parts : int
        How many parts a batch has.
    seed : int
        The order of an epoch comes from ``(seed, epoch)`` alone.
    name : callable, optional
        From a cell's code to its name in messages, or to None when a part may lack it.

    Yields
    ------
    list of int
        ``row + n * part``: row numbers, with the part in multiples of n.

    Raises
    ------
    UserError
        A cell has fewer rows than an epoch has parts.
    """

    drop_last = False

    def __init__(
        self,
        lengths: Sequence[int],
        cells: Sequence[int],
        batch_size: int,
        *,
        parts: int,
        seed: int,
        name: Callable[[int], str | None] = str,
    ):
        self.lengths = np.asarray(lengths)
        self.cells = np.asarray(cells)
        self.parts = parts
        self.seed = seed
        self.epoch = 0
        n = len(self.lengths)
        self.batches = -(-n // batch_size)
        for cell, size in enumerate(np.bincount(self.cells)):
            if name(cell) and size < self.batches * parts:
                enough = f"batch_size={-(-n // max(1, size // parts))}" if size >= parts else "more of their texts"
                raise UserError(
                    f"{name(cell)} has {size} of {n} texts, and every epoch has {self.batches} batches of "
                    f"batch_size={batch_size} with {parts} part(s) each, which must all hold it; use {enough}, "
                    "or merge groups"
                )

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        generator = np.random.default_rng((self.seed, self.epoch))
        slices = self.batches * self.parts
        found = [[] for _ in range(slices)]  # slice -> the rows of each cell in it
        for cell in np.unique(self.cells):
            rows = generator.permutation(np.flatnonzero(self.cells == cell))
            for k, piece in enumerate(self.cut(rows, slices, generator)):
                found[k].append(piece)
        n = len(self.lengths)
        order = generator.permutation(slices).reshape(self.batches, self.parts)
        for members in order:  # (parts,): the slices of one batch
            batch = []
            for part, k in enumerate(members):
                rows = np.concatenate(found[k])
                batch += (rows + n * part).tolist()
            yield batch

    def cut(self, rows: np.ndarray, slices: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
        """Cut a cell's shuffled rows into slices of equal size, up to one row; sort by length inside each chunk."""
        sizes = np.full(slices, len(rows) // slices)
        sizes[generator.permutation(slices)[: len(rows) % slices]] += 1
        starts = np.concatenate([[0], sizes.cumsum()])  # slice k is rows[starts[k] : starts[k + 1]]
        span = CHUNK * self.parts  # slices in a chunk
        for first in range(0, slices, span):
            last = min(first + span, slices)
            chunk = rows[starts[first] : starts[last]]
            chunk = chunk[np.argsort(self.lengths[chunk], kind="stable")]
            yield from np.split(chunk, starts[first + 1 : last] - starts[first])


def pad(ids: Sequence[Sequence[int]], rows: Sequence[int], pad_token_id: int) -> tuple[Tensor, Tensor]:
    """Pad the token ids of some texts to the length of the longest.

    Parameters
    ----------
    ids : list of n lists of int
    rows : list of B int
        Which texts.
    pad_token_id : int

    Returns
    -------
    tuple (Tensor (B, T), Tensor (B, T))
        Token ids, and a mask of ones and zeros.
    """
    return stack([torch.tensor(ids[row]) for row in rows], max(len(ids[row]) for row in rows), pad_token_id)


def stack(rows: Sequence[Tensor], length: int, value: float) -> tuple[Tensor, Tensor]:
    """Pad B tensors (T, ...) with a value to one (B, length, ...); return it and a mask (B, length), 1 where real."""
    padded = torch.full((len(rows), length, *rows[0].shape[1:]), value, dtype=rows[0].dtype)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return padded, mask
