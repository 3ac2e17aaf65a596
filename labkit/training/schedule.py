"""The learning rate over a run: transformers' linear schedule, without its first step at rate 0."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def linear_schedule(optimizer: Optimizer, total: int, *, warmup_ratio: float, done: int = 0) -> LambdaLR:
    """Let the learning rate rise linearly to its peak, then fall linearly towards 0.

    transformers' schedule has rate 0 at its step 0 and at its last step, where nothing would be learned. This one runs
    from its step 1 to the last but one: of ``total`` steps, each has a positive rate.

    Parameters
    ----------
    optimizer : Optimizer
        Each of its parameter groups has its peak rate as ``initial_lr``.
    total : int
        Optimizer steps of the whole run.
    warmup_ratio : float
        The share of ``total`` over which the rate rises; at least one step.
    done : int
        Steps that were taken before, by the run that this one resumes.

    Returns
    -------
    LambdaLR
        Already set for the first step; call its ``step()`` after each ``optimizer.step()``.
    """
    from transformers import get_linear_schedule_with_warmup

    warmup = max(1, round(total * warmup_ratio))
    return get_linear_schedule_with_warmup(optimizer, warmup, total + 1, last_epoch=done)
