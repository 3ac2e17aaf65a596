"""How long it takes until the shipped generative model is there: from its GGUF file, and from what was converted."""

import time


def from_gguf():
    """Return the seconds that transformers takes to read the GGUF file, tokenizer and weights."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from labkit.language.causal_lm.files import gguf_path

    path = gguf_path()
    started = time.perf_counter()
    AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype="float32")
    return time.perf_counter() - started


def convert():
    """Return the seconds that `labkit fetch` takes for the conversion."""
    import tempfile
    from pathlib import Path

    from labkit.language.causal_lm._gguf import convert_gguf
    from labkit.language.causal_lm.files import gguf_path

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        convert_gguf(gguf_path(), Path(folder))
        return time.perf_counter() - started


def load(precision="float32"):
    """Return the seconds of a second load: the first one imports the libraries."""
    from labkit.language.causal_lm import load_generative_model

    load_generative_model("smollm2", precision=precision)
    started = time.perf_counter()
    load_generative_model("smollm2", precision=precision)
    return time.perf_counter() - started


TITLE = "Loading SmolLM2-135M, without imports"
UNIT = "s"
BETTER = "lower"
BASELINE = "transformers, from the GGUF file"
LINES = {
    BASELINE: from_gguf,
    "labkit, conversion, once": convert,
    "labkit, each load": load,
    "labkit, each load in bfloat16": lambda: load("bfloat16"),
}
