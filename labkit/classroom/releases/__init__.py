"""A release: what a teacher hands out of the course's notebooks, and what stays with the teacher.

`release` writes a folder, and `load_release` reads it again, for whoever collects and grades. The seed of a release is
the teacher's secret: variants of exercises and hidden probes come from it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_notebooks": ["ReleasedCell"],
        "hidden_tests": ["check_hidden"],
        "released": ["Release", "load_release"],
        "rosters": ["Student", "read_roster"],
        "writing": ["release", "find_weakness"],
    },
)
