"""A criterion as a penalty: the square of its gap, estimated on a batch without bias, or naively."""

from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.training.objectives.base import Batch, ConstraintTerm, Run, check_criterion, cross_entropy
from labkit.training.objectives.criteria import Criterion

ESTIMATORS = ("unbiased", "naive")


@dataclass(frozen=True)
class Penalty:
    """Cross-entropy plus ``weight`` times the squared soft gap of a criterion, without the bias of small batches.

    The expected square of a gap measured on a batch is gap² *plus the variance* of the measured gap: it pushes a model
    that has no gap. Here a batch has two halves, each with rows of every group (and label, where the criterion asks for
    it), and the penalty is the product of their gaps.

    **How halves are drawn.** The halves are disjoint parts of one pass over the training set, from different length
    buckets drawn at random without replacement (`labkit.models.batches.StratifiedBuckets`). Over such draws the
    expected product is ``gap² - V / (K - 1)``, with the training set's gap and the variance V of a half's gap over the
    K halves of a pass. For halves that are simple random samples this is ``gap² - S_a²/N_a - S_b²/N_b``: unbiased for
    the *population's* gap². (With replacement, the expected product would be the training set's gap² itself.) Where a
    group's rows do not divide evenly, halves differ by one row, and all this holds up to that rounding. It holds for
    fixed scores; in training they change from step to step.

    With more than two groups the gap is that of one pair: the groups whose running rates were highest and lowest in the
    steps *before* this one. So the pair does not depend on the batch, and the product is unbiased for that pair's gap²,
    which is at most (max - min)². Choosing the pair on the batch itself would be biased upwards again.

    Parameters
    ----------
    criterion : Criterion
        What is to be equal.
    weight : float
        0 or more; 0 is plain training on the same batches.
    estimator : {"unbiased", "naive"}
        "naive" is the square of the whole batch's max - min, kept to show its bias; do not train with it.

    Raises
    ------
    UserError
        A negative weight or an unknown estimator; and when training starts, a group (or group and label) with too few
        rows for the batches.
    """

    criterion: Criterion
    weight: float = 1.0
    estimator: str = "unbiased"

    needs_sensitive_features = True

    def __post_init__(self):
        check_criterion(self.criterion)
        if not self.weight >= 0:
            raise UserError(f"weight is {self.weight!r}; give a number of at least 0")
        if self.estimator not in ESTIMATORS:
            raise UserError(f"estimator {self.estimator!r} is not one of {', '.join(ESTIMATORS)}")

    def start(self, run: Run) -> "PenaltyTerm":
        """Return the term of one run."""
        return PenaltyTerm(self, run)


class PenaltyTerm(ConstraintTerm):
    """`Penalty` in one run."""

    def __init__(self, settings: Penalty, run: Run):
        super().__init__(settings, run)
        self.parts = 2 if settings.estimator == "unbiased" else 1

    def forward(self, batch: Batch) -> Tensor:
        """Return cross-entropy plus the weighted estimate of the squared gap."""
        soft = self.criterion.soften(batch.logits)  # (B,)
        if self.settings.estimator == "naive":
            rates = self.rates(soft, batch)  # (conditions, groups)
            squares = (rates.amax(dim=1) - rates.amin(dim=1)) ** 2  # (conditions,)
        else:
            halves = torch.stack([self.rates(soft, batch, batch.part == part) for part in (0, 1)])
            condition = torch.arange(halves.shape[1], device=halves.device)  # (conditions,); halves: (2, conditions, k)
            high = halves[:, condition, self.running.argmax(dim=1)]  # (2, conditions)
            low = halves[:, condition, self.running.argmin(dim=1)]  # (2, conditions)
            squares = (high - low).prod(dim=0)  # (conditions,)
            self.remember(halves.mean(dim=0))
        return cross_entropy(batch.logits, batch.y) + self.settings.weight * squares.sum()
