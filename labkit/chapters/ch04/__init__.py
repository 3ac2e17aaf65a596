"""What notebook 04 needs: a confusion matrix."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "plots": ["plot_confusion"],
    },
)
