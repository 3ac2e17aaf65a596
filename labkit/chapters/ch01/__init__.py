"""What notebook 01 needs: a bootstrap of whole people."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "resampling": ["draw_people"],
    },
)
