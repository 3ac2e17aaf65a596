"""Scores as counts: AUC within its bound, calibration within half a bin, alike on every engine, adding up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from labkit.audit import score_histogram as histograms
from labkit.audit.calibration import calibration_by_group
from labkit.audit.plots import plot_calibration
from labkit.audit.score_histogram import ScoreHistogram, count_scores
from tests.engines import ENGINES, FILTERS, LAZY, on_engine, record_collected

NAMES = {"label": "y", "score": "score", "sensitive": "race"}
pytestmark = FILTERS


def people(n=900):
    """Make a table of scores that sort labels better in one group than in the others."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "race": rng.choice(["blue", "green", "red"], n)})
    noise = rng.normal(size=n) * np.where(frame["race"] == "red", 2.0, 0.7)
    frame["score"] = 1 / (1 + np.exp(-(2 * frame["y"] - 1 + noise)))
    frame.loc[:5, "score"] = [0.0, 1.0, 0.5, 0.25, 0.75, 1.0]
    frame["site"] = rng.integers(1, 3, n)
    return frame


def by_hand(frame, bins):
    """Bin scores with numpy alone."""
    cells = {}
    for group, part in frame.groupby("race"):
        histogram = [np.histogram(part["score"][part["y"] == label], bins=bins, range=(0, 1))[0] for label in (0, 1)]
        cells[group] = np.array(histogram)
    return ScoreHistogram.from_cells(cells, names=["race"], shape=(2, bins))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bins", [2, 1024])
def test_engines_agree(engine, bins):
    """Every engine puts every score into the bin that numpy alone finds, the scores 0, 1 and those on edges too."""
    assert count_scores(on_engine(people(), engine), **NAMES, bins=bins) == by_hand(people(), bins)


@pytest.mark.parametrize("engine", LAZY)
def test_lazy_frames_stay_lazy(engine, monkeypatch):
    """No more rows leave the engine than there are counts above zero (the score 1 has one of its own)."""
    frame, heights = on_engine(people(), engine), []
    record_collected(monkeypatch, engine, heights)
    counted = count_scores(frame, **NAMES, bins=8)
    ones = people().query("score == 1").drop_duplicates(["race", "y"])
    assert set(heights) == {(counted.cells > 0).sum() + len(ones)}


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    rows=st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=2, max_size=60),
    bins=st.sampled_from([2, 8, 64, 1024]),
)
def test_auc_of_exact_scores_is_within_the_bound(rows, bins):
    """Whatever the scores, scikit-learn's AUC lies between lowest and highest, and within error of the one reported."""
    frame = pd.DataFrame(rows, columns=["score", "y"]).assign(race="all")
    (found,) = count_scores(frame, **NAMES, bins=bins).auc().to_dict("records")
    assert (found["n"], found["positives"]) == (len(frame), frame["y"].sum())
    if frame["y"].nunique() < 2:
        assert np.isnan([found["auc"], found["error"], found["low"], found["high"]]).all()
        return
    exact = roc_auc_score(frame["y"], frame["score"])
    assert found["lowest"] - 1e-12 <= exact <= found["highest"] + 1e-12
    assert abs(exact - found["auc"]) <= found["error"] + 1e-12
    assert 0 <= found["low"] <= found["lowest"] + 1e-12 and found["highest"] - 1e-12 <= found["high"] <= 1


def test_bound_is_attained():
    """The bound is no tighter than the truth: scores in one bin may be in the right order, or all in the wrong one."""
    right = pd.DataFrame({"y": [0, 0, 1, 1], "score": [0.1, 0.2, 0.3, 0.4], "race": "a"})
    found = count_scores(right, **NAMES, bins=2).auc().loc["a"]
    assert (found["lowest"], found["auc"], found["highest"], found["error"]) == (0, 0.5, 1, 0.5)


def test_error_shrinks_with_the_bins():
    """With the default number of bins the error of smooth scores is under a bin's width; half as many double it."""
    counted = count_scores(people(30_000), **NAMES)
    fine, coarse = counted.auc()["error"], counted.coarsen(counted.bins // 2).auc()["error"]
    assert (fine < 1 / histograms.BINS).all()
    assert (coarse / fine).to_numpy() == pytest.approx(2, rel=0.05)


def test_intervals_hold_their_level_also_near_one():
    """Newcombe's interval covers the population's AUC about as often as it says, for a good score and 30 people."""
    rng, runs, shift, covered = np.random.default_rng(0), 600, 2.5, 0
    truth = norm.cdf(shift / np.sqrt(2))
    for _ in range(runs):
        y = np.arange(30) < 12
        frame = pd.DataFrame({"y": y, "score": norm.cdf(rng.normal(size=30) + shift * y - 1), "race": "a"})
        found = count_scores(frame, **NAMES).auc().loc["a"]
        covered += found["low"] <= truth <= found["high"]
    assert 0.93 < covered / runs < 0.995  # conservative rather than short


def test_interval_does_not_collapse_at_one():
    """Ten people sorted without a mistake do not show that nobody ever will be."""
    frame = pd.DataFrame({"y": [0] * 5 + [1] * 5, "score": [0.1] * 5 + [0.9] * 5, "race": "a"})
    found = count_scores(frame, **NAMES).auc().loc["a"]
    assert (found["auc"], found["error"], found["high"]) == (1, 0, 1) and 0.5 < found["low"] < 0.9


def test_interval_agrees_with_a_worked_case():
    """At the limit the AUC is exactly z standard errors away, by the formula of the paper written out."""
    frame = people()
    counted = count_scores(frame, **NAMES).auc().loc["red"]
    m, n, theta = counted["positives"], counted["n"] - counted["positives"], counted["low"]
    others = (m + n) / 2 - 1
    variance = theta * (1 - theta) * (1 + others * (1 - theta) / (2 - theta) + others * theta / (1 + theta)) / (m * n)
    assert counted["lowest"] - theta == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize("bins", [2, 16, 1024])
def test_calibration_is_that_of_the_scores(bins):
    """Numbers, positives and intervals are those of calibration_by_group; mean scores are within the stated error."""
    frame = people()
    found = count_scores(frame, **NAMES).calibration(bins=bins)
    exact = calibration_by_group(
        y_true=frame["y"],
        y_score=frame["score"],
        sensitive_features=frame["race"],
        # edges closed on the right there: nudged, so that a score on an edge falls into the upper bin
        bins=[0, *(np.arange(1, bins) / bins - 1e-12), 1],
    )
    assert found.index.tolist() == exact.index.tolist()
    for name in ("n", "positives", "share", "low", "high"):
        assert found[name].to_numpy() == pytest.approx(exact[name].to_numpy(), abs=1e-12)
    assert (found["error"] == 0.5 / histograms.BINS).all()
    assert ((found["score"] - exact["score"]).abs() <= found["error"] + 1e-12).all()


def test_calibration_can_be_drawn():
    """The table is one that plot_calibration takes, also where groups are intersections."""
    table = count_scores(people(), **(NAMES | {"sensitive": ["race", "site"]})).calibration(bins=4)
    table = table.loc[["blue, 1", "red, 2"]]
    ax = plot_calibration(table)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["blue, 1", "red, 2"]


def test_parts_of_a_log_add_up():
    """Histograms of parts, one of them empty, add up to the histogram of the whole."""
    frame = people()
    parts = [frame[:100], frame[100:800], frame[800:], frame[:0]]
    assert sum(count_scores(part, **NAMES, min_groups=0) for part in parts) == count_scores(frame, **NAMES)


def test_histograms_that_do_not_fit_are_not_added():
    """Other bins or other columns are refused; joining bins makes the first fit."""
    fine, coarse = (count_scores(people(), **NAMES, bins=bins) for bins in (64, 16))
    with pytest.raises(ValueError, match=r"shape \(2, 64\) cannot be added to cells of shape \(2, 16\)"):
        fine + coarse
    with pytest.raises(ValueError, match="count both by the same sensitive columns"):
        fine + count_scores(people(), **(NAMES | {"sensitive": "site"}), bins=64)
    assert fine.coarsen(16) == coarse and fine != coarse


@pytest.mark.parametrize("bins", [1, 3, 1000, 2**17, 64.0])
def test_bins_are_powers_of_two(bins):
    """Other numbers of bins have edges that engines round differently."""
    with pytest.raises(ValueError, match="power of two"):
        count_scores(people(), **NAMES, bins=bins)


def test_bins_are_joined_to_fewer_only():
    """Nobody knows where in a bin a score lay."""
    with pytest.raises(ValueError, match="bins=32: 16 bins can be joined"):
        count_scores(people(), **NAMES, bins=16).calibration(bins=32)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"score": 1.5}, {}, "score column 'score' must hold numbers from 0 to 1, but it has 1.5; "),
        ({"score": -0.1}, {}, "it has -0.1"),
        ({"score": np.nan}, {}, "it has missing"),
        ({"score": np.inf}, {}, "it has inf"),
        ({"score": "high"}, {}, "'score' holds String, not numbers"),
        ({"y": 2}, {}, "column 'y' must hold 0 and 1.*it has 2; recode"),
        ({"race": None}, {}, "'race' is missing for 900 people"),
        ({}, {"score": "scor"}, "unknown column 'scor'.*did you mean 'score'"),
        ({}, {"score": "y"}, "'y' is named as label and as score"),
        ({}, {"sensitive": "score"}, "'score' is named as sensitive and as score"),
    ],
)
def test_refuses_what_is_no_score(change, options, message):
    """Scores out of range, missing or of another type are refused by a message that names value and remedy."""
    with pytest.raises(ValueError, match=message):
        count_scores(people().assign(**change), **(NAMES | options))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("value", "message"), [(1.01, "it has 1.01"), (np.nan, "it has (nan|missing)")])
def test_one_bad_score_is_found_on_every_engine(engine, value, message):
    """A single score out of range, or not a number, is an error on every engine."""
    frame = people()
    frame.loc[7, "score"] = value
    with pytest.raises(ValueError, match=message):
        count_scores(on_engine(frame, engine), **NAMES)


def test_refuses_a_column_of_names_and_an_empty_frame(monkeypatch):
    """Too many groups are taken for a mistake; nothing cannot be counted."""
    monkeypatch.setattr(histograms, "MAX_GROUPS", 2)
    with pytest.raises(ValueError, match="more than 2 groups"):
        count_scores(people(), **NAMES)
    with pytest.raises(ValueError, match="is empty"):
        count_scores(people()[:0], **NAMES)
