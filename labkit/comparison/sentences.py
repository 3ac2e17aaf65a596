"""Comparisons in words: which changes are clear, which gaps are closed, and what a figure shows."""

from collections.abc import Mapping

import pandas as pd

from labkit.comparison.equivalence import CLOSED, VERDICTS, judge_gaps, judge_interval
from labkit.comparison.seeds import CONSTANTS, changes_over_seeds, over_seeds
from labkit.comparison.tables import name_groups


def describe_changes(
    runs: pd.DataFrame,
    value: str,
    *,
    by: str = "method",
    baseline: str = "untouched",
    overlap: float | None = None,
    margin: float | None = None,
    holm: bool = False,
) -> str:
    """Say which methods clearly changed a value from a baseline, in pairs of runs with the same seed.

    "Clearly" means that the 95% interval of the mean change (`changes_over_seeds`) does not contain zero: of 20 methods
    that change nothing, one is expected to look clear. Constant classifiers are left out.

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
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.
    margin : float, optional
        The smallest change that matters, above 0, stated before the experiment. Changes whose interval lies inside it
        are named as such, also where it does not contain zero.
    holm : bool
        Call a change clear only where its p-value, adjusted for the number of methods (Holm 1979), is below .05.

    Returns
    -------
    str
        Such as "down: *twins* (-0.120); no clear change: *same weight*", in markdown; clear changes with their mean.
        With a margin also "changed by less than 0.05: *left out*".

    Raises
    ------
    UserError
        As `changes_over_seeds`; or the margin is not above 0.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["untouched", "fair", "idle"] * 3, "seed": [0, 0, 0, 1, 1, 1, 2, 2, 2],
    ...                      "gap": [0.30, 0.10, 0.31, 0.32, 0.13, 0.31, 0.34, 0.13, 0.34]})
    >>> describe_changes(runs, "gap")
    'down: *fair* (-0.200); no clear change: *idle*'
    >>> describe_changes(runs, "gap", margin=0.05)
    'down: *fair* (-0.200); changed by less than 0.05: *idle*'
    """
    changes = changes_over_seeds(runs, value, by=by, baseline=baseline, overlap=overlap)
    changes = changes[~changes.index.isin(CONSTANTS)]
    sides = _find_sides(changes, margin=margin)
    if holm:
        sides[sides.isin(["below", "above"]) & ~(changes["p_holm"] < 0.05)] = "unclear"
    words = {"below": "down", "above": "up", "inside": f"changed by less than {margin}", "unclear": "no clear change"}
    named = []
    for side, word in words.items():
        rows = changes.loc[sides == side, "mean"]
        listed = [
            f"*{name}* ({mean:+z.3f})" if side in ("below", "above") else f"*{name}*" for name, mean in rows.items()
        ]
        if listed:
            named.append(f"{word}: {', '.join(listed)}")
    return "; ".join(named)


def say_changes(changes: pd.DataFrame, *, margin: float | None = None) -> str:
    """Say which rows' intervals lie above zero, below it, or contain it.

    Parameters
    ----------
    changes : DataFrame
        Columns low and high; the index names the rows.
    margin : float, optional
        The smallest change that matters, above 0, stated before the experiment; intervals inside it are named as such.

    Returns
    -------
    str
        A part of a sentence.

    Raises
    ------
    UserError
        The margin is not above 0.

    Examples
    --------
    >>> changes = pd.DataFrame({"low": [0.1, -0.1, -0.01], "high": [0.2, 0.1, 0.02]}, index=["one", "two", "three"])
    >>> say_changes(changes)
    'above zero with one; not distinguishable from zero with two, three'
    >>> say_changes(changes, margin=0.05)
    'above zero with one; within ±0.05 with three; not distinguishable from zero with two'
    """
    sides = _find_sides(changes, margin=margin)
    words = {"above": "above zero", "below": "below zero", "inside": f"within ±{margin}"}
    words["unclear"] = "not distinguishable from zero"
    kinds = {word: changes.index[sides == side] for side, word in words.items()}
    return "; ".join(f"{word} with {', '.join(rows)}" for word, rows in kinds.items() if len(rows))


def describe_gaps(
    runs: pd.DataFrame,
    value: str = "gap",
    *,
    margin: float,
    by: str = "method",
    overlap: float | None = None,
) -> str:
    """Say for which methods the mean signed gap over runs is closed, and how many people each of them selects.

    "Closed" means that the 95% interval lies inside the margin (`judge_gaps`). A gap of a method that selects hardly
    anybody says little, so the share selected in each group is next to it, where ``runs`` has it.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    value : str
        Column with the signed gap.
    margin : float
        The smallest gap that matters, above 0, stated before the experiment.
    by : str
        Column that names the method.
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.

    Returns
    -------
    str
        Such as "closed (within ±0.05): *fair* (+0.003; selects 31% / 30%); still above: *plain* (+0.120; selects 35% /
        23%)", in markdown.

    Raises
    ------
    UserError
        A column is missing, or the margin is not above 0.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["plain"] * 3 + ["fair"] * 3, "gap": [0.30, 0.32, 0.34, 0.01, -0.01, 0.0]})
    >>> describe_gaps(runs, margin=0.05)
    'closed (within ±0.05): *fair* (+0.000); still above: *plain* (+0.320)'
    """
    judged = judge_gaps(runs, value, margin=margin, by=by, overlap=overlap)
    shares = runs.groupby(by, sort=False)[[f"selected_{group}" for group in name_groups(runs)]].mean()
    named = []
    for verdict in VERDICTS:
        listed = []
        for name, mean in judged.loc[judged["verdict"] == verdict, "mean"].items():
            selects = " / ".join(f"{share:.0%}" for share in shares.loc[name])
            listed.append(f"*{name}* ({mean:+z.3f}{selects and f'; selects {selects}'})")
        if listed:
            named.append(f"{verdict}{f' (within ±{margin})' if verdict == CLOSED else ''}: {', '.join(listed)}")
    return "; ".join(named)


def describe_methods(
    runs: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    by: str = "method",
    baseline: str = "untouched",
    levels: bool = False,
    overlap: float | None = None,
) -> str:
    """Write what `labkit.comparison.plot_methods` shows, for readers who cannot see it.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    columns : mapping of str to str
        Column to label.
    by : str
        Column that names the method.
    baseline : str
        The method to compare with.
    levels : bool
        Write means in place of differences from the baseline, where the figure shows them.
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.

    Returns
    -------
    str
        Methods in order of appearance, for each column.

    Raises
    ------
    UserError
        As `changes_over_seeds`.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["untouched", "fair"] * 2, "seed": [0, 0, 1, 1], "gap": [0.3, 0.1, 0.4, 0.2]})
    >>> describe_methods(runs, {"gap": "gap"})
    'Differences from untouched, paired by run, means and intervals by method. gap (untouched 0.35): fair -0.20'
    """
    parts = []
    for column, label in columns.items():
        means = over_seeds(runs, column, by=by, overlap=overlap)["mean"]
        label = label.replace("\n", " ")
        if levels:
            parts.append(f"{label}: " + ", ".join(f"{name} {mean:z.2f}" for name, mean in means.items()))
            continue
        changes = changes_over_seeds(runs, column, by=by, baseline=baseline, overlap=overlap)["mean"]
        written = ", ".join(f"{name} {change:+z.2f}" for name, change in changes.items())
        parts.append(f"{label} ({baseline} {means[baseline]:z.2f}): {written}")
    shown = (
        "Runs, means and intervals" if levels else f"Differences from {baseline}, paired by run, means and intervals"
    )
    return f"{shown} by method. {'; '.join(parts)}"


def _find_sides(changes: pd.DataFrame, *, margin: float | None) -> pd.Series:
    """Say of each interval whether it is inside the margin, above or below zero, or else unclear."""
    sides = []
    for low, high in changes[["low", "high"]].itertuples(index=False):
        inside = margin is not None and judge_interval(low, high, margin) == CLOSED
        sides.append("inside" if inside else "above" if low > 0 else "below" if high < 0 else "unclear")
    return pd.Series(sides, index=changes.index, dtype=object)
