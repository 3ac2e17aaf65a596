"""Log-probabilities of many texts at once: what texts share at their beginning is computed once.

A causal model's states at a token depend only on the tokens before it. So texts that begin alike have the same states
there, and a set of texts is a tree whose nodes are the different beginnings. We lay the nodes of a tree side by side,
as one input to the model: each has the position that it has in its text, and may attend only to the nodes on its way
from the root (Cai et al., 2024, use such a mask to try several continuations at once). Three things are saved: padding,
repeated beginnings (the same prompt with many continuations, the first lines of a chat), and all calls but one. The
last token of a text needs no node, because nothing comes after it.

Texts that begin differently are trees of their own. Several trees are one input, so that the weights are read once for
all of them, but each has its own attention (`SeparateTrees`), whose work grows with the square of a tree's nodes.

The head over the vocabulary is a fifth of a small model's arithmetic, and its output is the largest array by far. It is
computed only at nodes whose next token is scored, for many of them at once and a slice of the vocabulary at a time: so
its weights are read once, and their products with the states are used while they are in the processor's cache.

What a text gets does not depend on what it is computed with: `SameRounding` has the reasons.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from labkit.language.causal_lm._rounding import SameRounding, SeparateTrees, multiply

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Nodes of an input: with fewer, reading the weights takes the time. Texts that share at most one token are put into the
# same tree only if it is small, because attention is computed between all nodes of a tree.
NODES, UNRELATED = 384, 64
WAITING = 512  # so many states are collected, or more, before their logits are computed
SLICE = 1024  # tokens of the vocabulary whose logits are in memory at once: for 512 states these are 2 MB
# The largest difference of a log-probability between a tree and one text at a time that is rounding, not an error.
ROUNDING = {torch.float32: 1e-3, torch.bfloat16: 0.3}


@dataclass
class Forest:
    """Some texts as one input: trees side by side.

    Attributes
    ----------
    tokens, depths : list of int
        Of N nodes: the token, and how many tokens are before it in its text.
    parents : list of int
        The node before each node; -1 for a root.
    roots : list of int
        The first node of each tree.
    texts : list of int
        Which texts are in the trees.
    pairs : list of (text, node, token)
        What is scored: the token comes after the node, in the text.
    """

    tokens: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    pairs: list[tuple[int, int, int]] = field(default_factory=list)

    def is_chain(self) -> bool:
        """Say whether every node comes after the one before it, as in a single text."""
        return self.parents == list(range(-1, len(self.parents) - 1))

    def mask(self) -> Tensor:
        """Return which node may attend to which: bool (N, N), True on the way from the root."""
        allowed = np.zeros((len(self.tokens), len(self.tokens)), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                allowed[node] = allowed[parent]
            allowed[node, node] = True
        return torch.from_numpy(allowed)


def grow_trees(
    ids: Sequence[Sequence[int]],
    starts: Sequence[int],
    *,
    most_texts: int,
    most_nodes: int = NODES,
    most_unrelated: int = UNRELATED,
) -> Iterator[Forest]:
    """Put n texts into trees, those that begin alike into the same ones.

    Parameters
    ----------
    ids : list of n lists of int
        Token ids, at least two each.
    starts : list of n int
        The first token of each text that is scored, from 1.
    most_texts, most_nodes : int
        Of an input; a text with more nodes has an input for itself.
    most_unrelated : int
        Nodes of a tree to which a text may be added that shares at most one token with the one before.

    Yields
    ------
    Forest
    """
    forest, path = Forest(), []  # path: the nodes of the text before
    before = ()
    for text in sorted(range(len(ids)), key=lambda text: ids[text]):
        own = ids[text][:-1]
        shared = count_shared(own, before)
        if forest.roots and shared <= 1 and len(forest.tokens) - forest.roots[-1] + len(own) - shared > most_unrelated:
            shared = 0
        new = len(own) - shared
        if forest.texts and (len(forest.texts) == most_texts or len(forest.tokens) + new > most_nodes):
            yield forest
            forest, path, shared = Forest(), [], 0
        first = len(forest.tokens)
        if not shared:
            forest.roots.append(first)
        path = path[:shared] + list(range(first, first + len(own) - shared))
        forest.tokens += own[shared:]
        forest.depths += range(shared, len(own))
        forest.parents += [path[depth - 1] if depth else -1 for depth in range(shared, len(own))]
        forest.texts.append(text)
        forest.pairs += [(text, path[at - 1], ids[text][at]) for at in range(starts[text], len(ids[text]))]
        before = own
    if forest.texts:
        yield forest


def count_shared(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many tokens two texts share at their beginning."""
    for at, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return at
    return min(len(first), len(second))


def score_states(head: torch.nn.Linear, states: Tensor, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return the log-probability of a token after a state, for pairs of (state's row, token): float64 (P,).

    ``states`` are (K, H).
    """
    rows, tokens = torch.tensor(pairs, device=states.device).T  # (P,) each
    chosen = torch.zeros(len(rows), dtype=torch.float64, device=states.device)
    totals = []
    for start in range(0, head.out_features, SLICE):
        part = slice(start, start + SLICE)
        bias = None if head.bias is None else head.bias[part]
        logits = multiply(states, head.weight[part], bias).float()  # (K, S)
        here = (tokens >= start) & (tokens < start + SLICE)
        chosen[here] = logits[rows[here], tokens[here] - start].double()
        totals.append(log_of_sum(logits))
    return (chosen - torch.stack(totals, -1).logsumexp(-1)[rows]).cpu().numpy()


def log_of_sum(logits: Tensor) -> Tensor:
    """Return log(sum(exp(logits))) over the last dimension: float32 (S, V) -> float64 (S,).

    Summed in float64: in float32 the rounding of 49,152 terms is the largest error of a log-probability, up to 3e-4 in
    a sentence.
    """
    largest = logits.amax(-1, keepdim=True)  # (S, 1)
    return (logits - largest).exp_().sum(-1, dtype=torch.float64).log() + largest[:, 0]


def run_forest(model: "PreTrainedModel", forest: Forest) -> Tensor:
    """Return the last hidden state of every node: (N, H)."""
    device = model.device
    inputs = {"input_ids": torch.tensor([forest.tokens], device=device)}
    if not forest.is_chain():
        blocked = torch.finfo(model.dtype).min
        mask = torch.zeros(len(forest.tokens), len(forest.tokens), dtype=model.dtype)
        mask.masked_fill_(~forest.mask(), blocked)
        inputs["attention_mask"] = mask[None, None].to(device)  # (1, 1, N, N), added to the scores
        inputs["position_ids"] = torch.tensor([forest.depths], device=device)
    # bfloat16 keeps three digits: what batches add to its rounding is no larger than that itself
    computing = SameRounding if model.dtype == torch.float32 else SeparateTrees
    with computing(forest.roots):
        return model.base_model(**inputs, use_cache=False).last_hidden_state[0]


@torch.inference_mode()
def score_texts(
    model: "PreTrainedModel", ids: Sequence[Sequence[int]], starts: Sequence[int], *, batch_size: int
) -> np.ndarray:
    """Return the sum of the log-probabilities of the tokens from ``starts`` on: float64 (n,)."""
    scores = np.zeros(len(ids))
    states, pairs, texts = [], [], []  # of several inputs, so that the head's weights are read less often
    forests = list(grow_trees(ids, starts, most_texts=batch_size))
    for forest in forests:
        nodes = sorted({node for _, node, _ in forest.pairs})
        before = sum(map(len, states))
        rows = {node: row for row, node in enumerate(nodes, start=before)}
        states.append(run_forest(model, forest)[nodes])  # (K, H)
        pairs += [(rows[node], token) for _, node, token in forest.pairs]
        texts += [text for text, _, _ in forest.pairs]
        if before + len(nodes) >= WAITING or forest is forests[-1]:
            found = score_states(model.get_output_embeddings(), torch.cat(states), pairs)
            np.add.at(scores, texts, found)
            states, pairs, texts = [], [], []
    return scores


def takes_trees(model: "PreTrainedModel", start: int) -> bool:
    """Say whether a model gives the same log-probabilities for a tree as for its texts one at a time.

    Some models ignore the positions or the mask that they are given, and some change states or logits on the way to the
    output, which `score_texts` would miss. Three short texts that share their beginning show it.
    """
    known = min(model.config.vocab_size, 200)
    ids = [[start, *(at % known for at in row)] for row in ([40, 50, 60, 70, 80], [40, 50, 65, 75], [40, 55, 67])]
    starts = [1] * len(ids)
    try:
        together = score_texts(model, ids, starts, batch_size=len(ids))
    except (TypeError, ValueError, RuntimeError, AttributeError):  # no such argument, no such shape, no such part
        return False
    alone = score_alone(model, ids, starts)
    return bool(np.abs(together - alone).max() <= ROUNDING.get(model.dtype, ROUNDING[torch.bfloat16]))


@torch.inference_mode()
def score_alone(model: "PreTrainedModel", ids: Sequence[Sequence[int]], starts: Sequence[int]) -> np.ndarray:
    """Return what `score_texts` returns, one text at a time and from the model's own logits, for any causal model."""
    scores = np.zeros(len(ids))
    for row, (own, start) in enumerate(zip(ids, starts, strict=True)):
        tokens = torch.tensor([own], device=model.device)  # (1, T)
        logits = model(input_ids=tokens).logits[0, start - 1 : -1].float()  # (T - start, V)
        chosen = logits.gather(-1, tokens[0, start:, None])[:, 0]
        scores[row] = (chosen - log_of_sum(logits)).sum().item()
    return scores
