"""Lending over years: one step against the closed form, people who stay, and controls in which nothing may happen."""

import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch14 import CONSTANT_RULES, FAIR_RULES, Steps, approve, draw_scores, read_curves, simulate_lending
from labkit.data import load_fico
from labkit.errors import UserError

PAYS = {"gain": 18, "loss": 82}
SIZES = {"people": 600, "worlds": 4, "seed": 3, **PAYS}


@pytest.fixture(scope="module")
def fico():
    """The score aggregates."""
    return load_fico().frame


@pytest.fixture(scope="module")
def curves(fico):
    """Two groups' curves."""
    return read_curves(fico, ("White", "Black"))


def expected_step(fico, race, least, up, down):
    """Return the expected change of a group's mean score, for loans from a score on: the sum over scores."""
    group = fico[fico["race"] == race].sort_values("score")
    score, repaid = group["score"].to_numpy(), group["repaid_share"].to_numpy()
    share = np.diff(group["cumulative_share"], prepend=0)
    step = repaid * np.minimum(up, 100 - score) - (1 - repaid) * np.minimum(down, score)
    return (share * (score >= least) * step).sum()


@pytest.mark.parametrize("race", ["White", "Black"])
@pytest.mark.parametrize("up, down", [(3, 6), (0, 20), (30, 0)])
def test_one_year_is_what_the_closed_form_says(fico, curves, race, up, down):
    """Lending to everybody, the mean of simulated changes is the sum over scores, within four standard errors."""
    years = simulate_lending(
        curves, "lend to everybody", Steps(up, down), years=1, people=3000, worlds=40, seed=1, **PAYS
    )
    means = years.pivot(index="world", columns="year", values=f"mean_{race}")
    change = means[1] - means[0]
    assert abs(change.mean() - expected_step(fico, race, 0, up, down)) < 4 * change.std() / np.sqrt(len(change))


@pytest.mark.parametrize("rule", FAIR_RULES)
def test_without_steps_nobody_moves(curves, rule):
    """A score that no loan changes stays, whatever the rule."""
    years = simulate_lending(curves, rule, Steps(0, 0), years=3, **SIZES)
    assert (years.groupby("world")["gap"].nunique() == 1).all()


def test_lending_to_nobody_changes_nothing(curves):
    """Without loans there is no profit, nothing is repaid, and no mean moves."""
    years = simulate_lending(curves, "lend to nobody", Steps(3, 6), years=2, **SIZES)
    assert (years[["profit", "lent_White", "lent_Black"]].fillna(0) == 0).all(axis=None)
    assert years["repaid_Black"].isna().all() and (years.groupby("world")["mean_Black"].nunique() == 1).all()


@pytest.mark.parametrize("rule", FAIR_RULES + CONSTANT_RULES)
def test_nobody_gets_lost_and_scores_stay_in_range(curves, rule):
    """Every person is decided about, means are between 0 and 100, and the same seed gives the same table."""
    steps = Steps(40, 40)
    years = simulate_lending(curves, rule, steps, years=3, **SIZES)
    assert len(years) == 4 * SIZES["worlds"]
    assert years[["mean_White", "mean_Black"]].stack().between(0, 100).all()
    np.testing.assert_allclose(years["gap"], years["mean_White"] - years["mean_Black"])
    pd.testing.assert_frame_equal(years, simulate_lending(curves, rule, steps, years=3, **SIZES))


def test_rules_meet_the_same_people(curves):
    """Before any loan, all rules have the same worlds."""
    starts = [simulate_lending(curves, rule, Steps(3, 6), years=1, **SIZES).query("year == 0") for rule in FAIR_RULES]
    for start in starts[1:]:
        pd.testing.assert_frame_equal(start, starts[0])


def decide(curves, rule):
    """Return scores, chances, and a rule's decisions."""
    scores = draw_scores(curves, people=4000, worlds=3, seed=5)
    chances = {group: np.interp(score, curves.scores, curves.repaid[group]) for group, score in scores.items()}
    return scores, chances, approve(rule, scores, chances, np.random.default_rng(0), **PAYS)


def profit_of(chances, approved):
    """Return the expected profit by world."""
    return sum((approved[group] * (18 * chances[group] - 82 * (1 - chances[group]))).sum(axis=1) for group in approved)


def test_each_rule_keeps_its_promise(curves):
    """Equal shares, equal shares of those who would repay, one threshold, and only loans that pay."""
    _, _, approved = decide(curves, "demographic parity")
    shares = {group: lent.mean(axis=1) for group, lent in approved.items()}
    np.testing.assert_allclose(shares["White"], shares["Black"], atol=2e-3)

    _, chances, approved = decide(curves, "equal opportunity")
    found = {
        group: (lent * chances[group]).sum(axis=1) / chances[group].sum(axis=1) for group, lent in approved.items()
    }
    np.testing.assert_allclose(found["White"], found["Black"], atol=5e-3)

    scores, _, approved = decide(curves, "one threshold")
    for world in range(3):
        least = min(scores[group][world][approved[group][world]].min() for group in scores)
        most = max(scores[group][world][~approved[group][world]].max() for group in scores)
        assert most < least

    _, chances, approved = decide(curves, "maximum profit")
    assert all((chances[group][lent] >= 0.8).all() for group, lent in approved.items())


def test_constraints_cost_profit(curves):
    """No rule of a kind earns more than the unconstrained one, and each earns more than the constants."""
    profits = {rule: profit_of(*decide(curves, rule)[1:]) for rule in FAIR_RULES + CONSTANT_RULES}
    for rule in FAIR_RULES[1:]:
        assert (profits[rule] <= profits["maximum profit"] + 1e-9).all()
        assert (profits[rule] > profits["toss a coin"]).all()


def test_ability_that_stays_is_not_what_the_lender_believes(curves):
    """Where a loan only moves the score, what is repaid later differs from where ability follows it."""
    steps = {"up": 20, "down": 0}
    later = [
        simulate_lending(curves, "lend to everybody", Steps(**steps, ability_follows=follows), years=4, **SIZES)
        for follows in (True, False)
    ]
    first, last = (table.groupby("year")["repaid_Black"].mean() for table in later)
    assert abs(first[1] - last[1]) < 1e-12 and first[4] > last[4] + 0.1


def test_twins_have_one_curve(fico):
    """The same group twice gives two names, the same curve, and half of the people each."""
    twins = read_curves(fico, ("Black", "Black"))
    assert twins.groups == ("Black (1)", "Black (2)") and set(twins.shares.values()) == {0.5}
    np.testing.assert_array_equal(twins.repaid["Black (1)"], twins.repaid["Black (2)"])


def test_mistakes_are_named(fico, curves):
    """Unknown groups and rules, negative steps, and too few people."""
    with pytest.raises(UserError, match="no group 'Green'"):
        read_curves(fico, ("White", "Green"))
    with pytest.raises(UserError, match="no rule 'fair'; there are maximum profit"):
        simulate_lending(curves, "fair", Steps(3, 6), years=1, **SIZES)
    with pytest.raises(UserError, match="up=-1 and down=6"):
        Steps(-1, 6)
    with pytest.raises(UserError, match="leave group 'Black' with 0"):
        draw_scores(curves, people=2, worlds=1, seed=0)


def test_a_common_share_is_kept(curves):
    """Each group gets the share that was asked for, to one person, and no other rule takes a share."""
    lent = simulate_lending(curves, "demographic parity", Steps(3, 6), years=2, common_share=0.2, **SIZES)
    for group in curves.groups:
        people = round(curves.shares[group] * SIZES["people"])
        assert (lent.loc[lent["year"] > 0, f"lent_{group}"] - 0.2).abs().max() <= 1 / people
    with pytest.raises(UserError, match="common_share is 0.2 for 'maximum profit'"):
        simulate_lending(curves, "maximum profit", Steps(3, 6), years=1, common_share=0.2, **SIZES)
    with pytest.raises(UserError, match="common_share is 1.2"):
        simulate_lending(curves, "demographic parity", Steps(3, 6), years=1, common_share=1.2, **SIZES)
