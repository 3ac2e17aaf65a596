"""How to train: one frozen record of all settings."""

from dataclasses import dataclass

import numpy as np

from labkit.errors import UserError
from labkit.models.precision import PRECISIONS

POOLINGS = ("auto", "mean", "cls")


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Parameters
    ----------
    epochs : int
        Passes over the data.
    batch_size : int
        Texts in an optimizer step, on each device.
    learning_rate : float
        Peak rate of AdamW, reached after the warm-up, falling linearly to 0.
    max_length : int
        Texts are cut to this many tokens.
    trainable_layers : "all" or int
        "all" trains everything. A number trains the head and that many last blocks; the hidden states of the frozen
        rest are computed once and cached. 0 trains the head alone.
    pooling : {"auto", "mean", "cls"}
        What the head reads: the mean of the last hidden states, or the first token's state ([CLS], as in BERT's own
        classifier). With "cls", the last block computes the first token only, which is fast. "auto": what an already
        trained head read before; otherwise "mean" where the head alone trains, on embeddings that were made to be
        averaged, and "cls" where blocks train, because they learn what to gather there.
    cache_states : bool
        False: run the frozen blocks in every step instead of caching their output; slower, but it takes no memory.
    precision : {"auto", "float32", "bfloat16"}
        See `labkit.models.precision.pick_precision`. Weights stay in float32.
    seed : int
        For the head, the order of the texts and dropout. The same seed, machine and number of threads give the same
        result.
    weight_decay : float
        Of AdamW.
    warmup_ratio : float
        The share of all steps in which the learning rate rises.
    max_grad_norm : float
        Gradients with a larger norm are scaled down to it.
    log_dir : str, optional
        Folder for a TensorBoard record.
    checkpoint_dir : str, optional
        Folder for checkpoints; a run that finds one of its own there resumes from it.
    checkpoint_steps : int, optional
        Optimizer steps between checkpoints; None: one at the end of each epoch.

    Raises
    ------
    UserError
        A setting out of range.
    """

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 5e-5
    max_length: int = 128
    trainable_layers: str | int = "all"
    pooling: str = "auto"
    cache_states: bool = True
    precision: str = "auto"
    seed: int = 0
    weight_decay: float = 0.01
    warmup_ratio: float = 0.1
    max_grad_norm: float = 1.0
    log_dir: str | None = None
    checkpoint_dir: str | None = None
    checkpoint_steps: int | None = None

    def __post_init__(self):
        for name in ("epochs", "batch_size", "max_length"):
            if not isinstance(value := getattr(self, name), int | np.integer) or value < 1:
                raise UserError(f"{name} is {value!r}; give a positive whole number")
        if not 0 < self.learning_rate < 1:
            raise UserError(f"learning_rate is {self.learning_rate!r}; give a number between 0 and 1, such as 5e-5")
        if self.pooling not in POOLINGS:
            raise UserError(f"pooling {self.pooling!r} is not one of {', '.join(POOLINGS)}")
        if self.precision not in PRECISIONS:
            raise UserError(f"precision {self.precision!r} is not one of {', '.join(PRECISIONS)}")
        if self.trainable_layers != "all" and (
            not isinstance(self.trainable_layers, int | np.integer) or self.trainable_layers < 0
        ):
            raise UserError(f'trainable_layers is {self.trainable_layers!r}; give "all" or a number of blocks from 0')
