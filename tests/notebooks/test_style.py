"""Every notebook of the course keeps the rules of style (`rules.py`), whole and as students get it."""

import pytest

from tests.notebooks.page import COURSE, load_page
from tests.notebooks.rules import complaints_about


@pytest.mark.parametrize("form", ["solution", "student"])
@pytest.mark.parametrize("name", COURSE.names)
def test_notebook_keeps_the_rules(name, form):
    """One case reports every complaint of every rule about a form of a notebook."""
    found = complaints_about(load_page(name, form))
    assert not found, "\n".join(f"{rule}: {text}" for rule, complaints in found.items() for text in complaints)


def test_every_notebook_is_found():
    """Discovery sees the sources; every student notebook belongs to one of them."""
    assert COURSE.names
    assert {path.stem for path in COURSE.notebooks.glob("*.ipynb")} <= set(COURSE.names)
