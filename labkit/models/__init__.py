"""Pretrained encoders: load one, run it, embed texts, and keep its hidden states.

`load_foundation_model` returns a `Foundation`, a BERT-like encoder with a head for one logit, from a package, a folder
or the cache of downloaded models. `embed` gives pooled embeddings of texts. Hidden states of frozen blocks are kept in
the cache folder (`labkit.models.hidden_states`), which is what makes training the last block fast.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "encoder": ["Foundation", "load_foundation_model"],
        "hidden_states": ["embed"],
    },
)
