"""What every way of enforcing a criterion has: its cells, its rates on a batch, and a running mean of them."""

import numpy as np
import torch

from labkit.criteria import Criterion
from labkit.terms import Term

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
        raise ValueError(f"criterion is {criterion!r}; give one such as DemographicParity(), with its parentheses")


def check_cells(criterion, cells, names) -> None:
    """Raise ValueError where a group of the training data has nobody whom a rate of the criterion counts."""
    sizes = np.bincount(cells, minlength=2 * len(names))
    for metric, label in criterion.conditions:
        for group, name in enumerate(names):
            if label is not None and sizes[2 * group + label] == 0:
                raise ValueError(
                    f"group {name!r} has no training text with label {label}: its {metric} is undefined; add such "
                    "texts, merge groups, or use DemographicParity(), which needs no labels"
                )
