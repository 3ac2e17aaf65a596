"""Bets and pairs: a martingale to the last digit, the published algorithm, and the most recent decisions."""

from itertools import product

import numpy as np
import pytest
import ville
from hypothesis import given
from hypothesis import strategies as st

from labkit.monitoring import FairnessMonitor, _betting
from labkit.monitoring._betting import Bettors
from labkit.monitoring._pairing import find_pairs
from tests.monitoring.alarms import (
    ALPHA,
    NEVER,
    SETTINGS,
    bet_on,
    make_streams,
    pair_in_queues,
    pair_recent,
)


@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5])
def test_the_expected_wealth_is_one_whatever_comes(restarts, rate, monkeypatch):
    """Over all sequences of seven pairs, weighted by their probability where both rates are the same."""
    monkeypatch.setattr(_betting, "PAUSE", 2)
    sequences = np.array(list(product([-1, 0, 1], repeat=7)))  # (3^7, 7)
    chances = np.where(sequences == 0, rate**2 + (1 - rate) ** 2, rate * (1 - rate))
    bettors = Bettors(len(sequences), restarts=restarts)
    for pair in range(7):
        wealths = np.exp(bettors.bet(sequences[:, pair]))
        assert chances.prod(axis=1) @ wealths == pytest.approx(1, abs=1e-12)
    assert len(bettors.bets) == (4 if restarts else 1)
    assert wealths.max() > 2 and wealths.min() < 0.9  # something was bet


def test_rates_that_drift_together_leave_the_expected_wealth_at_one(monkeypatch):
    """The same, where the rate of both groups is another one at each pair, and depends on the pairs before."""
    monkeypatch.setattr(_betting, "PAUSE", 2)
    sequences = np.array(list(product([-1, 0, 1], repeat=6)))
    rates = 0.1 + 0.8 * np.arange(6) / 5 - 0.1 * (np.cumsum(sequences, axis=1) - sequences > 0)  # of the past alone
    chances = np.where(sequences == 0, rates**2 + (1 - rates) ** 2, rates * (1 - rates))
    bettors = Bettors(len(sequences))
    for pair in range(6):
        log_wealth = bettors.bet(sequences[:, pair])
    assert chances.prod(axis=1) @ np.exp(log_wealth) == pytest.approx(1, abs=1e-12)


def test_bets_are_those_of_the_published_algorithm():
    """Chugg et al. (2023), algorithm 1, written out for one bettor."""
    differences = np.random.default_rng(3).choice([-1, 0, 1], 300, p=[0.1, 0.6, 0.3])
    bettors, bet, squares, wealth = Bettors(restarts=False), 0.0, 0.0, 1.0
    for difference in differences:
        wealth *= 1 + bet * difference
        slope = difference / (1 + bet * difference)
        squares += slope**2
        bet = min(0.5, max(-0.5, bet + 2 / (2 - np.log(3)) * slope / (1 + squares)))
        assert bettors.bet(np.array([difference]))[0] == pytest.approx(np.log(wealth), abs=1e-9)
        assert bettors.bets[0, 0] == pytest.approx(bet, abs=1e-12)
    assert wealth > 20


def test_a_wealth_beyond_all_numbers_stays_a_logarithm():
    """Three thousand pairs of which each is won."""
    monitor = FairnessMonitor(["a", "b"])
    monitor.update_many(np.tile([False, True], 3_000), np.tile([1, 0], 3_000))
    assert monitor.wealth == np.inf and monitor.log_wealth == pytest.approx(3_000 * np.log(1.5), rel=0.01)


@given(st.lists(st.booleans(), max_size=40))
def test_pairs_are_of_the_most_recent_decisions(second):
    """As found one by one: a decision waits until one of the other group comes, or a newer one of its own."""
    waiting, expected = None, []
    for group in second:
        expected.append(waiting is not None and waiting != group)
        waiting = None if expected[-1] else group
    assert find_pairs(np.array(second, bool)).tolist() == expected


def test_a_queue_breaks_the_guarantee():
    """Both rates drift together and one group comes ten times as often: a queue compares old decisions with new."""
    setting = (None, 0.5, True, 10)
    assert setting in SETTINGS
    streams = make_streams(*setting, streams=100)
    recent = bet_on(*pair_recent(*streams), restarts=False)
    queued = bet_on(*pair_in_queues(*streams), restarts=False)
    assert (queued < NEVER).sum() == 100
    assert (recent < NEVER).sum() <= 13  # the .999 quantile of Binomial(100, .05)


# Another implementation of betting, from PyPI


@pytest.mark.parametrize(("side", "sign"), [("greater", 1), ("less", -1)])
def test_the_same_bets_give_the_wealth_that_ville_has(side, sign):
    """Its test of a bounded mean has other bets; with these in place of ours, the wealth is the same."""
    differences = np.random.default_rng(5).choice([-1, 0, 1], 500, p=[0.2, 0.5, 0.3])
    test = ville.BettingTest(0.0, bounds=(-1, 1), alternative=side).fit(differences)
    scaled = (differences + 1) / 2  # ville bets on values from 0 to 1, against a mean of 1/2
    i = np.arange(1, 501)
    mean = (0.5 + np.cumsum(scaled)) / (i + 1)
    variance = np.r_[0.25, ((0.25 + np.cumsum((scaled - mean) ** 2)) / (i + 1))[:-1]]
    bets = sign * np.minimum(1, np.sqrt(2 * np.log(2 / 0.05) / (variance * i * np.log1p(i)))) / 2
    bettors, log_wealth = Bettors(restarts=False), []
    bettors.bet(np.zeros(1))  # the bettor starts, and nothing is won
    for bet, difference in zip(bets, differences, strict=True):
        bettors.bets[:] = bet
        log_wealth.append(bettors.bet(difference[None])[0])
    np.testing.assert_allclose(log_wealth, test.log_e_values_, rtol=1e-9, atol=1e-9)


def test_false_alarms_and_delays_are_like_those_of_ville():
    """With each one's own bets, on the pairs of the same 200 streams: both are valid, and ours is not blinder."""
    quantile = 20  # .999 of Binomial(200, .05)
    ours, theirs = {}, {}
    for gap_from in (None, 0):
        setting = (gap_from, 0.3, False, 10)
        differences, times = pair_recent(*make_streams(*setting, streams=200))
        ours[gap_from] = bet_on(differences, times, restarts=True)
        stops = [
            ville.BettingTest(0.0, bounds=(-1, 1), alpha=ALPHA).fit(column).stopping_time() for column in differences.T
        ]
        theirs[gap_from] = np.array(
            [NEVER if stop is None else times[stop - 1, stream] for stream, stop in enumerate(stops)]
        )
    assert (ours[None] < NEVER).sum() <= quantile and (theirs[None] < NEVER).sum() <= quantile
    assert np.median(ours[0]) <= 1.1 * np.median(theirs[0])
    assert (ours[0] < NEVER).mean() >= (theirs[0] < NEVER).mean() - 0.05
