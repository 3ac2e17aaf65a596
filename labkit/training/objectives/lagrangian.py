"""A criterion as a constraint: an augmented Lagrangian with multipliers updated on the whole training set."""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.training.objectives.base import Batch, ConstraintTerm, Run, check_criterion, cross_entropy
from labkit.training.objectives.criteria import Criterion


@dataclass(frozen=True)
class AugmentedLagrangian:
    """Cross-entropy under the constraint that no two groups' decision rates differ by more than ``tolerance``.

    For every ordered pair of groups ``(i, j)`` and rate of the criterion the constraint is ``r_i - r_j <= tolerance``;
    together they say max - min <= tolerance. Each has a multiplier ``m >= 0``, and the loss of a batch is cross-entropy
    + the sum of ``max(0, m + strength * (h_i - h_j - tolerance)) * (s_i - s_j)``, whose gradient is that of the
    augmented Lagrangian (Hestenes 1969; Powell 1969; Rockafellar 1973). Hard rates ``h`` say *how strongly* to push and
    soft rates ``s`` *where to*, as in the proxy-Lagrangian of Cotter, Jiang and Sridharan (2019). Within an epoch
    ``h`` is a running mean over past batches. So the push does not depend on the batch, whose gap enters linearly: the
    batch size causes no bias, and no halves are needed.

    After each epoch the hard rates are measured on the **whole training set**, with the model as it is used, and
    ``m <- max(0, m + strength * (h_i - h_j - tolerance))``; a violation that has not fallen to ``progress`` of the last
    one multiplies the strength by ``growth``. A constraint that is slack throughout keeps a multiplier of 0
    (complementary slackness), and the run is then plain training on stratified batches.

    ``Fit.history`` gains, for each epoch, hard_gap and soft_gap (of the training set), multiplier (the largest),
    penalty_strength (after the update) and violated. The time for measuring is in ``Fit.measuring_seconds``.

    Parameters
    ----------
    criterion : Criterion
        What is to be equal.
    tolerance : float
        For the hard gap on the training set, in [0, 1). Among people outside the training set the gap may differ.
    strength : float
        Of the push per unit of violation, at the start; positive. Early epochs have large gaps by chance, and a strong
        push then ends in a model that gives everyone the same answer, which has no gap. Half of the default was too
        slow for four epochs on the clinic's notes: the training set's gap ended at twice the tolerance.
    growth : float
        Factor of the strength; at least 1.
    progress : float
        The share of the last violation that counts as progress, in (0, 1).

    Raises
    ------
    UserError
        An infeasible tolerance or another setting out of range; and when training starts, a group with too few rows.

    Warns
    -----
    UserWarning
        After the last epoch, when the training set's hard gap is above the tolerance.
    """

    criterion: Criterion
    tolerance: float = 0.02
    strength: float = 1.0
    growth: float = 1.5
    progress: float = 0.5

    needs_sensitive_features = True

    def __post_init__(self):
        check_criterion(self.criterion)
        if not 0 <= self.tolerance < 1:
            raise UserError(
                f"tolerance is {self.tolerance!r}: a gap lies between 0 and 1, so below 0 nothing is feasible and "
                "from 1 on everything is; give a number in [0, 1), such as 0.02"
            )
        if not self.strength > 0:
            raise UserError(f"strength is {self.strength!r}; give a positive number, such as 1.0")
        if not self.growth >= 1:
            raise UserError(f"growth is {self.growth!r}; give a number of at least 1")
        if not 0 < self.progress < 1:
            raise UserError(f"progress is {self.progress!r}; give a number between 0 and 1")

    def start(self, run: Run) -> "LagrangianTerm":
        """Return the term of one run."""
        return LagrangianTerm(self, run)


class LagrangianTerm(ConstraintTerm):
    """`AugmentedLagrangian` in one run."""

    measures = True

    def __init__(self, settings: AugmentedLagrangian, run: Run):
        super().__init__(settings, run)
        self.register_buffer("multipliers", torch.zeros(*self.running.shape, self.k))  # (conditions, groups, groups)
        self.register_buffer("strength", torch.tensor(float(settings.strength)))
        self.register_buffer("violation", torch.tensor(torch.inf))  # of the last epoch

    def raised(self, hard: Tensor) -> Tensor:
        """Return the multipliers after hard rates (conditions, groups): higher where they violate, lower elsewhere."""
        return (self.multipliers + self.strength * (differences(hard) - self.settings.tolerance)).clamp(min=0)

    def forward(self, batch: Batch) -> Tensor:
        """Return cross-entropy plus the push against what past batches violated."""
        loss = cross_entropy(batch.logits, batch.y)
        if self.seen:
            soft = self.rates(self.criterion.soften(batch.logits), batch)  # (conditions, groups)
            loss = loss + (self.raised(self.running) * differences(soft)).sum()
        self.remember(self.rates(self.criterion.decide(batch.logits.detach()), batch))
        return loss

    def end_epoch(self, logits: Tensor | None = None) -> dict[str, float]:
        """Update multipliers and strength from the hard gap of the whole training set, whose logits are (n,)."""
        hard = self.training_rates(self.criterion.decide(logits))  # (conditions, groups)
        soft = self.training_rates(self.criterion.soften(logits).float())  # (conditions, groups)
        gap = differences(hard).max().item()
        self.multipliers.copy_(self.raised(hard))
        violation = max(0.0, gap - self.settings.tolerance)
        if violation > self.settings.progress * self.violation:
            self.strength *= self.settings.growth
        self.violation.fill_(violation)
        self.running.copy_(hard)
        return {
            "hard_gap": gap,
            "soft_gap": differences(soft).max().item(),
            "multiplier": self.multipliers.max().item(),
            "penalty_strength": self.strength.item(),
            "violated": violation > 0,
        }

    def training_rates(self, decisions: Tensor) -> Tensor:
        """Return rates (conditions, groups) of decisions (n,) on the whole training set."""
        y = torch.tensor(self.run.y, device=decisions.device)
        groups = torch.tensor(self.run.groups, device=decisions.device)
        return self.criterion.rates(decisions, y, groups, self.k, self.run.names)

    def finish(self) -> None:
        """Warn when the constraint does not hold."""
        if 0 < self.violation < torch.inf:
            warnings.warn(
                f"the constraint does not hold: the training set's hard gap is "
                f"{self.violation + self.settings.tolerance:.3f} and the tolerance {self.settings.tolerance}; train "
                "longer, raise strength=, or allow a larger tolerance=",
                stacklevel=4,
            )


def differences(rates: Tensor) -> Tensor:
    """Return r_i - r_j for every ordered pair: (conditions, groups) -> (conditions, groups, groups)."""
    return rates[:, :, None] - rates[:, None, :]
