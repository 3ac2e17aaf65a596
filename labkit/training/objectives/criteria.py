"""What fair means, as a number with a gradient: gaps between groups, of decisions softened at the threshold.

A decision is a step, and a step has no gradient. So training sees a decision softened *at the threshold*,
``sigmoid((logit - logit of the threshold) / temperature)``, and what is measured and reported is the hard decision.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError


@dataclass(frozen=True)
class Criterion:
    """A gap between groups in one or several rates: the base of the criteria below, which are the ones to use.

    Called with logits (B,), labels (B,) of 0 and 1 and group codes (B,) from 0, it returns the soft gap: a scalar in
    [0, 1) that has a gradient.

    Parameters
    ----------
    temperature : float
        Width of the soft step, in logits. Small: close to the decisions, and only people near the threshold are moved.
        Large: close to a mean score, which can agree between groups while decisions differ.
    threshold : float
        In (0, 1): scores of at least this much are decided 1.

    Raises
    ------
    UserError
        A temperature or threshold out of range.

    Examples
    --------
    >>> logits, y = torch.tensor([3.0, -3.0, -3.0, -3.0]), torch.tensor([1, 0, 1, 0])
    >>> groups, parity = torch.tensor([0, 0, 1, 1]), DemographicParity()
    >>> round(parity(logits, y, groups).item(), 2), parity.hard_gap(logits, y, groups)
    (0.5, 0.5)
    """

    temperature: float = 0.5
    threshold: float = 0.5
    # The rates that are to be equal, as `labkit.audit.metrics` calls them, each with the label of the people it counts.
    conditions: ClassVar[tuple] = ()

    def __post_init__(self):
        if not self.temperature > 0:
            raise UserError(f"temperature is {self.temperature!r}; give a positive number of logits, such as 0.5")
        if not 0 < self.threshold < 1:
            raise UserError(f"threshold is {self.threshold!r}; give a number between 0 and 1")

    def __call__(self, logits: Tensor, y: Tensor | None, groups: Tensor) -> Tensor:
        """Return the soft gap: max - min over groups, and the largest one where several rates are to be equal.

        Parameters
        ----------
        logits : Tensor (B,)
        y : Tensor (B,) of 0 and 1
            May be None where the criterion needs no labels.
        groups : Tensor (B,) of int
            Codes from 0.

        Returns
        -------
        Tensor, scalar
            In [0, 1), with a gradient.

        Raises
        ------
        UserError
            One group only, or a group that has nobody whom a rate counts.
        """
        rates = self.rates(self.soften(logits), y, groups, n_groups(groups))
        return (rates.amax(dim=1) - rates.amin(dim=1)).amax()

    def hard_gap(self, logits: Tensor, y: Tensor | None, groups: Tensor) -> float:
        """Return the gap of the decisions themselves, in [0, 1]: fairlearn's difference of the same name.

        Parameters and errors are those of calling the criterion.
        """
        rates = self.rates(self.decide(logits), y, groups, n_groups(groups))
        return (rates.amax(dim=1) - rates.amin(dim=1)).amax().item()

    def soften(self, logits: Tensor) -> Tensor:
        """Return decisions (B,) softened at the threshold, each in (0, 1)."""
        return torch.sigmoid((logits - self.cut) / self.temperature)

    def decide(self, logits: Tensor) -> Tensor:
        """Return decisions (B,), each 0.0 or 1.0."""
        return (logits >= self.cut).float()

    @property
    def cut(self) -> float:
        """The threshold in logits."""
        return math.log(self.threshold / (1 - self.threshold))

    def rates(
        self,
        decisions: Tensor,
        y: Tensor | None,
        groups: Tensor,
        n_groups: int,
        names: Sequence[str] | None = None,
    ) -> Tensor:
        """Return each group's rate of positive decisions under each condition.

        Parameters
        ----------
        decisions : Tensor (B,)
            Soft or hard.
        y, groups : Tensor (B,)
            Labels, and group codes from 0 to ``n_groups`` - 1.
        n_groups : int
        names : sequence of str, optional
            What the groups are called in messages.

        Returns
        -------
        Tensor (conditions, groups)

        Raises
        ------
        UserError
            One group only, or a group that has nobody whom a rate counts.
        """
        if n_groups < 2:
            raise UserError(f"there is one group only ({(names or [0])[0]!r}); a gap needs two")
        rows = []
        for metric, label in self.conditions:
            member = torch.ones_like(decisions) if label is None else (y == label).to(decisions.dtype)  # (B,)
            zeros = decisions.new_zeros(n_groups)
            sums = zeros.index_add(0, groups, decisions * member)  # (groups,)
            sizes = zeros.index_add(0, groups, member)  # (groups,)
            if not sizes.all():
                group = int((sizes == 0).nonzero()[0, 0])
                who = "nobody" if label is None else f"nobody with label {label}"
                raise UserError(
                    f"group {names[group] if names else group!r} has {who} among these {len(decisions)}: its {metric} "
                    "is undefined; use larger batches, more data, merged groups, or another criterion"
                )
            rows.append(sums / sizes)
        return torch.stack(rows)

    def cells(self, y: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Return the cell of each row (n,), codes from 0: rows of one group that the criterion's rates count alike."""
        if all(label is None for _, label in self.conditions):
            return np.asarray(groups)
        return np.asarray(groups) * 2 + (np.asarray(y) > 0.5)

    def name_cell(self, cell: int, names: Sequence[str]) -> str | None:
        """Return what a cell is called, or None where no rate of the criterion counts its people."""
        labels = [label for _, label in self.conditions]
        if None in labels:
            return f"group {names[cell]!r}"
        group, label = divmod(cell, 2)
        return f"group {names[group]!r} with label {label}" if label in labels else None


@dataclass(frozen=True)
class DemographicParity(Criterion):
    """Equal shares of positive decisions in all groups (see `Criterion` for its parameters).

    It needs no labels, and says nothing about errors.
    """

    conditions: ClassVar[tuple] = (("selection_rate", None),)


@dataclass(frozen=True)
class EqualOpportunity(Criterion):
    """Equal true positive rates in all groups (Hardt, Price and Srebro 2016): the half of equalized odds for positives.

    See `Criterion` for its parameters. "True" is what the labels say. Labels that miss positives at random leave
    this rate as it is; labels that are wrong in another way do not.
    """

    conditions: ClassVar[tuple] = (("true_positive_rate", 1),)


@dataclass(frozen=True)
class EqualizedOdds(Criterion):
    """Equal true positive and equal false positive rates in all groups (Hardt, Price and Srebro 2016).

    See `Criterion` for its parameters. Its gap is the larger of the two, as in fairlearn's
    ``equalized_odds_difference``.
    """

    conditions: ClassVar[tuple] = (("true_positive_rate", 1), ("false_positive_rate", 0))


def n_groups(groups: Tensor) -> int:
    """Return the number of groups that codes from 0 name."""
    return int(groups.max()) + 1
