"""A monitor that takes one decision at a time, and can go on tomorrow."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from labkit.errors import UserError
from labkit.monitoring._betting import Bettors
from labkit.monitoring._pairing import find_pairs
from labkit.monitoring._state import BETTORS, read_state, write_state
from labkit.validation import format_group

LARGEST = math.log(np.finfo(float).max)  # a larger logarithm has no number


@dataclass(frozen=True)
class Alarm:
    """The first time that a monitor's wealth reached 1 / alpha.

    Parameters
    ----------
    decision : int
        After how many decisions about the two groups, from 1.
    pair : int
        After how many pairs, from 1.
    log_wealth : float
        The natural logarithm of the wealth.
    """

    decision: int
    pair: int
    log_wealth: float


@dataclass(frozen=True)
class Bets:
    """What a monitor did with decisions that were handed to it together.

    Parameters
    ----------
    completing : int array of shape (pairs,)
        Which of the decisions, from 0, completed each pair.
    differences : int array of shape (pairs,)
        The decision about the first group minus that about the second.
    log_wealth : float array of shape (pairs,)
        After each pair.
    """

    completing: np.ndarray
    differences: np.ndarray
    log_wealth: np.ndarray


class FairnessMonitor:
    """Watch decisions about two groups, and raise an alarm when it is safe to say that they are treated unequally.

    A bettor with a wealth of 1 bets that the groups' rates differ (Chugg et al. 2023). If they do not, no way of
    betting can be expected to win, and the probability that the wealth ever reaches 1 / alpha is at most alpha, however
    long the stream is and however often somebody looks (Ville's inequality). A fixed test that is repeated has no such
    guarantee.

    *The null hypothesis*: at each pair, the decisions about both groups have the same expected value given the past.
    The two rates may drift together, in any way. So a decision is paired with the most recent one of the other group;
    an older one that still waits when a newer one of its group comes is dropped, and counted. They are never taken from
    a queue: where one group is rarer and both rates drift, a queue compares old decisions with new ones, and alarms
    without any difference in treatment.

    *What it does not cover*: whether a decision is paired may depend on the groups of decisions and on older decisions,
    not on the two of the pair themselves (as where an approval changes who comes next). Rates that differ for
    reasons that you find acceptable are an alarm, too: the null is about rates, not about their reasons. Several
    monitors of one stream, such as one for each pair of three groups, need alpha divided by their number.

    *After a fair start*, bettors that start later keep the delay short (`Bettors` says how the guarantee is kept).

    Parameters
    ----------
    groups : sequence of two hashables
        The groups as `update` will name them. Gaps are the first one's rate minus the second one's.
    alpha : float
        The largest probability of a false alarm, above 0 and below 1.
    restarts : bool
        Whether further bettors start later. Without them, a gap from the start on is found a little earlier, and one
        after a fair start much later.

    Attributes
    ----------
    pairs : int
        How many pairs were bet on.
    dropped : int
        How many decisions are in no pair because a newer one of the same group came first.
    alarm : Alarm or None
        The first alarm. The monitor goes on counting and betting after it.

    Raises
    ------
    UserError
        Not two different groups, or an alpha outside its range.

    Examples
    --------
    >>> monitor = FairnessMonitor(["men", "women"])
    >>> for _ in range(12):
    ...     for group, decision in (("men", 1), ("women", 0)):
    ...         if alarm := monitor.update(group, decision):
    ...             print(f"alarm at decision {alarm.decision}")
    alarm at decision 22
    >>> monitor.pairs, monitor.dropped, monitor.gap
    (12, 0, 1.0)
    """

    def __init__(self, groups: Sequence[Hashable], *, alpha: float = 0.05, restarts: bool = True):
        groups = (groups,) if isinstance(groups, str) else tuple(groups)
        if len(groups) != 2 or groups[0] == groups[1]:
            named = ", ".join(map(format_group, groups)) or "none"
            raise UserError(f"a monitor compares two different groups, but got {named}; name two")
        if not 0 < alpha < 1:
            raise UserError(f"alpha is {alpha}; it must be above 0 and below 1, such as 0.05")
        self.groups, self.alpha = groups, float(alpha)
        self.pairs, self.dropped = 0, 0
        self.alarm: Alarm | None = None
        self._decisions, self._selected = np.zeros(2, int), np.zeros(2, int)
        self._waiting: tuple[bool, int] | None = None  # is it about the second group, and what was decided
        self._bettors = Bettors(restarts=restarts)

    def __repr__(self) -> str:
        """Name the groups and where the monitor stands."""
        state = f"alarm at decision {self.alarm.decision}" if self.alarm else "no alarm"
        return f"FairnessMonitor({list(self.groups)}, alpha={self.alpha}): {self.pairs} pairs, {state}"

    @property
    def decisions(self) -> dict[Hashable, int]:
        """How many decisions there were about each group."""
        return dict(zip(self.groups, self._decisions.tolist(), strict=True))

    @property
    def selected(self) -> dict[Hashable, int]:
        """How many of them were 1."""
        return dict(zip(self.groups, self._selected.tolist(), strict=True))

    @property
    def waiting(self) -> bool:
        """Whether a decision waits for one about the other group."""
        return self._waiting is not None

    @property
    def log_wealth(self) -> float:
        """The natural logarithm of the wealth; an alarm is raised when it reaches -log(alpha)."""
        return float(self._bettors.log_wealth[0])

    @property
    def wealth(self) -> float:
        """The wealth, which began at 1; infinity where it is too large for a number."""
        return float(np.exp(self.log_wealth)) if self.log_wealth < LARGEST else math.inf

    @property
    def gap(self) -> float:
        """The first group's rate of decisions that are 1, minus the second's, so far; NaN without both groups.

        It describes all decisions, also those in no pair, and comes without an interval.
        """
        if not self._decisions.all():
            return math.nan
        first, second = self._selected / self._decisions
        return float(first - second)

    def update(self, group: Hashable, decision: int) -> Alarm | None:
        """Take the next decision.

        Parameters
        ----------
        group : hashable
            One of the two groups.
        decision : int
            0 or 1, or a boolean.

        Returns
        -------
        Alarm or None
            The alarm if the wealth reaches 1 / alpha now for the first time.

        Raises
        ------
        UserError
            Another group, or another decision; nothing has changed then.
        """
        if group not in self.groups:
            known = " and ".join(map(format_group, self.groups))
            raise UserError(
                f"group {group!r} is not one of the two that are compared, {known}; leave out its decisions"
            )
        if decision not in (0, 1):
            raise UserError(f"the decision is {decision!r}; it must be 0 or 1")
        before = self.alarm
        self.update_many(np.array([group == self.groups[1]]), np.array([int(decision)]))
        return self.alarm if before is None else None

    def update_many(self, second: np.ndarray, decisions: np.ndarray) -> Bets:
        """Take several decisions at once, which gives what `update` gives one by one.

        Parameters
        ----------
        second : bool array of shape (n,)
            Whether each decision is about the second group, in the order in which they were made.
        decisions : int array of shape (n,)
            0 or 1 each.

        Returns
        -------
        Bets
            The pairs that they completed.
        """
        n_before = int(self._decisions.sum())
        waited = self._waiting is not None
        if waited:
            second = np.concatenate([[self._waiting[0]], second])
            decisions = np.concatenate([[self._waiting[1]], decisions])
        paired = find_pairs(second)
        (completing,) = np.nonzero(paired)
        signs = np.where(second[completing], -1, 1)
        differences = signs * (decisions[completing] - decisions[completing - 1])
        log_wealth = np.empty(len(differences))
        completing = completing - waited
        for number, difference in enumerate(differences):
            log_wealth[number] = self._bettors.bet(difference[None])[0]
            if self.alarm is None and log_wealth[number] >= -math.log(self.alpha):
                decision = n_before + int(completing[number]) + 1
                self.alarm = Alarm(decision, self.pairs + number + 1, float(log_wealth[number]))
        self.pairs += len(differences)
        if len(second):
            self._waiting = None if paired[-1] else (bool(second[-1]), int(decisions[-1]))
        new = slice(int(waited), None)  # the one that waited is counted already
        sides = second[new].astype(int)
        self._decisions += np.bincount(sides, minlength=2)
        self._selected += np.bincount(sides[decisions[new] == 1], minlength=2)
        self.dropped = int(self._decisions.sum()) - 2 * self.pairs - self.waiting
        return Bets(completing, differences, log_wealth)

    def state(self) -> dict[str, Any]:
        """Return everything that the monitor knows, as JSON can hold it.

        Raises
        ------
        UserError
            A group is neither a text, nor a number, nor a boolean.
        """
        groups = [group.item() if isinstance(group, np.generic) else group for group in self.groups]
        for group in groups:
            if not isinstance(group, str | int | float):
                raise UserError(f"group {group!r} cannot be saved; name groups by texts or numbers")
        bettors = {name: getattr(self._bettors, name)[:, 0].tolist() for name in BETTORS}
        return {
            "groups": groups,
            "alpha": self.alpha,
            "restarts": self._bettors.restarts,
            "decisions": self._decisions.tolist(),
            "selected": self._selected.tolist(),
            "pairs": self.pairs,
            "dropped": self.dropped,
            "waiting": None if self._waiting is None else [int(self._waiting[0]), self._waiting[1]],
            "alarm": None if self.alarm is None else asdict(self.alarm),
            "next_start": self._bettors.next_start,
            **bettors,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Make the monitor that `state` described."""
        monitor = cls(state["groups"], alpha=state["alpha"], restarts=state["restarts"])
        monitor.pairs, monitor.dropped = state["pairs"], state["dropped"]
        monitor.alarm = None if state["alarm"] is None else Alarm(**state["alarm"])
        monitor._decisions, monitor._selected = np.array(state["decisions"]), np.array(state["selected"])
        waiting = state["waiting"]
        monitor._waiting = None if waiting is None else (bool(waiting[0]), waiting[1])
        bettors = {name: np.array(state[name], float)[:, None] for name in BETTORS}
        monitor._bettors.resume(pairs=state["pairs"], next_start=state["next_start"], **bettors)
        return monitor

    def save(self, path: str | Path) -> None:
        """Write the monitor to a file, from which `load` goes on with exactly the same numbers.

        Parameters
        ----------
        path : str or Path
            A former state there is replaced as a whole, or kept where the new one cannot be written.

        Raises
        ------
        UserError
            The file cannot be written, or a group cannot be saved.
        """
        write_state(path, self.state())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a monitor that `save` or ``labkit monitor --state`` wrote.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        FairnessMonitor
            It goes on where the saved one stopped.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        UserError
            The file is no state, is damaged, or comes from another version.
        """
        return cls.from_state(read_state(path))
