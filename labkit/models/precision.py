"""Where and how precisely a model computes: the one place that chooses a device and a number format."""

import warnings

import torch

from labkit.errors import UserError

PRECISIONS = ("auto", "float32", "bfloat16")


TOLERANCE = (
    0.05  # largest relative error of a pooled embedding that bfloat16 may show; it is about 0.01 where all is well
)


def stay_on_cpu() -> bool:
    """Say whether to compute on the CPU: there is no GPU, or ``ACCELERATE_USE_CPU=1`` refuses it."""
    from accelerate.utils import parse_flag_from_env

    return parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()


def pick_device() -> torch.device:
    """Return this process's device, as accelerate chooses it."""
    from accelerate import PartialState

    return PartialState(cpu=stay_on_cpu()).device


def seed_dropout(device: torch.device, seed: int) -> None:
    """Seed what draws dropout on a device: `torch.manual_seed`, without its 3 ms of asking after other devices."""
    (torch.default_generator.manual_seed if device.type == "cpu" else torch.manual_seed)(seed)


def make_accelerator():
    """Return accelerate's `Accelerator`: one process, or as many as a launcher started.

    Its mixed precision stays off: autocast is ours, because what "auto" means is decided by `pick_precision`.
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


def pick_precision(precision: str, model, texts) -> torch.dtype:
    """Choose the number format in which a model's blocks compute.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto" takes bfloat16 where the hardware has it *and* the model's embeddings of a few of these texts agree with
        float32 to a relative error of `TOLERANCE`; where they do not, a warning says so and float32 is taken. A model
        is compared once.
    model : Foundation
        On the device where it will compute.
    texts : sequence of str
        The texts at hand; 16 of them, spread evenly, are compared.

    Returns
    -------
    torch.dtype
        ``torch.float32`` or ``torch.bfloat16``.

    Raises
    ------
    UserError
        An unknown precision.
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
                stacklevel=3,
            )
            return torch.float32
    return torch.bfloat16


@torch.inference_mode()
def bfloat16_error(model, texts) -> float:
    """Return the largest relative error, over 16 texts, of pooled embeddings in bfloat16 against float32."""
    device = next(model.parameters()).device
    sample = list(texts)[:: max(1, len(texts) // 16)][:16]
    batch = model.tokenizer(sample, truncation=True, max_length=128, padding=True, return_tensors="pt").to(device)
    was_training, pooled = model.training, []
    model.eval()
    for enabled in (False, True):
        with torch.autocast(device.type, torch.bfloat16, enabled=enabled):
            hidden = model.blocks(model.embed_tokens(batch["input_ids"]), batch["attention_mask"])
        pooled.append(model.pool(hidden.float(), batch["attention_mask"]))
    model.train(was_training)
    return ((pooled[1] - pooled[0]).norm(dim=1) / pooled[0].norm(dim=1)).max().item()
