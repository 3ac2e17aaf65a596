"""Figures of notebook 12: roles, names, benchmarks and wordings."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.audit import wilson_interval
from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUPS = {  # as the audit study codes them -> as the figure names them
    ("afam", "female"): "African-American-sounding, women's",
    ("afam", "male"): "African-American-sounding, men's",
    ("cauc", "female"): "White-sounding, women's",
    ("cauc", "male"): "White-sounding, men's",
}


def check_table(table: pd.DataFrame, columns: set[str]) -> None:
    """Reject a table without the columns that a figure needs."""
    if missing := sorted(columns - set(table)):
        raise UserError(f"no column {', '.join(missing)}; there are {', '.join(map(str, table))}")


def plot_roles(roles: pd.DataFrame) -> "Figure":
    """Draw one row per role: the model's share of "she" with its range over templates, and shares of women.

    Parameters
    ----------
    roles : DataFrame
        Indexed by role. Columns model, low, high (the model's mean over templates, its lowest and highest), official
        and sentences (shares of women in jobs and in real sentences), each in [0, 1].

    Returns
    -------
    matplotlib.figure.Figure
        Rows in the order of the official share.

    Raises
    ------
    UserError
        A column is missing.
    """
    check_table(roles, {"model", "low", "high", "official", "sentences"})
    ordered = roles.sort_values("official")
    place = np.arange(len(ordered))
    fig, ax = plt.subplots(figsize=(7, 1.2 + 0.2 * len(ordered)), layout="constrained")
    ax.hlines(place, ordered["low"], ordered["high"], color=PALETTE[0], alpha=0.35, linewidth=3)
    marks = {
        "model": "model: she, of she and he (bar: sentences, lowest to highest)",
        "official": "women in the job (official)",
        "sentences": "she, in real sentences",
    }
    for (column, label), color, marker in zip(marks.items(), PALETTE, MARKERS, strict=False):
        ax.plot(ordered[column], place, marker, color=color, label=label, markersize=5)
    ax.axvline(0.5, color="black", linewidth=0.8)
    ax.set_yticks(place, [plain_label(str(role)) for role in ordered.index])
    ax.set(xlim=(0, 1), ylim=(-0.7, len(ordered) - 0.3), xlabel="share of she, or of women")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", frameon=False, ncols=1)
    return fig


def plot_names(names: pd.DataFrame) -> "Figure":
    """Draw one row per name: the model's mean log odds of Yes, and how often employers called back.

    Parameters
    ----------
    names : DataFrame
        Columns name, ethnicity, gender, log_odds, applications and calls.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels with the same rows, in the order of the log odds. Lines on the left are the means of women's and of
        men's names; bars on the right are Wilson's 95% intervals.

    Raises
    ------
    UserError
        A column is missing.
    """
    check_table(names, {"name", "ethnicity", "gender", "log_odds", "applications", "calls"})
    ordered = names.sort_values("log_odds").reset_index(drop=True)
    low, high = wilson_interval(ordered["calls"].to_numpy(), ordered["applications"].to_numpy(), confidence=0.95)
    rate = ordered["calls"] / ordered["applications"]
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(8.6, 1.5 + 0.2 * len(ordered)), sharey=True, layout="constrained", width_ratios=[1, 1]
    )
    for (group, label), color, marker in zip(GROUPS.items(), PALETTE, MARKERS, strict=False):
        own = ((ordered["ethnicity"] == group[0]) & (ordered["gender"] == group[1])).to_numpy()
        place = np.flatnonzero(own)
        left.plot(ordered.loc[own, "log_odds"], place, marker, color=color, label=label)
        right.hlines(place, low[own], high[own], color=color, linewidth=1.4)
        right.plot(rate[own], place, marker, color=color)
    for gender, label, style in (("female", "mean, women's names", "-"), ("male", "mean, men's names", "--")):
        mean = ordered.loc[ordered["gender"] == gender, "log_odds"].mean()
        left.vlines(mean, -0.7, len(ordered) - 0.3, color="black", linewidth=1, linestyle=style, label=label)
    left.set_yticks(np.arange(len(ordered)), [plain_label(str(name)) for name in ordered["name"]])
    left.set(xlabel="model: log odds of Yes, mean over questions", ylim=(-0.7, len(ordered) - 0.3))
    right.set(xlabel="employers: share called back", xlim=(0, None))
    fig.legend(*left.get_legend_handles_labels(), loc="outside upper center", frameon=False, ncols=2)
    return fig


def plot_benchmarks(preferences: pd.DataFrame, competences: pd.DataFrame) -> "Figure":
    """Draw the preference for the stereotype of each part of the benchmarks, next to the competence on it.

    Parameters
    ----------
    preferences, competences : DataFrame
        Indexed by the same names of parts. Columns estimate, low, high and reference: the unbiased value, and that of
        the best rule that reads nothing.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels with the same rows; black ticks mark the references, and each panel has its own legend.

    Raises
    ------
    UserError
        The parts differ, or a column is missing.
    """
    for table in (preferences, competences):
        check_table(table, {"estimate", "low", "high", "reference"})
    if list(preferences.index) != list(competences.index):
        raise UserError("preferences and competences have different parts; give the same ones in the same order")
    place = np.arange(len(preferences))
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 1.5 + 0.36 * len(place)), sharey=True, layout="constrained")
    titles = ("prefers the stereotype", "competent on the same items")
    meanings = ("unbiased", "best rule that reads nothing")
    tables = (preferences, competences)
    for ax, table, title, meaning, color in zip(axes, tables, titles, meanings, PALETTE, strict=False):
        ax.hlines(place, table["low"], table["high"], color=color, linewidth=1.8, label="95% interval, over clusters")
        ax.plot(table["estimate"], place, "o", color=color, label="all items")
        ax.plot(table["reference"], place, "|", color="black", markersize=15, label=meaning)
        ax.set(title=title, xlabel="share of items", xlim=(0, 1.02))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False, fontsize=9)
    axes[0].set_yticks(place, [plain_label(str(part)) for part in preferences.index])
    axes[0].set_ylim(len(place) - 0.5, -0.5)
    return fig


def plot_controls(shares: dict[str, pd.DataFrame], differences: pd.DataFrame) -> "Figure":
    """Draw shares that prefer the stereotype under several conditions, next to the paired difference of two of them.

    Parameters
    ----------
    shares : dict of str to DataFrame
        From what was compared, such as "all items" and "unrelated words", to a table that is indexed by the parts of
        benchmarks. Columns estimate, low and high; a row of missing values is left out of the figure.
    differences : DataFrame
        Likewise, of the difference.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels with the same rows.

    Raises
    ------
    UserError
        The parts differ, or a column is missing.
    """
    for table in (*shares.values(), differences):
        check_table(table, {"estimate", "low", "high"})
        if list(table.index) != list(differences.index):
            raise UserError("the tables have different parts; give the same ones in the same order")
    place = np.arange(len(differences))
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(8.6, 1.7 + 0.42 * len(place)), sharey=True, layout="constrained", width_ratios=[3, 2]
    )
    shifts = np.linspace(-0.24, 0.24, len(shares))
    for (label, table), color, marker, shift in zip(shares.items(), PALETTE, MARKERS, shifts, strict=False):
        left.hlines(place + shift, table["low"], table["high"], color=color, linewidth=1.8)
        left.plot(table["estimate"], place + shift, marker, color=color, label=plain_label(label), markersize=5)
    color = PALETTE[len(shares)]
    right.hlines(place, differences["low"], differences["high"], color=color, linewidth=1.8)
    right.plot(differences["estimate"], place, "D", color=color, markersize=5)
    left.axvline(0.5, color="black", linewidth=0.8)
    right.axvline(0, color="black", linewidth=0.8)
    left.set_yticks(place, [plain_label(str(part)) for part in differences.index])
    left.set(xlabel="share that prefers the stereotype", ylim=(len(place) - 0.5, -0.5))
    right.set(xlabel="all items\nminus unrelated words")
    fig.get_layout_engine().set(wspace=0.05)  # so that the numbers at the inner edges do not touch
    fig.legend(*left.get_legend_handles_labels(), loc="outside upper center", frameon=False, ncols=len(shares))
    return fig


def plot_wordings(answers: pd.DataFrame, gaps: pd.DataFrame) -> "Figure":
    """Draw, for each wording, every name's log odds of Yes, and the gap between women's and men's names.

    Parameters
    ----------
    answers : DataFrame
        Columns wording (from 0), gender ("female" or "male") and log_odds; one row per wording and name.
    gaps : DataFrame
        Indexed by wording; one column per condition, such as a system message, with the gap (women minus men).

    Returns
    -------
    matplotlib.figure.Figure
        Two panels with the same rows.

    Raises
    ------
    UserError
        A column is missing.
    """
    check_table(answers, {"wording", "gender", "log_odds"})
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(8.6, 1.6 + 0.34 * len(gaps)), sharey=True, layout="constrained", width_ratios=[1, 1]
    )
    for gender, color, marker, shift in (("female", PALETTE[0], "o", -0.12), ("male", PALETTE[1], "s", 0.12)):
        own = answers[answers["gender"] == gender]
        label = {"female": "women's names", "male": "men's names"}[gender]
        left.plot(own["log_odds"], own["wording"] + shift, marker, color=color, label=label, markersize=4.5)
    for column, color, marker in zip(gaps, PALETTE[2:], MARKERS[2:], strict=False):
        right.plot(gaps[column], gaps.index, marker, color=color, label=plain_label(f"system: {column}"))
    right.axvline(0, color="black", linewidth=0.8)
    left.set_yticks(list(gaps.index), [f"wording {number + 1}" for number in gaps.index])
    left.set(xlabel="log odds of Yes", ylim=(max(gaps.index) + 0.5, -0.5))
    right.set(xlabel="gap: women's minus men's names")
    handles = [*left.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    fig.legend(handles=handles, loc="outside upper center", frameon=False, ncols=3)
    return fig
