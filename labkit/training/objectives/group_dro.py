"""Train for the group that is served worst: group distributionally robust optimization."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from labkit.errors import UserError
from labkit.training.objectives.base import Batch, Run, Term


@dataclass(frozen=True)
class GroupDRO:
    """Minimize the loss of the worst group, by weights that grow where the loss is large.

    Online group DRO of Sagawa, Koh, Hashimoto and Liang (2020, algorithm 1): in every step the weight of a group is
    multiplied by ``exp(step_size * its loss)``, weights are scaled to sum to 1, and the loss is the weighted sum of the
    groups' mean losses. There a group is an attribute *and* a label, which is the default here. It does not ask for
    parity of decisions: whether a gap falls has to be measured. Batches are stratified, so that each holds every group.

    Wrong labels are large losses: where recorded labels are biased, weight goes to records that contradict the text.

    ``Fit.history`` gains a column ``weight_<group>`` for each epoch.

    Parameters
    ----------
    step_size : float
        Positive. Sagawa et al. use 0.01 over many epochs; short runs need more to move at all.
    by_label : bool
        False: all people of a group are one group, whatever their labels.

    Raises
    ------
    UserError
        A step size out of range; and when training starts, a group with too few rows for the batches.
    """

    step_size: float = 0.01
    by_label: bool = True

    needs_sensitive_features = True

    def __post_init__(self):
        if not self.step_size > 0:
            raise UserError(f"step_size is {self.step_size!r}; give a positive number, such as 0.01")

    def start(self, run: Run) -> "WorstGroupTerm":
        """Return the term of one run."""
        return WorstGroupTerm(self, run)


class WorstGroupTerm(Term):
    """`GroupDRO` in one run."""

    def __init__(self, settings: GroupDRO, run: Run):
        super().__init__()
        self.settings = settings
        self.names = run.names
        self.cells = self.code(run.groups, np.asarray(run.y) > 0.5)  # (n,)
        kinds = 2 * len(run.names) if settings.by_label else len(run.names)
        sizes = np.bincount(self.cells, minlength=kinds)  # (kinds,)
        self.present = np.flatnonzero(sizes)
        weights = torch.as_tensor(sizes > 0, dtype=torch.float32)  # a group and label that nobody has gets no weight
        self.register_buffer("weights", weights / weights.sum())  # (kinds,)

    def code(self, groups: np.ndarray | Tensor, positive: np.ndarray | Tensor) -> np.ndarray | Tensor:
        """Return the code of the DRO group of each row."""
        return groups * 2 + positive if self.settings.by_label else groups

    def forward(self, batch: Batch) -> Tensor:
        """Raise the weights of groups with large losses; return the weighted loss."""
        losses = binary_cross_entropy_with_logits(batch.logits, batch.y, reduction="none")  # (B,)
        codes = self.code(batch.groups, batch.y > 0.5).long()  # (B,)
        zeros = losses.new_zeros(len(self.weights))
        sums = zeros.index_add(0, codes, losses)  # (kinds,)
        sizes = zeros.index_add(0, codes, torch.ones_like(losses))  # (kinds,)
        means = sums / sizes.clamp(min=1)
        with torch.no_grad():
            self.weights *= torch.exp(self.settings.step_size * means)
            self.weights /= self.weights.sum()
        return (self.weights.clone() * means).sum()  # a copy: the next step changes the weights in place

    def end_epoch(self, logits: Tensor | None = None) -> dict[str, float]:
        """Report the weights."""
        row = {}
        for cell in self.present:
            name = f"{self.names[cell // 2]}, {cell % 2}" if self.settings.by_label else self.names[cell]
            row[f"weight_{name}"] = self.weights[cell].item()
        return row

    def name_cell(self, cell: int) -> str:
        """Return what a cell is called."""
        if not self.settings.by_label:
            return f"group {self.names[cell]!r}"
        return f"group {self.names[cell // 2]!r} with label {cell % 2}"
