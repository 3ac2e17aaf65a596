"""The box: student code runs in it without network, other people's files or answers; judging stays outside.

`find_box` tries which box works on this machine. A `Box` runs one submission after the other: it gets cells and
questions, and gives back what was collected of each answer, as JSON. Nothing that comes out of it is trusted.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "finding": ["find_box", "leave_unboxed", "BoxKind"],
        "running": ["Box"],
        "submissions": ["Cell", "Collected", "Limits", "Question"],
        "values": ["BadReply"],
    },
)
