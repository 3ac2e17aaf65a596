"""Hide the group from an adversary that tries to read it while the model trains."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy as group_cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim.adam import adam

from labkit.errors import UserError
from labkit.training.objectives.base import Batch, Run, Term, cross_entropy

SOURCES = ("auto", "representation", "logit")


@dataclass(frozen=True)
class Adversary:
    """Cross-entropy, while a second network tries to read the group and its gradient is reversed on the way down.

    The adversary is a small network with one hidden layer. It learns to read the group from the pooled representation;
    below it the gradient is multiplied by ``-weight``, so the model learns what does not help the adversary. Hiding a
    group in this way is from Edwards and Storkey (2016); the reversed gradient, and the ramp of its weight over
    training, from Ganin and Lempitsky (2015). Where the representation is frozen (``trainable_layers=0``) nothing under
    it can learn, and the adversary reads the logit, as in Zhang, Lemoine and Mitchell (2018), who project the gradient
    where we reverse it.

    It is a game of two without a guarantee, and no gap is bounded. Where the model moves faster than the adversary can
    follow, the adversary's loss rises above that of guessing: the group is then shown upside down, not hidden. So give
    the adversary several steps (``own_steps``) and a small weight, and look at adversary_loss. Even an adversary that
    can only guess proves nothing about another one (Elazar and Goldberg 2018): train a fresh classifier on the
    representation to see what is left.

    ``Fit.history`` gains, for each epoch, adversary_loss (mean over batches, in nats, groups weighted equally; guessing
    costs the logarithm of the number of groups) and adversary_accuracy (balanced over groups).

    Parameters
    ----------
    weight : float
        Of the reversed gradient at the end of training; 0 or more. With 0 the adversary only watches.
    reads : {"auto", "representation", "logit"}
        "auto": the representation where something under it trains, else the logit.
    hidden : int
        Units of its hidden layer.
    learning_rate : float
        Peak rate of its own weights.
    own_steps : int
        Steps that the adversary takes on each batch, at least 1. All but the last leave the model alone.

    Raises
    ------
    UserError
        A setting out of range; ``reads="representation"`` with ``trainable_layers=0``.
    """

    weight: float = 1.0
    reads: str = "auto"
    hidden: int = 64
    learning_rate: float = 1e-3
    own_steps: int = 1

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
        if not isinstance(self.own_steps, int) or self.own_steps < 1:
            raise UserError(f"own_steps is {self.own_steps!r}; give a positive number of steps")

    def start(self, run: Run) -> "AdversaryTerm":
        """Return the term of one run."""
        return AdversaryTerm(self, run)


class AdversaryTerm(Term):
    """`Adversary` in one run."""

    def __init__(self, settings: Adversary, run: Run):
        super().__init__()
        frozen = run.config.trainable_layers == 0
        if settings.reads == "representation" and frozen:
            raise UserError(
                'reads="representation" with trainable_layers=0: nothing under the representation trains, so nothing '
                'can be hidden in it; use reads="logit", or train a block'
            )
        self.settings = settings
        self.steps = run.steps
        self.learning_rate = settings.learning_rate
        self.reads_pooled = settings.reads != "logit" and not frozen
        with torch.random.fork_rng():
            torch.manual_seed(run.config.seed)
            inputs = run.width if self.reads_pooled else 1
            self.network = nn.Sequential(
                nn.Linear(inputs, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, len(run.names))
            )
        sizes = np.bincount(run.groups, minlength=len(run.names))  # (groups,)
        balance = len(run.groups) / (len(sizes) * sizes)  # (groups,): rows weighted so, all groups count the same
        self.register_buffer("balance", torch.as_tensor(balance, dtype=torch.float32))
        self.register_buffer("step", torch.zeros(()))
        # Of the adversary's own steps (Adam): moments of its gradient, and their number.
        size = sum(parameter.numel() for parameter in self.network.parameters()) if settings.own_steps > 1 else 0
        self.register_buffer("moments", torch.zeros(2, size))
        self.register_buffer("studied", torch.zeros(()))
        # Of this epoch:
        self.register_buffer("loss_sum", torch.zeros(()))
        self.register_buffer("batches", torch.zeros(()))
        self.register_buffer("right", torch.zeros(len(sizes)))  # right guesses in each group
        self.register_buffer("people", torch.zeros(len(sizes)))  # in each group

    def forward(self, batch: Batch) -> Tensor:
        """Return cross-entropy plus the adversary's loss, whose gradient is reversed under the adversary."""
        ramp = 2 / (1 + math.exp(-10 * self.step.item() / self.steps)) - 1
        seen = batch.pooled if self.reads_pooled else batch.logits[:, None]  # (B, H) or (B, 1)
        for _ in range(self.settings.own_steps - 1):
            self.study(seen.detach().float(), batch.groups)
        guess = self.network(reverse(seen.float(), self.settings.weight * ramp))  # (B, groups)
        loss = group_cross_entropy(guess, batch.groups, weight=self.balance)
        with torch.no_grad():
            right = (guess.argmax(1) == batch.groups).float()  # (B,)
            self.step += 1
            self.loss_sum += loss
            self.batches += 1
            self.right.index_add_(0, batch.groups, right)
            self.people.index_add_(0, batch.groups, torch.ones_like(right))
        return cross_entropy(batch.logits, batch.y) + loss

    def study(self, seen: Tensor, groups: Tensor) -> None:
        """Take a step of Adam on what the adversary sees (B, inputs); its state is in buffers, for checkpoints."""
        own = list(self.network.parameters())
        with torch.enable_grad():
            loss = group_cross_entropy(self.network(seen), groups, weight=self.balance)
            gradient = parameters_to_vector(torch.autograd.grad(loss, own))  # (weights,)
        with torch.no_grad():
            weights = parameters_to_vector(own)
            mean, square = self.moments
            adam(
                [weights],
                [gradient],
                [mean],
                [square],
                [],
                [self.studied],
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=self.learning_rate,
                weight_decay=0,
                eps=1e-8,
                maximize=False,
            )
            vector_to_parameters(weights, own)

    def end_epoch(self, logits: Tensor | None = None) -> dict[str, float]:
        """Report how well the adversary read the group in this epoch."""
        row = {
            "adversary_loss": (self.loss_sum / self.batches).item(),
            "adversary_accuracy": (self.right / self.people).mean().item(),
        }
        for buffer in (self.loss_sum, self.batches, self.right, self.people):
            buffer.zero_()
        return row


class Reverse(torch.autograd.Function):
    """The identity, with a gradient multiplied by ``-weight``."""

    @staticmethod
    def forward(context, values: Tensor, weight: float) -> Tensor:
        """Return the values."""
        context.weight = weight
        return values.view_as(values)

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None]:
        """Reverse the gradient."""
        return -context.weight * gradient, None


def reverse(values: Tensor, weight: float) -> Tensor:
    """Return ``values``, whose gradient will be multiplied by ``-weight`` (Ganin and Lempitsky 2015)."""
    return Reverse.apply(values, weight)
