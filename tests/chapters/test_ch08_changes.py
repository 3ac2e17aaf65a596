"""Whom a change of rule moves."""

import pandas as pd
import pytest

from labkit.chapters.ch08.changes import compare_decisions, people_moved


@pytest.fixture
def before():
    """Five people of a and five of b."""
    return pd.DataFrame(
        {
            "y_true": [1, 1, 1, 0, 0] * 2,
            "y_score": 0.5,
            "y_pred": [1, 1, 0, 1, 0] * 2,
            "group": ["a"] * 5 + ["b"] * 5,
        }
    )


def test_movements_are_shares_of_the_group(before):
    """Each of the four moves is counted where it happens, and net is found minus lost."""
    after = before.assign(y_pred=[0, 1, 1, 0, 1, 1, 1, 1, 1, 0])
    shares = people_moved(before, after).set_index(["group", "moved"])["share"].unstack()
    assert shares.loc["a"].to_dict() == {"found": 0.2, "lost": 0.2, "alarmed": 0.2, "cleared": 0.2, "net": 0}
    assert shares.loc["b"].to_dict() == {"found": 0.2, "lost": 0, "alarmed": 0, "cleared": 0, "net": 0.2}


def test_the_true_labels_may_differ_from_the_records(before):
    """By true labels, somebody recorded negative can be found."""
    after, truth = before.assign(y_pred=1), before["y_true"].replace({0: 1})
    assert people_moved(before, after, true_labels=truth).query("moved == 'found'")["share"].tolist() == [0.4, 0.4]


def test_rules_are_compared_with_the_baseline(before):
    """Gaps are signed, and the baseline's own change is none."""
    table = compare_decisions({"old": before, "new": before.assign(y_pred=[1] * 5 + [0] * 5)}, baseline="old")
    assert table[("gap", "mean")].tolist() == [0, 1]
    assert table.loc["old", ("change in accuracy", "mean")] == 0
    assert table.loc["new", ("change in accuracy", "mean")] == pytest.approx(0.5 - 0.6)
    assert (table[("gap", "low")] <= table[("gap", "mean")]).all()


def test_wrong_arguments_are_named(before):
    """Other people, and a baseline that is not there."""
    with pytest.raises(ValueError, match="different people"):
        people_moved(before, before.iloc[::-1])
    with pytest.raises(ValueError, match="no table of the baseline 'new'"):
        compare_decisions({"old": before}, baseline="new")
