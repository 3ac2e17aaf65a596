"""What single notebooks need: their exercises (``chNN/exercises*.py``), and figures and tools that no other one uses.

Start a helper in its chapter; move it down into a room when a second notebook needs it.
"""

import importlib
import pkgutil

from labkit.exercises import register


def modules(notebook: str = "") -> list[str]:
    """Return the dotted names of the modules with exercises.

    Parameters
    ----------
    notebook : str, default ""
        Number of a notebook, "05", for its modules alone.

    Returns
    -------
    list of str
        In order; empty for a notebook that has none.
    """
    found = []
    for chapter in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        if chapter.startswith(f"ch{notebook}"):
            package = importlib.import_module(f"{__name__}.{chapter}")
            files = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
            found += [f"{package.__name__}.{name}" for name in files if name.startswith("exercises")]
    return found


def load(notebook: str = "") -> None:
    """Import the exercises of a notebook by its number, or those of all; an unknown number loads nothing."""
    for name in modules(notebook):
        importlib.import_module(name)


register(load)
