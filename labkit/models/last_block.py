"""Attention at no more cost than needed: in the faster number format, and only for the tokens that are read.

On a CPU the backward pass of torch's scaled dot-product attention is about eight times slower in bfloat16 than in
float32 (torch 2.13), while everything around it, the matrix products, is four times faster. So the products stay in
bfloat16 and attention itself, a small part of the arithmetic, is computed in float32. GPUs keep bfloat16 throughout.

Of the last block's output, a classifier reads the first token only, and a language head the masked tokens only. The
other tokens would be computed for nothing: `run_block_for` leaves them out.
"""

import torch
from torch import Tensor, nn

NAME = "labkit_sdpa"  # what `attn_implementation=` calls it


def register_attention() -> str:
    """Make the attention known to transformers, and return its name for ``attn_implementation=``."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, AttentionMaskInterface()["sdpa"])  # the same masks as torch's kernel
    return NAME


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options
) -> tuple[Tensor, None]:
    """Compute transformers' "sdpa" attention of inputs (B, heads, T, width); in float32 when training on a CPU."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if query.device.type != "cpu" or query.dtype == torch.float32 or not torch.is_grad_enabled():
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    with torch.autocast("cpu", enabled=False):
        output, _ = sdpa_attention_forward(module, query.float(), key.float(), value.float(), attention_mask, **options)
    return output.to(query.dtype), None


def run_block_for(block: nn.Module, hidden: Tensor, asking: Tensor, attention_mask: Tensor) -> Tensor:
    """Return a BERT block's output for some of its tokens only.

    Every token is still attended *to*, but only the M chosen ones have a query and go through the rest of the block,
    which is five sixths of its arithmetic. The result is what the whole block gives at these tokens.

    Parameters
    ----------
    block : Module
        A transformers BERT layer.
    hidden : Tensor (B, T, H)
        What enters the block.
    asking : Tensor (B, M, H)
        The states of ``hidden`` whose output is wanted.
    attention_mask : Tensor (B, T)
        Ones and zeros.

    Returns
    -------
    Tensor (B, M, H)
    """
    own = block.attention.self
    mask = attention_mask[:, None, None, :].bool()  # (B, 1, 1, T)
    if asking.shape[1] * own.num_attention_heads < hidden.shape[-1]:
        context = attend_few(own, hidden, asking, mask)
    else:
        context = attend_from(own, hidden, asking, mask)
    attended = block.attention.output(context.reshape(asking.shape), asking)
    return block.output(block.intermediate(attended), attended)


def attend_from(own: nn.Module, hidden: Tensor, asking: Tensor, mask: Tensor) -> Tensor:
    """Return what M states gather from T, (B, M, heads, width), by keys and values of all T tokens."""

    def heads(states):  # (B, tokens, H) -> (B, heads, tokens, width)
        return states.view(*states.shape[:2], -1, own.attention_head_size).transpose(1, 2)

    query = heads(own.query(asking))  # (B, heads, M, width)
    key = heads(own.key(hidden))  # (B, heads, T, width)
    value = heads(own.value(hidden))  # (B, heads, T, width)
    context, _ = attend(own, query, key, value, mask, scaling=own.attention_head_size**-0.5)
    return context


def attend_few(own: nn.Module, hidden: Tensor, asking: Tensor, mask: Tensor) -> Tensor:
    """Return the same as `attend_from` without a key or a value for any token: exact, and cheaper while M * heads < H.

    A score is q · (K h) = (Kᵀ q) · h, so each query is carried into the space of the hidden states, instead of each
    state into the space of the keys. Likewise the mean of V h over the tokens is V times the mean of h. So M * heads
    vectors of width H are multiplied instead of T.
    """
    head = own.attention_head_size
    query = own.query(asking).unflatten(-1, (-1, head))  # (B, M, heads, width)
    key = own.key.weight.unflatten(0, (-1, head))  # (heads, width, H)
    value = own.value.weight.unflatten(0, (-1, head))  # (heads, width, H)
    bias = torch.einsum("bmnd,nd->bnm", query, own.key.bias.view(-1, head))  # the same for all T: softmax ignores it
    carried = torch.einsum("bmnd,ndh->bnmh", query, key)
    scores = (torch.einsum("bnmh,bth->bnmt", carried, hidden) + bias[..., None]) * head**-0.5
    weights = scores.float().masked_fill(~mask, torch.finfo(torch.float32).min).softmax(-1).to(hidden.dtype)
    mixed = torch.einsum("bnmt,bth->bnmh", weights, hidden)
    return torch.einsum("bnmh,ndh->bmnd", mixed, value) + own.value.bias.view(-1, head)


def run_block_at(block: nn.Module, hidden: Tensor, attention_mask: Tensor, at: Tensor) -> Tensor:
    """Return a BERT block's output at chosen positions only.

    Parameters
    ----------
    block : Module
        A transformers BERT layer.
    hidden : Tensor (B, T, H)
        What enters the block.
    attention_mask : Tensor (B, T)
        Ones and zeros.
    at : Tensor (B, T) of bool
        True at the n positions whose output is wanted.

    Returns
    -------
    Tensor (n, H)
        Row by row.
    """
    most = int(at.sum(1).max())  # M
    order = at.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]  # (B, M): chosen ones first
    chosen = at.gather(1, order)  # (B, M), False where a row has fewer
    asking = hidden.gather(1, order[..., None].expand(-1, -1, hidden.shape[-1]))
    return run_block_for(block, hidden, asking, attention_mask)[chosen]
