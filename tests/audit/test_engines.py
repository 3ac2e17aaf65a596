"""Every engine counts alike, finds a single bad row, and hands over a few counts and no rows.

The engine is a fixture of the module, so that pytest runs all tests of one engine in a row: Java starts in one worker.
It takes as long as all other engines together, and waits for `make test-rest`.
"""

import warnings
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics

from labkit.audit.counts import count
from labkit.audit.score_histogram import count_scores
from labkit.errors import DataWarning
from tests.audit.decisions import NAMES, bin_by_hand, count_by_hand, make_decisions, make_scores
from tests.audit.test_arrays import FAIRLEARN
from tests.engines import ENGINES, FILTERS, LAZY, on_engine, record_collected

SCORES = {"label": "y", "score": "score", "sensitive": "race"}
JAVA_APART = [pytest.param(engine, marks=pytest.mark.slow if engine == "pyspark" else ()) for engine in ENGINES]
SLOW_ONES_APART = [
    pytest.param(engine, marks=pytest.mark.slow if engine in ("dask", "pyspark") else ()) for engine in ENGINES
]
WITH_CATEGORIES = [engine for engine in ENGINES if engine not in ("pandas-pyarrow", "pyspark")]
pytestmark = FILTERS


@pytest.fixture(scope="module", params=JAVA_APART)
def engine(request):
    """The engine that holds the data."""
    return request.param


def test_decisions_are_counted_alike(engine):
    """Text, booleans, integers and intersections as groups give the counts that pandas alone gives."""
    frame = make_decisions()
    held = on_engine(frame, engine)
    for sensitive in ("race", "sex", "site", ["race", "sex"]):
        assert count(held, **NAMES, sensitive=sensitive) == count_by_hand(frame, sensitive), sensitive


def test_counts_stand_for_rows(engine):
    """A table in which one row stands for several people gives the counts of the people."""
    frame = make_decisions()
    table = frame.groupby(["race", "y", "yhat"]).size().rename("people").reset_index()
    found = count(on_engine(table, engine), **NAMES, sensitive="race", count="people")
    assert found == count_by_hand(frame, "race")


def test_weighted_rates_are_fairlearns(engine):
    """Every rate equals what fairlearn gives with sample_weight, and effective sizes are those of pandas alone."""
    frame = make_decisions().astype({"yhat": int})
    frame["w"] = np.random.default_rng(3).lognormal(size=len(frame))
    theirs = metrics.MetricFrame(
        metrics=FAIRLEARN,
        y_true=frame["y"],
        y_pred=frame["yhat"],
        sensitive_features=frame["race"],
        sample_params={name: {"sample_weight": frame["w"]} for name in FAIRLEARN},
    )
    found = count(on_engine(frame, engine), **NAMES, sensitive="race", weight="w")
    ours, expected = found.audit().by_group[list(FAIRLEARN)], theirs.by_group[list(FAIRLEARN)].astype(float)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.audit().overall[list(FAIRLEARN)], theirs.overall.astype(float), rtol=0, atol=1e-12)
    for mine, other in (("difference", theirs.difference), ("ratio", theirs.ratio)):
        mine = getattr(found.audit(), mine)(include_small=True)[list(FAIRLEARN)]
        np.testing.assert_allclose(mine, other(method="between_groups").astype(float), rtol=0, atol=1e-12)
    weights = frame.groupby("race")["w"]
    np.testing.assert_allclose(found.effective_sizes, weights.sum() ** 2 / weights.agg(lambda w: (w**2).sum()))


@pytest.mark.parametrize("engine", SLOW_ONES_APART, indirect=True, scope="module")
def test_persons_are_summed_alike(engine):
    """Cells, sums of weights, moments and numbers of persons are those that numpy finds person by person."""
    frame = make_decisions().assign(w=lambda each: 1 + each.index % 5 / 2)
    frame["id"] = frame["race"] + (frame.index % 90).astype(str)
    place = 2 * frame["y"] + frame["yhat"].astype(int)
    own = pd.crosstab([frame["race"], frame["id"]], place, values=frame["w"], aggfunc="sum").fillna(0)  # by person
    for options, cells in (({"weight": "w"}, own), ({}, pd.crosstab([frame["race"], frame["id"]], place))):
        found = count(on_engine(frame, engine), **NAMES, sensitive="race", person="id", **options)
        assert (found.cells == count_by_hand(frame, "race").cells).all()
        for group, sums, moments, persons in zip(found.groups, found.mass, found.moments, found.persons, strict=True):
            of_group = cells.loc[group].to_numpy()  # (persons, 4)
            np.testing.assert_allclose(sums, of_group.sum(axis=0))
            np.testing.assert_allclose(moments, of_group.T @ of_group)
            assert persons == len(of_group)


@pytest.mark.parametrize("engine", SLOW_ONES_APART, indirect=True, scope="module")
def test_thresholds_decide_alike(engine):
    """Scores on a threshold and beside it give the decisions that pandas gives, without labels too."""
    frame = make_scores()
    decided = frame.assign(yhat=frame["score"] >= 0.25)
    held = on_engine(frame, engine)
    options = {"score": "score", "threshold": 0.25, "sensitive": "race"}
    assert count(held, label="y", **options) == count_by_hand(decided, "race")
    expected = decided.groupby("race")["yhat"].agg([lambda each: (~each).sum(), "sum"])
    assert count(held, label=None, **options).cells.tolist() == expected.to_numpy().tolist()


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


@pytest.mark.parametrize("engine", SLOW_ONES_APART, indirect=True, scope="module")
def test_one_bad_weight_count_or_person_is_found(engine):
    """A single row that cannot be weighted, or whose person or decision is not known, is an error."""
    for role, value, message in (
        ("weight", -1.0, "weight column 'x'.*-1"),
        ("weight", np.nan, "weight column 'x'.*(nan|missing)"),
        ("count", 2.5, "count column 'x'.*2.5; if a row has a survey weight, pass weight='x'"),
        ("person", np.nan, "person column 'x' is missing for 1 rows"),
        ("score", np.nan, "score column 'x'.*(nan|missing)"),
    ):
        frame = make_decisions().assign(x=1.0)
        frame.loc[5, "x"] = value
        decision = {"score": "x", "threshold": 0.5} if role == "score" else {"prediction": "yhat", role: "x"}
        with pytest.raises(ValueError, match=message), warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # 1.0 is the identifier of everybody
            count(on_engine(frame, engine), label="y", **decision, sensitive="race")


@pytest.mark.parametrize(
    "engine", [param for param in JAVA_APART if param.values[0] in LAZY], indirect=True, scope="module"
)
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


@pytest.mark.parametrize(
    "engine", [param for param in SLOW_ONES_APART if param.values[0] in LAZY], indirect=True, scope="module"
)
def test_persons_stay_where_they_are(engine, monkeypatch):
    """Of a lazy frame with more persons than groups, only their number and the sums of groups are collected."""
    held, heights = on_engine(make_decisions(), engine), []
    record_collected(monkeypatch, engine, heights)
    count(held, **NAMES, sensitive="race", person="name", weight="site")
    assert set(heights) == {1, 3}
