"""Comparisons as text: changes and means with their intervals, in tables and in words."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from labkit.comparison.seeds import changes_over_seeds, over_seeds

LIMITS = ("mean", "low", "high")


def describe_changes(runs: pd.DataFrame, value: str, *, by: str = "method", baseline: str = "untouched") -> str:
    """Say which methods clearly changed a value from a baseline, in pairs of runs with the same seed.

    "Clearly" means that the 95% interval of the mean change (`changes_over_seeds`) does not contain zero.

    Parameters
    ----------
    runs : DataFrame
        One row per run, with the columns ``value``, ``by`` and seed.
    value : str
        Column to compare.
    by : str
        Column that names the method.
    baseline : str
        The method to compare with.

    Returns
    -------
    str
        Such as "down: *twins* (-0.120); no clear change: *same weight*", in markdown; clear changes with their mean.

    Raises
    ------
    UserError
        As `changes_over_seeds`.
    """
    changes = changes_over_seeds(runs, value, by=by, baseline=baseline)
    above, below = changes["low"] > 0, changes["high"] < 0
    clear = {
        kind: ", ".join(f"*{name}* ({mean:+z.3f})" for name, mean in changes.loc[rows, "mean"].items())
        for kind, rows in (("down", below), ("up", above))
    }
    unclear = ", ".join(f"*{name}*" for name in changes.index[~(above | below)])
    named = clear | {"no clear change": unclear}
    return "; ".join(f"{kind}: {names}" for kind, names in named.items() if names)


def say_changes(changes: pd.DataFrame) -> str:
    """Say which rows' intervals lie above zero, below it, or contain it.

    Parameters
    ----------
    changes : DataFrame
        Columns low and high; the index names the rows.

    Returns
    -------
    str
        A part of a sentence.

    Examples
    --------
    >>> say_changes(pd.DataFrame({"low": [0.1, -0.1], "high": [0.2, 0.1]}, index=["one", "other"]))
    'above zero with one; not distinguishable from zero with other'
    """
    above, below = changes["low"] > 0, changes["high"] < 0
    kinds = {"above zero": above, "below zero": below, "not distinguishable from zero": ~(above | below)}
    return "; ".join(f"{kind} with {', '.join(changes.index[rows])}" for kind, rows in kinds.items() if rows.any())


def describe_means(runs: pd.DataFrame, columns: Mapping[str, str], *, by: str = "method") -> str:
    """Write the means of columns by method: the text of a figure for readers who cannot see it.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    columns : mapping of str to str
        Column to label.
    by : str
        Column that names the method.

    Returns
    -------
    str
        Methods in order of appearance, for each column.

    Raises
    ------
    UserError
        A column is missing.
    """
    parts = []
    for column, label in columns.items():
        means = over_seeds(runs, column, by=by)["mean"]
        parts.append(f"{label}: " + ", ".join(f"{name} {mean:z.2f}" for name, mean in means.items()))
    return "Runs, means and intervals by method. " + "; ".join(parts)


def tabulate_changes(
    runs: Mapping[str, pd.DataFrame], columns: Mapping[str, str], *, by: str = "method", baseline: str = "untouched"
) -> pd.DataFrame:
    """Put changes from a baseline side by side: one row per method, one column per data set and value.

    Parameters
    ----------
    runs : mapping of str to DataFrame
        Data set to what `try_methods` gave.
    columns : mapping of str to str
        Column to title; one that a data set lacks is left out there.
    by : str
        Column that names the method.
    baseline : str
        The method to compare with.

    Returns
    -------
    DataFrame of str
        "mean [low, high]" of the change; empty where a method was not tried.

    Raises
    ------
    UserError
        As `changes_over_seeds`.
    """
    table = {}
    for name, frame in runs.items():
        for column, title in columns.items():
            if column in frame:
                changes = changes_over_seeds(frame, column, by=by, baseline=baseline)
                table[name, title] = format_intervals(changes, "+z.2f").to_dict()
    return pd.DataFrame(table).fillna("")


def tabulate_means(
    runs: pd.DataFrame, columns: Mapping[str, str], *, by: str = "method", digits: int = 3
) -> pd.DataFrame:
    """Put means over seeds side by side: one row per method, one column per value.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    columns : mapping of str to str
        Column to title.
    by : str
        Column that names the method.
    digits : int
        Digits after the point.

    Returns
    -------
    DataFrame of str
        "mean [low, high]", see `labkit.comparison.over_seeds`.

    Raises
    ------
    UserError
        A column is missing.
    """
    table = {}
    for column, title in columns.items():
        table[title] = format_intervals(over_seeds(runs, column, by=by), f"z.{digits}f").to_dict()
    return pd.DataFrame(table)


def write_intervals(table: pd.DataFrame) -> pd.Series:
    """Write mean, low and high of each row as text, signed; a row without a mean becomes a dash.

    Parameters
    ----------
    table : DataFrame
        Columns mean, low and high.

    Returns
    -------
    Series of str
        With the index of the table.

    Examples
    --------
    >>> write_intervals(pd.DataFrame({"mean": [0.1], "low": [-0.2], "high": [0.4]})).tolist()
    ['+0.100 [-0.200, +0.400]']
    """
    return format_intervals(table, "+.3f")


def format_intervals(table: pd.DataFrame, form: str) -> pd.Series:
    """Write "mean [low, high]" of each row in a format such as "+.3f"; a missing mean becomes a dash."""
    texts = []
    for mean, low, high in table[list(LIMITS)].itertuples(index=False):
        texts.append("–" if np.isnan(mean) else f"{mean:{form}} [{low:{form}}, {high:{form}}]")
    return pd.Series(texts, index=table.index, dtype=object)
