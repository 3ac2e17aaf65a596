"""Turn a GGUF file into a folder that transformers loads: configuration, tokenizer and weights in float32.

GGUF is the format of llama.cpp; it keeps weights in a few bits each, in blocks with a common scale and offset. We write
the numbers that these bits stand for, as safetensors, so that no arithmetic on bits is left for later.

transformers can read GGUF, too, but it reads the file three times, in about a minute, and it ignores which rule splits
a text before byte pairs are merged (``tokenizer.ggml.pre``): the tokenizer that it makes for SmolLM2 differs from the
model's own where two spaces or line breaks come before a digit. Here the file is read once and the rule is kept; the
weights are the same to the last bit (a test compares them).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import UserError

if TYPE_CHECKING:
    from gguf import GGUFReader

ARCHITECTURE, PRETOKENIZER = "llama", ("gpt2", "smollm")
CONTROL = 3  # the type of tokens such as <|im_start|>, as llama.cpp numbers types
# Name in GGUF -> name in transformers, without the number of the block.
BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def convert_gguf(file: Path, folder: Path) -> None:
    """Write what a GGUF file holds into an empty folder, as ``save_pretrained`` of transformers would.

    Parameters
    ----------
    file : pathlib.Path
        A GGUF file of a model of the Llama architecture with SmolLM2's tokenizer.
    folder : pathlib.Path
        It gets ``config.json``, ``tokenizer.json``, ``tokenizer_config.json`` and ``model.safetensors``.

    Raises
    ------
    UserError
        The file is no GGUF file, not whole, or of a model of another kind.
    """
    from safetensors.numpy import save_file

    reader = open_gguf(file)
    config = make_config(reader, file)
    tokens = read_field(reader, "tokenizer.ggml.tokens", file)
    rows = next((int(tensor.shape[-1]) for tensor in reader.tensors if tensor.name == "token_embd.weight"), 0)
    if not len(tokens) == rows == config["vocab_size"]:
        raise UserError(
            f"{file} has {len(tokens)} tokens in its vocabulary and {rows} rows of word embeddings; they belong to "
            "different models: download the file again"
        )
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", make_tokenizer(reader, tokens, file))
    write_json(folder / "tokenizer_config.json", make_tokenizer_config(reader, tokens, file))
    save_file(read_tensors(reader, config, file), folder / "model.safetensors", metadata={"format": "pt"})


def open_gguf(file: Path) -> "GGUFReader":
    """Open a GGUF file; a UserError says that it is none, not whole, or of a model of another kind."""
    from gguf import GGUFReader

    remedy = "copy or download it again"
    try:
        reader = GGUFReader(file)
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror or error}); {remedy}") from error
    except Exception as error:  # of many kinds: whatever bytes of another file lead to
        raise UserError(f"{file} is not a GGUF file, or not all of it ({error}); {remedy}") from error
    architecture = read_field(reader, "general.architecture", file)
    kind = tuple(read_field(reader, f"tokenizer.ggml.{key}", file) for key in ("model", "pre"))
    if architecture != ARCHITECTURE or kind != PRETOKENIZER:
        raise UserError(
            f"{file} holds a {architecture!r} model with the tokenizer {'/'.join(map(str, kind))}, and only GGUF files "
            f"of {ARCHITECTURE!r} models with the tokenizer {'/'.join(PRETOKENIZER)} (SmolLM2) are converted; give "
            "the folder or the hub name of its safetensors instead"
        )
    return reader


def read_field(reader: "GGUFReader", name: str, file: Path) -> Any:
    """Return the value of a field; a UserError says that the file lacks it."""
    if name not in reader.fields:
        raise UserError(
            f"{file} lacks the field {name}; it holds no language model, or not all of it: download another"
        )
    return reader.fields[name].contents()


def make_config(reader: "GGUFReader", file: Path) -> dict[str, Any]:
    """Return the configuration of a Llama model, with the names of transformers."""

    def read(name):
        return read_field(reader, name, file)

    heads, width = read("llama.attention.head_count"), read("llama.embedding_length")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": read("llama.vocab_size"),
        "hidden_size": width,
        "intermediate_size": read("llama.feed_forward_length"),
        "num_hidden_layers": read("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": read("llama.attention.head_count_kv"),
        "head_dim": width // heads,
        "hidden_act": "silu",
        "max_position_embeddings": read("llama.context_length"),
        "rms_norm_eps": read("llama.attention.layer_norm_rms_epsilon"),
        "rope_parameters": {"rope_type": "default", "rope_theta": read("llama.rope.freq_base")},
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in reader.tensors),
        "bos_token_id": read("tokenizer.ggml.bos_token_id"),
        "eos_token_id": read("tokenizer.ggml.eos_token_id"),
        "pad_token_id": read("tokenizer.ggml.padding_token_id"),
        "dtype": "float32",
    }


def make_tokenizer(reader: "GGUFReader", tokens: list[str], file: Path) -> dict[str, Any]:
    """Return ``tokenizer.json``: byte pairs, after every digit was split off (``smollm`` in llama.cpp)."""
    types = read_field(reader, "tokenizer.ggml.token_type", file)
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    added = [
        {"id": number, "content": token, **plain}
        for number, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind == CONTROL
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, byte_level]},
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [pair.split(" ") for pair in read_field(reader, "tokenizer.ggml.merges", file)],
        },
    }


def make_tokenizer_config(reader: "GGUFReader", tokens: list[str], file: Path) -> dict[str, Any]:
    """Return ``tokenizer_config.json``: the special tokens, and how chats are written."""
    roles = {"bos": "bos", "eos": "eos", "unknown": "unk", "padding": "pad"}
    named = {
        f"{ours}_token": tokens[read_field(reader, f"tokenizer.ggml.{theirs}_token_id", file)]
        for theirs, ours in roles.items()
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": read_field(reader, "llama.context_length", file),
        "clean_up_tokenization_spaces": False,
        "chat_template": read_field(reader, "tokenizer.chat_template", file),
        **named,
    }


def read_tensors(reader: "GGUFReader", config: dict[str, Any], file: Path) -> dict[str, np.ndarray]:
    """Return all weights in float32, under the names of transformers."""
    from gguf import dequantize

    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    weights = {}
    for tensor in reader.tensors:
        name, _, kind = tensor.name.rpartition(".")  # "blk.7.attn_q", "weight"
        block, _, part = name.rpartition(".")  # "blk.7", "attn_q"
        known = BLOCK if block.startswith("blk.") else OUTSIDE
        if kind != "weight" or part not in known:
            raise UserError(
                f"{file} has {tensor.name}, which no plain Llama model has; give the folder or the hub name of its "
                "safetensors instead"
            )
        values = dequantize(tensor.data, tensor.tensor_type)
        if part in heads:
            values = undo_interleaving(values, heads[part])
        place = block.replace("blk.", "model.layers.") + "." if block else ""
        weights[f"{place}{known[part]}.weight"] = np.ascontiguousarray(values, dtype=np.float32)
    return weights


def undo_interleaving(values: np.ndarray, heads: int) -> np.ndarray:
    """Put the rows of a query or key matrix (heads * D, H) into the order that transformers rotates.

    A position rotates pairs of numbers within a head. llama.cpp pairs neighbors, transformers pairs a number of the
    first half with one of the second half.
    """
    pairs = values.reshape(heads, -1, 2, values.shape[-1])  # (heads, D / 2, 2, H)
    return pairs.swapaxes(1, 2).reshape(values.shape)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
