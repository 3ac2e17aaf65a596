"""A pretrained encoder: loaded from a package, a folder or the hub's cache, run, and its states kept.

`load_foundation_model` returns a `Foundation`, a BERT-like encoder with a head for one logit. `embed` gives pooled
embeddings of texts. Hidden states of frozen blocks are kept in the cache folder (`labkit.models.hidden_states`), which
is what makes training the last block fast.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "encoder": ["Foundation", "load_foundation_model"],
        "hidden_states": ["embed"],
    },
)
