"""Where and how precisely a model computes: the one place that chooses a device and a number format."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from labkit.errors import UserError
from labkit.models.encoder import Foundation

if TYPE_CHECKING:
    from accelerate import Accelerator

PRECISIONS = ("auto", "float32", "bfloat16")
# The largest relative error of a pooled embedding that bfloat16 may cause; usually it is about 0.01.
TOLERANCE = 0.05
SAMPLE = 16  # texts that are compared in both formats


def stay_on_cpu() -> bool:
    """Say whether to compute on the CPU: there is no GPU, or ``ACCELERATE_USE_CPU=1`` rules it out."""
    from accelerate.utils import parse_flag_from_env

    return parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()


def pick_device() -> torch.device:
    """Return the device of this process, as accelerate chooses it: a GPU where there is one, otherwise the CPU."""
    from accelerate import PartialState

    return PartialState(cpu=stay_on_cpu()).device


def seed_dropout(device: torch.device, seed: int) -> None:
    """Seed the generator that draws dropout on a device.

    On the CPU this is `torch.manual_seed` without the 3 ms that it spends looking for other devices.
    """
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def make_accelerator() -> "Accelerator":
    """Return accelerate's `Accelerator`: one process, or as many as a launcher started.

    Its mixed precision stays off: we call autocast ourselves, because `pick_precision` decides what "auto" means.
    """
    from accelerate import Accelerator

    return Accelerator(cpu=stay_on_cpu(), mixed_precision="no")


def has_bfloat16(device: torch.device) -> bool:
    """Say whether a device multiplies bfloat16 matrices in hardware; emulation would be slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))


def pick_precision(precision: str, model: Foundation, texts: Sequence[str], *, stacklevel: int = 3) -> torch.dtype:
    """Choose the number format in which a model's blocks compute.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto" takes bfloat16 where the hardware has it *and* the model's embeddings of a few of these texts agree with
        float32 to a relative error of `TOLERANCE`; where they do not, a warning says so and float32 is taken. A model
        is compared once and remembers the error as ``bfloat16_error``.
    model : Foundation
        On the device where it will compute.
    texts : sequence of str
        The texts at hand; 16 of them, evenly spread, are compared.
    stacklevel : int
        Of the warning; 3 names the caller of the function that calls this one.

    Returns
    -------
    torch.dtype
        ``torch.float32`` or ``torch.bfloat16``.

    Raises
    ------
    UserError
        An unknown precision.

    Warns
    -----
    UserWarning
        "auto" takes float32 because bfloat16 changes the embeddings too much.
    """
    if precision not in PRECISIONS:
        raise UserError(f"precision {precision!r} is not one of {', '.join(PRECISIONS)}")
    device = next(model.parameters()).device
    if precision == "float32" or (precision == "auto" and not has_bfloat16(device)):
        return torch.float32
    if precision == "auto":
        if model.bfloat16_error is None:
            model.bfloat16_error = bfloat16_error(model, texts)
        if model.bfloat16_error > TOLERANCE:
            warnings.warn(
                f"bfloat16 changes this model's embeddings by {model.bfloat16_error:.1%} (limit {TOLERANCE:.0%}); "
                "computing in float32",
                stacklevel=stacklevel,
            )
            return torch.float32
    return torch.bfloat16


@torch.inference_mode()
def bfloat16_error(model: Foundation, texts: Sequence[str]) -> float:
    """Return the largest relative error, over `SAMPLE` texts, of pooled embeddings in bfloat16 against float32."""
    device = next(model.parameters()).device
    sample = list(texts)[:: max(1, len(texts) // SAMPLE)][:SAMPLE]
    batch = model.tokenizer(sample, truncation=True, max_length=128, padding=True, return_tensors="pt").to(device)
    was_training = model.training
    model.eval()
    pooled = []  # float32 (B, H), computed in float32 and in bfloat16
    for enabled in (False, True):
        with torch.autocast(device.type, torch.bfloat16, enabled=enabled):
            hidden = model.blocks(model.embed_tokens(batch["input_ids"]), batch["attention_mask"])
        pooled.append(model.pool(hidden.float(), batch["attention_mask"]))
    model.train(was_training)
    exact, rounded = pooled
    relative = (rounded - exact).norm(dim=1) / exact.norm(dim=1)  # (B,)
    return relative.max().item()
