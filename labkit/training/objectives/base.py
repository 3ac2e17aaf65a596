"""What `labkit.training.finetune` asks of an objective: a run's own copy of it, batch by batch and epoch by epoch.

An objective of `labkit.training.objectives` is a frozen record of settings. Its ``start(run)`` gives a `Term`, which
holds what changes during one run, multipliers for example: nothing passes from one run to the next, and checkpoints
keep it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from labkit.errors import UserError
from labkit.training.config import TrainConfig
from labkit.training.objectives.criteria import Criterion

MEMORY = 0.1  # weight of the newest batch in the running rates

# From logits (B,), labels (B,) and groups (B,) or None to a scalar loss.
PlainObjective = Callable[[Tensor, Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class Run:
    """What a term knows when a run starts.

    Attributes
    ----------
    y : ndarray (n,) of 0.0 and 1.0
    groups : ndarray (n,) of int
        Codes from 0.
    names : list of str
        What each code stands for.
    config : TrainConfig
    steps : int
        Optimizer steps of the whole run.
    width : int
        Of the pooled representation.
    """

    y: np.ndarray
    groups: np.ndarray
    names: list[str]
    config: TrainConfig
    steps: int
    width: int


class Batch(NamedTuple):
    """A batch as a term sees it.

    Attributes
    ----------
    logits : Tensor (B,)
        With a gradient.
    y : Tensor (B,) of 0.0 and 1.0
    groups : Tensor (B,) of int, or None
        Codes from 0; None where the run has no groups.
    part : Tensor (B,) of int
        The part of the batch that each row belongs to; parts are drawn independently.
    pooled : Tensor (B, H) or None
        The representation under the head, for terms that read it.
    """

    logits: Tensor
    y: Tensor
    groups: Tensor | None
    part: Tensor
    pooled: Tensor | None = None


class Term(nn.Module):
    """An objective in one run. Its buffers and parameters are what a checkpoint keeps.

    Attributes
    ----------
    cells : ndarray (n,) of int, or None
        Codes for stratified batches: every part of every batch holds rows of every cell that `name_cell` has a name
        for. None: batches are not stratified.
    parts : int
        How many independently drawn parts a batch has.
    reads_pooled : bool
        Whether it reads the pooled representation.
    measures : bool
        Whether `end_epoch` needs the training set's logits.
    learning_rate : float or None
        Peak rate of its own parameters, where it has any.
    """

    cells: np.ndarray | None = None
    parts: int = 1
    reads_pooled: bool = False
    measures: bool = False
    learning_rate: float | None = None

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss of a batch, a scalar."""
        raise NotImplementedError

    def end_epoch(self, logits: Tensor | None = None) -> dict[str, float]:
        """Take the logits of the whole training set (n,), in eval mode; return columns of the history."""
        return {}

    def name_cell(self, cell: int) -> str | None:
        """Return what a cell is called, or None when a batch may lack it."""
        return str(cell)

    def finish(self) -> None:
        """Warn, after the run, of what the user must know."""


class FairObjective(Protocol):
    """Settings of an objective, which serve any number of runs."""

    needs_sensitive_features: bool

    def start(self, run: Run) -> Term:
        """Return the term of one run."""


class Pooled:
    """Keeps what a model hands to its head while it trains, for a term that reads it."""

    def __init__(self, model: nn.Module):
        self.kept = []
        self.hook = model.head.register_forward_pre_hook(self.keep)

    def keep(self, head: nn.Module, inputs: tuple[Tensor]) -> None:
        """Keep the pooled representation (B, H) of one forward pass."""
        if head.training:
            self.kept.append(inputs[0])

    def take(self) -> Tensor:
        """Return what was kept since the last call, one part after the other: (B, H)."""
        pooled = torch.cat(self.kept)
        self.kept.clear()
        return pooled

    def remove(self) -> None:
        """Stop keeping."""
        self.hook.remove()


class Plain(Term):
    """A callable ``objective(logits, y, groups)`` as a term."""

    def __init__(self, objective: PlainObjective):
        super().__init__()
        self.objective = objective

    def forward(self, batch: Batch) -> Tensor:
        """Return what the callable returns."""
        return self.objective(batch.logits, batch.y, batch.groups)


def cross_entropy(logits: Tensor, y: Tensor, groups: Tensor | None = None) -> Tensor:
    """Return the binary cross-entropy of logits against labels, which is minimized when no objective is given.

    Parameters
    ----------
    logits : Tensor (B,)
    y : Tensor (B,) of 0.0 and 1.0
    groups : Tensor (B,), optional
        Not used; every objective takes it.

    Returns
    -------
    Tensor, scalar
        In nats, the mean over the batch.
    """
    return binary_cross_entropy_with_logits(logits, y)


class ConstraintTerm(Term):
    """A criterion in one run; its ``settings`` have the criterion as an attribute.

    Where several processes train together, each keeps the running rates of its own batches.
    """

    def __init__(self, settings: Any, run: Run):
        super().__init__()
        self.settings = settings
        self.criterion = settings.criterion
        self.run = run
        self.k = len(run.names)  # groups
        self.cells = self.criterion.cells(run.y, run.groups)  # (n,)
        check_cells(self.criterion, self.cells, run.names)
        # A first guess, before any group has data: the first group highest, the last one lowest.
        start = torch.linspace(1, 0, self.k).repeat(len(self.criterion.conditions), 1)
        self.register_buffer("running", start)  # (conditions, groups)
        self.register_buffer("seen", torch.zeros(()))  # batches

    def name_cell(self, cell: int) -> str | None:
        """Return what a cell is called, or None when a batch may lack it."""
        return self.criterion.name_cell(cell, self.run.names)

    def rates(self, decisions: Tensor, batch: Batch, rows: Tensor | slice = slice(None)) -> Tensor:
        """Return rates (conditions, groups) of some rows of a batch."""
        return self.criterion.rates(decisions[rows], batch.y[rows], batch.groups[rows], self.k, self.run.names)

    def remember(self, rates: Tensor) -> None:
        """Update the running mean with a batch's rates (conditions, groups)."""
        self.seen += 1
        self.running += (rates.detach() - self.running) * max(MEMORY, 1 / self.seen.item())


def check_criterion(criterion: Any) -> None:
    """Raise a UserError unless this is a criterion."""
    if not isinstance(criterion, Criterion):
        raise UserError(f"criterion is {criterion!r}; give one such as DemographicParity(), with its parentheses")


def check_cells(criterion: Criterion, cells: np.ndarray, names: Sequence[str]) -> None:
    """Raise a UserError where a group of the training data has nobody whom a rate of the criterion counts."""
    sizes = np.bincount(cells, minlength=2 * len(names))
    for metric, label in criterion.conditions:
        for group, name in enumerate(names):
            if label is not None and sizes[2 * group + label] == 0:
                raise UserError(
                    f"group {name!r} has no training text with label {label}: its {metric} is undefined; add such "
                    "texts, merge groups, or use DemographicParity(), which needs no labels"
                )
