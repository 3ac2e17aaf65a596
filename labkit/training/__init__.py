"""Fine-tune a pretrained encoder on texts with binary labels, with or without a fair objective.

`finetune` returns a `Fit`; `predictions` turns it into the predictions table (``y_true, y_score, y_pred`` and the
sensitive columns), the only thing that is handed on. Settings are a frozen `TrainConfig`. What can be minimized in
addition to cross-entropy is in `labkit.training.objectives`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["TrainConfig"],
        "finetuning": ["finetune", "predictions"],
        "fit": ["Fit", "load_fit"],
        "history": ["read_record"],
    },
)
