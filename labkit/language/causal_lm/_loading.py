"""Load a causal language model from a folder: weights, tokenizer, and which tokens end a text."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from labkit.errors import UserError
from labkit.models.loading import BERT_LIKE, load_model, load_tokenizer, read_any_config, read_weights
from labkit.models.weights import find_weights, read_json

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
BUFFERS = (".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias")


def load_causal_lm(
    folder: Path, name: str | Path, dtype: torch.dtype
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """Load the model and the tokenizer in a folder; a UserError says what else it holds, or what does not fit."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    config = read_any_config(folder)
    encoder = config.model_type in BERT_LIKE and not getattr(config, "is_decoder", False)
    if encoder or config.is_encoder_decoder or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise UserError(
            f"{str(name)!r} is a {config.model_type!r} model, which does not write a text from left to right; give a "
            'causal language model, such as "smollm2", GPT-2 or Llama'
        )
    kind = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    weights = read_weights(find_weights(folder))
    model = load_model(kind, folder, config, weights, belongs=belongs_to_causal_lm, dtype=dtype)
    return model.eval().requires_grad_(False), load_tokenizer(folder, config, needs_padding=False)


def belongs_to_causal_lm(name: str) -> bool:
    """Say whether a weight that transformers does not use is missed; older versions saved constants, too."""
    return not name.endswith(BUFFERS)


def find_ends(folder: Path, config: "PreTrainedConfig", tokenizer: "PreTrainedTokenizerBase") -> tuple[int, ...]:
    """Return the tokens that end a text: of generation_config.json, of config.json, or of the tokenizer."""
    written = folder / "generation_config.json"
    ends = read_json(written).get("eos_token_id") if written.is_file() else None
    for known in (ends, config.eos_token_id, tokenizer.eos_token_id):
        if known is not None:
            return tuple(known) if isinstance(known, list | tuple) else (known,)
    return ()
