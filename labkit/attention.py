"""Attention for training in bfloat16 on a CPU: torch's own kernel, in float32.

On a CPU the backward pass of torch's scaled dot-product attention is about eight times slower in bfloat16 than in
float32 (torch 2.13), while everything around it, the matrix products, is four times faster. So the products stay in
bfloat16 and attention itself, a small part of the arithmetic, is computed in float32. GPUs keep bfloat16 throughout.
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
