"""Groups are sorted as people read them, and written so that two of them never look alike."""

import numpy as np
import pytest

from labkit.errors import UserError
from labkit.validation import check_labels, format_group, sensitive_frame, sorted_groups


@pytest.mark.parametrize(
    "ordered",
    [
        ["(0, 9]", "(9, 25]", "(25, 45]", "(45, 100]"],
        ["(-inf, 25.0]", "(25.0, 45.5]", "(45.5, inf]"],
        ["<25", "25-44", "45-64", ">= 65"],
        ["18-24", "25-64", "65+", "not stated", "unknown"],
        ["$0-$25k", "$25k-$50k", "$100k+"],
        ["0-999", "1,000-1,999", "10,000 and more"],
        ["[0,250)", "[250,1000)"],
        ["site 9", "site 10"],
        ["1", "9", "10", "other"],
        ["25 - 45", "Greater than 45", "Less than 25"],  # COMPAS: "Less than 25" does not begin with its number
        ["B", "_x", "a", "b"],
        [1, 2.5, 10, "1", "unknown"],
        [False, True],
        [("A", "5-9"), ("A", "10-19"), ("B", "5-9")],
    ],
    ids=str,
)
def test_groups_are_sorted_as_people_read_them(ordered):
    """Ranges by their first number, names by the numbers in them, everything else by value; from any order."""
    for mixed in (ordered[::-1], ordered[1::2] + ordered[::2]):
        assert sorted_groups(mixed) == ordered


def test_declared_categories_are_in_their_order():
    """Each column has its own; values that are not declared come last."""
    declared = ["low", "medium", "high"]
    assert sorted_groups(["high", "not stated", "low"], [declared]) == ["low", "high", "not stated"]
    crossed = [("b", "low"), ("a", "high"), ("a", "low")]
    assert sorted_groups(crossed, [None, declared]) == [("a", "low"), ("a", "high"), ("b", "low")]


def test_joined_names_are_never_the_same():
    """A comma in a name is not taken for the one between two names."""
    assert format_group(("A, B", "C")) == "'A, B', C"
    assert format_group(("A", "B, C")) == "A, 'B, C'"
    assert format_group(("A", "B")) == "A, B"


def test_masked_values_are_missing():
    """What lies under a mask is neither a label nor a group."""
    with pytest.raises(UserError, match="y holds .*None.*; labels must be 0 or 1"):
        check_labels(np.ma.array([0, 1, 1], mask=[0, 0, 1]), 3)
    assert check_labels(np.ma.array([0, 1, 1]), 3).tolist() == [0, 1, 1]
    with pytest.raises(UserError, match="'group' has missing values"):
        sensitive_frame(np.ma.array(["a", "b", "b"], mask=[0, 0, 1]), 3)
