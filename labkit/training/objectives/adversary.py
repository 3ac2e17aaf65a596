"""Hide the group from an adversary that tries to read it while the model trains."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy as group_cross_entropy

from labkit.errors import UserError
from labkit.training.objectives.base import Term, cross_entropy

SOURCES = ("auto", "representation", "logit")


@dataclass(frozen=True)
class Adversary:
    """Cross-entropy, while a second network tries to read the group and its gradient is reversed on the way down.

    The adversary is a small network of one hidden layer. It learns to tell the group from the pooled representation;
    below it the gradient is multiplied by ``-weight``, so the model learns what does not help the adversary (Ganin and
    Lempitsky 2015, with their ramp of the weight over training). Where the representation is frozen
    (``trainable_layers=0``) nothing under it can learn, and the adversary reads the logit, as in Zhang, Lemoine and
    Mitchell (2018), who project where we reverse. It is a game of two without a guarantee: an adversary that fails
    proves nothing about a stronger one, and no gap is bounded.

    ``Fit.history`` gains, for each epoch, adversary_loss (mean over batches, in nats, groups weighted equally; the
    logarithm of the number of groups is what guessing costs) and adversary_accuracy (balanced over groups).

    Parameters
    ----------
    weight : float
        Of the reversed gradient at the end of training; 0 or more. 0: the adversary only watches.
    reads : {"auto", "representation", "logit"}
        "auto": the representation where something under it trains, else the logit.
    hidden : int
        Units of its hidden layer.
    learning_rate : float
        Peak rate of its own weights.

    Raises
    ------
    UserError
        A setting out of range; ``reads="representation"`` with ``trainable_layers=0``.
    """

    weight: float = 1.0
    reads: str = "auto"
    hidden: int = 64
    learning_rate: float = 1e-3

    needs_sensitive_features = True

    def __post_init__(self):
        if not self.weight >= 0:
            raise UserError(f"weight is {self.weight!r}; give a number of at least 0")
        if self.reads not in SOURCES:
            raise UserError(f"reads {self.reads!r} is not one of {', '.join(SOURCES)}")
        if not isinstance(self.hidden, int) or self.hidden < 1:
            raise UserError(f"hidden is {self.hidden!r}; give a positive number of units")
        if not 0 < self.learning_rate < 1:
            raise UserError(f"learning_rate is {self.learning_rate!r}; give a number between 0 and 1, such as 1e-3")

    def start(self, run):
        """Return the term of one run."""
        return AdversaryTerm(self, run)


class AdversaryTerm(Term):
    """`Adversary` in one run."""

    def __init__(self, settings, run):
        super().__init__()
        frozen = run.config.trainable_layers == 0
        if settings.reads == "representation" and frozen:
            raise UserError(
                'reads="representation" with trainable_layers=0: nothing under the representation trains, so nothing '
                'can be hidden in it; use reads="logit", or train a block'
            )
        self.settings, self.steps, self.learning_rate = settings, run.steps, settings.learning_rate
        self.reads_pooled = settings.reads != "logit" and not frozen
        with torch.random.fork_rng():
            torch.manual_seed(run.config.seed)
            inputs = run.width if self.reads_pooled else 1
            self.network = nn.Sequential(
                nn.Linear(inputs, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, len(run.names))
            )
        sizes = np.bincount(run.groups, minlength=len(run.names))
        self.register_buffer("balance", torch.as_tensor(len(run.groups) / (len(sizes) * sizes), dtype=torch.float32))
        self.register_buffer("step", torch.zeros(()))
        self.register_buffer(
            "sums", torch.zeros(2 + 2 * len(sizes))
        )  # loss, batches, right guesses and people by group

    def forward(self, batch):
        """Return cross-entropy plus the adversary's loss, whose gradient is reversed under the adversary."""
        ramp = 2 / (1 + math.exp(-10 * self.step.item() / self.steps)) - 1
        seen = batch.pooled if self.reads_pooled else batch.logits[:, None]
        guess = self.network(reverse(seen.float(), self.settings.weight * ramp))
        loss = group_cross_entropy(guess, batch.groups, weight=self.balance)
        with torch.no_grad():
            self.step += 1
            right, k = (guess.argmax(1) == batch.groups).float(), len(self.balance)
            self.sums[:2] += torch.stack([loss.detach(), torch.ones_like(loss)])
            self.sums[2 : 2 + k].index_add_(0, batch.groups, right)
            self.sums[2 + k :].index_add_(0, batch.groups, torch.ones_like(right))
        return cross_entropy(batch.logits, batch.y) + loss

    def end_epoch(self, logits=None):
        """Report how well the adversary read the group."""
        k = len(self.balance)
        loss, right, people = self.sums[0] / self.sums[1], self.sums[2 : 2 + k], self.sums[2 + k :]
        row = {"adversary_loss": loss.item(), "adversary_accuracy": (right / people).mean().item()}
        self.sums.zero_()
        return row


class Reverse(torch.autograd.Function):
    """The identity, with a gradient multiplied by ``-weight``."""

    @staticmethod
    def forward(context, values, weight):
        """Return the values."""
        context.weight = weight
        return values.view_as(values)

    @staticmethod
    def backward(context, gradient):
        """Turn the gradient round."""
        return -context.weight * gradient, None


def reverse(values, weight):
    """Return ``values``, whose gradient will be multiplied by ``-weight`` (Ganin and Lempitsky 2015)."""
    return Reverse.apply(values, weight)
