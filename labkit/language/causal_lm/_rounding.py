"""Compute a token's states in the same way whatever else is in the input, so that they are the same numbers.

An input holds trees of tokens side by side (`_scoring` says why). Attention is computed tree by tree: its work grows
with the square of the length, and no token may attend to one of another tree.

In float32 the last digits of a sum depend on the order in which its terms are added, and libraries choose the order by
the shape of the input. A matrix product of fewer than 16 rows is computed by another routine than one of more; the
terms of a long sum are divided among parts in a way that depends on the number of rows; and attention adds up keys in
blocks, which begin elsewhere in another input. Thirty blocks of a model amplify these differences: in the
log-probability of a sentence they reach 1e-4 and more.

So products have at least `LEAST_ROWS` rows here, sums of more than `MOST_TERMS` terms are divided by us, and attention
is summed in float64 and then rounded, so that its order changes digits that are cut off. With Intel's library (x86)
every row is then the same to the last bit, whatever is computed next to it. Others may round differently; what the
tests allow is 1e-4.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

LEAST_ROWS = 16
MOST_TERMS = 768


class SeparateTrees(TorchFunctionMode):
    """Compute attention for each tree of an input by itself, in a ``with`` block.

    Parameters
    ----------
    roots : sequence of int
        Where the trees begin; the first is 0.
    """

    def __init__(self, roots: Sequence[int] = (0,)):
        super().__init__()
        self.roots = roots

    def __torch_function__(
        self, function: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Replace attention; torch calls this in the place of every function."""
        if function is functional.scaled_dot_product_attention:
            return attend_by_trees(self.attend, self.roots, *args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))

    @staticmethod
    def attend(*args: Any, **kwargs: Any) -> Tensor:
        """Compute the attention of one tree, as torch does."""
        return functional.scaled_dot_product_attention(*args, **kwargs)


class SameRounding(SeparateTrees):
    """Make what a row of a product or of attention gives independent of other rows, too."""

    def __torch_function__(
        self, function: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Replace products as well as attention."""
        if function is functional.linear:
            return multiply(*args, **(kwargs or {}))
        if function is torch.addmm and not kwargs:  # GPT-2 has its weights the other way round
            bias, rows, weight = args
            return multiply(rows, weight.T, bias)
        return super().__torch_function__(function, types, args, kwargs)

    @staticmethod
    def attend(*args: Any, **kwargs: Any) -> Tensor:
        """Compute the attention of one tree, in float64."""
        return attend_exactly(*args, **kwargs)


def multiply(given: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``given @ weight.T + bias``, of shape (..., M), for shapes (..., K), (M, K) and (M,)."""
    rows = given.reshape(-1, given.shape[-1])  # (N, K)
    count, terms = rows.shape
    if count < LEAST_ROWS:
        rows = functional.pad(rows, (0, 0, 0, LEAST_ROWS - count))
    size = -(-terms // -(-terms // MOST_TERMS))  # of parts that are as large as each other, but for the last
    result = torch.mm(rows[:, :size], weight[:, :size].T)
    for start in range(size, terms, size):
        result.addmm_(rows[:, start : start + size], weight[:, start : start + size].T)
    if bias is not None:
        result += bias
    return result[:count].reshape(*given.shape[:-1], -1)


def attend_by_trees(
    attend: Callable[..., Tensor],
    roots: Sequence[int],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    *args: Any,
    **kwargs: Any,
) -> Tensor:
    """Compute attention of inputs (B, heads, N, width), with a mask (..., N, N), for each tree by itself."""
    if len(roots) == 1:
        return attend(query, key, value, attn_mask, *args, **kwargs)
    parts = []
    for start, stop in pairwise([*roots, query.shape[-2]]):
        own = (each[..., start:stop, :] for each in (query, key, value))
        mask = None if attn_mask is None else attn_mask[..., start:stop, start:stop]
        parts.append(attend(*own, mask, *args, **kwargs))
    return torch.cat(parts, dim=-2)


def attend_exactly(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, *args: Any, **kwargs: Any
) -> Tensor:
    """Compute attention of inputs (B, heads, N, width) in float64, and round it to their precision."""
    if attn_mask is not None and attn_mask.is_floating_point():
        attn_mask = attn_mask.double()
    wide = query.double(), key.double(), value.double()
    return functional.scaled_dot_product_attention(*wide, attn_mask, *args, **kwargs).to(query.dtype)
