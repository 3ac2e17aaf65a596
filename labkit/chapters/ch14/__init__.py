"""What notebook 14 needs: answers to a datasheet's questions, and what only its exercises use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "sheets": ["read_answers", "list_open"],
    },
)
