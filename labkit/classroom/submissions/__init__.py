"""What students hand in: whose it is, and which of its cells are those of the notebook that was handed out.

`find_submissions` goes through a folder or a zip as Moodle, Canvas or nbgrader export it; `recognize` reads a notebook
of a submission. Both take anything for possible: what is wrong with a submission is said of it, and stops no other.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "collecting": ["find_submissions", "Submission", "SubmittedFile"],
        "deadlines": ["read_deadline"],
        "recognizing": ["recognize", "Recognized"],
    },
)
