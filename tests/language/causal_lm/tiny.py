"""Small causal models for tests: a random Llama or GPT-2 with a byte-pair vocabulary of its own, and GGUF files."""

import json

import numpy as np

CHAT = (
    "{% for message in messages %}{{ '<s>' + message['role'] + '\\n' + message['content'] + '</s>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<s>assistant\\n' }}{% endif %}"
)
SPECIAL = ["<unk>", "<s>", "</s>"]
MERGES = ["h a", "ha p", "hap p", "happ y", "Ġ h", "Ġh e", "Ġ s", "Ġs he", "h e", "Ġ a", "Ġa n", "Ġan d", "Ġ happy"]
SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}


def make_vocabulary():
    """Return tokens: special ones, all bytes as byte-level BPE writes them, and what the merges make."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = [*map(chr, printable), *(chr(256 + at) for at in range(256 - len(printable)))]  # one for each byte
    return [*SPECIAL, *sorted(alphabet), *(pair.replace(" ", "") for pair in MERGES)]


def save_tiny_causal_lm(folder, *, model_type="llama", seed=0, context=256, chat=True):
    """Save an untrained causal model and its tokenizer into a folder, as transformers does; return the folder."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    tokens = make_vocabulary()
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    size = {**SIZE, "intermediate_size": 64, "max_position_embeddings": context}
    if model_type in ("gpt2", "bloom"):
        size = {"hidden_size": 32, "n_layer": 2, "n_head": 4}
        size |= {"n_positions": context} if model_type == "gpt2" else {"max_position_embeddings": context}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = AutoConfig.for_model(model_type, vocab_size=len(tokens), **size, **ends)
        # Wide weights: an untrained model's usual ones give all tokens nearly the same probability.
        config.initializer_range = 0.5
        model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    save_tiny_tokenizer(folder, tokens, chat=chat)
    return folder


def save_tiny_tokenizer(folder, tokens, *, chat=True):
    """Write the tokenizer's two files."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    bpe = {"vocab": {token: at for at, token in enumerate(tokens)}, "merges": [pair.split(" ") for pair in MERGES]}
    content = {
        "version": "1.0",
        "added_tokens": [{"id": at, "content": token, **plain} for at, token in enumerate(SPECIAL)],
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {"type": "BPE", **bpe},
    }
    (folder / "tokenizer.json").write_text(json.dumps(content))
    named = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(named | ({"chat_template": CHAT} if chat else {})))


def write_tiny_gguf(path, *, architecture="llama", pre="smollm", tokens=None, extra=()):
    """Write a GGUF file of a random Llama; return its weights by the names of llama.cpp, in float32."""
    from gguf import GGUFWriter

    tokens = make_vocabulary() if tokens is None else tokens
    width, heads, kept = SIZE["hidden_size"], SIZE["num_attention_heads"], SIZE["num_key_value_heads"]
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(256)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kept)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(make_vocabulary()))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if at < len(SPECIAL) else 1 for at in range(len(tokens))])
    writer.add_token_merges(MERGES)
    for role, token in (("unk", 0), ("bos", 1), ("eos", 2), ("pad", 2)):
        getattr(writer, f"add_{role}_token_id")(token)
    writer.add_chat_template(CHAT)
    rng = np.random.default_rng(0)
    shapes = {"token_embd": (len(make_vocabulary()), width), "output_norm": (width,)}
    shapes |= {"blk.0.attn_norm": (width,), "blk.0.ffn_norm": (width,)}
    shapes |= {"blk.0.attn_q": (width, width), "blk.0.attn_output": (width, width)}
    shapes |= {f"blk.0.attn_{part}": (width * kept // heads, width) for part in "kv"}
    shapes |= {"blk.0.ffn_gate": (64, width), "blk.0.ffn_up": (64, width), "blk.0.ffn_down": (width, 64)}
    shapes |= {name: (width,) for name in extra}
    weights = {f"{name}.weight": rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for name, values in weights.items():
        writer.add_tensor(name, values)
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    return weights
