"""A class: student code runs in a box, and what it answers is judged outside.

`find_box` says which box works on this machine. `make_questions` and `find_imports` read the released notebook; a `Box`
runs a submission and collects its answers; a `Judge`, another process, says what they are worth.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "judging": ["Judge", "judge_answers"],
        "questions": ["make_questions", "find_imports"],
        "results": ["AskedNotebook", "Graded", "MarkedExercise", "Result", "ResultFiles"],
    },
)
