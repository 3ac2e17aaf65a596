"""A masked-language model: an encoder with a head that guesses the words behind ``[MASK]``.

The head's last layer is tied: it is the encoder's table of word embeddings, so that the model reads and says a word
with the same vector. The head and the last block are computed only where a word is masked: with a vocabulary of 30,000
words, the head would otherwise cost as much as five blocks.
"""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from labkit.errors import UserError
from labkit.models.batches import pad
from labkit.models.encoder import Foundation
from labkit.models.hidden_states import tokenize
from labkit.models.last_block import run_block_at
from labkit.validation import check_texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PRONOUNS = ("he", "she", "his", "her", "him", "himself", "herself")


def cut_blocks(model: Foundation, blocks: int) -> Foundation:
    """Return a copy of an encoder that keeps only its lowest blocks.

    Parameters
    ----------
    model : Foundation
        Left unchanged.
    blocks : int
        How many to keep, 1 to ``model.depth``.

    Returns
    -------
    Foundation
        In eval mode, with all weights trainable; the tokenizer is shared.

    Raises
    ------
    UserError
        The number of blocks is not from 1 to ``model.depth``.
    """
    if not isinstance(blocks, int | np.integer) or not 1 <= blocks <= model.depth:
        raise UserError(f"blocks is {blocks!r}; {model.name!r} has {model.depth} blocks, keep 1 to {model.depth}")
    model = copy.deepcopy(model, {id(model.tokenizer): model.tokenizer})  # the tokenizer is shared
    model.encoder.encoder.layer = model.encoder.encoder.layer[:blocks]
    model.encoder.config.num_hidden_layers = int(blocks)
    return model.requires_grad_(True).eval()


class LanguageModel(nn.Module):
    """An encoder with a tied masked-language head (Devlin et al., 2019, section 3.1 and their code).

    Parameters
    ----------
    foundation : Foundation
        The encoder; it is used, not copied.
    seed : int
        Seed of the untrained head's weights.

    Raises
    ------
    UserError
        The tokenizer has no mask token.
    """

    def __init__(self, foundation: Foundation, *, seed: int = 0):
        super().__init__()
        if foundation.tokenizer.mask_token_id is None:
            raise UserError(f"the tokenizer of {foundation.name!r} has no mask token; take a masked-language model")
        self.foundation = foundation
        words, width = self.table.shape
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.transform = nn.Sequential(
                nn.Linear(foundation.encoder.config.hidden_size, width), nn.GELU(), nn.LayerNorm(width)
            )
        self.bias = nn.Parameter(torch.zeros(words))

    @property
    def table(self) -> nn.Parameter:
        """The word embeddings (V, E), with which the encoder reads words and the head says them."""
        return self.foundation.encoder.embeddings.word_embeddings.weight

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """The encoder's tokenizer."""
        return self.foundation.tokenizer

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        at: torch.Tensor,
        words: Sequence[int] | slice = slice(None),
    ) -> torch.Tensor:
        """Return logits of words at the hidden positions of a batch.

        Parameters
        ----------
        input_ids : Tensor of shape (B, T)
        attention_mask : Tensor of shape (B, T)
            0 at padding, else 1.
        at : Tensor of bool, shape (B, T)
            True at the n positions to guess.
        words : list of k token ids, optional
            Which words to score. Default: all V words of the vocabulary.

        Returns
        -------
        Tensor of shape (n, k)
            One row per position, row by row of ``at``.
        """
        model = self.foundation
        hidden = model.blocks(model.embed_tokens(input_ids), attention_mask, stop=model.depth - 1)  # (B, T, H)
        hidden = run_block_at(model.encoder.encoder.layer[-1], hidden, attention_mask, at)  # (n, H)
        return nn.functional.linear(self.transform(hidden), self.table[words], self.bias[words])


def draw_mask(
    ids: torch.Tensor,
    generator: torch.Generator,
    *,
    tokenizer: "PreTrainedTokenizerBase",
    mask_share: float,
    pronoun_share: float,
    pronouns: Sequence[int],
) -> torch.Tensor:
    """Draw which tokens of padded ids (B, T) are hidden: a bool tensor (B, T), true at least once.

    A pronoun is hidden with probability ``pronoun_share``, any other word with ``mask_share``, a special token never.
    """
    drawn = torch.rand(ids.shape, generator=generator)
    is_pronoun = torch.isin(ids, torch.tensor(pronouns))
    at = drawn < torch.where(is_pronoun, pronoun_share, mask_share)
    words = ~torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    at &= words
    if not at.any():
        at.view(-1)[torch.where(words, drawn, 2.0).argmin()] = True
    return at


def word_ids(tokenizer: "PreTrainedTokenizerBase", words: Sequence[str]) -> list[int]:
    """Return the token ids of words; reject a word that is unknown or several tokens."""
    found = []
    for word in words:
        ids = tokenizer.encode(f" {word}", add_special_tokens=False)
        if len(ids) != 1 or ids[0] == tokenizer.unk_token_id:
            tokens = tokenizer.convert_ids_to_tokens(ids)
            raise UserError(f"{word!r} is {tokens} to this tokenizer; a word to guess must be one known token")
        found.append(ids[0])
    return found


@torch.inference_mode()
def held_out_loss(model: LanguageModel, texts: Sequence[str], *, config: Any, seed: int = 0) -> pd.DataFrame:
    """Hide words of texts that the model has not read, and measure how well it guesses them.

    The same seed hides the same words for every model with this tokenizer, so that models are compared word by word.

    Parameters
    ----------
    model : LanguageModel
    texts : sequence of str
    config : labkit.language.PretrainConfig
        Says how many words are hidden, and how long a text may be.
    seed : int
        Seed of what is hidden.

    Returns
    -------
    DataFrame
        One row per hidden word: text (its row number), word, pronoun (bool), loss (in nats: minus the logarithm of the
        probability that the model gave the word). The exponential of the mean loss is the perplexity.
    """
    texts, tokenizer = check_texts(texts), model.tokenizer
    ids, pronouns = tokenize(model.foundation, texts, config.max_length), word_ids(tokenizer, PRONOUNS)
    shares = {"mask_share": config.mask_share, "pronoun_share": config.pronoun_share, "pronouns": pronouns}
    order, parts = np.argsort([len(row) for row in ids], kind="stable"), []  # texts of similar length together
    generator = torch.Generator()
    generator.manual_seed(seed)
    was_training, device = model.training, model.bias.device
    model.eval()
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        padded, mask = pad(ids, rows, tokenizer.pad_token_id)  # (B, T) each
        at = draw_mask(padded, generator, tokenizer=tokenizer, **shares)
        hidden = padded.masked_fill(at, tokenizer.mask_token_id)
        logits = model(*(part.to(device) for part in (hidden, mask, at))).float()  # (n, V)
        loss = nn.functional.cross_entropy(logits, padded[at].to(device), reduction="none").double().cpu().numpy()
        found = {"text": rows[at.nonzero()[:, 0].numpy()], "id": padded[at].numpy(), "loss": loss}
        parts.append(pd.DataFrame(found))
    model.train(was_training)
    frame = pd.concat(parts, ignore_index=True)
    frame["word"] = tokenizer.convert_ids_to_tokens(frame["id"].tolist())
    return frame.assign(pronoun=frame["id"].isin(pronouns))[["text", "word", "pronoun", "loss"]]
