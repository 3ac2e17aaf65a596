"""Tables and texts about people: shipped, fetched or simulated, each with its datasheet.

``load_*()`` returns a `Dataset`: a frame, and which of its columns are the label, the sensitive ones and the text.
Tables that ship are in ``datasets/``; `fetch` downloads the rest once. Every file is verified by its checksum.
`simulate_clinic` invents patients with one source of inequality at a time, and `counterfactual` returns the same
patients as members of the other group.

>>> from labkit.data import load_hmda
>>> load_hmda().sensitive
('afam',)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "tables": [
            "Dataset",
            "load_hmda",
            "load_compas",
            "load_rand_hie",
            "load_star",
            "load_ucb",
            "load_resume_names",
            "load_german",
            "load_fico",
        ],
        "bug": ["load_bug"],
        "fetching": ["fetch"],
        "clinic.simulator": ["simulate_clinic", "counterfactual", "KNOBS"],
        "datasheets": ["write_datasheet", "check_datasheet"],
    },
)
