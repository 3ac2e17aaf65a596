"""What remains of decisions and models, so that somebody else can check them.

A decision log is a chain of hashes, so that a later change shows. Model cards and datasheets are written from a run
rather than from memory.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={})
