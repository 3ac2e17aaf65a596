"""Grade a class: submissions run in boxes, several at a time, and each result is kept as soon as it is there.

`grade` does it. A worker process has one box and one judge; what has not changed is not graded again, and what is lost
when the program is killed are the students in progress.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"running": ["grade", "Grading"]})
