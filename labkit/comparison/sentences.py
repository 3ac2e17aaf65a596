"""Comparisons in words and tables: changes and means with their intervals, written for a reader."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from labkit.comparison.seeds import changes_over_seeds, over_seeds


def describe_changes(runs: pd.DataFrame, value: str, *, by: str = "method", baseline: str = "untouched") -> str:
    """Say in words which methods clearly changed a value, against a baseline, seed by seed.

    "Clearly" means that the 95% interval of the mean change (`changes_over_seeds`) does not contain zero.

    Returns
    -------
    str
        Such as "down: *twins* (-0.120); no clear change: *same weight*", in markdown, with the mean of what is clear.
    """
    changes = changes_over_seeds(runs, value, by=by, baseline=baseline)
    kinds = {"down": changes["high"] < 0, "up": changes["low"] > 0}
    kinds["no clear change"] = ~(kinds["down"] | kinds["up"])
    named = {
        kind: ", ".join(
            f"*{name}*" + (f" ({changes['mean'][name]:+z.3f})" if kind in ("down", "up") else "")
            for name in changes.index[rows]
        )
        for kind, rows in kinds.items()
    }
    return "; ".join(f"{kind}: {names}" for kind, names in named.items() if names)


def describe_means(runs: pd.DataFrame, columns: Mapping[str, str], *, by: str = "method") -> str:
    """Write the means of columns (name to label) by method: a text for readers who cannot see their figure."""
    means = {label: over_seeds(runs, column, by=by)["mean"] for column, label in columns.items()}
    return "Runs, means and intervals by method. " + "; ".join(
        f"{label}: " + ", ".join(f"{name} {value:z.2f}" for name, value in mean.items())
        for label, mean in means.items()
    )


def tabulate_changes(
    runs: Mapping[str, pd.DataFrame], columns: Mapping[str, str], *, by: str = "method", baseline: str = "untouched"
) -> pd.DataFrame:
    """Put changes against a baseline side by side: a row a method, a column for each data set and value.

    Parameters
    ----------
    runs : mapping of str to DataFrame
        Data set to what `try_methods` gave.
    columns : mapping of str to str
        Column to title; one that a data set lacks is left out there.

    Returns
    -------
    DataFrame of str
        "mean [low, high]" of the change; empty where a method was not tried.
    """
    table = {}
    for name, frame in runs.items():
        for column, title in columns.items():
            if column in frame:
                changes = changes_over_seeds(frame, column, by=by, baseline=baseline)
                table[name, title] = {
                    method: f"{row['mean']:+z.2f} [{row['low']:+z.2f}, {row['high']:+z.2f}]"
                    for method, row in changes.iterrows()
                }
    return pd.DataFrame(table).fillna("")


def tabulate_means(
    runs: pd.DataFrame, columns: Mapping[str, str], *, by: str = "method", digits: int = 3
) -> pd.DataFrame:
    """Put means over seeds side by side: a row a method, a column for each value.

    Parameters
    ----------
    runs : DataFrame
        A row for each run.
    columns : mapping of str to str
        Column to title.
    digits : int
        After the point.

    Returns
    -------
    DataFrame of str
        "mean [low, high]", see `labkit.comparison.over_seeds`.
    """
    table = {}
    for column, title in columns.items():
        means = over_seeds(runs, column, by=by)
        table[title] = {
            method: "{:z.{n}f} [{:z.{n}f}, {:z.{n}f}]".format(row["mean"], row["low"], row["high"], n=digits)
            for method, row in means.iterrows()
        }
    return pd.DataFrame(table)


LIMITS = ("mean", "low", "high")


def write_intervals(table: pd.DataFrame) -> pd.Series:
    """Write mean, low and high of each row as text, signed; a row without a mean becomes a dash.

    >>> write_intervals(pd.DataFrame({"mean": [0.1], "low": [-0.2], "high": [0.4]})).tolist()
    ['+0.100 [-0.200, +0.400]']
    """
    rows = zip(*(table[name] for name in LIMITS), strict=True)
    texts = ["–" if np.isnan(mean) else f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]" for mean, low, high in rows]
    return pd.Series(texts, index=table.index, dtype=object)


def say_changes(changes: pd.DataFrame) -> str:
    """Say in words which rows' intervals lie above zero, below it, or contain it.

    >>> say_changes(pd.DataFrame({"low": [0.1, -0.1], "high": [0.2, 0.1]}, index=["one", "other"]))
    'above zero with one; not told from zero with other'
    """
    kinds = {"above zero with": changes["low"] > 0, "below zero with": changes["high"] < 0}
    kinds["not told from zero with"] = ~(kinds["above zero with"] | kinds["below zero with"])
    return "; ".join(f"{verb} {', '.join(changes.index[rows])}" for verb, rows in kinds.items() if rows.any())
