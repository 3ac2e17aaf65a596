"""What notebook 04 needs: a confusion matrix, and the bootstrap of the largest gap."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bootstrap": ["bootstrap_largest_gap"],
        "plots": ["plot_confusion"],
    },
)
