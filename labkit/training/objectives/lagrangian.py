"""A criterion as a constraint: an augmented Lagrangian with multipliers that the whole training set updates."""

import warnings
from dataclasses import dataclass

import torch

from labkit.errors import UserError
from labkit.training.objectives.base import ConstraintTerm, check_criterion, cross_entropy
from labkit.training.objectives.criteria import Criterion


@dataclass(frozen=True)
class AugmentedLagrangian:
    """Cross-entropy under the constraint that no two groups' decision rates differ by more than ``tolerance``.

    For every ordered pair of groups ``(i, j)`` and rate of the criterion the constraint is ``r_i - r_j <= tolerance``;
    together they say max - min <= tolerance. Each has a multiplier ``m >= 0``, and the loss of a batch is cross-entropy
    + the sum of ``max(0, m + strength * (h_i - h_j - tolerance)) * (s_i - s_j)``, whose gradient is that of the
    augmented Lagrangian (Hestenes 1969; Powell 1969; Rockafellar 1973). Hard rates ``h`` say *how strongly* to push and
    soft rates ``s`` *where to*, as in the proxy-Lagrangian of Cotter, Jiang and Sridharan (2019). Inside an epoch ``h``
    is a running mean over past batches: the push is no function of the batch, whose gap enters linearly, so the size of
    the batch biases nothing and no halves are needed.

    After each epoch the hard rates are measured on the **whole training set**, with the model as it is used, and
    ``m <- max(0, m + strength * (h_i - h_j - tolerance))``; a violation that has not fallen to ``progress`` of the last
    one multiplies the strength by ``growth``. A constraint that is slack throughout keeps a multiplier of 0
    (complementary slackness), and the run is then plain training on stratified batches.

    ``Fit.history`` gains, for each epoch, hard_gap and soft_gap (of the training set), multiplier (the largest),
    penalty_strength (after the update) and violated. What the measuring takes is in ``Fit.measuring_seconds``.

    Parameters
    ----------
    criterion : Criterion
    tolerance : float
        Of the hard gap on the training set, in [0, 1). People who were not trained on have a gap of their own.
    strength : float
        Of the push per unit of violation, at the start; positive. Early epochs have large gaps by chance, and a strong
        push then ends in a model that decides the same of everybody, which has no gap. Half of the default was too slow
        for four epochs on the clinic's notes: the training set's gap ended at twice the tolerance.
    growth : float
        At least 1.
    progress : float
        In (0, 1).

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

    def start(self, run):
        """Return the term of one run."""
        return LagrangianTerm(self, run)


class LagrangianTerm(ConstraintTerm):
    """`AugmentedLagrangian` in one run."""

    measures = True

    def __init__(self, settings, run):
        super().__init__(settings, run)
        self.register_buffer("multipliers", torch.zeros(*self.running.shape, self.k))  # (conditions, groups, groups)
        self.register_buffer("strength", torch.tensor(float(settings.strength)))
        self.register_buffer("violation", torch.tensor(torch.inf))  # of the last epoch

    def raised(self, hard):
        """Return the multipliers, raised where hard rates (conditions, groups) violate and lowered where not."""
        return (self.multipliers + self.strength * (differences(hard) - self.settings.tolerance)).clamp(min=0)

    def forward(self, batch):
        """Return cross-entropy plus the push against what past batches violated."""
        loss = cross_entropy(batch.logits, batch.y)
        if self.seen:
            soft = self.rates(self.criterion.soften(batch.logits), batch)
            loss = loss + (self.raised(self.running) * differences(soft)).sum()
        self.remember(self.rates(self.criterion.decide(batch.logits.detach()), batch))
        return loss

    def end_epoch(self, logits=None):
        """Update multipliers and strength from the hard gap of the whole training set."""
        y, groups = (torch.tensor(values, device=logits.device) for values in (self.run.y, self.run.groups))
        hard, soft = (
            self.criterion.rates(decisions.float(), y, groups, self.k, self.run.names)
            for decisions in (self.criterion.decide(logits), self.criterion.soften(logits))
        )
        gap, soft_gap = (differences(rates).max().item() for rates in (hard, soft))
        self.multipliers.copy_(self.raised(hard))
        violation = max(0.0, gap - self.settings.tolerance)
        if violation > self.settings.progress * self.violation:
            self.strength *= self.settings.growth
        self.violation.fill_(violation)
        self.running.copy_(hard)
        return {
            "hard_gap": gap,
            "soft_gap": soft_gap,
            "multiplier": self.multipliers.max().item(),
            "penalty_strength": self.strength.item(),
            "violated": violation > 0,
        }

    def finish(self):
        """Warn when the constraint does not hold."""
        if 0 < self.violation < torch.inf:
            warnings.warn(
                f"the constraint does not hold: the training set's hard gap is "
                f"{self.violation + self.settings.tolerance:.3f} and the tolerance {self.settings.tolerance}; train "
                "longer, raise strength=, or allow a larger tolerance=",
                stacklevel=4,
            )


def differences(rates):
    """Return r_i - r_j for every ordered pair: (conditions, groups) -> (conditions, groups, groups)."""
    return rates[:, :, None] - rates[:, None, :]
