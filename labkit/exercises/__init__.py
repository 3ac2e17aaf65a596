"""The exercises of the course: one module ``chNN_topic.py`` for each notebook."""

import importlib
import pkgutil


def modules() -> dict[str, str]:
    """Return the modules of exercises by number of their notebook: ``{"00": "ch00_start_here"}``."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name[2:4]: name for name in sorted(names) if name[:2] == "ch" and name[2:4].isdigit()}


def load(notebook: str | None = None) -> None:
    """Import the exercises of a notebook, named by its number, or those of all; an unknown number loads nothing."""
    for number, name in modules().items():
        if notebook in (None, number):
            importlib.import_module(f"{__name__}.{name}")
