"""Bets against equal treatment: many streams at once, with the same code as one live stream."""

import numpy as np

MOST = 0.5  # the largest bet: it loses at most half of a wealth
STEP = 2 / (2 - np.log(3))  # of the online Newton step, for bets up to MOST
PAUSE = 100  # pairs between two starts, at least; then a hundredth of the pairs so far


class Bettors:
    """A mixture of bettors, each with a start of its own, who bet on the differences of pairs.

    A pair's difference is d = Y_a - Y_b: -1, 0 or 1. A bettor who has bet the share lambda of a wealth has
    1 + lambda d times as much afterwards. Each learns lambda from the pairs since its start, by the online Newton step
    of Chugg et al. (2023, algorithm 1), from 0 on, and lambda stays between -1/2 and 1/2. Where both decisions of a
    pair have the same mean given the past, the wealth is a martingale, however lambda was learned.

    What a bettor has learned in a fair year holds it back when treatment becomes unequal. So further ones start later,
    each `PAUSE` pairs after the one before, and after many pairs with longer pauses, so that their number grows with
    the logarithm of the pairs. The wealth of 1 is divided beforehand: the first bettor gets half, and of the other half
    bettor k (1, 2, ...) gets the share 1/sqrt(k) - 1/sqrt(k + 1), untouched until its start. These shares are 1 in sum,
    hence the wealth of all together is a martingale that begins at 1, and Ville's inequality holds for it as for a
    single bettor. Pauses and shares were chosen by simulation, for short delays both at once and after a fair start
    (tests/monitoring/alarms.csv has what they give).

    Parameters
    ----------
    streams : int
        How many independent streams are bet on at once, S.
    restarts : bool
        Whether further bettors start. Without them the first one has all the wealth.
    """

    def __init__(self, streams: int = 1, *, restarts: bool = True):
        self.restarts = restarts
        self.pairs = 0
        self.next_start = 0
        # a row for each bettor who has started, (K, S)
        self.bets = np.empty((0, streams))
        self.squares = np.empty((0, streams))
        self.log_wealths = np.empty((0, streams))
        self.log_wealth = np.zeros(streams)  # of all together

    def bet(self, differences: np.ndarray) -> np.ndarray:
        """Bet on one pair of each stream.

        Parameters
        ----------
        differences : array of shape (S,)
            Y_a - Y_b of each stream's pair: -1, 0 or 1. A 0 also stands for a stream that has no further pair.

        Returns
        -------
        array of shape (S,)
            The logarithm of each stream's wealth after the pair.
        """
        if self.pairs == self.next_start and (self.restarts or not self.pairs):
            self._start_one()
        self.pairs += 1
        if differences.any():  # where all are 0 nothing is won, lost or learned
            gains = 1 + self.bets * differences  # (K, S)
            self.log_wealths += np.log(gains)
            slopes = differences / gains  # of the logarithm of the gain, by the bet
            self.squares += slopes**2
            self.bets = np.clip(self.bets + STEP * slopes / (1 + self.squares), -MOST, MOST)
            self.log_wealth = self._add_up()
        return self.log_wealth

    def resume(
        self, *, pairs: int, next_start: int, bets: np.ndarray, squares: np.ndarray, log_wealths: np.ndarray
    ) -> None:
        """Go on from where others stopped: what they had after their last pair, rows of shape (K, S)."""
        self.pairs, self.next_start = pairs, next_start
        self.bets, self.squares, self.log_wealths = bets, squares, log_wealths
        if pairs:
            self.log_wealth = self._add_up()

    def _add_up(self) -> np.ndarray:
        """Return the logarithm of the wealth of all bettors together, of shape (S,)."""
        if not self.restarts:
            return self.log_wealths[0].copy()
        started = len(self.log_wealths)
        left = _share_left(np.arange(started + 1))
        parts = self.log_wealths + np.log(left[:-1] - left[1:])[:, None]  # (K, S)
        largest = np.maximum(parts.max(axis=0), 0.0)  # of a sum of exponentials that may be too large for a number
        return largest + np.log(np.exp(parts - largest).sum(axis=0) + left[-1] * np.exp(-largest))

    def _start_one(self) -> None:
        """Let one more bettor start, who has lost nothing and learned nothing."""
        new = np.zeros((1, self.bets.shape[1]))
        self.bets, self.squares, self.log_wealths = (
            np.concatenate([former, new]) for former in (self.bets, self.squares, self.log_wealths)
        )
        self.next_start = self.pairs + max(PAUSE, self.pairs // 100)


def _share_left(started: np.ndarray) -> np.ndarray:
    """Return the share of the wealth that bettors have who start after the first ``started`` ones."""
    return np.where(np.equal(started, 0), 1.0, 0.5 / np.sqrt(np.maximum(started, 1)))
