"""The exercise engine: exercises are declared, checked, hinted at, solved and counted here.

Notebooks call `check`, `hint`, `solution` and `compare`. `labkit.chapters` declares exercises with `exercise`,
`choice` and `compare_answers`. An answer is collected as plain values that fit into JSON, and a judge sees only those.
The engine imports nothing else of labkit; the chapters register with it (`register`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checking": [
            "check",
            "hint",
            "solution",
            "compare",
            "exercise",
            "choice",
            "compare_answers",
            "open_question",
            "exercises",
            "register",
        ],
        "answers": ["outputs_of", "parts", "Fault"],
        "judging": ["close", "same", "Exercise", "OpenQuestion"],
        "outcomes": ["Outcome"],
    },
)
