"""Boxes that the tests share: to start one takes seconds."""

import pytest

from labkit.classroom import Judge
from labkit.classroom.box import Box, find_box

IMPORTS = ("import numpy", "import pandas", "from matplotlib import pyplot")
KINDS = ("bubblewrap", "Landlock")


def open_box(name, **options):
    """Return a started box of one kind, or of the best one; skip the test where it does not work on this machine."""
    kind = find_box(name)
    if kind.name is None:
        pytest.skip(kind.sentence)
    box = Box(kind, **options)
    box.ready  # noqa: B018, starts it
    return box


@pytest.fixture(scope="session")
def judge():
    """Return a judge, which loads the exercises at its first answer."""
    with Judge(seconds=30) as found:
        yield found


@pytest.fixture(scope="session")
def boxes():
    """Return a function that gives the box of a kind, started once."""
    started = {}

    def get(name):
        if name not in started:
            started[name] = open_box(name, imports=IMPORTS)
        return started[name]

    yield get
    for box in started.values():
        box.close()
