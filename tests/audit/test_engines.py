"""Every engine counts alike, finds a single bad row, and hands over a few counts and no rows.

The engine is a fixture of the module, so that pytest runs all tests of one engine in a row: Java starts in one worker.
"""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from labkit.audit.counts import count
from labkit.audit.score_histogram import count_scores
from labkit.errors import DataWarning
from tests.audit.decisions import NAMES, bin_by_hand, count_by_hand, make_decisions, make_scores
from tests.engines import ENGINES, FILTERS, LAZY, on_engine, record_collected

SCORES = {"label": "y", "score": "score", "sensitive": "race"}
WITH_CATEGORIES = [engine for engine in ENGINES if engine not in ("pandas-pyarrow", "pyspark")]
pytestmark = FILTERS


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    """The engine that holds the data."""
    return request.param


def test_decisions_are_counted_alike(engine):
    """Text, booleans, integers and intersections as groups give the counts that pandas alone gives."""
    frame = make_decisions()
    held = on_engine(frame, engine)
    for sensitive in ("race", "sex", "site", ["race", "sex"]):
        assert count(held, **NAMES, sensitive=sensitive) == count_by_hand(frame, sensitive), sensitive


def test_weights_stand_for_rows(engine):
    """A table in which one row stands for several people gives the counts of the people."""
    frame = make_decisions()
    table = frame.groupby(["race", "y", "yhat"]).size().rename("people").reset_index()
    found = count(on_engine(table, engine), **NAMES, sensitive="race", weight="people")
    assert found == count_by_hand(frame, "race")


@pytest.mark.parametrize("engine", WITH_CATEGORIES, indirect=True, scope="module")
def test_categories_are_groups_by_value(engine):
    """A categorical column gives its values as groups; a category without people is named where the engine knows it."""
    frame = make_decisions()
    expected = count_by_hand(frame, "race")
    frame["race"] = pd.Categorical(frame["race"], categories=["red", "green", "blue", "nobody"], ordered=True)
    knows = engine in ("pandas", "pyarrow", "dask")  # the others got text, or polars' categories of all columns
    with pytest.warns(DataWarning, match="category 'nobody'.*no rows") if knows else nullcontext():
        found = count(on_engine(frame, engine), **NAMES, sensitive="race")
    assert found == expected
    assert found.groups.tolist() == (["red", "green", "blue"] if knows else ["blue", "green", "red"])


def test_scores_are_binned_alike(engine):
    """Every score is in the bin that numpy alone finds, the scores 0, 1 and those on edges too."""
    frame = make_scores()
    held = on_engine(frame, engine)
    for bins in (2, 1024):
        assert count_scores(held, **SCORES, bins=bins) == bin_by_hand(frame, bins), bins


def test_one_bad_row_is_found(engine):
    """A single missing group or wrong label is an error, never a silent loss of a row."""
    for column, value, message in (
        ("race", None, "'race' is missing for 1 people"),
        ("y", None, "it has missing"),
        ("y", 7, "it has 7"),
    ):
        frame = make_decisions()
        frame[column] = frame[column].astype("Int64" if column == "y" else object)
        frame.loc[5, column] = value
        with pytest.raises(ValueError, match=message):
            count(on_engine(frame, engine), **NAMES, sensitive="race")


def test_one_bad_score_is_found(engine):
    """A single score that is out of range, or not a number, is an error."""
    for value, message in ((1.01, "it has 1.01"), (np.nan, "it has (nan|missing)")):
        frame = make_scores()
        frame.loc[7, "score"] = value
        with pytest.raises(ValueError, match=message):
            count_scores(on_engine(frame, engine), **SCORES)


@pytest.mark.parametrize("engine", LAZY, indirect=True, scope="module")
def test_lazy_frames_stay_lazy(engine, monkeypatch):
    """Only a handful of counts is ever collected from a lazy frame, by narwhals or past it."""
    decisions, scores = make_decisions(), make_scores()
    held, held_scores, heights = on_engine(decisions, engine), on_engine(scores, engine), []
    record_collected(monkeypatch, engine, heights)
    for weight in (None, "site"):
        count(held, **NAMES, sensitive="race", weight=weight)
    assert set(heights) == {12}  # three groups, four cells
    heights.clear()
    counted = count_scores(held_scores, **SCORES, bins=8)
    ones = scores.query("score == 1").drop_duplicates(["race", "y"])  # the score 1 has a bin of its own, until then
    assert set(heights) == {(counted.cells > 0).sum() + len(ones)}
