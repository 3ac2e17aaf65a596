"""The fetched benchmarks, each loaded once, and models that need no weights."""

import zlib

import numpy as np
import pytest

import labkit.language as language


class Stub:
    """A model whose score of a text is a function of it; it counts what it was asked."""

    def __init__(self, score):
        self.score, self.asked = score, []

    def sequence_log_probabilities(self, texts):
        """Score whole texts."""
        self.asked += texts
        return np.array([self.score("", text) for text in texts])

    def continuation_log_probabilities(self, prompts, continuations):
        """Score continuations, given their prompts."""
        self.asked += [prompt + text for prompt, text in zip(prompts, continuations, strict=True)]
        return np.array([self.score(prompt, text) for prompt, text in zip(prompts, continuations, strict=True)])


def arbitrary(prompt: str, text: str) -> float:
    """Return a number that has nothing to do with what a text says, and not with its length either."""
    return -(zlib.crc32((prompt + text).encode()) % 100_003) / 1000 - 1


@pytest.fixture
def guessing():
    """A model that guesses, the same on each call."""
    return Stub(arbitrary)


@pytest.fixture(scope="package")
def crows_pairs():
    """CrowS-Pairs."""
    return language.load_crows_pairs()


@pytest.fixture(scope="package")
def stereoset():
    """StereoSet."""
    return language.load_stereoset()


@pytest.fixture(scope="package")
def winobias():
    """WinoBias."""
    return language.load_winobias()


@pytest.fixture(scope="package")
def winogender():
    """Winogender."""
    return language.load_winogender()


@pytest.fixture(scope="package")
def bbq():
    """BBQ, all categories."""
    return language.load_bbq()


@pytest.fixture
def loaded_once(monkeypatch, request):
    """Let score_benchmark use the frames above instead of reading the files again."""
    from labkit.language.benchmarks import scoring

    for name, (_, *rest) in list(scoring.BENCHMARKS.items()):
        load = lambda name=name: request.getfixturevalue(name).copy()  # noqa: E731
        monkeypatch.setitem(scoring.BENCHMARKS, name, (load, *rest))
