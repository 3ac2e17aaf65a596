"""Draw texts from a model, token by token, so that a draw depends on its own prompt and seed alone.

Two things would make a draw depend on its neighbors. Random numbers from one stream would: here each draw has its own.
And matrix products round differently for different shapes, which in rare cases changes a token and so all that follow:
here every batch has `ROWS` rows, and a prompt is padded to a length that follows from its own.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ROWS = 8  # of every batch; an unfinished one repeats its last prompt
STEP = 16  # the length of a prompt in tokens is rounded up to a multiple of this


class DrawTokens(LogitsProcessor):
    """Replace logits by a choice: the token at which the cumulative probability passes a random number.

    Parameters
    ----------
    generators : list of B numpy.random.Generator
        One for each row; a token takes one number from it, whatever other rows do.
    temperature : float
        Above 0; the logits are divided by it.
    """

    def __init__(self, generators: Sequence[np.random.Generator], temperature: float):
        self.generators = generators
        self.temperature = temperature

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return minus infinity (B, V), and 0 at the token that was drawn."""
        cumulative = (scores.double() / self.temperature).softmax(-1).cumsum(-1)  # (B, V)
        numbers = torch.tensor([generator.random() for generator in self.generators], dtype=torch.float64)
        passed = numbers.to(scores.device)[:, None] * cumulative[:, -1:]  # (B, 1)
        drawn = torch.searchsorted(cumulative, passed, right=True).clamp(max=scores.shape[-1] - 1)
        return torch.full_like(scores, -torch.inf).scatter(-1, drawn, 0.0)


def number_draws(prompts: Sequence[Sequence[int]], n: int, seed: int) -> list[np.random.Generator]:
    """Return a generator for each of n draws of each prompt, from the seed, the prompt's tokens and the draw's number.

    A prompt that is there twice goes on counting, so that its draws differ.
    """
    seen = Counter()
    generators = []
    for ids in map(tuple, prompts):
        for _ in range(n):
            digest = hashlib.blake2b(f"{seed} {seen[ids]} {ids}".encode(), digest_size=16).digest()
            generators.append(np.random.default_rng(int.from_bytes(digest)))
            seen[ids] += 1
    return generators


def cut_batches(lengths: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """Yield (rows, length): up to `ROWS` rows of the same rounded length, the longest first."""
    by_length = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(-(-length // STEP) * STEP, []).append(row)
    for length, rows in sorted(by_length.items(), reverse=True):
        for start in range(0, len(rows), ROWS):
            yield rows[start : start + ROWS], length


@torch.inference_mode()
def write_on(
    model: "PreTrainedModel",
    ids: Sequence[Sequence[int]],
    generators: Sequence[np.random.Generator],
    *,
    max_new_tokens: int,
    temperature: float,
    ends: Sequence[int],
) -> Iterator[tuple[int, list[int], bool]]:
    """Yield (row, new tokens, whether the model ended the text itself) for each prompt, batch by batch.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    ids : list of n lists of int
        The prompts.
    generators : list of n numpy.random.Generator
    max_new_tokens : int
    temperature : float
        0: always the most probable token.
    ends : list of int
        Tokens that end a text; they are not part of what is returned.
    """
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens, do_sample=False, eos_token_id=list(ends) or None, pad_token_id=(*ends, 0)[0]
    )
    for rows, length in cut_batches([len(row) for row in ids]):
        filled = rows + rows[-1:] * (ROWS - len(rows))
        tokens = torch.zeros(ROWS, length, dtype=torch.long)
        mask = torch.zeros(ROWS, length, dtype=torch.long)
        for place, row in enumerate(filled):  # padding is on the left: new tokens come after the prompt
            tokens[place, length - len(ids[row]) :] = torch.tensor(ids[row])
            mask[place, length - len(ids[row]) :] = 1
        chooser = LogitsProcessorList()
        if temperature:
            own = [generators[row] for row in rows]
            spare = [np.random.default_rng(0) for _ in filled[len(rows) :]]
            chooser.append(DrawTokens(own + spare, temperature))
        written = model.generate(
            tokens.to(model.device),
            attention_mask=mask.to(model.device),
            generation_config=settings,
            logits_processor=chooser,
        )[:, length:].tolist()
        for row, new in zip(rows, written, strict=False):
            stop = next((at for at, token in enumerate(new) if token in ends), len(new))
            yield row, new[:stop], stop < len(new)
