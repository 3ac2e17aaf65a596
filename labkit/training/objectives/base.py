"""What `labkit.training.finetune` asks of an objective: a run's own copy of it, batch by batch and epoch by epoch.

An objective of `labkit.training.objectives` is a frozen record of settings. Its ``start(run)`` gives a `Term`, which
holds what changes during one run, multipliers for example: nothing passes from one run to the next, and a checkpoint
keeps it.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from labkit.errors import UserError
from labkit.training.config import TrainConfig
from labkit.training.objectives.criteria import Criterion


@dataclass(frozen=True)
class Run:
    """What a term may know when a run starts.

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

    logits (B,) with a gradient; y (B,) of 0.0 and 1.0; groups (B,) of codes; part (B,), which of the batch's
    independently drawn parts a row belongs to; pooled (B, H), the representation under the head, for terms that read
    it.
    """

    logits: torch.Tensor
    y: torch.Tensor
    groups: torch.Tensor
    part: torch.Tensor
    pooled: torch.Tensor | None = None


class Term(torch.nn.Module):
    """An objective in one run. Its buffers and parameters are what a checkpoint keeps.

    Attributes
    ----------
    cells : ndarray (n,) or None
        Stratify: every part of every batch holds rows of every cell that `name_cell` has a name for.
    parts : int
        Of how many independently drawn parts a batch consists.
    reads_pooled, measures : bool
        Whether it reads the pooled representation; whether it wants `end_epoch` to be given the training set's logits.
    learning_rate : float or None
        Peak rate of its own parameters, where it has any.
    """

    cells: Any = None
    parts: int = 1
    reads_pooled: bool = False
    measures: bool = False
    learning_rate: float | None = None

    def forward(self, batch: Batch):
        """Return the loss of a batch, a scalar."""
        raise NotImplementedError

    def end_epoch(self, logits=None) -> dict:
        """Take the logits of the whole training set (n,), in eval mode; return columns of the history."""
        return {}

    def name_cell(self, cell: int) -> str | None:
        """Return what a cell is called, or None when batches need not hold it."""
        return str(cell)

    def finish(self) -> None:
        """Say what must not pass in silence, when the run has ended."""


class Pooled:
    """Keeps what a model hands to its head while it trains, for a term that reads it."""

    def __init__(self, model):
        self.kept = []
        self.hook = model.head.register_forward_pre_hook(self.keep)
        self.remove = self.hook.remove

    def keep(self, head, inputs):
        """Keep the pooled representation (B, H) of one forward pass."""
        if head.training:
            self.kept.append(inputs[0])

    def take(self):
        """Return what was kept since the last call, one part after the other."""
        pooled = torch.cat(self.kept)
        self.kept.clear()
        return pooled


class Plain(Term):
    """A callable ``objective(logits, y, groups)`` as a term."""

    def __init__(self, objective, *, grouped):
        super().__init__()
        self.objective, self.grouped = objective, grouped

    def forward(self, batch):
        """Return what the callable returns."""
        return self.objective(batch.logits, batch.y, batch.groups if self.grouped else None)


def cross_entropy(logits, y, groups=None):
    """Binary cross-entropy of logits (B,) against labels (B,): what is minimised when no objective is given."""
    return binary_cross_entropy_with_logits(logits, y)


MEMORY = 0.1  # weight of the newest batch in the running rates


class ConstraintTerm(Term):
    """A criterion in one run; its ``settings`` have the criterion as an attribute.

    Where several processes train together, each keeps the running rates of its own batches.
    """

    def __init__(self, settings, run):
        super().__init__()
        self.settings, self.criterion, self.run = settings, settings.criterion, run
        self.k, self.cells = len(run.names), self.criterion.cells(run.y, run.groups)
        check_cells(self.criterion, self.cells, run.names)
        # A first guess, that no group has data for yet: the first group highest, the last one lowest.
        start = torch.linspace(1, 0, self.k).repeat(len(self.criterion.conditions), 1)
        self.register_buffer("running", start)  # (conditions, groups)
        self.register_buffer("seen", torch.zeros(()))  # batches

    def name_cell(self, cell):
        """Return what a cell is called, or None when batches need not hold it."""
        return self.criterion.name_cell(cell, self.run.names)

    def rates(self, decisions, batch, rows=slice(None)):
        """Return rates (conditions, groups) of some rows of a batch."""
        return self.criterion.rates(decisions[rows], batch.y[rows], batch.groups[rows], self.k, self.run.names)

    def remember(self, rates):
        """Take a batch's rates into the running mean."""
        self.seen += 1
        self.running += (rates.detach() - self.running) * max(MEMORY, 1 / self.seen.item())


def check_criterion(criterion) -> None:
    """Raise ValueError unless a criterion is one."""
    if not isinstance(criterion, Criterion):
        raise UserError(f"criterion is {criterion!r}; give one such as DemographicParity(), with its parentheses")


def check_cells(criterion, cells, names) -> None:
    """Raise ValueError where a group of the training data has nobody whom a rate of the criterion counts."""
    sizes = np.bincount(cells, minlength=2 * len(names))
    for metric, label in criterion.conditions:
        for group, name in enumerate(names):
            if label is not None and sizes[2 * group + label] == 0:
                raise UserError(
                    f"group {name!r} has no training text with label {label}: its {metric} is undefined; add such "
                    "texts, merge groups, or use DemographicParity(), which needs no labels"
                )
