"""Figures of notebook 04: many analyses of one question, a null distribution, and scores by group."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.plots import MARKERS, PALETTE, plain_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#767676"


def plot_specifications(
    analyses: pd.DataFrame, estimates: Mapping[str, str], choices: Sequence[str], *, color_by: str
) -> "Figure":
    """Plot a specification curve: every defensible analysis of one question, and the choices that made it.

    After Simonsohn, Simmons and Nelson (2020): estimates with intervals on top, below them one row of dots per option.

    Parameters
    ----------
    analyses : DataFrame
        One row per analysis, plotted from left to right; for each estimate the columns NAME, NAME_low and NAME_high,
        and one column per choice.
    estimates : mapping of str to str
        Name of an estimate to the label of its panel.
    choices : sequence of str
        Columns with the option taken; a dot marks it.
    color_by : str
        One of the choices, whose options differ by color and marker in the panels.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per estimate, and the options below.

    Raises
    ------
    UserError
        A column is missing.
    """
    wanted = [*choices, *(name + part for name in estimates for part in ("", "_low", "_high"))]
    if missing := [column for column in wanted if column not in analyses]:
        raise UserError(f"no column {missing}; there are {list(analyses)}")
    options = [(choice, option) for choice in choices for option in analyses[choice].unique()]
    heights = [*[1.5] * len(estimates), 0.24 * len(options)]
    fig, axes = plt.subplots(
        len(estimates) + 1, 1, figsize=(7.6, 1 + sum(heights)), height_ratios=heights, sharex=True, layout="constrained"
    )
    place = np.arange(len(analyses))
    for ax, (name, label) in zip(axes, estimates.items(), strict=False):
        for option, color, marker in zip(analyses[color_by].unique(), PALETTE, MARKERS, strict=False):
            here = (analyses[color_by] == option).to_numpy()
            rows = analyses[here]
            ax.vlines(place[here], rows[f"{name}_low"], rows[f"{name}_high"], color=color, linewidth=1.6)
            ax.plot(place[here], rows[name], marker, color=color, label=plain_label(str(option)))
        ax.axhline(1 if "ratio" in label else 0, color="black", linewidth=0.8)
        ax.set_ylabel(label)
    axes[0].legend(frameon=False, title=plain_label(color_by), loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
    for row, (choice, option) in enumerate(options):
        taken = (analyses[choice] == option).to_numpy()
        axes[-1].plot(place, np.full(len(place), row), ".", color="#D0D0D0", markersize=4)
        axes[-1].plot(place[taken], np.full(taken.sum(), row), "o", color="black", markersize=5)
    axes[-1].set_yticks(range(len(options)), [plain_label(f"{choice}: {option}") for choice, option in options])
    axes[-1].set(ylim=(len(options) - 0.5, -0.5), xlabel="analysis", xticks=[])
    return fig


def plot_null(gaps: Mapping[str, np.ndarray], measured: Mapping[str, float]) -> "Figure":
    """Plot the gaps that chance alone gives, with the measured one.

    Parameters
    ----------
    gaps : mapping of str to ndarray of shape (draws,)
        Title of a panel to the gaps under the null hypothesis.
    measured : mapping of str to float
        The measured gap, by the same titles.

    Returns
    -------
    matplotlib.figure.Figure
        One histogram per title, on shared axes.

    Raises
    ------
    UserError
        The titles differ.
    """
    if set(gaps) != set(measured):
        raise UserError(f"the panels differ: gaps for {sorted(gaps)}, measured for {sorted(measured)}")
    fig, axes = plt.subplots(1, len(gaps), figsize=(8.4, 3), layout="constrained", sharex=True, squeeze=False)
    for ax, (title, drawn) in zip(axes[0], gaps.items(), strict=True):
        ax.hist(drawn, bins=40, color=GREY, label="outcomes shuffled")
        ax.axvline(drawn.mean(), color=PALETTE[0], linestyle="--", label="mean of the shuffled")
        ax.axvline(measured[title], color=PALETTE[1], linewidth=2, label="measured")
        ax.set(title=plain_label(title), xlabel="max − min (share of people)", ylabel="shuffles")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return fig


def plot_score_distributions(scores: pd.DataFrame, *, cut: float, axes: "Sequence[Axes] | None" = None) -> "Figure":
    """Plot how each group's scores are distributed, split by what happened, with the cut.

    Parameters
    ----------
    scores : DataFrame
        Columns group, score and positive (0 or 1), one row per person.
    cut : float
        People at or above it are selected.
    axes : sequence of matplotlib.axes.Axes, optional
        One per group. Default: a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per group, stacked bars of shares of the group.

    Raises
    ------
    UserError
        A column is missing.
    """
    if missing := {"group", "score", "positive"} - set(scores):
        raise UserError(f"no column {', '.join(sorted(missing))}; give group, score and positive")
    names = scores["group"].unique()
    if axes is None:
        _, axes = plt.subplots(1, len(names), figsize=(4.2 * len(names), 3), layout="constrained", sharey=True)
    values = np.sort(scores["score"].unique())
    step = np.diff(values).min() if len(values) > 1 else 1.0
    for ax, name in zip(np.atleast_1d(axes), names, strict=True):
        group = scores[scores["group"] == name]
        shares = group.groupby(["score", "positive"]).size().unstack(fill_value=0).reindex(values, fill_value=0)
        shares = shares.reindex(columns=[0, 1], fill_value=0) / len(group)
        ax.bar(values, shares[0], width=0.85 * step, color=PALETTE[0], label="not charged again")
        ax.bar(
            values, shares[1], width=0.85 * step, bottom=shares[0], color=PALETTE[1], hatch="//", label="charged again"
        )
        ax.axvline(cut - step / 2, color="black", linestyle="--", linewidth=1.2, label="cut")
        ax.set(title=plain_label(f"{name} (n = {len(group):,})"), xlabel="score", ylabel="share of the group")
        ax.label_outer()
    figure = np.atleast_1d(axes)[0].figure
    figure.legend(
        *np.atleast_1d(axes)[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False
    )
    return figure
