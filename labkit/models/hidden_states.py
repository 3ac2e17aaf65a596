"""Hidden states of a frozen encoder, computed once and kept on disk, and the embeddings pooled from them.

Training only the last blocks of an encoder reads the output of the frozen blocks below in every epoch, over every seed
and in several notebooks. It never changes, so it is computed once for each text and kept in the cache folder.
"""

import hashlib
import os
import sqlite3
import weakref
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from labkit.cache import cache_folder
from labkit.errors import UserError
from labkit.models.batches import stack
from labkit.models.precision import pick_precision
from labkit.validation import check_texts

ROWS = 8  # texts in a batch that fills the cache: few, since a batch for every length is left unfinished


STEP = 8  # their length in tokens is rounded up to a multiple of this


KEPT_AS = {"mean": "pooled", "cls": "first"}  # pooling -> what the key of an embedding says


REMEMBERED = 100_000  # texts whose tokens are kept in memory, for each tokenizer and length


READ = weakref.WeakKeyDictionary()  # tokenizer -> settings -> text -> token ids


@dataclass(frozen=True)
class States:
    """Hidden states of many texts without padding.

    Attributes
    ----------
    values : Tensor (total tokens, H)
        float32 or bfloat16, one text after the other.
    starts, lengths : Tensor (n,)
        Where each text begins in ``values``, and how many tokens it has.
    """

    values: torch.Tensor
    starts: torch.Tensor
    lengths: torch.Tensor

    def batch(self, rows):
        """Return padded states (B, T, H) and their mask (B, T) for the given row numbers."""
        rows = torch.as_tensor(rows)
        lengths = self.lengths[rows]
        position = torch.arange(int(lengths.max()))  # (T,)
        mask = position < lengths[:, None]  # (B, T)
        # Padding repeats a text's last token; the mask keeps it out of attention and pooling.
        index = self.starts[rows, None] + torch.minimum(position, lengths[:, None] - 1)
        return self.values[index], mask.long()


def tokenize(model, texts, max_length):
    """Return token ids, a list of n lists, cut to ``max_length`` tokens; ValueError beyond the model's.

    What was read before is remembered: many methods are tried on the same texts.
    """
    check_max_length(model, max_length)
    # A tokenizer that was given new words reads old texts anew.
    known = READ.setdefault(model.tokenizer, {}).setdefault((max_length, len(model.tokenizer)), {})
    if len(known) > REMEMBERED:
        known.clear()
    if new := [text for text in dict.fromkeys(texts) if text not in known]:
        known.update(zip(new, model.tokenizer(new, truncation=True, max_length=max_length)["input_ids"], strict=True))
    return [known[text] for text in texts]


def hidden_states(model, texts, *, layer, max_length=128, precision="auto", disk=True) -> States:
    """Return what enters block ``layer`` for each text, from the cache where it is there, else computed and kept.

    The cache is keyed by the weights below ``layer``, the precision and the text's tokens. A text's states do not
    depend on the texts around it (batches have fixed shapes), so who fills the cache does not matter.

    Parameters
    ----------
    model : Foundation
        Its blocks below ``layer`` are run in eval mode.
    texts : sequence of str, length n
    layer : int
        0 (token embeddings) to ``model.depth`` (output of the last block).
    max_length : int
        In tokens.
    precision : {"auto", "float32", "bfloat16"}
        See `pick_precision`; states are kept in the format they were computed in.
    disk : bool
        False: neither read nor write the cache on disk.

    Raises
    ------
    MemoryError
        The states would take more than 80% of the memory that is free.
    """
    texts = check_texts(texts)
    dtype, ids = pick_precision(precision, model, texts), tokenize(model, texts, max_length)
    lengths = torch.tensor([len(row) for row in ids])
    width = model.encoder.config.hidden_size
    check_memory(int(lengths.sum()) * width * dtype.itemsize)
    starts = lengths.cumsum(0) - lengths
    values = torch.empty(int(lengths.sum()), width, dtype=dtype)

    def place(row, state):
        values[starts[row] : starts[row] + lengths[row]] = state

    def compute(rows):
        for batch, hidden, _ in run_blocks(model, ids, rows, layer, dtype):
            for row, state in zip(batch, hidden, strict=True):
                yield row, state[: lengths[row]]

    shapes = [(int(length), width) for length in lengths]
    fill(state_keys(model, ids, layer, dtype), shapes, dtype, compute, place, disk)
    return States(values, starts, lengths)


def embed(model, texts, *, pooling="mean", batch_size=ROWS, max_length=128, precision="auto") -> np.ndarray:
    """Embed texts as the mean of their last hidden states, keeping the result in the cache folder.

    Where the cache holds what enters the last block, in float32, the blocks below are not run again.

    Parameters
    ----------
    model : Foundation
    texts : sequence of str, length n
    pooling : {"mean", "cls"}
        "cls": the last hidden state of the first token instead.
    batch_size : int
        Texts computed at once; it changes speed and memory only.
    max_length : int
        In tokens.
    precision : {"auto", "float32", "bfloat16"}
        Of the encoder's arithmetic.

    Returns
    -------
    ndarray of float32, shape (n, H)
        Not normalised; H is 384 for the shipped model.
    """
    if pooling not in KEPT_AS:
        raise UserError(f"pooling {pooling!r} is not one of {', '.join(KEPT_AS)}")
    texts = check_texts(texts)
    dtype, ids = pick_precision(precision, model, texts), tokenize(model, texts, max_length)
    width = model.encoder.config.hidden_size
    pooled = np.empty((len(ids), width), dtype=np.float32)

    def place(row, state):
        pooled[row] = state

    def compute(rows):
        # In bfloat16, a run that starts from what was kept need not round as one that starts from the tokens.
        keys = state_keys(model, ids, model.depth - 1, dtype) if dtype == torch.float32 and model.depth > 1 else []
        with Kept(keys, [(len(row), width) for row in ids], dtype) as below:
            for batch, hidden, mask in run_blocks(model, ids, rows, model.depth, dtype, batch_size, below):
                kept = hidden[:, 0].float() if pooling == "cls" else model.pool(hidden.float(), mask)
                yield from zip(batch, kept, strict=True)

    keys = state_keys(model, ids, model.depth, dtype, KEPT_AS[pooling])
    fill(keys, [(width,)] * len(ids), torch.float32, compute, place, True)
    return pooled


def pooled_states(model, texts, **options) -> States:
    """Return what a head alone needs: each text's embedding, as if it were a text of one token (its mean is itself).

    Options are those of `embed`.
    """
    values = torch.from_numpy(embed(model, texts, **options))
    return States(values, torch.arange(len(values)), torch.ones(len(values), dtype=torch.long))


@torch.inference_mode()
def run_blocks(model, ids, rows, layer, dtype, batch_size=ROWS, below=()):
    """Yield (rows, hidden (B, T, H), mask (B, T)) of the blocks below ``layer``, in eval mode, longest texts first.

    Rows whose states entering block ``layer - 1`` are in ``below`` (`Kept`) start from there. Every batch has
    ``batch_size`` rows and a length that is a multiple of `STEP`. Matrix products round differently for different
    shapes; with shapes fixed by a text's own length, its states are the same whatever stands beside it.
    """
    device, padding = next(model.parameters()).device, model.tokenizer.pad_token_id
    modules = [module for module in model.modules() if module.training]
    model.eval()
    by_length = {}
    for row in rows:
        by_length.setdefault((-(-len(ids[row]) // STEP) * STEP, row in below), []).append(row)
    try:
        for (length, known), members in sorted(by_length.items(), reverse=True):
            length = min(length, model.max_length)
            for start in range(0, len(members), batch_size):
                batch = members[start : start + batch_size]
                filled = batch + batch[-1:] * (batch_size - len(batch))  # an unfinished batch repeats its last text
                given = [below.get(row) for row in filled] if known else [None]
                first = layer - 1 if all(state is not None for state in given) else 0  # one can be gone meanwhile
                given = given if first else [torch.tensor(ids[row]) for row in filled]
                given, mask = (part.to(device) for part in stack(given, length, 0 if first else padding))
                with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                    hidden = given if first else model.embed_tokens(given)
                    hidden = model.blocks(hidden, mask, start=first, stop=layer)
                yield batch, hidden[: len(batch)].to(dtype), mask[: len(batch)]
    finally:
        for module in modules:
            module.training = True


def state_keys(model, ids, layer, dtype, name=None) -> list[bytes]:
    """Return, for each text's token ids, the key under which its states entering block ``layer`` are kept.

    The shapes of batches are part of it, because they decide how states are rounded.
    """
    key = f"{fingerprint(model, layer)} {layer if name is None else name} {dtype} {ROWS}x{STEP}"
    return [hashlib.blake2b(f"{key} {row}".encode(), digest_size=20).digest() for row in ids]


def fingerprint(model, layer) -> str:
    """Return a digest of every weight that a state entering block ``layer`` depends on."""
    digest = hashlib.sha256(repr(model.encoder.config.to_diff_dict()).encode())  # processors have instructions for it
    for module in (model.encoder.embeddings, *model.encoder.encoder.layer[:layer]):
        for name, tensor in module.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def check_memory(needed: int) -> None:
    """Raise MemoryError when ``needed`` bytes are more than 80% of the memory that is free."""
    import psutil

    free = psutil.virtual_memory().available
    if needed > 0.8 * free:
        raise MemoryError(
            f"hidden states of these texts take {needed / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free; "
            'use fewer or shorter texts (max_length=), or trainable_layers="all", which keeps no states'
        )


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


@contextmanager
def open_cache():
    """Open the cache of hidden states: safe for several processes, bounded to ``LABKIT_STATES_GB`` (default 4) GiB."""
    import diskcache

    class BytesDisk(diskcache.Disk):
        """Keep bytes as bytes; never unpickle what a file on disk says."""

        def fetch(self, mode, filename, value, read):
            if mode == diskcache.core.MODE_PICKLE:
                raise UserError("the cache of hidden states holds something that labkit did not write")
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


def check_max_length(model, max_length):
    """Raise ValueError when ``max_length`` tokens are more than the model has positions for."""
    if max_length > model.max_length:
        raise UserError(
            f"max_length is {max_length}, but {model.name!r} reads at most {model.max_length} tokens; "
            f"use max_length={model.max_length} or split the texts"
        )
