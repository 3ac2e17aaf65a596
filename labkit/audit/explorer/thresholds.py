"""A slider for each of two groups' thresholds, and what follows for their rates, on any page and without a kernel."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.audit.counts import Counts
from labkit.audit.explorer._cuts import Bars, Cuts, choose_cuts, make_bars
from labkit.audit.explorer._fragment import write_fragment
from labkit.audit.explorer._people import read_people
from labkit.audit.explorer._settings import find_settings, most_accurate
from labkit.audit.explorer._words import Words, write_settings
from labkit.audit.inputs._names import label_groups
from labkit.audit.intervals import check_confidence
from labkit.audit.results import Audit
from labkit.errors import UserError
from labkit.validation import escape_controls


@dataclass(frozen=True, eq=False, repr=False)
class ThresholdExplorer:
    """Counts of two groups at every cut of a grid; make one with `plot_threshold_explorer`.

    As the value of a cell it shows itself: with sliders where scripts may run, which needs no kernel, and otherwise as
    a table of four settings.

    Attributes
    ----------
    groups : tuple of two hashable
        Groups a and b; every difference is a minus b.
    cuts : Cuts
        Thresholds from low to high. People with at least this score are selected.
    cells : int array of shape (2, cuts, 4)
        Counts of each group at each cut, ordered tn, fp, fn, tp.
    bars : Bars
        The distributions of the scores.
    start : tuple of two int
        Places of the cuts that are shown first.
    words : Words
        What decisions, labels and the score are called.
    confidence : float
        Coverage of every interval.
    """

    groups: tuple[Hashable, Hashable]
    cuts: Cuts
    cells: np.ndarray
    bars: Bars
    start: tuple[int, int]
    words: Words
    confidence: float

    def audit(self, cut_a: float, cut_b: float) -> Audit:
        """Audit the decisions of two cuts.

        Parameters
        ----------
        cut_a, cut_b : float
            Thresholds of the first and of the second group, out of ``cuts.values``; infinity selects nobody.

        Returns
        -------
        Audit
            The same numbers as the sliders show, with everything else that an audit has.

        Raises
        ------
        UserError
            Not one of the cuts.
        """
        return self._audit_at(self.cuts.place(cut_a), self.cuts.place(cut_b))

    @property
    def settings(self) -> pd.DataFrame:
        """The cuts of the four settings: one row each, one column for each group; NaN where a rate is undefined.

        The rows are "one cut for both", "equal selection rates", "equal true positive rates" and "equal false positive
        rates", each as near as the grid allows with about as many people selected as by the one cut.
        """
        rows = {
            name: [np.nan, np.nan] if places is None else [float(self.cuts.values[place]) for place in places]
            for name, places in self._places().items()
        }
        columns = pd.Index(self.groups, tupleize_cols=False)
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("setting")

    def _audit_at(self, a: int, b: int) -> Audit:
        """Audit two cuts, given by their places."""
        groups = pd.Index(self.groups, tupleize_cols=False, name="group")
        return Counts(groups, self.cells[[0, 1], [a, b]]).audit(confidence=self.confidence)

    def _places(self) -> dict[str, tuple[int, int] | None]:
        """Return the places of the cuts of the four settings; the common one is where both sliders start, if it is."""
        a, b = self.start
        return find_settings(self.cells, a if a == b else most_accurate(self.cells))

    def _audits(self) -> dict[str, tuple[tuple[int, int], Audit] | None]:
        """Return places and audit of each setting."""
        return {
            name: None if places is None else (places, self._audit_at(*places))
            for name, places in self._places().items()
        }

    def __repr__(self) -> str:
        table = write_settings(self._audits(), self._names(), self.cuts, self.words)
        notes = "\n".join(self.words.notes(self._names(), self.confidence, is_static=True))
        return escape_controls(f"{table.to_string()}\n\n{notes}")

    def _repr_html_(self) -> str:
        return write_fragment(
            names=self._names(),
            cuts=self.cuts,
            cells=self.cells,
            bars=self.bars,
            start=self.start,
            audits=self._audits(),
            words=self.words,
            confidence=self.confidence,
        )

    def _names(self) -> list[str]:
        """Return the groups as text."""
        return [escape_controls(name) for name in label_groups(self.groups)]


def plot_threshold_explorer(
    y_score: Any,
    *,
    y_true: Any,
    sensitive_features: Any,
    count: Any = None,
    groups: Sequence[Hashable] | None = None,
    cuts: Sequence[float] | None = None,
    start: float | Sequence[float] | None = None,
    decisions: tuple[str, str] = ("not selected", "selected"),
    labels: tuple[str, str] = ("labeled negative", "labeled positive"),
    score_name: str = "score",
    confidence: float = 0.95,
) -> ThresholdExplorer:
    """Show two groups' scores with a slider for the threshold of each, and how their rates follow.

    Use it where a question is about thresholds: what one cut for both groups does, what equal rates cost. All pairs of
    cuts are counted beforehand, so that it works in JupyterLab and on pages alike, without a kernel or a network. Where
    no script may run, four settings are shown side by side.

    Parameters
    ----------
    y_score : array-like of shape (n,)
        Scores, any finite numbers that differ. Who has at least the cut is selected.
    y_true : array-like of shape (n,)
        Labels: 0 and 1, or booleans.
    sensitive_features : array-like of shape (n,)
        The group of each row. Categories keep the order in which they are declared.
    count : array-like of shape (n,), optional
        How many people a row stands for: whole numbers from 0 on, for a table of counts.
    groups : sequence of two, optional
        Which groups to compare, in the order a, b; needed where there are more than two.
    cuts : sequence of float, optional
        Thresholds from low to high, from 2 to 51 of them; infinity as the last one selects nobody. By default every
        score where there are at most ten different ones, as with deciles, else ten that are evenly spaced over the
        range of the scores; and one that selects nobody.
    start : float or pair of float, optional
        The cut of both groups, or one for each, that is shown first. By default the common cut that decides most people
        as they are labeled.
    decisions, labels : pair of str
        What 0 and 1 mean, such as ``("released", "detained")`` and ``("not charged again", "charged again")``.
    score_name : str
        What the score is called, such as ``"decile"``.
    confidence : float
        Coverage of the intervals (Wilson's for rates, Newcombe's for differences), between 0 and 1.

    Returns
    -------
    ThresholdExplorer
        Put it last in a cell. ``settings`` has the cuts of the four settings, ``audit(cut_a, cut_b)`` the rates.

    Raises
    ------
    UserError
        Lengths that differ, no rows, labels that are not 0/1, scores that are not finite numbers or all the same, a
        missing group, other than two groups, an unknown one, counts that are not whole, cuts that do not increase, or a
        start that is not one of them.

    Warns
    -----
    DataWarning
        Two arguments have the same pandas index in another order.

    Examples
    --------
    >>> explorer = plot_threshold_explorer([1, 2, 2, 3], y_true=[0, 1, 0, 1], sensitive_features=list("aabb"))
    >>> explorer.cuts.values.tolist(), explorer.settings.loc["one cut for both"].tolist()
    ([1.0, 2.0, 3.0, inf], [2.0, 2.0])
    >>> explorer.audit(2, 3).by_group["selection_rate"].to_dict()
    {'a': 0.5, 'b': 0.5}
    """
    check_confidence(confidence)
    words = Words(decisions=_pair(decisions, "decisions"), labels=_pair(labels, "labels"), score=score_name)
    people = read_people(y_score, y_true=y_true, sensitive_features=sensitive_features, count=count, groups=groups)
    grid = choose_cuts(people, cuts)
    cells = grid.count(people)
    if start is None:
        place = most_accurate(cells)
        places = (place, place)
    else:
        pair = [start, start] if np.ndim(start) == 0 else list(start)
        if len(pair) != 2:
            raise UserError(f"start has {len(pair)} cuts; give one for both groups, or one for each")
        places = (grid.place(pair[0]), grid.place(pair[1]))
    return ThresholdExplorer(people.groups, grid, cells, make_bars(people, grid), places, words, confidence)


def _pair(names: Sequence[str], what: str) -> tuple[str, str]:
    """Return two names, for 0 and for 1."""
    if isinstance(names, str) or len(names) != 2 or names[0] == names[1]:
        raise UserError(f"{what}={names!r}; give two different names, the first for 0 and the second for 1")
    return names[0], names[1]
