"""Try methods on several splits of data: a row of figures for each, and in words what clearly changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from labkit.comparison.seeds import summarise
from labkit.validation import check_columns


class Split(NamedTuple):
    """People to train on and people to measure on, each as (X, y, groups), and the truth about the latter if known."""

    train: tuple
    test: tuple
    true_labels: Any = None


def split_frame(
    frame: pd.DataFrame, *, label: str, sensitive: str, text: str | None = None, test_size=0.5, seeds: int = 3
) -> list[Split]:
    """Split a table several times, with groups and labels in equal shares on both sides.

    The splits are of the same people and overlap: intervals over them are somewhat too narrow.

    Parameters
    ----------
    frame : DataFrame
    label, sensitive : str
        Columns with labels 0/1 and with groups.
    text : str, optional
        Column with texts, which then are all that a model reads. Without it, a model reads all columns but the label,
        the sensitive one included.
    test_size : float
        Share of the people to measure on, in (0, 1).
    seeds : int
        How many splits.
    """
    from sklearn.model_selection import train_test_split

    check_columns(frame.columns, [name for name in (label, sensitive, text) if name])
    strata = frame[label].astype(str) + " " + frame[sensitive].astype(str)

    def triple(part):
        return part[text] if text else part.drop(columns=label), part[label], part[sensitive].rename("group")

    halves = (train_test_split(frame, test_size=test_size, random_state=seed, stratify=strata) for seed in range(seeds))
    return [Split(triple(train), triple(test)) for train, test in halves]


class Trial(NamedTuple):
    """One method, fitted once: what it decided about the test people of its split, and what fitting took."""

    method: str
    seed: int
    table: pd.DataFrame
    true_labels: Any
    seconds: float


def run_trials(methods: Mapping[str, Any] | Callable[[int], Mapping[str, Any]], splits: Sequence[Split]) -> list[Trial]:
    """Fit every method on every split, and keep what it decides about the split's test people.

    Parameters
    ----------
    methods : mapping of str to Method, or function
        By name; a function gives them for the position of a split, where methods have a seed of their own.
    splits : sequence of Split
        The position of a split is its ``seed``.

    Returns
    -------
    list of Trial
        Split by split, methods in their order.
    """
    trials = []
    for seed, split in enumerate(splits):
        for name, method in (methods(seed) if callable(methods) else methods).items():
            fitted = method.fit(*split.train[:2], sensitive_features=pd.Series(split.train[2], name="group"))
            table = fitted.predict(*split.test[:2], sensitive_features=pd.Series(split.test[2], name="group"))
            trials.append(Trial(name, seed, table, split.true_labels, fitted.seconds))
    return trials


def measure_trials(trials: Sequence[Trial], *, metric: str = "selection_rate", rows=slice(None)) -> pd.DataFrame:
    """Measure what methods decided, on all people or on some.

    Parameters
    ----------
    trials : sequence of Trial
        With two groups.
    metric : str
        Whose gap is measured, see `labkit.comparison.summarise`.
    rows : slice, or array of int or bool
        Positions of the people to measure on.

    Returns
    -------
    DataFrame
        A row for each trial: method, seed, what `summarise` gives, gap_size (the gap without its sign), selected (the
        share decided 1) and seconds of fitting.
    """
    measured = []
    for name, seed, table, true_labels, seconds in trials:
        part = table.iloc[rows]
        truth = None if true_labels is None else np.asarray(true_labels)[rows]
        row = summarise(part, metric=metric, true_labels=truth)
        more = {"gap_size": abs(row["gap"]), "selected": part["y_pred"].mean(), "seconds": seconds}
        measured.append({"method": name, "seed": seed} | row | more)
    return pd.DataFrame(measured)


def try_methods(methods: Mapping[str, Any], splits: Sequence[Split], *, metric: str = "selection_rate") -> pd.DataFrame:
    """Fit every method on every split and measure it there: `run_trials`, then `measure_trials`.

    Parameters
    ----------
    methods : mapping of str to Method
        By name.
    splits : sequence of Split
        With two groups; the position of a split is its ``seed``.
    metric : str
        Whose gap is measured, see `labkit.comparison.summarise`.

    Returns
    -------
    DataFrame
        As `measure_trials`.
    """
    return measure_trials(run_trials(methods, splits), metric=metric)
