"""Small things that several test modules train on: a BERT of two narrow blocks, and texts with a rule in them."""

import numpy as np

WORDS = "fever cough pain rash nausea dizzy tired headache swelling chills".split()


def save_tiny_bert(folder, *, model_type="bert"):
    """Save an untrained encoder (2 blocks, width 32) with the shipped tokenizer into a folder, as transformers does."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    from labkit.models.weights import find_model

    tokenizer = AutoTokenizer.from_pretrained(find_model("minilm"))
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    if model_type == "gpt2":
        size = {"n_embd": 32, "n_layer": 2, "n_head": 2}
    extra = {"pad_token_id": 0} if model_type != "gpt2" else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = AutoConfig.for_model(model_type, vocab_size=len(tokenizer), **size, **extra)
        model = AutoModel.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_texts(n, *, seed=0):
    """Return n texts of 5 to 30 words, labels (1: "fever" is in the text) and groups "a" or "b"."""
    generator = np.random.default_rng(seed)
    texts = [" ".join(generator.choice(WORDS, generator.integers(5, 31))) for _ in range(n)]
    return texts, np.array([int("fever" in text) for text in texts]), generator.choice(["a", "b"], n)
