"""Every notebook of the course keeps the rules of style (`rules.py`), whole and as students get it.

A notebook that has not been revised since a rule was made has its complaints counted in `unrevised.toml`.
"""

import tomllib
from pathlib import Path

import pytest

from tests.notebooks.page import COURSE, load_page
from tests.notebooks.rules import RULES, complaints_about
from tests.notebooks.rules_readable import LINE

UNREVISED = tomllib.loads((Path(__file__).parent / "unrevised.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", ["solution", "student"])
@pytest.mark.parametrize("name", COURSE.names)
def test_notebook_keeps_the_rules(name, form):
    """One case reports every complaint of every rule about a form of a notebook."""
    found = complaints_about(load_page(name, form))
    new = {rule: said for rule, said in found.items() if rule not in UNREVISED.get(name, {})}
    assert not new, "\n".join(f"{rule}: {text}" for rule, complaints in new.items() for text in complaints)


@pytest.mark.parametrize("name", COURSE.names)
def test_the_list_of_exceptions_only_shrinks(name):
    """The numbers are exact, so that a new fault is found and a repaired one is taken off the list."""
    listed = UNREVISED.get(name, {})
    found = {rule: len(said) for rule, said in complaints_about(load_page(name, "solution")).items() if rule in listed}
    assert found == listed, "a number that rose is a new fault; one that fell is to be lowered in unrevised.toml"


def test_exceptions_are_rules_and_notebooks():
    """A name that was removed or misspelled excuses nothing."""
    assert set(UNREVISED) <= set(COURSE.names)
    assert {rule for listed in UNREVISED.values() for rule in listed} <= set(RULES)


def test_revised_notebooks_are_linted_without_exemption():
    """What ruff leaves out at 100 characters a line is what has not been revised, and nothing else."""
    settings = tomllib.loads((COURSE.notebooks / "ruff.toml").read_text(encoding="utf-8"))
    unrevised = {f"solutions/{name}.py" for name in UNREVISED}
    assert settings["line-length"] == LINE
    assert set(settings["format"]["exclude"]) == set(settings["lint"]["extend-per-file-ignores"]) == unrevised


def test_every_notebook_is_found():
    """Discovery sees the sources; every student notebook belongs to one of them."""
    assert COURSE.names
    assert {path.stem for path in COURSE.notebooks.glob("*.ipynb")} <= set(COURSE.names)
