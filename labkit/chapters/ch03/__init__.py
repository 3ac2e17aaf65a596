"""What notebook 03 needs: scalars over optimizer steps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "plots": ["plot_scalars"],
    },
)
