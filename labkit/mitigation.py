"""Every way to mitigate unfairness that is put around a model, with one signature.

``method.fit(X, y, sensitive_features=...) -> fitted``; ``fitted.predict(X, y, sensitive_features=...)`` gives the
predictions table. X is a table, texts or embeddings. What fairlearn does, fairlearn does; terms of the loss of a neural
network are in `labkit.objectives`; `FineTuning` gives them this signature.

| stage | methods |
|---|---|
| none | `Unmitigated`, `Unawareness` (leaves the attribute out) |
| data | `Reweighing`, `Resampling`, `CounterfactualAugmentation`, `Massaging`, `LabelRepair`, `CorrelationRemover` |
| training | `ExponentiatedGradient`, `GridSearch`, `AdversarialFairnessClassifier`, `FineTuning` |
| decisions | `ThresholdOptimizer`, `QuantileMatching` |
"""

from labkit.augmentation import CounterfactualAugmentation
from labkit.baselines import Unawareness, Unmitigated
from labkit.estimators import Embedder, FineTuned, GivenScore, default_estimator
from labkit.finetuning import FineTuning
from labkit.methods import CONSTRAINTS, Fitted, Method
from labkit.postprocessing import QuantileMatching, ThresholdOptimizer
from labkit.reductions import ExponentiatedGradient, GridSearch
from labkit.relabelling import LabelRepair, Massaging, massage_labels, repair_labels
from labkit.representation import AdversarialFairnessClassifier, CorrelationRemover
from labkit.weighting import Resampling, Reweighing, resample_rows, sample_weights
from labkit.words import DISTRICTS, GENDER_WORDS, both_ways, mask_words, swap_words

__all__ = [
    "CONSTRAINTS",
    "DISTRICTS",
    "GENDER_WORDS",
    "AdversarialFairnessClassifier",
    "CorrelationRemover",
    "CounterfactualAugmentation",
    "Embedder",
    "ExponentiatedGradient",
    "FineTuned",
    "FineTuning",
    "Fitted",
    "GivenScore",
    "GridSearch",
    "LabelRepair",
    "Massaging",
    "Method",
    "QuantileMatching",
    "Resampling",
    "Reweighing",
    "ThresholdOptimizer",
    "Unawareness",
    "Unmitigated",
    "both_ways",
    "default_estimator",
    "mask_words",
    "massage_labels",
    "repair_labels",
    "resample_rows",
    "sample_weights",
    "swap_words",
]
