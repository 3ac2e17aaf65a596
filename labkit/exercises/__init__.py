"""The exercises of the course: a module ``chNN_topic.py`` for each notebook, or several where one grows too long."""

import importlib
import pkgutil


def modules(notebook: str = "") -> list[str]:
    """Return the names of the modules with exercises, those of one notebook when its number is given."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith(f"ch{notebook}"))


def load(notebook: str = "") -> None:
    """Import the exercises of a notebook, named by its number, or those of all; an unknown number loads nothing."""
    for name in modules(notebook):
        importlib.import_module(f"{__name__}.{name}")
