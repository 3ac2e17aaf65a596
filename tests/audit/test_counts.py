"""Counting decisions, rejecting what cannot be counted, adding up and decomposing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.audit._counting import MAX_GROUPS
from labkit.audit.counts import Counts, count
from labkit.audit.score_histogram import ScoreHistogram
from tests.audit.decisions import NAMES, count_by_hand, make_decisions


@pytest.mark.parametrize("convert", [bool, float, "Int64", "boolean", object, "int8[pyarrow]"], ids=str)
def test_labels_may_be_any_zero_and_one(convert):
    """Booleans and numbers equal to 0 and 1 are labels, whatever column type holds them."""
    frame = make_decisions()
    assert count(frame.assign(y=frame["y"].astype(convert)), **NAMES, sensitive="race") == count_by_hand(frame, "race")


def test_groups_are_sorted_and_named():
    """Groups come in sorted order under the name of their column; intersections as a MultiIndex."""
    frame = make_decisions()
    one, two = (count(frame, **NAMES, sensitive=names) for names in ("race", ["race", "sex"]))
    assert one.groups.tolist() == ["blue", "green", "red"] and one.groups.name == "race"
    assert list(two.groups.names) == ["race", "sex"] and two.groups[0] == ("blue", False)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"sensitive": "Race"}, "unknown column 'Race'.*did you mean 'race'"),
        ({}, {"label": "outcome"}, "unknown column 'outcome'.*it has y, yhat"),
        ({}, {"sensitive": []}, "no sensitive column"),
        ({}, {"sensitive": "y"}, "'y' is named as sensitive and as label"),
        ({}, {"sensitive": ["race", "race"]}, "'race' is named as sensitive and as sensitive"),
        ({}, {"count": "y"}, "'y' is named as count and as label"),
        ({"y": 2}, {}, "column 'y' must hold 0 and 1.*it has 2; recode"),
        ({"y": np.nan}, {}, "column 'y' must hold 0 and 1.*it has missing; drop or fill"),
        ({"yhat": 0.37}, {}, "column 'yhat'.*0.37.*score >= threshold"),
        ({"yhat": "yes"}, {}, "column 'yhat'.*'yes'"),
        ({"race": None}, {}, "'race' is missing for 600 people.*drop those rows"),
        ({"site": np.nan}, {"sensitive": ["race", "site"]}, "'site' is missing for 600 people"),
        ({"race": "red"}, {}, "one single group, 'red'"),
        ({"w": -1}, {"count": "w"}, "count column 'w'.*not negative.*-1; fix"),
        ({"w": 0.5}, {"count": "w"}, "count column 'w'.*whole.*0.5; if a row has a survey weight, pass weight='w'"),
        ({"w": np.nan}, {"count": "w"}, "count column 'w'.*missing; fix"),
        ({"w": np.inf}, {"count": "w"}, "count column 'w'.*inf"),
        ({"w": "3"}, {"count": "w"}, "count column 'w' holds String"),
    ],
)
def test_rejects_what_cannot_be_counted(change, options, message):
    """Input that cannot be counted is rejected by a message that names the value and the remedy."""
    with pytest.raises(ValueError, match=message):
        count(make_decisions().assign(**change), **{**NAMES, "sensitive": "race", **options})


def test_rejects_a_column_of_names():
    """A column with a value for every row is a mistake, and is rejected before it fills the memory."""
    with pytest.raises(ValueError, match=f"more than {MAX_GROUPS} groups"):
        count(make_decisions(MAX_GROUPS + 1), **NAMES, sensitive="name")


@pytest.mark.parametrize("dtype", [int, float, object, str])
def test_rejects_an_empty_frame(dtype):
    """A frame without rows is rejected, whatever its columns would hold."""
    with pytest.raises(ValueError, match="is empty"):
        count(make_decisions().iloc[:0].astype({"y": dtype}), **NAMES, sensitive="race")


def test_rejects_a_list():
    """A list is not a dataframe, and the message says what to use instead."""
    with pytest.raises(TypeError, match=r"cannot count a list.*audit\(y_true="):
        count([1, 2], **NAMES, sensitive="race")


def test_parts_of_a_log_add_up():
    """Counts of parts, one of them of a single group and one empty, add up to the counts of the whole."""
    frame = make_decisions()
    parts = [frame[frame["race"] == "red"], frame[frame["race"] != "red"], frame.iloc[:0]]
    assert sum(count(part, **NAMES, sensitive="race", min_groups=0) for part in parts) == count_by_hand(frame, "race")


def test_different_groupings_do_not_add_up():
    """Counts by different columns are not added."""
    with pytest.raises(ValueError, match="count both by the same sensitive columns"):
        count_by_hand(make_decisions(), "race") + count_by_hand(make_decisions(), "sex")


def test_counts_are_added_to_counts_only():
    """A number, or counts of something else, is an error; neither is equal to the counts."""
    counts = count_by_hand(make_decisions(), "race")
    scores = ScoreHistogram(counts.groups, counts.cells.reshape(3, 2, 2))
    for other in (1, scores):
        assert counts != other
        with pytest.raises(TypeError, match="unsupported operand"):
            counts + other


def test_counts_show_their_table():
    """In a terminal and in a notebook."""
    counts = Counts.from_mapping({"a": [1, 2, 3, 4]})
    assert "Counts of 10 people" in repr(counts) and "tn  fp  fn  tp" in repr(counts)
    assert "<th>a</th>" in counts._repr_html_()


def test_counts_cannot_be_changed():
    """Code that holds counts cannot change them for other code."""
    counts = count_by_hand(make_decisions(), "race")
    with pytest.raises(ValueError, match="read-only"):
        counts.cells[0, 0] = 5
    with pytest.raises(AttributeError):
        counts.cells = np.zeros((3, 4))
    table = counts.table
    table.iloc[0, 0] += 1
    assert counts == count_by_hand(make_decisions(), "race")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"a": [1, 2, 3, -4], "b": [1, 1, 1, 1]}, "-4.* is not a count"),
        ({"a": [0.4, 0, 0, 0.6], "b": [1, 1, 1, 1]}, "0.4.*not rates"),
        ({"a": [1, 2, 3], "b": [1, 1, 1]}, r"shape \(2, 3\)"),
        ({"a": [1, 2, 3, 4], None: [1, 1, 1, 1]}, "none may be missing"),
    ],
)
def test_rejects_cells_that_are_not_counts(cells, message):
    """Rates, negative numbers, three columns and groups without a name are not counts."""
    with pytest.raises(ValueError, match=message):
        Counts.from_mapping(cells)


cell_counts = st.lists(st.integers(1, 10**9), min_size=4, max_size=4)


@settings(deadline=None, derandomize=True)
@given(a=cell_counts, b=cell_counts, other=cell_counts)
def test_decomposition_is_exact(a, b, other):
    """The three parts sum to the gap, to rounding, whatever the counts."""
    found = Counts.from_mapping({"a": a, "b": b, "other": other}).decompose("a", "b", n_boot=100)
    rates = [(cells[1] + cells[3]) / sum(cells) for cells in (a, b)]
    assert found.gap == pytest.approx(rates[0] - rates[1], abs=1e-12)
    assert found.parts.sum() == pytest.approx(found.gap, abs=1e-12)


def test_perfect_classifier_has_a_gap_of_base_rates_only():
    """Without any error the whole gap is due to base rates (MATH section 3)."""
    found = Counts.from_mapping({"a": [40, 0, 0, 60], "b": [80, 0, 0, 20]}).decompose("a", "b")
    assert found.parts.tolist() == pytest.approx([0, 0, 0.4])
    assert (found.intervals.loc["base_rate", "low"] < 0.4) and (found.intervals.loc["base_rate", "high"] > 0.4)


def test_decomposition_intervals_hold_their_level():
    """Percentile intervals of the parts cover the parts of the population about as often as they say."""
    shares = np.array([[0.2, 0.1, 0.08, 0.12], [0.28, 0.07, 0.1, 0.05]])
    truth = Counts.from_mapping(dict(zip("ab", (shares * 10**6).round(), strict=True))).decompose("a", "b").parts
    rng, runs = np.random.default_rng(0), 300
    covered = np.zeros(3)
    for cells in rng.multinomial(1000, shares.ravel(), size=runs).reshape(runs, 2, 4):
        found = Counts.from_mapping(dict(zip("ab", cells, strict=True))).decompose("a", "b", n_boot=400)
        covered += (found.intervals["low"] <= truth) & (truth <= found.intervals["high"])
    assert (np.abs(covered / runs - 0.95) < 0.02 + 4 * np.sqrt(0.95 * 0.05 / runs)).all()


@pytest.mark.parametrize(
    ("pair", "options", "message"),
    [
        (("a", "z"), {}, "unknown group 'z'; the groups are"),
        (("a", "a"), {}, "both 'a'"),
        (("a", "none"), {}, "'none' has no people labeled positive"),
        (("all", "a"), {}, "'all' has no people labeled negative"),
        (("a", "b"), {"n_boot": 10}, "n_boot=10"),
        (("a", "b"), {"confidence": 95}, "confidence=95"),
    ],
)
def test_rejects_gaps_without_parts(pair, options, message):
    """An unknown group, twice the same, or a group in which a rate is undefined has no decomposition."""
    cells = {"a": [1, 2, 3, 4], "b": [4, 3, 2, 1], "none": [5, 5, 0, 0], "all": [0, 0, 5, 5]}
    with pytest.raises(ValueError, match=message):
        Counts.from_mapping(cells).decompose(*pair, **options)


def test_notes_on_the_rows_come_first_and_survive_addition():
    """A note is shown before the audit's own warnings, once, and two counts of the same people stay equal."""
    a, b = (Counts.from_cells({"a": [9] * 4, "b": [1] * 4}, names=["g"], shape=(4,), notes=[note]) for note in "xy")
    assert a == b
    added = a + b + a
    assert added.notes == ("x", "y")
    assert added.audit().warnings[:2] == ["x", "y"] and len(added.audit().warnings) > 2
