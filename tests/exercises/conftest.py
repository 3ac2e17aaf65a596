"""What the tests of the exercise engine share: an empty list of exercises, a way to declare one, and what is shown."""

import gc
from collections.abc import Iterator

import pytest

from labkit.exercises import checking

HELP = {"objective": "99-halves", "hints": ("Look.", "Look closer."), "idea": "Divide."}


@pytest.fixture(autouse=True)
def no_exercises(monkeypatch):
    """Keep declarations of a test to itself, and exercises of the course out of it."""
    for registry in ("_declared", "_open", "_asked"):
        monkeypatch.setattr(checking, registry, {})


@pytest.fixture(autouse=True)
def no_garbage_collection() -> Iterator[None]:
    """Keep callbacks of the garbage collector, hypothesis has one, from being where an alarm for an answer rings."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def shown(monkeypatch):
    """Return what was displayed: the mime bundles, in order."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


@pytest.fixture
def declare():
    """Return a function that declares an exercise, 99.1 unless told otherwise, and returns it."""

    def declare(reference, wrong=None, *, judge=lambda collected: "not this", identifier="99.1", **options):
        settings = HELP | {"wrong": wrong or [(n, "no") for n in range(3)]} | options
        checking.exercise(identifier, reference=reference, **settings)(judge)
        return checking._declared[identifier]

    return declare


@pytest.fixture
def compared():
    """Return a function that declares exercise 99.1 by its answers alone, and returns it."""

    def compared(reference, wrong, **options):
        settings = {"otherwise": "?"} | HELP | options
        checking.compare_answers("99.1", reference=reference, wrong=wrong, **settings)
        return checking._declared["99.1"]

    return compared
