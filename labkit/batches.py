"""Batches of texts of similar length, so that little arithmetic is spent on padding."""

import numpy as np
import torch
from torch.utils.data import Sampler

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


def pad(ids, rows, pad_token_id):
    """Return token ids (B, T) and their mask (B, T) of ones and zeros for the given row numbers."""
    longest = max(len(ids[row]) for row in rows)
    padded = torch.full((len(rows), longest), pad_token_id)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for i, row in enumerate(rows):
        padded[i, : len(ids[row])] = torch.tensor(ids[row])
        mask[i, : len(ids[row])] = 1
    return padded, mask
