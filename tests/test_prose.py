"""Sentences with computed numbers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from labkit.errors import UserError
from labkit.prose import choose, list_fields, reading, verdict

ROW = pd.Series({"low": -0.021, "high": 0.449})


@pytest.mark.parametrize(
    "template, values, text",
    [
        ("{n:,} people", {"n": 12_345}, "12,345 people"),
        ("{share:.0%}", {"share": np.float32(0.25)}, "25%"),
        ("[{row.low:.2f}, {row[high]:.1f}]", {"row": ROW}, "[-0.02, 0.4]"),
        ("{pairs[0].gap:+.1f}", {"pairs": [SimpleNamespace(gap=2)]}, "+2.0"),
        ("{name} {name}", {"name": "Birch"}, "Birch Birch"),
        ("a set {{1}} of {n}", {"n": 1}, "a set {1} of 1"),
        ("{gap:.2f}", {"gap": -0.001}, "0.00"),
        ("{gap:.0%}", {"gap": -0.001}, "0%"),
        ("{gap:.2f}", {"gap": -0.01}, "-0.01"),
        ("{gap:.2f}", {"gap": float("nan")}, "undefined"),
        ("It is {flag}.", {"flag": True}, "It is True."),
        ("no field", {}, "no field"),
    ],
)
def test_fields_are_filled(template, values, text):
    """Names, attributes and items, with Python's formats; no negative zero, and NaN in a word."""
    assert reading(template, **values).data == text


def test_chosen_wordings_have_fields_too():
    """They are filled from the same values; a text that is merely passed keeps its braces."""
    chosen = choose(np.bool_(True), "the gap is {gap:.1f}", otherwise="{other}")
    assert (
        reading("{chosen}, {gap:.2f}, {kept}", chosen=chosen, gap=0.25, kept="{x}").data == "the gap is 0.2, 0.25, {x}"
    )


@pytest.mark.parametrize(
    "template, values, words",
    [
        ("{gap}", {}, "no value named 'gap'; pass gap="),
        ("gap", {"gap": 1}, "no field for gap"),
        ("{gap:.2f}", {"gap": "wide"}, "cannot be filled: ValueError"),
        ("{gap.low}", {"gap": 1.0}, "cannot be filled: AttributeError"),
        ("{gap[low]}", {"gap": {}}, "cannot be filled: KeyError"),
        ("{gap + 1}", {"gap": 1}, "{gap + 1} is more than a name"),
        ("{gap!r}", {"gap": 1}, "{gap!r} is more than a name"),
        ("{gap.__class__}", {"gap": 1}, "is more than a name"),
        ("{gap:{width}}", {"gap": 1, "width": 3}, "is more than a name"),
        ("{}", {"gap": 1}, "is more than a name"),
        ("{0}", {"gap": 1}, "is more than a name"),
        ("{gap", {"gap": 1}, "cannot be read"),
        ("{text}", {"text": choose(True, "{gap}", otherwise="")}, "no value named 'gap'"),
    ],
)
def test_wrong_fields_are_errors(template, values, words):
    """The message names the field and what to do."""
    with pytest.raises(UserError) as caught:
        reading(template, **values)
    assert words in str(caught.value)


@pytest.mark.parametrize("condition", [1, None, "yes", pd.Series([True]), np.array([True, False]), np.float64(1)])
def test_a_choice_needs_a_truth_value(condition):
    """A number or a column is compared first."""
    with pytest.raises(UserError, match="not True or False; compare it first"):
        choose(condition, "a", otherwise="b")


@pytest.mark.parametrize("condition", [True, np.True_, np.array(True)])
def test_a_choice_takes_truth_values_of_numpy(condition):
    """Comparisons of numpy and pandas give them."""
    assert choose(condition, "a", otherwise="b") == "a"


@pytest.mark.parametrize(
    "low, high, options, chosen",
    [
        (0.01, 0.2, {}, "above"),
        (-0.2, -0.01, {}, "below"),
        (-0.1, 0.1, {}, "unclear"),
        (0.0, 0.1, {}, "unclear"),
        (0.01, 0.2, {"margin": 0.05}, "unclear"),
        (0.06, 0.2, {"margin": 0.05}, "above"),
        (-0.2, -0.06, {"margin": 0.05}, "below"),
        (-0.02, 0.03, {"margin": 0.05}, "unclear"),
        (-0.02, 0.03, {"margin": 0.05, "within": "within"}, "within"),
        (0.01, 0.03, {"margin": 0.05, "within": "within"}, "within"),
        (-0.02, 0.05, {"margin": 0.05, "within": "within"}, "unclear"),
    ],
)
def test_a_verdict_is_what_the_interval_supports(low, high, options, chosen):
    """An interval that touches the margin decides nothing."""
    assert verdict(low, high, above="above", below="below", unclear="unclear", **options) == chosen


@pytest.mark.parametrize(
    "low, high, options, words",
    [
        (float("nan"), 1.0, {}, "undefined"),
        (0.2, 0.1, {}, "pass low first"),
        (0.1, 0.2, {"margin": -1}, "negative"),
        (0.1, 0.2, {"margin": float("nan")}, "negative"),
        (0.1, 0.2, {"within": "within"}, "margin of 0"),
    ],
)
def test_what_is_no_interval_gives_no_verdict(low, high, options, words):
    """Undefined limits are not "unclear"."""
    with pytest.raises(UserError, match=words):
        verdict(low, high, above="", below="", unclear="", **options)


def test_fields_are_listed_with_their_formats():
    """In order of appearance."""
    assert list_fields("{a.b:.2f} {{no}} {c[d]}") == [("a.b", ".2f"), ("c[d]", "")]
