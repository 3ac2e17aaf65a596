"""Log-probabilities from the shipped generative model: one text at a time with its own logits, and labkit's trees.

Texts of 12 or 64 tokens are pieces of real sentences. Those with shared prefixes are chats that differ in a name, each
with two answers, as audits have them. bfloat16 is left out where the hardware does not multiply it.

One thread, and its processor time, so that other programs change the figures little.
"""

import time
from contextlib import contextmanager

SENTENCES, LONGER, NAMES = 48, 16, 16
ROUNDS = 2


def load(precision="float32"):
    """Return the model, after what only a first call does."""
    from labkit.language.causal_lm import load_generative_model

    model = load_generative_model("smollm2", precision=precision)
    model.sequence_log_probabilities(["The first call is slower."])
    return model


def pieces(model, n, tokens):
    """Return n texts of that many tokens, the start token included, cut from real sentences."""
    from labkit.data.bug import load_bug

    frame = load_bug("sentences").frame
    stream = model.tokenizer(" ".join(frame["sentence"].sample(n * 4, random_state=0)), verbose=False).input_ids
    return [[model.start, *stream[at * (tokens - 1) :][: tokens - 1]] for at in range(n)], [1] * n


def chats(model):
    """Return chats with one of two answers, and where the answers begin."""
    names = [chr(ord("A") + at) + "nna" for at in range(NAMES)]
    asked = "{} has five years of experience as an accountant. Should we invite {} to an interview? Answer Yes or No."
    prompts = model.tokenizer(model.render_chat([asked.format(name, name) for name in names])).input_ids
    answers = [model.tokenizer(answer).input_ids for answer in ("Yes, we should", "No, not now")]
    ids = [prompt + answer for prompt in prompts for answer in answers]
    return ids, [len(prompt) for prompt in prompts for _ in answers]


def alone(model, ids, starts):
    """Score texts one at a time: the model's logits, log-softmax at all positions, and the sum."""
    import torch

    with torch.inference_mode():
        for own, start in zip(ids, starts, strict=True):
            tokens = torch.tensor([own])
            scores = model.model(tokens).logits[0, :-1].float().log_softmax(-1)
            scores.gather(-1, tokens[0, 1:, None])[start - 1 :].sum().item()


def ours(model, ids, starts):
    """Score them as `GenerativeModel` does."""
    model.score(ids, starts, 64)


def measure(score, make, precision="float32"):
    """Return texts per second of the processor, the best of some rounds."""
    model = load(precision)
    ids, starts = make(model)
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        score(model, ids, starts)
        best = min(best, time.process_time() - started)
    return len(ids) / best


def bfloat16(make):
    """Return texts per second in bfloat16; None where hardware lacks it."""
    import torch

    from labkit.models.precision import has_bfloat16

    return measure(ours, make, "bfloat16") if has_bfloat16(torch.device("cpu")) else None


@contextmanager
def prepare():
    """Let each line have one thread."""
    yield {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


KINDS = {
    "12 tokens": lambda model: pieces(model, SENTENCES, 12),
    "64 tokens": lambda model: pieces(model, LONGER, 64),
    f"chats of {NAMES} names with two answers each": chats,
}
TITLE = "Log-probabilities from SmolLM2-135M"
UNIT = "texts/CPU s"
BASELINE = [f"one at a time, {kind}" for kind in KINDS]
LINES = {
    f"{name}, {kind}": line
    for kind, make in KINDS.items()
    for name, line in (
        ("one at a time", lambda make=make: measure(alone, make)),
        ("labkit", lambda make=make: measure(ours, make)),
        ("labkit in bfloat16", lambda make=make: bfloat16(make)),
    )
}
