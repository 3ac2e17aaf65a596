"""Objectives of training for fairness: what is to be equal, and how it is enforced.

What: `DemographicParity`, `EqualizedOdds`, `EqualOpportunity`. How: `Penalty` and `AugmentedLagrangian` take one of
them. `GroupDRO` minimizes the worst group's loss instead, and `Adversary` makes the group hard to read.

    finetune(model, texts, y, sensitive_features=groups, objective=Penalty(DemographicParity(), weight=5))

Each is a frozen record of settings, so one object serves any number of runs. What changes during a run, such as
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
