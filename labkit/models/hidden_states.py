"""Hidden states of a frozen encoder, computed once and kept on disk, and the embeddings pooled from them.

Training only the last blocks of an encoder reads the output of the frozen blocks below in every epoch, for every seed
and in several notebooks. That output never changes, so it is computed once for each text and kept in the cache folder.
"""

import hashlib
import weakref
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.memory import free_memory
from labkit.models._kept_states import KeptStates, recall_or_compute
from labkit.models.batches import stack
from labkit.models.encoder import Foundation
from labkit.models.precision import pick_precision
from labkit.validation import check_texts

ROWS = 8  # texts in a batch that fills the cache: few, because each length leaves one batch unfinished
STEP = 8  # the length of a batch in tokens is rounded up to a multiple of this
KEPT_AS = {"mean": "pooled", "cls": "first"}  # pooling -> what the key of an embedding says
REMEMBERED = 100_000  # texts whose tokens are kept in memory, for each tokenizer and length
READ = weakref.WeakKeyDictionary()  # tokenizer -> settings -> text -> token ids
FINGERPRINTS = {}  # quick digests of weights -> their fingerprint
MOST_FINGERPRINTS = 1000  # after that many models they are forgotten
# Odd numbers, drawn from the system's entropy: no seed of the user's matters here, and none changes.
FACTORS = np.random.default_rng().integers(-(2**62), 2**62, 1024, dtype=np.int64) * 2 + 1


@dataclass(frozen=True)
class States:
    """Hidden states of n texts without padding.

    Attributes
    ----------
    values : Tensor (total tokens, H)
        float32 or bfloat16, one text after the other.
    starts, lengths : Tensor (n,)
        Where each text begins in ``values``, and how many tokens it has.
    """

    values: Tensor
    starts: Tensor
    lengths: Tensor

    def batch(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return padded states (B, T, H) and their mask (B, T) for the given row numbers."""
        rows = torch.as_tensor(rows)  # (B,)
        lengths = self.lengths[rows]  # (B,)
        position = torch.arange(int(lengths.max()))  # (T,)
        mask = position < lengths[:, None]  # (B, T)
        # Padding repeats a text's last token; the mask keeps it out of attention and pooling.
        index = self.starts[rows, None] + torch.minimum(position, lengths[:, None] - 1)  # (B, T)
        return self.values[index], mask.long()


def tokenize(model: Foundation, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Return the token ids of n texts, each cut to ``max_length`` tokens.

    Texts that were read before are remembered, because many methods are tried on the same texts.

    Parameters
    ----------
    model : Foundation
        Its tokenizer is used.
    texts : sequence of str, length n
    max_length : int
        In tokens, special tokens included.

    Returns
    -------
    list of n lists of int

    Raises
    ------
    UserError
        ``max_length`` is more than the model can read.
    """
    check_max_length(model, max_length)
    # A tokenizer that was given new words must read old texts again, so its size is part of the settings.
    settings = (max_length, len(model.tokenizer))
    known = READ.setdefault(model.tokenizer, {}).setdefault(settings, {})  # text -> token ids
    if len(known) > REMEMBERED:
        known.clear()
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        ids = model.tokenizer(new, truncation=True, max_length=max_length)["input_ids"]
        known.update(zip(new, ids, strict=True))
    return [known[text] for text in texts]


def check_max_length(model: Foundation, max_length: int) -> None:
    """Raise a UserError when ``max_length`` tokens are more than the model has positions for."""
    if max_length > model.max_length:
        raise UserError(
            f"max_length is {max_length}, but {model.name!r} reads at most {model.max_length} tokens; "
            f"use max_length={model.max_length} or split the texts"
        )


def hidden_states(
    model: Foundation, ids: Sequence[Sequence[int]], *, layer: int, dtype: torch.dtype, disk: bool = True
) -> States:
    """Return what enters block ``layer`` for each text: read from the cache where it is there, otherwise computed.

    The cache is keyed by the weights below ``layer``, the number format and the text's tokens. A text's states do not
    depend on the texts around it (batches have fixed shapes), so with the same number of threads it does not matter
    which run filled the cache. Another number of threads may round differently, since sums are split differently: the
    states of the shipped model then differ by at most 1e-5 of a token's norm in float32 (measured: 2e-6), and by 1e-2
    in bfloat16 (one unit in the last place of some values), which is no more than the format itself changes them.

    Parameters
    ----------
    model : Foundation
        Its blocks below ``layer`` are run in eval mode.
    ids : list of n lists of int
        Token ids, from `tokenize`.
    layer : int
        From 0 (token embeddings) to ``model.depth`` (output of the last block).
    dtype : torch.dtype
        ``torch.float32`` or ``torch.bfloat16``, see `pick_precision`; states are kept in the format they were computed
        in.
    disk : bool
        False: neither read nor write the cache on disk.

    Returns
    -------
    States
        Of n texts, on the CPU.

    Raises
    ------
    MemoryError
        The states would take more than 80% of the free memory.

    Warns
    -----
    UserWarning
        The cache cannot be read or written, so that every state is computed; the message says why and what to do.
    """
    width = model.encoder.config.hidden_size
    lengths = torch.tensor([len(row) for row in ids])  # (n,)
    starts = lengths.cumsum(0) - lengths  # (n,)
    total = int(lengths.sum())
    check_memory(total * width * dtype.itemsize)
    values = torch.empty(total, width, dtype=dtype)  # (total tokens, H)

    def compute(rows):
        for batch, hidden, _ in run_blocks(model, ids, rows, layer, dtype):
            for row, state in zip(batch, hidden, strict=True):  # state: (T, H)
                yield row, state[: lengths[row]]

    keys = state_keys(model, ids, layer, dtype)
    shapes = [(int(length), width) for length in lengths]
    for row, state in recall_or_compute(keys, shapes, dtype, compute, disk=disk):
        values[starts[row] : starts[row] + lengths[row]] = state
    return States(values, starts, lengths)


def embed(
    model: Foundation,
    texts: Sequence[str],
    *,
    pooling: str = "mean",
    batch_size: int = ROWS,
    max_length: int = 128,
    precision: str = "auto",
) -> np.ndarray:
    """Embed texts as the mean of their last hidden states, and keep the result in the cache folder.

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
        Not normalized; H is 384 for the shipped model.

    Raises
    ------
    UserError
        An unknown pooling or precision, bad texts, or more tokens than the model can read.

    Warns
    -----
    UserWarning
        The cache cannot be read or written, so that the blocks are run; the message says why and what to do.
    """
    if pooling not in KEPT_AS:
        raise UserError(f"pooling {pooling!r} is not one of {', '.join(KEPT_AS)}")
    texts = check_texts(texts)
    dtype = pick_precision(precision, model, texts)
    ids = tokenize(model, texts, max_length)
    return pool_states(model, ids, pooling=pooling, dtype=dtype, batch_size=batch_size)


def pooled_states(model: Foundation, ids: Sequence[Sequence[int]], *, pooling: str, dtype: torch.dtype) -> States:
    """Return what a head alone needs: each text's embedding as the only state of the text (its mean is itself)."""
    values = torch.from_numpy(pool_states(model, ids, pooling=pooling, dtype=dtype))  # (n, H)
    return States(values, torch.arange(len(values)), torch.ones(len(values), dtype=torch.long))


def pool_states(
    model: Foundation, ids: Sequence[Sequence[int]], *, pooling: str, dtype: torch.dtype, batch_size: int = ROWS
) -> np.ndarray:
    """Return the embedding of each text, float32 (n, H), from the cache or computed; see `embed`."""
    width = model.encoder.config.hidden_size
    pooled = np.empty((len(ids), width), dtype=np.float32)
    # In bfloat16, blocks that start from kept states may round differently from blocks that start from the tokens.
    starts_from_kept = dtype == torch.float32 and model.depth > 1

    def compute(rows):
        keys = state_keys(model, ids, model.depth - 1, dtype) if starts_from_kept else []
        shapes = [(len(row), width) for row in ids]
        with KeptStates(keys, shapes, dtype) as below:
            for batch, hidden, mask in run_blocks(model, ids, rows, model.depth, dtype, batch_size, below):
                hidden = hidden.float()  # (B, T, H)
                states = hidden[:, 0] if pooling == "cls" else model.pool(hidden, mask)  # (B, H)
                yield from zip(batch, states, strict=True)

    keys = state_keys(model, ids, model.depth, dtype, KEPT_AS[pooling])
    for row, state in recall_or_compute(keys, [(width,)] * len(ids), torch.float32, compute):
        pooled[row] = state
    return pooled


@torch.inference_mode()
def run_blocks(
    model: Foundation,
    ids: Sequence[Sequence[int]],
    rows: Sequence[int],
    layer: int,
    dtype: torch.dtype,
    batch_size: int = ROWS,
    below: KeptStates | Collection[int] = (),
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Yield (rows, hidden (B, T, H), mask (B, T)) of the blocks below ``layer``, in eval mode, longest texts first.

    Rows whose states entering block ``layer - 1`` are in ``below`` start from there. Every batch has ``batch_size``
    rows and a length that is a multiple of `STEP`: matrix products round differently for different shapes, and with
    shapes fixed by a text's own length, its states are the same whatever texts are computed with it.
    """
    device = next(model.parameters()).device
    by_length = {}  # (rounded length, whether its states are in below) -> row numbers
    for row in rows:
        rounded = -(-len(ids[row]) // STEP) * STEP
        by_length.setdefault((rounded, row in below), []).append(row)
    was_training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        for (rounded, known), members in sorted(by_length.items(), reverse=True):
            length = min(rounded, model.max_length)
            for start in range(0, len(members), batch_size):
                batch = members[start : start + batch_size]
                filled = batch + batch[-1:] * (batch_size - len(batch))  # an unfinished batch repeats its last text
                states = [below.get(row) for row in filled] if known else [None]
                if any(state is None for state in states):  # unknown, or removed by another process meanwhile
                    first = 0
                    tokens = [torch.tensor(ids[row]) for row in filled]
                    given, mask = stack(tokens, length, model.tokenizer.pad_token_id)  # (B, T), (B, T)
                else:
                    first = layer - 1
                    given, mask = stack(states, length, 0)  # (B, T, H), (B, T)
                given, mask = given.to(device), mask.to(device)
                with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                    hidden = given if first else model.embed_tokens(given)
                    hidden = model.blocks(hidden, mask, start=first, stop=layer)
                yield batch, hidden[: len(batch)].to(dtype), mask[: len(batch)]
    finally:
        for module in was_training:
            module.training = True


def state_keys(
    model: Foundation, ids: Sequence[Sequence[int]], layer: int, dtype: torch.dtype, name: str | None = None
) -> list[bytes]:
    """Return, for each text's token ids, the key under which its states entering block ``layer`` are kept.

    The shapes of batches are part of it, because they decide how states are rounded.
    """
    key = f"{fingerprint(model, layer)} {layer if name is None else name} {dtype} {ROWS}x{STEP}"
    return [hashlib.blake2b(f"{key} {row}".encode(), digest_size=20).digest() for row in ids]


def fingerprint(model: Foundation, layer: int) -> str:
    """Return a digest of every weight that a state entering block ``layer`` depends on.

    Weights that were seen before in this process are recognized by a faster digest, see `quick_digest`. Both digests
    read every byte, because nothing else shows a change reliably: fused optimizers and writes through ``.data`` or
    numpy leave torch's version counters as they are.

    Parameters
    ----------
    model : Foundation
    layer : int
        From 0 (the token embeddings alone) to ``model.depth`` (the whole encoder).

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    described = repr(model.encoder.config.to_diff_dict())
    weights = []  # (name, bytes)
    for module in (model.encoder.embeddings, *model.encoder.encoder.layer[:layer]):
        for name, tensor in module.state_dict().items():
            flat = tensor.detach().cpu().contiguous().view(-1)
            weights.append((name, flat.view(torch.uint8).numpy()))
    seen = (described, *((name, len(data), quick_digest(data)) for name, data in weights))
    if seen not in FINGERPRINTS:
        digest = hashlib.sha256(described.encode())
        for name, data in weights:
            digest.update(name.encode())
            digest.update(data.data)
        if len(FINGERPRINTS) >= MOST_FINGERPRINTS:
            FINGERPRINTS.clear()
        FINGERPRINTS[seen] = digest.hexdigest()
    return FINGERPRINTS[seen]


def quick_digest(data: np.ndarray) -> bytes:
    """Digest an array of bytes about 25 times as fast as SHA-256, for comparisons inside this process only.

    Blocks of 8 KiB are read as 64-bit numbers and summed with random factors, modulo 2**64 (multilinear hashing; Lemire
    and Kaser, 2014, section 2). The factors are drawn once per process, so two different arrays have the same digest by
    chance only; which of them collide depends on the draw, not on what was done to the weights.
    """
    end = len(data) // (8 * len(FACTORS)) * (8 * len(FACTORS))
    blocks = data[:end].view(np.int64).reshape(-1, len(FACTORS))
    sums = np.einsum("ij,j->i", blocks, FACTORS)  # one per block; integers wrap around
    return hashlib.sha256(sums.tobytes() + data[end:].tobytes()).digest()


def check_memory(needed: int) -> None:
    """Raise MemoryError when ``needed`` bytes are more than 80% of the free memory."""
    free = free_memory()
    if needed > 0.8 * free:
        raise MemoryError(
            f"hidden states of these texts take {needed / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free; "
            'use fewer or shorter texts (max_length=), or trainable_layers="all", which keeps no states'
        )
