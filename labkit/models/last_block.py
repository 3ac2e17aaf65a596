"""Attention that costs no more than it must: in the faster number format, and for the tokens alone that are read.

On a CPU the backward pass of torch's scaled dot-product attention is about eight times slower in bfloat16 than in
float32 (torch 2.13), while everything around it, the matrix products, is four times faster. So the products stay in
bfloat16 and attention itself, a small part of the arithmetic, is computed in float32. GPUs keep bfloat16 throughout.

Of the last block's output, a classifier reads the first token, and a language head the masked ones. The others would be
computed for nothing: `run_block_for` leaves them out.
"""

import torch

NAME = "labkit_sdpa"  # what `attn_implementation=` calls it


def register_attention() -> str:
    """Make the attention known to transformers, and return its name for ``attn_implementation=``."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, AttentionMaskInterface()["sdpa"])  # the same masks as torch's kernel
    return NAME


def attend(module, query, key, value, attention_mask, **options):
    """Compute transformers' "sdpa" attention, when training on a CPU in float32; inputs (B, heads, T, width)."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if query.device.type != "cpu" or query.dtype == torch.float32 or not torch.is_grad_enabled():
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    with torch.autocast("cpu", enabled=False):
        output, _ = sdpa_attention_forward(module, query.float(), key.float(), value.float(), attention_mask, **options)
    return output.to(query.dtype), None


def run_block_for(block, hidden, asking, attention_mask):
    """Return a BERT block's output (B, M, H) for the states ``asking`` (B, M, H), which are some of ``hidden``.

    Every token of ``hidden`` (B, T, H) under ``attention_mask`` (B, T) of ones and zeros is still attended *to*, but
    only the M chosen ones ask and go through the rest of the block, which is five sixths of its arithmetic. What comes
    out is what the whole block gives at these tokens.
    """
    own = block.attention.self
    few = asking.shape[1] * own.num_attention_heads < hidden.shape[-1]
    context = (attend_few if few else attend_from)(own, hidden, asking, attention_mask[:, None, None, :].bool())
    attended = block.attention.output(context.reshape(asking.shape), asking)
    return block.output(block.intermediate(attended), attended)


def attend_from(own, hidden, asking, mask):
    """Return what M states attend to in T: keys and values of all T tokens, (B, M, heads, width)."""

    def heads(states):
        return states.view(*states.shape[:2], -1, own.attention_head_size).transpose(1, 2)

    query, key, value = heads(own.query(asking)), heads(own.key(hidden)), heads(own.value(hidden))
    return attend(own, query, key, value, mask, scaling=own.attention_head_size**-0.5)[0]


def attend_few(own, hidden, asking, mask):
    """Return the same, with no key and no value for any token: exact, and cheaper while M * heads < H.

    A score is q · (K h) = (Kᵀ q) · h, so each query is carried into the space of the hidden states instead of each
    state into that of the keys. Likewise the mean of V h over the tokens is V times the mean of h: M * heads vectors of
    width H are multiplied where T tokens were.
    """
    head = own.attention_head_size
    query = own.query(asking).unflatten(-1, (-1, head))  # (B, M, heads, width)
    key, value = (part.weight.unflatten(0, (-1, head)) for part in (own.key, own.value))  # (heads, width, H)
    bias = torch.einsum("bmnd,nd->bnm", query, own.key.bias.view(-1, head))  # softmax does not see it
    carried = torch.einsum("bmnd,ndh->bnmh", query, key)
    scores = (torch.einsum("bnmh,bth->bnmt", carried, hidden) + bias[..., None]) * head**-0.5
    weights = scores.float().masked_fill(~mask, torch.finfo(torch.float32).min).softmax(-1).to(hidden.dtype)
    mixed = torch.einsum("bnmt,bth->bnmh", weights, hidden)
    return torch.einsum("bnmh,ndh->bmnd", mixed, value) + own.value.bias.view(-1, head)


def run_block_at(block, hidden, attention_mask, at):
    """Return a BERT block's output (n, H) at the n positions where ``at`` (B, T) is true, row by row."""
    most = int(at.sum(1).max())
    order = at.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]  # (B, M): chosen ones first
    chosen = at.gather(1, order)  # (B, M), False where a row has fewer
    asking = hidden.gather(1, order[..., None].expand(-1, -1, hidden.shape[-1]))
    return run_block_for(block, hidden, asking, attention_mask)[chosen]
