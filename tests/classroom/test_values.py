"""JSON into the box, and out of it."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.classroom.box.values import (
    MARK,
    BadReply,
    pack_argument,
    pack_plain,
    read_fault,
    read_reply,
    unpack_argument,
    unpack_plain,
)
from labkit.exercises.plain_values import NamedValues, Positions

LEAVES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5) | st.just(MARK)
PLAIN = st.recursive(
    LEAVES | TEXTS | st.just(...),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def travel(value):
    """Return a plain value after its way out of the box."""
    return unpack_plain(read_reply(json.dumps(pack_plain(value)).encode(), 10**6))


@settings(max_examples=50, deadline=None)
@given(PLAIN)
def test_plain_values_come_out_as_they_are(value):
    """Whatever their keys are named."""
    assert travel(value) == value


def test_labels_of_rows_and_lists_come_out():
    """A Series with labels and one with positions keep what the form of an answer is found by."""
    named = NamedValues(a=1, b=2)
    named.skip = 1
    positions = Positions([1, 2])
    positions.labels = ("3", "4")
    found = travel([named, positions])
    assert type(found[0]) is NamedValues and found[0].skip == 1 and found[0] == {"a": 1, "b": 2}
    assert type(found[1]) is Positions and found[1].labels == ("3", "4") and found[1] == [1, 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[" * 100_000, "no JSON"),
        (b"[" * 200 + b"]" * 200, "nested too deep"),
        (b"NaN", "the number NaN"),
        (b"-Infinity", "the number -Infinity"),
        (b"1e999", "an infinite number"),
        (b"9" * 2000, "too many digits"),
        (b'"' + b"x" * 200_000 + b'"', "a text of 200,000 characters"),
        (b"[" + b"0," * 300_000 + b"0]", "more than 20,000 values"),
        (b"\xff", "no JSON"),
        (b"{} {}", "no JSON"),
        (b"x" * 2_000_000, "more than 1,000,000 bytes"),
    ],
)
def test_replies_beyond_what_an_answer_may_be_are_rejected(line, reason):
    """Each with a reason, and none with another error."""
    with pytest.raises(BadReply, match=reason):
        read_reply(line, 10**6)


@pytest.mark.parametrize(
    "value",
    [
        {MARK: "open", "more": 1},
        {MARK: "named", "items": []},
        {MARK: "named", "skip": 2, "items": [["a", 1]]},
        {MARK: "named", "skip": True, "items": [["a", 1]]},
        {MARK: "positions", "labels": ["a"], "items": [1, 2]},
        {MARK: "dict", "items": [[1, 2]]},
        {MARK: "tuple", "items": []},
        {MARK: ["open"]},
        {"deep": [{MARK: None}]},
    ],
)
def test_marks_in_another_form_are_rejected(value):
    """Nothing but what the box itself writes is read."""
    with pytest.raises(BadReply, match="the mark"):
        unpack_plain(value)


def test_half_characters_are_replaced():
    """Files could not hold them."""
    assert read_reply(rb'{"\ud800": "a\udfff"}', 100) == {"\ufffd": "a\ufffd"}


@pytest.mark.parametrize(
    ("message", "key"), [(None, None), ("", None), ("m", [1, "a"]), ("m", [True, "a", "b"]), ("m", [0, "a", "b" * 999])]
)
def test_faults_in_another_form_are_rejected(message, key):
    """A message, and either no key or a number and two texts."""
    with pytest.raises(BadReply, match="a fault"):
        read_fault(message, key)


@pytest.mark.parametrize(
    "value",
    [
        (1, [2.5, float("inf")], {"a": (1,), 2: None}),
        {1, 2},
        np.array([[1, 2], [3, 4]], dtype="int32"),
        np.array(["a", "bc"]),
        np.float32(0.1),
        pd.DataFrame({"n": [1, 2], "who": ["a", "b"], "rate": [0.5, np.nan]}),
        pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="place")),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")], names=["one", "two"])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arguments_arrive_as_they_are(value):
    """With the types of arrays and columns."""
    found = unpack_argument(json.loads(json.dumps(pack_argument(value), allow_nan=False)))
    assert type(found) is type(value)
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(found, value)
    elif isinstance(value, np.ndarray):
        assert found.dtype == value.dtype and (found == value).all()
    else:
        assert found == value


def test_an_argument_that_cannot_be_sent_is_named():
    """A function cannot be written as JSON."""
    with pytest.raises(TypeError, match=r"type builtins\.builtin_function_or_method cannot be sent"):
        pack_argument([len])
