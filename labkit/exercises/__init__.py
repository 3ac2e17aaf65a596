"""The exercise engine: exercises are declared, checked, hinted at, solved and counted here.

Notebooks call `check`, `hint`, `solution` and `compare`. `labkit.chapters` declares exercises with `exercise`,
`choice` and `compare_answers`. An answer is collected as plain values that fit into JSON, and a judge sees only those.
While it is collected it may take some seconds, print some characters and use some memory (see `_running`). A judge may
ask what several exercises need: which option a text picks (`pick`), or which slip explains an answer
(`recognize_slip`). A class asks with other numbers (`Variant`) or other calls (see `variants`).
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
        "choices": ["pick", "list_options", "ask_again", "metric_name"],
        "judging": ["close", "same", "Exercise", "OpenQuestion"],
        "recognizers": [
            "recognize_slip",
            "recognize_rounding",
            "recognize_percent",
            "recognize_order",
            "recognize_sign",
            "recognize_complement",
            "recognize_reciprocal",
        ],
        "variants": ["Variant", "rewrite_cells"],
        "outcomes": ["Outcome"],
    },
)
