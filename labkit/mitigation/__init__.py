"""Every way to reduce a model's unfairness, with one signature.

``method.fit(X, y, sensitive_features=...) -> fitted``; ``fitted.predict(X, y, sensitive_features=...)`` gives the
predictions table. X is a table, texts or embeddings. Where fairlearn has an algorithm, fairlearn computes it. Terms of
a neural network's loss are in `labkit.training.objectives`; `FineTuning` gives them this signature, and can be the
``estimator=`` of the other methods.

| stage | methods |
|---|---|
| none | `Unmitigated`, `Unawareness` (leaves the attribute out) |
| data | `Reweighing`, `Resampling`, `CounterfactualAugmentation`, `Massaging`, `LabelRepair`, `CorrelationRemoval` |
| training | `ExponentiatedGradientReduction`, `GridSearchReduction`, `FineTuning` |
| decisions | `FairThresholds`, `QuantileMatching` |
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["CONSTRAINTS", "Method", "Fitted"],
        "estimators": ["default_estimator", "Embedder", "GivenScore"],
        "fine_tuning": ["FineTuning"],
        "features": ["Unmitigated", "Unawareness", "CounterfactualAugmentation", "CorrelationRemoval"],
        "weights": ["Reweighing", "Resampling", "sample_weights", "resample_rows"],
        "labels": ["Massaging", "LabelRepair", "massage_labels", "repair_labels"],
        "reductions": ["ExponentiatedGradientReduction", "GridSearchReduction"],
        "decisions": ["FairThresholds", "QuantileMatching"],
        "cross_fitting": ["predict_out_of_fold", "score_out_of_fold"],
    },
)
