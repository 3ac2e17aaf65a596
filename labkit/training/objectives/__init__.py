"""Objectives of training for fairness: what is to be equal, and how it is enforced.

What: `DemographicParity`, `EqualizedOdds`, `EqualOpportunity`. How: `Penalty` and `AugmentedLagrangian` take one of
them; `GroupDRO` and `Adversary` ask for something else: the worst group's loss, and a group that cannot be read.

    finetune(model, texts, y, sensitive_features=groups, objective=Penalty(DemographicParity(), weight=5))

Each is a frozen record of settings, so one object serves any number of runs; what a run learns about it, such as
multipliers, belongs to the run and its checkpoints (`labkit.training.objectives.base`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "criteria": ["DemographicParity", "EqualOpportunity", "EqualizedOdds"],
        "penalty": ["Penalty"],
        "lagrangian": ["AugmentedLagrangian"],
        "group_dro": ["GroupDRO"],
        "adversary": ["Adversary"],
        "base": ["cross_entropy"],
    },
)
