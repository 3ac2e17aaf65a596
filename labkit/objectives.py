"""Objectives of training for fairness: what is to be equal, and how it is enforced.

What: `DemographicParity`, `EqualizedOdds`, `EqualOpportunity` (`labkit.criteria`). How: `Penalty` and
`AugmentedLagrangian` (`labkit.penalty`, `labkit.lagrangian`) take one of them; `GroupDRO` (`labkit.worst_group`) and
`Adversary` (`labkit.adversary`) ask for something else: the worst group's loss, and a group that cannot be read.

    finetune(model, texts, y, sensitive_features=groups, objective=Penalty(DemographicParity(), weight=5))

Each is a frozen record of settings, so one object serves any number of runs; what a run learns about it, multipliers
for example, belongs to the run and its checkpoints (`labkit.terms`).
"""

from labkit.adversary import Adversary
from labkit.criteria import DemographicParity, EqualizedOdds, EqualOpportunity
from labkit.lagrangian import AugmentedLagrangian
from labkit.penalty import Penalty
from labkit.terms import cross_entropy
from labkit.worst_group import GroupDRO

__all__ = [
    "Adversary",
    "AugmentedLagrangian",
    "DemographicParity",
    "EqualOpportunity",
    "EqualizedOdds",
    "GroupDRO",
    "Penalty",
    "cross_entropy",
]
