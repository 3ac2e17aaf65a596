"""Train for the group that is served worst: group distributionally robust optimisation."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from labkit.errors import UserError
from labkit.training.objectives.base import Term


@dataclass(frozen=True)
class GroupDRO:
    """Minimise the loss of the worst group, by weights that grow where the loss is large.

    Online group DRO of Sagawa, Koh, Hashimoto and Liang (2020, algorithm 1): in every step the weight of a group is
    multiplied by ``exp(step_size * its loss)``, weights are scaled to sum to 1, and the loss is the weighted sum of the
    groups' mean losses. There a group is an attribute *and* a label, which is the default here. It asks for no parity
    of decisions: whether a gap falls is a matter of fact. Batches are stratified, so that every group is in each.

    Wrong labels are large losses: where recorded labels are biased, weight goes to records that contradict the text.

    ``Fit.history`` gains a column ``weight_<group>`` for each epoch.

    Parameters
    ----------
    step_size : float
        Positive. Sagawa et al. use 0.01 over many epochs; short runs need more to move at all.
    by_label : bool
        False: a group is a group, whatever its labels.

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

    def start(self, run):
        """Return the term of one run."""
        return WorstGroupTerm(self, run)


class WorstGroupTerm(Term):
    """`GroupDRO` in one run."""

    def __init__(self, settings, run):
        super().__init__()
        self.settings = settings
        self.cells = self.code(run.groups, np.asarray(run.y) > 0.5)
        kinds = [f"{name}, {label}" for name in run.names for label in (0, 1)] if settings.by_label else run.names
        sizes = np.bincount(self.cells, minlength=len(kinds))
        self.kinds, self.present = kinds, np.flatnonzero(sizes)
        weights = torch.as_tensor(sizes > 0, dtype=torch.float32)  # a group and label that nobody has weighs nothing
        self.register_buffer("weights", weights / weights.sum())

    def code(self, groups, positive):
        """Return the code of the DRO group of each row."""
        return groups * 2 + positive if self.settings.by_label else groups

    def forward(self, batch):
        """Raise the weights of groups with large losses; return the weighted loss."""
        losses = binary_cross_entropy_with_logits(batch.logits, batch.y, reduction="none")
        codes = self.code(batch.groups, batch.y > 0.5).long()
        sums, sizes = (losses.new_zeros(len(self.weights)).index_add(0, codes, v) for v in (losses, losses * 0 + 1))
        means = sums / sizes.clamp(min=1)
        with torch.no_grad():
            self.weights *= torch.exp(self.settings.step_size * means)
            self.weights /= self.weights.sum()
        return (self.weights.clone() * means).sum()  # a copy: the next step changes the weights in place

    def end_epoch(self, logits=None):
        """Report the weights."""
        return {f"weight_{self.kinds[code]}": self.weights[code].item() for code in self.present}

    def name_cell(self, cell):
        """Return what a cell is called."""
        group, *label = self.kinds[cell].rsplit(", ", 1) if self.settings.by_label else [self.kinds[cell]]
        return f"group {group!r}" + (f" with label {label[0]}" if label else "")
