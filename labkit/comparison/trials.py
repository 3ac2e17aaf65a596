"""Try methods on several splits of data: one row of figures per method and split."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from labkit.comparison.constants import add_constants, summarise_constants
from labkit.comparison.seeds import summarise
from labkit.validation import check_columns


class Split(NamedTuple):
    """People to train on and other people to measure on: two parts of one table, or two simulated samples.

    Attributes
    ----------
    train, test : tuple (X, y, groups)
        Each of its people.
    true_labels : array-like, optional
        True labels of the test people, where their ``y`` may be wrong.
    """

    train: tuple
    test: tuple
    true_labels: Any = None


def split_frame(
    frame: pd.DataFrame,
    *,
    label: str,
    sensitive: str,
    text: str | None = None,
    test_size: float = 0.5,
    n_splits: int = 3,
) -> list[Split]:
    """Split a table several times, with groups and labels in equal shares on both sides.

    The splits are of the same people and overlap: give ``overlap=test_size / (1 - test_size)`` to whatever computes an
    interval over them (see `labkit.comparison.over_seeds`), or it is far too narrow.

    Parameters
    ----------
    frame : DataFrame
        One row per person.
    label, sensitive : str
        Columns with labels 0/1 and with groups.
    text : str, optional
        Column with texts, if a model should read only them. Default: it reads all columns except the label, including
        the sensitive one.
    test_size : float
        Share of the people to measure on, in (0, 1).
    n_splits : int
        How many splits; their random seeds are 0, 1, 2 ...

    Returns
    -------
    list of Split

    Raises
    ------
    UserError
        A column is missing.
    """
    from sklearn.model_selection import train_test_split

    check_columns(frame.columns, [name for name in (label, sensitive, text) if name])
    strata = frame[label].astype(str) + " " + frame[sensitive].astype(str)

    def triple(part: pd.DataFrame) -> tuple:
        """Return what a model reads, the labels and the groups."""
        X = part[text] if text else part.drop(columns=label)
        return X, part[label], part[sensitive].rename("group")

    splits = []
    for seed in range(n_splits):
        train, test = train_test_split(frame, test_size=test_size, random_state=seed, stratify=strata)
        splits.append(Split(triple(train), triple(test)))
    return splits


class Trial(NamedTuple):
    """One run of a method on one split.

    Attributes
    ----------
    method : str
        The method's name.
    seed : int
        Seed of the run: the position of its split, from 0, which pairs the runs of several methods.
    table : DataFrame
        Predictions table of the split's test people.
    true_labels : array-like or None
        Their true labels, where known.
    seconds : float
        How long fitting took.
    """

    method: str
    seed: int
    table: pd.DataFrame
    true_labels: Any
    seconds: float


def run_trials(methods: Mapping[str, Any] | Callable[[int], Mapping[str, Any]], splits: Sequence[Split]) -> list[Trial]:
    """Fit every method on every split, and keep what it decides about the split's test people.

    Parameters
    ----------
    methods : mapping of str to Method, or function from a seed to such a mapping
        By name. A function makes the methods of each split, for methods that have a random seed.
    splits : sequence of Split
        The position of a split, from 0, is the seed of its runs.

    Returns
    -------
    list of Trial
        Split by split, methods in their order.
    """
    trials = []
    for seed, split in enumerate(splits):
        X, y, groups = split.train
        X_test, y_test, groups_test = split.test
        for name, method in (methods(seed) if callable(methods) else methods).items():
            fitted = method.fit(X, y, sensitive_features=pd.Series(groups, name="group"))
            table = fitted.predict(X_test, y_test, sensitive_features=pd.Series(groups_test, name="group"))
            trials.append(Trial(name, seed, table, split.true_labels, fitted.seconds))
    return trials


def measure_trials(
    trials: Sequence[Trial],
    *,
    metric: str = "selection_rate",
    rows: slice | np.ndarray = slice(None),
    constants: bool = False,
) -> pd.DataFrame:
    """Measure what methods decided, on all people or on some of them.

    Parameters
    ----------
    trials : sequence of Trial
        Their people are in two groups.
    metric : str
        The rate whose gap is measured, see `labkit.comparison.summarise`.
    rows : slice, or array of int or bool
        Positions of the people to measure on.
    constants : bool
        Add rows of constant classifiers, measured on the same people of each seed; see `summarise_constants`.

    Returns
    -------
    DataFrame
        One row per trial: method, seed, what `summarise` gives and seconds (of fitting). Gaps keep their signs: whether
        one is closed is a question about its mean over runs and a margin (`judge_gaps`), not about its size in each.

    Raises
    ------
    UserError
        There are not two groups, or a method bears the name of a constant classifier.
    """
    measured, known = [], {}
    for name, seed, table, true_labels, seconds in trials:
        part = table.iloc[rows]
        truth = None if true_labels is None else np.asarray(true_labels)[rows]
        row = summarise(part, metric=metric, true_labels=truth)
        measured.append({"method": name, "seed": seed} | row | {"seconds": seconds})
        if constants and seed not in known:  # the people of a seed are the same for all methods
            known[seed] = summarise_constants(part, metric=metric, true_labels=truth).assign(seed=seed)
    runs = pd.DataFrame(measured)
    return add_constants(runs, pd.concat(known.values())) if known else runs


def try_methods(
    methods: Mapping[str, Any] | Callable[[int], Mapping[str, Any]],
    splits: Sequence[Split],
    *,
    metric: str = "selection_rate",
    constants: bool = False,
) -> pd.DataFrame:
    """Fit every method on every split and measure it there: `run_trials`, then `measure_trials`.

    Parameters
    ----------
    methods : mapping of str to Method, or function from a seed to such a mapping
        As in `run_trials`.
    splits : sequence of Split
        Their people are in two groups.
    metric : str
        The rate whose gap is measured, see `labkit.comparison.summarise`.
    constants : bool
        Add rows of constant classifiers, as in `measure_trials`.

    Returns
    -------
    DataFrame
        As `measure_trials`.
    """
    return measure_trials(run_trials(methods, splits), metric=metric, constants=constants)
