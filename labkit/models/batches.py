"""Batches of texts of similar length, so that little arithmetic is spent on padding."""

import numpy as np
import torch
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

    def __init__(self, lengths, batch_size, *, seed):
        self.lengths, self.batch_size, self.seed, self.epoch = np.asarray(lengths), batch_size, seed, 0
        self.drop_last = False  # accelerate asks

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self):
        generator = np.random.default_rng((self.seed, self.epoch))
        order = generator.permutation(len(self.lengths))
        span = self.batch_size * CHUNK
        chunks = [order[start : start + span] for start in range(0, len(order), span)]
        order = np.concatenate([chunk[np.argsort(self.lengths[chunk], kind="stable")] for chunk in chunks])
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        generator.shuffle(batches)  # whole batches change places
        yield from (batch.tolist() for batch in batches)


class StratifiedBuckets(Sampler):
    """Shuffled batches in which every cell (a group, or a group and label) has its share of rows, sorted by length.

    Each cell's rows are shuffled and cut into as many slices as there are parts of batches in an epoch, all equally
    large up to one row; inside a chunk of batches they are sorted by length first. A part takes one slice of every
    cell, the k-th shortest of each, so that its rows have similar lengths; every row is used once in an epoch.

    **Why parts.** Two halves of *one* length bucket are not independent: both hold short texts, or both hold long ones,
    and the product of two gaps measured on them expects the mean over lengths of gap², which is more than gap². So the
    parts of a batch come from different buckets, drawn at random, and are padded apart from each other. Drawn without
    replacement, the product over two parts expects the training set's gap² less the variance of a part's gap over
    (number of parts in an epoch - 1); see `labkit.training.objectives.Penalty`.

    Parameters
    ----------
    lengths : array of int, shape (n,)
        In tokens.
    cells : array of int, shape (n,)
        Codes from 0.
    batch_size : int
        Rows in a batch, up to one for each cell and part.
    parts : int
        Parts of a batch.
    seed : int
        The order of an epoch comes from ``(seed, epoch)`` alone.
    name : callable, optional
        From a cell's code to what it is called in messages, or to None when parts need not hold it.

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

    def __init__(self, lengths, cells, batch_size, *, parts, seed, name=str):
        self.lengths, self.cells, self.parts = np.asarray(lengths), np.asarray(cells), parts
        self.seed, self.epoch, n = seed, 0, len(self.lengths)
        self.batches = -(-n // batch_size)
        for cell, size in enumerate(np.bincount(self.cells)):
            if name(cell) and size < self.batches * parts:
                enough = f"batch_size={-(-n // max(1, size // parts))}" if size >= parts else "more of their texts"
                raise UserError(
                    f"{name(cell)} has {size} of {n} texts, and every epoch has {self.batches} batches of "
                    f"batch_size={batch_size} with {parts} part(s) each, which must all hold it; use {enough}, "
                    "or merge groups"
                )

    def __len__(self):
        return self.batches

    def __iter__(self):
        generator = np.random.default_rng((self.seed, self.epoch))
        n, slices = len(self.lengths), self.batches * self.parts
        edges = np.arange(0, slices + CHUNK * self.parts, CHUNK * self.parts).clip(max=slices)  # of chunks
        found = [[] for _ in range(slices)]
        for cell in np.unique(self.cells):
            rows = generator.permutation(np.flatnonzero(self.cells == cell))
            sizes = np.full(slices, len(rows) // slices)
            sizes[generator.permutation(slices)[: len(rows) % slices]] += 1
            ends = np.concatenate([[0], sizes.cumsum()])
            for first, last in zip(edges[:-1], edges[1:], strict=True):
                chunk = rows[ends[first] : ends[last]]
                chunk = chunk[np.argsort(self.lengths[chunk], kind="stable")]
                for k in range(first, last):
                    found[k].append(chunk[ends[k] - ends[first] : ends[k + 1] - ends[first]])
        order = generator.permutation(slices).reshape(self.batches, self.parts)
        for members in order:
            yield [int(row) + n * part for part, k in enumerate(members) for piece in found[k] for row in piece]


def pad(ids, rows, pad_token_id):
    """Return token ids (B, T) and their mask (B, T) of ones and zeros for the given row numbers."""
    return stack([torch.tensor(ids[row]) for row in rows], max(len(ids[row]) for row in rows), pad_token_id)


def stack(rows, length, value):
    """Pad tensors (T, ...) with a value to one (B, length, ...); return it and a mask (B, length), 1 where real."""
    padded = torch.full((len(rows), length, *rows[0].shape[1:]), value, dtype=rows[0].dtype)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    for i, row in enumerate(rows):
        padded[i, : len(row)], mask[i, : len(row)] = row, 1
    return padded, mask
