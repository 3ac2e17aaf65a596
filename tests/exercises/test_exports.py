"""The public list of the room."""

import pkgutil

from labkit import exercises


def test_no_file_has_the_name_of_an_export():
    """`from labkit.exercises import check` would give the module instead of the function."""
    files = {module.name for module in pkgutil.iter_modules(exercises.__path__)}
    assert not files & set(exercises.__all__)


def test_every_export_exists():
    """The names are looked up only when they are used."""
    assert all(getattr(exercises, name) is not None for name in exercises.__all__)
