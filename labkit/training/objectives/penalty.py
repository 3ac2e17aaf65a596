"""A criterion as a penalty: the square of its gap, estimated on a batch without bias, or naively."""

from dataclasses import dataclass

import torch

from labkit.errors import UserError
from labkit.training.objectives.base import ConstraintTerm, check_criterion, cross_entropy
from labkit.training.objectives.criteria import Criterion

ESTIMATORS = ("unbiased", "naive")


@dataclass(frozen=True)
class Penalty:
    """Cross-entropy plus ``weight`` times the squared soft gap of a criterion, without the bias of small batches.

    The square of a gap measured on a batch expects gap² *plus the variance* of the measured gap: it pushes a model that
    has no gap. Here a batch consists of two halves, each with rows of every group (and label, where the criterion asks
    for it), and the penalty is the product of their gaps.

    **Which draw.** The halves are disjoint parts of one pass over the training set, from different length buckets drawn
    at random without replacement (`labkit.models.batches.StratifiedBuckets`). Over such draws the product expects
    ``gap² - V / (K - 1)``: the training set's gap, and the variance V of a half's gap over the K halves of a pass. For
    halves that are simple random samples that is ``gap² - S_a²/N_a - S_b²/N_b``: unbiased for the *population's* gap².
    (Halves drawn with replacement would expect the training set's gap² itself.) Where a group's rows do not divide
    evenly, halves hold one row more or less, and all this holds up to that rounding. It is stated for fixed scores; in
    training they change from step to step.

    With more than two groups the gap is that of one pair: the groups whose running rates were highest and lowest in the
    steps *before* this one. The pair is then no function of the batch, and the product is unbiased for that pair's
    gap², which is at most (max - min)². Choosing the pair on the batch itself would be biased upwards again.

    Parameters
    ----------
    criterion : Criterion
    weight : float
        0 or more; 0 is plain training on the same batches.
    estimator : {"unbiased", "naive"}
        "naive" is the square of the whole batch's max - min, kept to show its bias; do not train with it.

    Raises
    ------
    UserError
        A weight or estimator that is not possible; and when training starts, a group (or group and label) with too few
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

    def start(self, run):
        """Return the term of one run."""
        return PenaltyTerm(self, run)


class PenaltyTerm(ConstraintTerm):
    """`Penalty` in one run."""

    def __init__(self, settings, run):
        super().__init__(settings, run)
        self.parts = 2 if settings.estimator == "unbiased" else 1

    def forward(self, batch):
        """Return cross-entropy plus the weighted estimate of the squared gap."""
        soft = self.criterion.soften(batch.logits)
        if self.settings.estimator == "naive":
            rates = self.rates(soft, batch)
            squares = (rates.amax(dim=1) - rates.amin(dim=1)) ** 2
        else:
            halves = torch.stack([self.rates(soft, batch, batch.part == part) for part in (0, 1)])
            pair = torch.stack([self.running.argmax(dim=1), self.running.argmin(dim=1)], dim=1)  # (conditions, 2)
            high, low = halves.gather(2, pair.expand(2, -1, -1)).unbind(dim=2)  # each (2, conditions)
            squares = (high - low).prod(dim=0)
            self.remember(halves.mean(dim=0))
        return cross_entropy(batch.logits, batch.y) + self.settings.weight * squares.sum()
