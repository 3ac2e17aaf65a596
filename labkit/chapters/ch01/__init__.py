"""What notebook 01 needs: whole people resampled."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "resampling": ["draw_people"],
    },
)
