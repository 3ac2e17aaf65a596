"""What students type becomes plain values, or a fault with a message."""

import enum
import itertools
import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from labkit.exercises.answers import leaves, outputs_of, parts
from labkit.exercises.plain_values import Fault, NamedValues, plain
from labkit.exercises.words import printable, short


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


class Word(enum.StrEnum):
    """A text by name."""

    UP = "up"


class OldWord(str, enum.Enum):  # noqa: UP042 (a StrEnum is another case)
    """A text by name that `str` does not return."""

    UP = "up"


class Count(enum.IntEnum):
    """A whole number by name."""

    TWO = 2


class OldCount(int, enum.Enum):
    """A whole number by name that `str` does not return."""

    TWO = 2


class Loud(str):
    """A text that shows itself in another way."""

    def __str__(self):
        """Shout."""
        return self.upper()


class Meters(float):
    """A number that shows itself in another way."""

    def __float__(self):
        """Return centimeters."""
        return 100.0 * self


EQUALS = [
    (np.str_("up"), "up"),
    (np.array(["up", "down"])[0], "up"),
    (Word.UP, "up"),
    (OldWord.UP, "up"),
    (Loud("up"), "up"),
    (Count.TWO, 2),
    (OldCount.TWO, 2),
    (np.uint8(2), 2),
    (Meters(0.5), 0.5),
    (np.float64(0.5), 0.5),
    (Fraction(1, 2), 0.5),
    (Decimal("0.5"), 0.5),
    (np.bool_(True), True),
    (np.array(True), True),
]


@pytest.mark.parametrize(("value", "expected"), EQUALS, ids=[type(value).__name__ for value, _ in EQUALS])
def test_a_derived_class_is_what_it_equals(value, expected):
    """On its own, in a list, in a dict and as a key; the result is of Python's own type."""
    for collected in (plain(value), plain([value])[0], plain({"a": value})["a"]):
        assert collected == expected and type(collected) is type(expected)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Word.UP, "up"),
        (OldWord.UP, "up"),
        (Loud("up"), "up"),
        (np.str_("up"), "up"),
        (OldCount.TWO, "2"),
        (True, "True"),
        (0.5, "0.5"),
    ],
    ids=lambda key: type(key).__name__,
)
def test_a_key_of_a_derived_class_is_what_it_equals(key, expected):
    """A key is a text, in a dict and in a Series."""
    assert list(plain({key: 1})) == list(plain(pd.Series([1], index=pd.Index([key], dtype=object)))) == [expected]


def nested(depth):
    """Return a list in a list in a list."""
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(10**7), "more than 100,000 values"),
        (np.broadcast_to(0.0, (10**6, 10**6)), "more than 100,000 values"),
        (pd.DataFrame({"n": range(60_000), "m": 0}), "more than 100,000 values"),
        ([[0] * 60_000, [0] * 60_000], "more than 100,000 values"),
        (range(10**12), "more than 100,000 values"),
        ((n for n in itertools.count()), "more than 100,000 values"),
        (map(str, itertools.count()), "more than 100,000 values"),
        (nested(200), "nested more than 50 deep"),
        ("x" * 10**6, "your answer is a text of 1,000,000 characters"),
    ],
    ids=["array", "array without memory", "frame", "lists", "range", "generator", "map", "depth", "text"],
)
def test_a_huge_answer_is_not_read(value, message):
    """Its size is known before it is turned into lists, or it is read only up to the limit."""
    with pytest.raises(Fault, match=message):
        plain(value)


def test_an_answer_as_large_as_sensible_is_read():
    """Far more than any exercise asks for."""
    assert len(plain(np.zeros((10_000, 5)))) == 10_000


@pytest.mark.parametrize(
    "value",
    [
        ["a", None, ("b",), (), (1, 2.5), {}, {"k": [True], 2: 3}],
        np.array([[0.5, 1.0], [2.0, np.nan]]),
        np.array(3),
        np.array(["a", "b"]),
        "a  text with  blanks",
        {1, 2},
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_shown_as_python_writes_it(value):
    """On one line."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    assert short(value) == " ".join(repr(listed).split())


def test_of_a_huge_value_only_the_beginning_is_written():
    """Also where it has no end, because it holds itself."""
    assert short(list(range(10**6))) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, …"
    assert short(np.broadcast_to(0.0, (10**9, 10**9))).startswith("[[0.0, 0.0, ")
    itself = []
    itself.append(itself)
    assert short(itself) == "[" * 59 + "…" and short(nested(10**4)) == "[" * 59 + "…"


def test_a_message_has_an_end_and_can_be_printed():
    """Long ones are cut; lines stay lines; what cannot be sent or would steer a terminal is written out."""
    assert len(printable("x" * 10**6)) == 2_000
    assert printable("a\r\nb\tc\x1b\ud800é") == "a\nb\tc\\x1b\\ud800é"


def test_plain_leaves_hold_only_python_types():
    """A judge compares types exactly, so nothing else may reach it."""
    types = {type(leaf) for _, leaf in leaves(plain([value for value, _ in EQUALS]))}
    assert types == {str, int, float, bool}
