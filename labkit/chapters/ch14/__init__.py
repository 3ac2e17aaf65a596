"""What notebook 14 needs: its figures, and tools that no other notebook uses."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={},
)
