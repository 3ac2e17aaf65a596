"""A lender's most profitable rules: what each criterion equalizes, what it costs, and on counts made by hand."""

import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch08.profits import CRITERIA, Borrowers, best_rules, count_borrowers, profit_shares, redraw_shares
from labkit.data.tables import load_fico

HELD = {
    "equal opportunity": ["true_positive_rate"],
    "equalized odds": ["true_positive_rate", "false_positive_rate"],
    "demographic parity": ["selection_rate"],
}


@pytest.fixture(scope="module")
def borrowers():
    """The shipped aggregates."""
    return count_borrowers(load_fico().frame)


@pytest.fixture(scope="module")
def rules(borrowers):
    """The best rules at the published gain and loss."""
    return best_rules(borrowers)


def test_everybody_is_counted_once(borrowers):
    """Numbers of people add up to the groups' sizes, as far as the cumulative shares reach one."""
    sizes = load_fico().frame.drop_duplicates("race").set_index("race")["group_size"]
    counted = pd.Series(borrowers.people.sum(axis=(0, 2)), index=list(borrowers.groups))
    assert counted.to_dict() == pytest.approx(sizes.to_dict(), rel=1e-3)


@pytest.mark.parametrize(("criterion", "rate"), [(name, rate) for name, rates in HELD.items() for rate in rates])
def test_a_criterion_equalizes_its_rate(criterion, rate, rules):
    """To the last digits: between two thresholds a lender draws lots."""
    assert np.ptp(rules.loc[criterion, rate]) < 1e-9


def test_a_rule_is_its_two_rates(borrowers, rules):
    """Selection, repayment and profit follow from the two rates and the group's numbers."""
    totals = borrowers.people.sum(axis=0)  # (groups, 2)
    for criterion in CRITERIA:
        rule = rules.loc[criterion]
        loans = rule[["false_positive_rate", "true_positive_rate"]].to_numpy() * totals
        assert rule["selection_rate"].to_numpy() == pytest.approx(loans.sum(1) / totals.sum(1))
        assert rule["repaid"].to_numpy() == pytest.approx(loans[:, 1] / loans.sum(1))
        assert rule["profit"].to_numpy() == pytest.approx(18 * loans[:, 1] - 82 * loans[:, 0])


def test_a_constraint_never_earns(rules):
    """No criterion beats the lender who has none."""
    shares = profit_shares(rules)
    assert list(shares.index) == list(CRITERIA) and shares.max() == shares["maximum profit"] == 100


def test_counts_by_hand():
    """Two scores and two groups: only a group whose high score repays often enough gets loans there."""
    # group a: 10 of 10 repay at the high score; group b: 5 of 10; nobody repays at the low one
    people = np.array([[[10, 0], [10, 0]], [[0, 10], [5, 5]]], dtype=float)
    rules = best_rules(Borrowers(("a", "b"), np.array([0, 1]), people), gain=1, loss=2)
    assert rules.loc["maximum profit", "true_positive_rate"].tolist() == [1, 0]
    assert np.isnan(rules.loc[("maximum profit", "b"), "repaid"])
    assert rules["profit"].groupby(level=0).sum().loc[["maximum profit", "race-blind"]].tolist() == [10, 5]


def test_a_score_that_says_nothing_about_a_group_is_no_error():
    """That group's curve is the diagonal, all of its points on one line: at equalized odds nobody can do better."""
    people = np.array([[[10, 20], [10, 0]], [[5, 10], [5, 10]], [[10, 20], [0, 10]]], dtype=float)
    rules = best_rules(Borrowers(("chance", "informed"), np.arange(3), people), gain=1, loss=1)
    shared = rules.loc["equalized odds"]
    assert shared["false_positive_rate"].to_numpy() == pytest.approx(shared["true_positive_rate"].to_numpy())
    assert shared["selection_rate"].to_numpy() == pytest.approx(1)  # of all borrowers 70 repay and 40 default


def test_redraws_surround_the_shares_and_repeat(borrowers, rules):
    """The same seed gives the same redraws; the shares lie among them."""
    drawn = redraw_shares(borrowers, n_boot=20, seed=1)
    assert drawn.equals(redraw_shares(borrowers, n_boot=20, seed=1))
    shares = profit_shares(rules)[["race-blind", "equal opportunity", "demographic parity"]]
    assert (drawn[shares.index].min() < shares).all() and (shares < drawn[shares.index].max()).all()


def test_wrong_arguments_are_named(borrowers):
    """A missing column, a missing score, amounts that are no amounts, no redraws."""
    frame = load_fico().frame
    with pytest.raises(ValueError, match=r"no column \['repaid_share'\]"):
        count_borrowers(frame.drop(columns="repaid_share"))
    with pytest.raises(ValueError, match="a group lacks a score"):
        count_borrowers(frame.iloc[1:])
    with pytest.raises(ValueError, match="gain=0 and loss=82"):
        best_rules(borrowers, gain=0)
    nobody_repays = borrowers.people.copy()
    nobody_repays[:, 2, 1] = 0
    with pytest.raises(
        ValueError, match=f"group '{borrowers.groups[2]}' has nobody who defaults, or nobody who repays"
    ):
        best_rules(borrowers._replace(people=nobody_repays))
    with pytest.raises(ValueError, match="n_boot is 0"):
        redraw_shares(borrowers, n_boot=0)
