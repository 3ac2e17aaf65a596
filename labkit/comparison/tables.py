"""Comparisons as tables: changes from a baseline, or means, as text with their intervals."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from labkit.comparison.seeds import CONSTANTS, RATES, changes_over_seeds, over_seeds
from labkit.errors import UserError

LIMITS = ("mean", "low", "high")
GAP = "gap"  # the column that `summarise` gives to the signed gap


def tabulate_methods(
    runs: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    by: str = "method",
    baseline: str = "untouched",
    levels: bool = False,
    overlap: float | None = None,
    p_values: bool = False,
    digits: int = 3,
) -> pd.DataFrame:
    """Put a comparison of methods into a table: one row per method, one column per value.

    The row of the baseline holds its means; those of the other methods hold the differences from it, paired by seed, in
    which a reader sees what a method changed. Whether two means differ cannot be read off their intervals.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    columns : mapping of str to str
        Column to title. A column named gap is followed by the share selected in each group, if ``runs`` has it.
    by : str
        Column that names the method.
    baseline : str
        The method to compare with; its row comes first, constant classifiers come last.
    levels : bool
        Write every method's means in place of differences.
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.
    p_values : bool
        Write each difference's p-value too, adjusted for the number of methods (Holm; see `changes_over_seeds`).
    digits : int
        Digits after the point.

    Returns
    -------
    DataFrame of str
        "mean [low, high]" without a sign for means, with a sign for differences; shares selected are means over runs.

    Raises
    ------
    UserError
        As `changes_over_seeds`.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["untouched", "fair"] * 3, "seed": [0, 0, 1, 1, 2, 2],
    ...                      "gap": [0.30, 0.10, 0.32, 0.13, 0.34, 0.13]})
    >>> tabulate_methods(runs, {"gap": "gap, a - b"}, digits=2)["gap, a - b"].to_dict()
    {'untouched': '0.32 [0.27, 0.37]', 'fair': '-0.20 [-0.22, -0.18]'}
    """
    table = {}
    for column, title in columns.items():
        table[title] = format_intervals(over_seeds(runs, column, by=by, overlap=overlap), f"z.{digits}f")
        if not levels:
            changes = changes_over_seeds(runs, column, by=by, baseline=baseline, overlap=overlap)
            written = _write_changes(changes, f"+z.{digits}f", p_values=p_values)
            table[title] = pd.concat([table[title].loc[[baseline]], written])
        if column == GAP and (shares := _write_shares(runs, by=by)):
            table[shares[0]] = shares[1]
    return pd.DataFrame(table).reindex(_order(runs[by].unique(), first=baseline)).fillna("")


def tabulate_changes(
    runs: Mapping[str, pd.DataFrame],
    columns: Mapping[str, str],
    *,
    by: str = "method",
    baseline: str = "untouched",
    overlap: float | Mapping[str, float] | None = None,
    p_values: bool = False,
) -> pd.DataFrame:
    """Put changes from a baseline side by side: one row per method, one column per data set and value.

    Parameters
    ----------
    runs : mapping of str to DataFrame
        Data set to what `try_methods` gave.
    columns : mapping of str to str
        Column to title; one that a data set lacks is left out there. A column named gap is followed by the share
        selected in each group, if the data set has it.
    by : str
        Column that names the method.
    baseline : str
        The method to compare with. Its row, the first, holds only the shares that it selects.
    overlap : float or mapping of str to float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`; a mapping from data set to
        overlap where only some are.
    p_values : bool
        Write each change's p-value too, adjusted for the number of methods (Holm; see `changes_over_seeds`).

    Returns
    -------
    DataFrame of str
        "mean [low, high]" of the change; empty where a method was not tried.

    Raises
    ------
    UserError
        As `changes_over_seeds`; or ``overlap`` names an unknown data set.
    """
    of_data = overlap if isinstance(overlap, Mapping) else dict.fromkeys(runs, overlap)
    if unknown := sorted(set(of_data) - set(runs)):
        raise UserError(f"overlap names {unknown}, of which there are no runs; there are {list(runs)}")
    table, names = {}, []
    for name, frame in runs.items():
        names += [method for method in frame[by].unique() if method not in names]
        for column, title in columns.items():
            if column in frame:
                changes = changes_over_seeds(frame, column, by=by, baseline=baseline, overlap=of_data.get(name))
                table[name, title] = _write_changes(changes, "+z.2f", p_values=p_values).to_dict()
            if column == GAP and column in frame and (shares := _write_shares(frame, by=by)):
                table[name, shares[0]] = shares[1].to_dict()
    rows = pd.DataFrame(table).fillna("")
    return rows.reindex([method for method in _order(names, first=baseline) if method in rows.index])


def tabulate_means(
    runs: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    by: str = "method",
    digits: int = 3,
    overlap: float | None = None,
) -> pd.DataFrame:
    """Put means over seeds side by side: one row per method, one column per value.

    For levels, such as seconds. To see whether methods differ use `tabulate_methods`, which pairs them.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    columns : mapping of str to str
        Column to title. A column named gap is followed by the share selected in each group, if ``runs`` has it.
    by : str
        Column that names the method.
    digits : int
        Digits after the point.
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.

    Returns
    -------
    DataFrame of str
        "mean [low, high]", see `labkit.comparison.over_seeds`.

    Raises
    ------
    UserError
        A column is missing.
    """
    return tabulate_methods(runs, columns, by=by, baseline="", levels=True, overlap=overlap, digits=digits)


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


def name_groups(runs: pd.DataFrame) -> list[str]:
    """Return the groups whose rates a table of runs has: `summarise` names every rate once for each of them.

    Parameters
    ----------
    runs : DataFrame
        One row per run.

    Returns
    -------
    list of str
        Empty where the columns are not those of `summarise`.
    """
    named = [{str(c).removeprefix(f"{rate}_") for c in runs if str(c).startswith(f"{rate}_")} for rate in RATES]
    return sorted(set.intersection(*named))


def _write_shares(runs: pd.DataFrame, *, by: str) -> tuple[str, pd.Series] | None:
    """Return a title and, for each method, the mean share selected in each group as text; None without such columns."""
    if not (groups := name_groups(runs)):
        return None
    means = runs.groupby(by, sort=False)[[f"selected_{group}" for group in groups]].mean()
    written = [" / ".join(f"{share:.0%}" for share in shares) for shares in means.to_numpy()]
    return f"selected, {' / '.join(groups)}", pd.Series(written, index=means.index)


def _write_changes(changes: pd.DataFrame, form: str, *, p_values: bool) -> pd.Series:
    """Write changes with their intervals and, where wanted, p-values that are adjusted for their number."""
    written = format_intervals(changes, form)
    if p_values:
        tested = changes["p_holm"].dropna()
        written[tested.index] += tested.map(
            lambda p: ", p < .001" if p < 0.001 else f", p = {p:.3f}".replace("0.", ".")
        )
    return written


def _order(names: "list[str] | np.ndarray", *, first: str) -> list[str]:
    """Put the baseline first and constant classifiers last; the others keep their order."""
    return sorted(names, key=lambda name: (name in CONSTANTS, name != first))
