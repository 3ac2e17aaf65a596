"""What students type becomes plain values, or a fault with a message."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from labkit.exercises.answers import Fault, NamedValues, outputs_of, parts, plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        ((1, "a", None), [1, "a", None]),
        ({3, 1, 2}, [1, 2, 3]),
        (float("nan"), None),
        (pd.NA, None),
        (pd.Series([1, 2, 3])[[True, False, True]], [1, 3]),
        (pd.Series({"a": 0.5, "b": 1.0}), {"a": 0.5, "b": 1.0}),
        (pd.DataFrame({"n": [1, 2]}), [{"n": 1}, {"n": 2}]),
        (pd.DataFrame({"n": [1, 2], "m": [3, 4]}).set_index("n"), [{"n": 1, "m": 3}, {"n": 2, "m": 4}]),
        (pd.DataFrame({"n": [1, 2]}).query("n > 1"), [{"n": 2}]),
        (pd.Timestamp("2020-01-02"), "2020-01-02 00:00:00"),
        ({1: {"x": np.int64(2)}}.items(), [[1, {"x": 2}]]),
    ],
)
def test_answers_become_plain_values(value, expected):
    """Whatever a student computes with, what is collected fits into JSON."""
    collected = plain(list(value) if type(value).__name__ == "dict_items" else value)
    assert collected == expected and json.loads(json.dumps(collected)) == expected


@pytest.mark.parametrize("engine", ["polars", "torch"])
def test_other_libraries_become_plain_values(engine):
    """Frames and tensors of other libraries are read too."""
    library = pytest.importorskip(engine)
    if engine == "polars":
        assert plain(library.DataFrame({"n": [1, 2]})) == [{"n": 1}, {"n": 2}]
        assert plain(library.Series([1, 2])) == [1, 2]
    else:
        assert plain(library.ones(2, requires_grad=True)) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.inf, "your answer is infinite: somewhere a number is divided by zero"),
        ({"a": [1, -math.inf]}, r"your answer\['a'\]\[1\] is infinite"),
        (len, "is a function; did you forget the parentheses"),
        (object(), "is of type object, which cannot be compared"),
    ],
)
def test_what_cannot_be_judged_is_named(value, message):
    """An infinite number, a function or another object is a fault that says where it is."""
    with pytest.raises(Fault, match=message):
        plain(value)


def test_a_function_may_change_what_it_gets():
    """Each call gets a copy of its probe."""
    collect = outputs_of(([1, 2],), ([1, 2],))
    collect(lambda numbers: numbers.pop())
    assert collect(len) == [2, 2]


def test_parts_collect_each_their_way():
    """A dict may hold functions and values."""
    assert parts(rate=outputs_of((4,)))({"rate": lambda n: 1 / n, "verdict": "low"}) == {
        "rate": [0.25],
        "verdict": "low",
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((n for n in (1, 2)), [1, 2]),
        (zip([1], ["a"], strict=True), [[1, "a"]]),
        ({"a": 1}.values(), [1]),
        (range(2), [0, 1]),
    ],
)
def test_what_can_be_listed_is_a_list(given, expected):
    """Generators, ranges and views of dicts are lists of their items."""
    assert plain(given) == expected


def test_the_labels_of_a_series_are_kept():
    """The values of a Series with labels may still be taken as a list, since they are marked; those of a dict not."""
    assert isinstance(plain(pd.Series({"a": 0.5})), NamedValues)
    assert not isinstance(plain({"a": 0.5}), NamedValues)


def test_parts_leave_anything_but_a_dict_alone():
    """The form is judged later, with a message for it."""
    assert parts(rate=outputs_of((4,)))(0.25) == 0.25


def test_a_function_among_the_arguments_is_named():
    """A message has its name, not where it is in memory."""
    with pytest.raises(Fault, match=r"`<lambda>\(len, 3\)` returns nothing"):
        outputs_of((len, 3))(lambda function, n: None)
