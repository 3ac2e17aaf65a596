"""Scores as counts: AUC within its bound, calibration within half a bin, adding up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from labkit.audit import score_histogram as histograms
from labkit.audit.calibration import calibration_by_group
from labkit.audit.score_histogram import count_scores
from tests.audit.decisions import make_scores

NAMES = {"label": "y", "score": "score", "sensitive": "race"}


@settings(deadline=None, derandomize=True, max_examples=40)
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
    counted = count_scores(make_scores(30_000), **NAMES)
    fine, coarse = counted.auc()["error"], counted.coarsen(counted.bins // 2).auc()["error"]
    assert (fine < 1 / histograms.BINS).all()
    assert (coarse / fine).to_numpy() == pytest.approx(2, rel=0.05)


def placements(y, score):
    """Return AUC and DeLong's variance person by person: all pairs, as in the paper's equations 3 to 5."""
    negative, positive = score[y == 0], score[y == 1]
    wins = (positive[:, None] > negative) + (positive[:, None] == negative) / 2  # (m, n)
    return wins.mean(), wins.mean(1).var(ddof=1) / len(positive) + wins.mean(0).var(ddof=1) / len(negative)


@pytest.mark.parametrize("bins", [4, 64, 1024])
def test_difference_of_auc_is_delongs(bins):
    """Difference, interval and p-value are those of all pairs of people, with scores as binned, ties as halves."""
    frame = make_scores()
    found = count_scores(frame, **NAMES, bins=bins).auc_difference("red", "green", confidence=0.9)
    binned = np.minimum(np.floor(frame["score"] * bins), bins - 1)
    parts = [
        placements(frame["y"][rows].to_numpy(), binned[rows].to_numpy())
        for rows in (frame["race"] == "red", frame["race"] == "green")
    ]
    difference, spread = parts[0][0] - parts[1][0], np.sqrt(parts[0][1] + parts[1][1])
    limits = difference - 1.6448536 * spread, difference + 1.6448536 * spread
    assert (found.low, found.difference, found.high) == pytest.approx((limits[0], difference, limits[1]), abs=1e-9)
    assert found.p_value == pytest.approx(2 * norm.sf(abs(difference) / spread), rel=1e-9)
    table = count_scores(frame, **NAMES, bins=bins).auc()
    assert found.difference == pytest.approx(table["auc"]["red"] - table["auc"]["green"], abs=1e-12)
    assert found.error == pytest.approx(table["error"]["red"] + table["error"]["green"], abs=1e-12)
    swapped = count_scores(frame, **NAMES, bins=bins).auc_difference("green", "red", confidence=0.9)
    assert (swapped.low, swapped.high, swapped.p_value) == pytest.approx((-found.high, -found.low, found.p_value))


def test_auc_of_decisions_is_the_mean_of_tpr_and_tnr():
    """With two scores AUC is (TPR + TNR) / 2, and DeLong's variance that of two independent shares, by hand."""
    cells = np.array([[[30, 10], [8, 32]], [[25, 25], [6, 14]]])  # (groups, label, decision)
    auc, variance = histograms.delong_variance(cells)
    for (tn, fp), (fn, tp), found, spread in zip(*cells.swapaxes(0, 1), auc, variance, strict=True):
        tnr, tpr = tn / (tn + fp), tp / (fn + tp)
        assert found == pytest.approx((tpr + tnr) / 2, abs=1e-12)
        by_hand = tpr * (1 - tpr) / (fn + tp - 1) / 4 + tnr * (1 - tnr) / (tn + fp - 1) / 4
        assert spread == pytest.approx(by_hand, abs=1e-12)


def simulate_differences(shifts, sizes, runs):
    """Return interval and p-value, (runs, 3), for samples of two groups with that much between normal scores."""
    rng, found = np.random.default_rng(7), []
    for _ in range(runs):
        cells = np.zeros((2, 2, 64), int)
        for group, (shift, size) in enumerate(zip(shifts, sizes, strict=True)):
            y = np.arange(size) % 3 == 0
            place = np.floor(64 * norm.cdf(rng.normal(size=size) + shift * y - shift / 2)).astype(int)
            np.add.at(cells[group], (y.astype(int), place), 1)
        result = histograms.ScoreHistogram(pd.Index(["a", "b"]), cells).auc_difference("a", "b")
        found.append((result.low, result.high, result.p_value))
    return np.array(found)


def test_interval_of_a_difference_of_auc_holds_its_level():
    """It covers the difference of the populations about as often as it says, and the test rejects about as often."""
    runs, shifts = 400, (1.5, 0.8)
    truth = np.subtract(*norm.cdf(np.array(shifts) / np.sqrt(2)))
    low, high, _ = simulate_differences(shifts, (150, 60), runs).T
    margin = 3.5 * np.sqrt(0.95 * 0.05 / runs)
    assert abs(((low <= truth) & (truth <= high)).mean() - 0.95) < margin + 0.01
    p_values = simulate_differences((1, 1), (150, 60), runs)[:, 2]
    assert abs((p_values <= 0.05).mean() - 0.05) < margin + 0.01


def test_difference_does_not_become_certain_where_nobody_is_missorted():
    """Two groups sorted without a mistake, or with one positive, differ by 0 give or take what their sizes allow."""
    perfect = {"a": [[5, 0], [0, 5]], "b": [[400, 0], [0, 400]], "one": [[9, 0], [0, 1]]}
    counted = histograms.ScoreHistogram(pd.Index(list(perfect)), np.array(list(perfect.values())))
    small, large = counted.auc_difference("a", "b"), counted.auc_difference("one", "b")
    table = counted.auc()
    for found, group in ((small, "a"), (large, "one")):
        assert found.difference == 0 and found.p_value == 1
        assert found.high == -found.low and found.high > 1 - table["low"][group]  # its own, and the other's


@pytest.mark.parametrize(
    ("pair", "options", "message"),
    [
        (("red", "rot"), {}, r"unknown group 'rot'; the groups are \['blue', 'green', 'red'\]"),
        (("red", "red"), {}, "a and b are both 'red'"),
        (("red", "blue"), {}, "'blue' has no people labeled positive, so it has no AUC"),
        (("green", "red"), {}, "'green' has no people labeled negative"),
        (("red", "blue"), {"confidence": 95}, "confidence=95 is not between"),
    ],
)
def test_rejects_differences_of_nothing(pair, options, message):
    """Unknown groups, one group twice, and groups that have no AUC."""
    frame = make_scores()
    frame.loc[frame["race"] == "blue", "y"], frame.loc[frame["race"] == "green", "y"] = 0, 1
    with pytest.raises(ValueError, match=message):
        count_scores(frame, **NAMES).auc_difference(*pair, **options)


def test_intervals_hold_their_level_also_near_one():
    """Newcombe's interval covers the population's AUC about as often as it says, for a good score and 30 people."""
    runs, shift = 600, 2.5
    truth = norm.cdf(shift / np.sqrt(2))
    y = np.tile(np.arange(30) < 12, runs)
    score = norm.cdf(np.random.default_rng(0).normal(size=30 * runs) + shift * y - 1)
    samples = pd.DataFrame({"y": y, "score": score, "race": np.arange(runs).repeat(30).astype(str)})  # each is a group
    found = count_scores(samples, **NAMES).auc()
    covered = ((found["low"] <= truth) & (truth <= found["high"])).mean()
    assert 0.93 < covered < 0.995  # conservative rather than short


def test_interval_does_not_collapse_at_one():
    """Ten people sorted without a mistake do not show that nobody ever will be."""
    frame = pd.DataFrame({"y": [0] * 5 + [1] * 5, "score": [0.1] * 5 + [0.9] * 5, "race": "a"})
    found = count_scores(frame, **NAMES).auc().loc["a"]
    assert (found["auc"], found["error"], found["high"]) == (1, 0, 1) and 0.5 < found["low"] < 0.9


def test_interval_agrees_with_a_worked_case():
    """At the limit the AUC is exactly z standard errors away, by the formula of the paper written out."""
    frame = make_scores()
    counted = count_scores(frame, **NAMES).auc().loc["red"]
    m, n, theta = counted["positives"], counted["n"] - counted["positives"], counted["low"]
    others = (m + n) / 2 - 1
    variance = theta * (1 - theta) * (1 + others * (1 - theta) / (2 - theta) + others * theta / (1 + theta)) / (m * n)
    assert counted["lowest"] - theta == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize("bins", [2, 16, 1024])
def test_calibration_is_that_of_the_scores(bins):
    """Numbers, positives and intervals are those of calibration_by_group; mean scores are within the stated error."""
    frame = make_scores()
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


def test_mean_calibration_is_that_of_the_scores():
    """Within the bin error, which the interval includes beside the standard error of n differences."""
    frame = make_scores()
    found = count_scores(frame, **NAMES).mean_calibration(confidence=0.9)
    for race, people in frame.groupby("race"):
        off, row = people["score"] - people["y"], found.loc[race]
        assert row["difference"] == pytest.approx(off.mean(), abs=row["error"])
        assert row["mean_score"] - row["share"] == pytest.approx(row["difference"])
        assert row["share"] == pytest.approx(people["y"].mean()) and row["n"] == len(people)
        margin = (row["high"] - row["low"]) / 2 - row["error"]
        assert margin == pytest.approx(1.644854 * off.std() / np.sqrt(len(people)), rel=0.01)


def test_calibration_of_intersections_names_groups_as_text():
    """Groups of two columns are one level of the index, so that the table is like that of `calibration_by_group`."""
    table = count_scores(make_scores(), **(NAMES | {"sensitive": ["race", "site"]})).calibration(bins=4)
    assert table.index.names == ["group", "bin"] and {"blue, 1", "red, 2"} < set(table.index.get_level_values("group"))


def test_parts_of_a_log_add_up():
    """Histograms of parts, one of them empty, add up to the histogram of the whole."""
    frame = make_scores()
    parts = [frame[:100], frame[100:800], frame[800:], frame[:0]]
    assert sum(count_scores(part, **NAMES, min_groups=0) for part in parts) == count_scores(frame, **NAMES)


def test_histograms_show_auc():
    """In a terminal and in a notebook."""
    counted = count_scores(make_scores(), **NAMES)
    assert "Scores of 900 people in 1024 bins" in repr(counted) and "auc" in repr(counted)
    assert "<th>blue</th>" in counted._repr_html_()


def test_histograms_that_do_not_fit_are_not_added():
    """Other bins or other columns are rejected; joining bins makes the first fit."""
    fine, coarse = (count_scores(make_scores(), **NAMES, bins=bins) for bins in (64, 16))
    with pytest.raises(ValueError, match=r"shape \(2, 64\) cannot be added to cells of shape \(2, 16\)"):
        fine + coarse
    with pytest.raises(ValueError, match="count both by the same sensitive columns"):
        fine + count_scores(make_scores(), **(NAMES | {"sensitive": "site"}), bins=64)
    assert fine.coarsen(16) == coarse and fine != coarse


@pytest.mark.parametrize("bins", [1, 3, 1000, 2**17, 64.0])
def test_bins_are_powers_of_two(bins):
    """Other numbers of bins have edges that engines round differently."""
    with pytest.raises(ValueError, match="power of two"):
        count_scores(make_scores(), **NAMES, bins=bins)


def test_bins_are_joined_to_fewer_only():
    """Nobody knows where in a bin a score lay."""
    with pytest.raises(ValueError, match="bins=32: 16 bins can be joined"):
        count_scores(make_scores(), **NAMES, bins=16).calibration(bins=32)


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
def test_rejects_what_is_not_a_score(change, options, message):
    """Scores out of range, missing or of another type are rejected by a message that names value and remedy."""
    with pytest.raises(ValueError, match=message):
        count_scores(make_scores().assign(**change), **(NAMES | options))


def test_rejects_a_column_of_names_and_an_empty_frame(monkeypatch):
    """Too many groups are a mistake; a frame without rows has nothing to count."""
    monkeypatch.setattr(histograms, "MAX_GROUPS", 2)
    with pytest.raises(ValueError, match="more than 2 groups"):
        count_scores(make_scores(), **NAMES)
    with pytest.raises(ValueError, match="is empty"):
        count_scores(make_scores()[:0], **NAMES)
