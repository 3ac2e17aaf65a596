"""The examples in docstrings of every room."""

import doctest
import importlib
import pkgutil

import pytest

import labkit

MODULES = [
    module.name
    for module in pkgutil.walk_packages(labkit.__path__, "labkit.")
    if ">>>" in (importlib.util.find_spec(module.name).loader.get_source(module.name) or "")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_hold(module):
    """What a docstring shows is what happens."""
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0 and found.failed == 0
