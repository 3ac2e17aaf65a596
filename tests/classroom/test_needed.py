"""Which cells an exercise depends on."""

import pytest

from labkit.classroom.box.inside._needed import find_needed

SETUP = "import numpy as np"


@pytest.mark.parametrize(
    ("cells", "expression", "needed"),
    [
        pytest.param(["x = 1", "y = 2"], "y", {1}, id="another cell is not needed"),
        pytest.param(["x = 1", "y = x"], "y", {0, 1}, id="what a cell reads"),
        pytest.param(["x = 1", "x = 2"], "x", {1}, id="a later binding takes the place"),
        pytest.param(["x = 1", "x += 1"], "x", {0, 1}, id="a change in place"),
        pytest.param(["x = []", "x.append(1)"], "x", {0, 1}, id="a method on its own line"),
        pytest.param(["x = {}", "x['a'] = 1"], "x", {0, 1}, id="an item"),
        pytest.param(["x = []", "y = x.copy()"], "x", {0}, id="a method whose result is kept"),
        pytest.param(["g = 2", "def f():\n    return g", "z = 1"], "f", {0, 1}, id="what a function reads"),
        pytest.param(["def f():\n    return g", "g = 2"], "f", {0, 1}, id="what a function reads, bound later"),
        pytest.param(["g = 1", "def f(g):\n    return g"], "f", {1}, id="an argument is no global name"),
        pytest.param(["i = 1", "y = [i for i in range(3)]"], "y", {1}, id="nor is the name of a comprehension"),
        pytest.param(["i = 1", "for i in [1]:\n    y = i"], "y", {1}, id="nor is that of a loop read"),
        pytest.param(["y = 1", "if y:\n    y = 2"], "y", {0, 1}, id="a binding under a condition"),
        pytest.param(["y = 0", "if z:\n    y = 1\nelse:\n    y = 2"], "y", {1}, id="a binding in both branches"),
        pytest.param(["y = 0", "try:\n    y = 1\nexcept OSError:\n    pass"], "y", {0, 1}, id="one that may fail"),
        pytest.param(["from os import *", "y = 1"], "y", {0, 1}, id="a star import"),
        pytest.param(["exec('y = 1')", "z = 1"], "y", {0}, id="exec"),
        pytest.param(["this is no Python", "y = 1"], "y", {0, 1}, id="broken code"),
        pytest.param([SETUP, "np.random.seed(0)", "y = np.random.rand()"], "y", {0, 1, 2}, id="a seed"),
        pytest.param(
            [SETUP, "rng = np.random.default_rng(0)", "a = rng.normal()", "y = rng.normal()"],
            "y",
            {0, 1, 2, 3},
            id="numbers drawn before from the same source",
        ),
        pytest.param([SETUP, "np.testing.assert_allclose(1, 1)", "y = np.pi"], "y", {0, 2}, id="a function"),
        pytest.param(["x = 1", "print(x)", "show(x, alt='')"], "x", {0}, id="what only shows"),
        pytest.param(["class A:\n    size = big", "big = 1", "y = A()"], "y", {0, 1, 2}, id="what a class reads"),
        pytest.param(["x = 1", "f = lambda: x"], "f", {0, 1}, id="a function without a name"),
        pytest.param(["p = 1", "s = 2", "t = 3"], '{"p": p, "s": s}', {0, 1}, id="an expression with two names"),
    ],
)
def test_cells_that_an_answer_depends_on_are_found(cells, expression, needed):
    """Neither fewer, which would change the answer, nor others, which would take time."""
    assert find_needed(cells, [{"expression": expression, "after": len(cells)}]) == needed


def test_cells_after_the_check_are_not_needed():
    """The answer is what it was where the check stands."""
    assert find_needed(["y = 1", "y = 2"], [{"expression": "y", "after": 1}]) == {0}
