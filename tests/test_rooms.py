"""The rooms' public lists: what they promise is there, under a name that nothing else has."""

import importlib
import pkgutil
from collections import defaultdict

import pytest

import labkit

PACKAGES = ["labkit", *(each.name for each in pkgutil.walk_packages(labkit.__path__, "labkit.") if each.ispkg)]
ROOMS = [name for name in PACKAGES if getattr(importlib.import_module(name), "__all__", None)]


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_public_list_can_be_imported(room):
    """A lazy export with a wrong file or name would fail only where somebody uses it."""
    module = importlib.import_module(room)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_has_the_name_of_something_its_room_exports(room):
    """Otherwise importing the name from the room would give the file once that was imported."""
    module = importlib.import_module(room)
    files = {each.name for each in pkgutil.iter_modules(module.__path__)}
    assert files & set(module.__all__) == set()


def test_no_two_rooms_export_the_same_name():
    """One name is one thing in the whole course."""
    things = defaultdict(dict)
    for room in ROOMS:
        for name in importlib.import_module(room).__all__:
            thing = getattr(importlib.import_module(room), name)
            things[name][id(thing)] = room
    assert {name: list(rooms.values()) for name, rooms in things.items() if len(rooms) > 1} == {}
