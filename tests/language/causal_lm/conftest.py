"""Models that the tests of this folder share: a tiny random one, and the course's own where set-up fetched it."""

import pytest

from labkit.language.causal_lm import load_generative_model
from tests.language.causal_lm.tiny import save_tiny_causal_lm


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A random Llama of two narrow blocks."""
    return load_generative_model(save_tiny_causal_lm(tmp_path_factory.mktemp("llama")))


@pytest.fixture(scope="session")
def smollm2():
    """SmolLM2-135M, from the cache that set-up filled."""
    return load_generative_model("smollm2")
