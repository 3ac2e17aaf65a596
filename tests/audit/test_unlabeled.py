"""Decisions without labels, and scores with a threshold in place of decisions."""

import numpy as np
import pandas as pd
import pytest

from labkit.audit.arrays import audit
from labkit.audit.counts import Counts, count
from labkit.audit.plots import plot_group_rates
from labkit.audit.sampling._notices import NO_LABELS
from labkit.audit.sections._between_groups import disparities
from labkit.errors import UserError
from tests.audit.decisions import NAMES, make_decisions, make_scores

UNLABELED = {"label": None, "prediction": "yhat", "sensitive": "race"}


def test_selection_rates_need_no_labels():
    """They have the intervals, differences, ratios and tests that they have with labels."""
    frame = make_decisions()
    known, unknown = (count(frame, **{**UNLABELED, "label": label}).audit() for label in ("y", None))
    assert unknown.by_group.columns.tolist() == ["selection_rate", "n"]
    pd.testing.assert_frame_equal(unknown.by_group, known.by_group[["selection_rate", "n"]])
    pd.testing.assert_frame_equal(unknown.intervals, known.intervals[["selection_rate"]])
    pd.testing.assert_frame_equal(unknown.pairwise("selection_rate"), known.pairwise("selection_rate"))
    assert unknown.parity_test("selection_rate") == known.parity_test("selection_rate")
    assert unknown.difference().tolist() == known.difference()[["selection_rate"]].tolist()
    assert unknown.overall["selection_rate"] == known.overall["selection_rate"]
    assert disparities(unknown).index.tolist() == ["selection rate"]


def test_what_cannot_be_known_is_said_once():
    """The first warning says it; metrics that need labels, and the parts of a gap, are refused with the reason."""
    data = {"y_pred": make_decisions()["yhat"], "sensitive_features": make_decisions()["race"]}
    found = audit(y_true=None, **data)
    assert found.warnings.count(NO_LABELS) == 1 and repr(found).count(NO_LABELS) == 1
    for ask in (found.pairwise, found.parity_test):
        with pytest.raises(UserError, match="precision needs labels, and these decisions were counted without"):
            ask("precision")
    with pytest.raises(UserError, match="cannot be decomposed without labels"):
        found.counts.decompose("red", "blue")
    with pytest.raises(UserError, match="unknown metric .*precision"):
        plot_group_rates(found, "precision")
    assert plot_group_rates(found).get_xlim() == (-0.02, 1.02)


def test_published_figures_may_have_two_cells():
    """Not selected and selected; they are not added to counts with labels."""
    counts = Counts.from_mapping({"a": [60, 40], "b": [80, 20]})
    assert counts.audit().by_group["selection_rate"].tolist() == [0.4, 0.2]
    assert counts.table.columns.tolist() == ["not_selected", "selected"]
    with pytest.raises(UserError, match="cannot be added"):
        counts + Counts.from_mapping({"a": [1, 2, 3, 4]})
    assert counts != Counts.from_mapping({"a": [60, 40, 0, 0], "b": [80, 20, 0, 0]})


def test_a_score_reaches_its_threshold():
    """From the threshold on, the decision is 1: in a frame, and in arrays."""
    frame = make_scores()
    frame["yhat"] = (frame["score"] >= 0.5).astype(int)  # one score is .5 exactly
    expected = count(frame, **NAMES, sensitive="race")
    assert count(frame, label="y", score="score", threshold=0.5, sensitive="race") == expected
    found = audit(y_true=frame["y"], y_score=frame["score"], threshold=0.5, sensitive_features=frame["race"])
    assert found.counts.cells.tolist() == expected.cells.tolist()
    deciles = frame.assign(score=np.ceil(frame["score"] * 10).astype(int))
    above = count(deciles, label=None, score="score", threshold=8, sensitive="race")
    assert above.cells[:, 1].tolist() == (deciles["score"] >= 8).groupby(deciles["race"]).sum().tolist()


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"prediction": "y"}, "prediction= and score= with threshold= both say what was decided"),
        ({}, {"threshold": None}, "nothing says what was decided: pass prediction=, or score= and threshold="),
        ({}, {"score": None}, "nothing says what was decided"),
        ({}, {"threshold": np.nan}, "threshold=nan is not a finite number"),
        ({}, {"threshold": True}, "threshold=True is not a finite number"),
        ({}, {"label": "score"}, "'score' is named as label and as score"),
        ({"score": "high"}, {}, "score column 'score' holds String, not numbers"),
        ({"score": [np.nan, *[0.5] * 899]}, {}, "score column 'score' must hold finite numbers, but it has missing"),
        ({"score": [np.inf, *[0.5] * 899]}, {}, "score column 'score' must hold finite numbers, but it has inf"),
    ],
)
def test_rejects_scores_that_decide_nothing(change, options, message):
    """Nobody knows what was decided where there is no score, and decisions are named once."""
    columns = {"label": "y", "score": "score", "threshold": 0.5, "sensitive": "race"}
    with pytest.raises(UserError, match=message):
        count(make_scores().assign(**change), **{**columns, **options})
