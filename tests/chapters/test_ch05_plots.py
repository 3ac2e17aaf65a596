"""Figures of notebook 05: what they draw, where, and with which labels."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from labkit.audit.counts import Counts
from labkit.chapters.ch05.plots import plot_errors_by_gap, plot_forced_rates, plot_multipliers, plot_spread

COMPAS = Counts.from_mapping({"African-American": [990, 805, 532, 1369], "Caucasian": [1139, 349, 461, 505]})


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def points(ax, marker):
    """Return (x, y) of the single points drawn with a marker."""
    lines = [line for line in ax.get_lines() if line.get_marker() == marker]
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines]


def test_squares_are_measured_rates():
    """One square a group, at its base rate and false positive rate; published, to the digits."""
    ax = plot_forced_rates(COMPAS.audit())
    assert np.round(points(ax, "s"), 4).tolist() == [[0.5143, 0.4485], [0.3936, 0.2345]]


def test_circles_lie_on_the_forced_curve():
    """A hollow circle a group, where the equation puts it for everybody's PPV and TPR."""
    ax, overall = plot_forced_rates(COMPAS.audit()), COMPAS.audit().overall
    curve = ax.get_lines()[0]
    ppv, tpr = overall["precision"], overall["true_positive_rate"]
    for base, forced in points(ax, "o"):
        assert forced == pytest.approx(base / (1 - base) * (1 - ppv) / ppv * tpr)
        assert np.interp(base, curve.get_xdata(), curve.get_ydata()) == pytest.approx(forced, abs=1e-3)


def make_sweep():
    """Two worlds, two steps, two kinds of labels."""
    rows = [
        {"labels": labels, "world": world, "step": step, "gap": 0.2 * (1 - step), "total": level + 0.1 * step * sign}
        for labels, level, sign in (("recorded", 0.5, 1), ("true", 0.6, -1))
        for world in range(2)
        for step in (0, 1)
    ]
    return pd.DataFrame(rows)


def test_errors_are_drawn_over_the_gap():
    """A line for each kind of labels, from the model's gap to parity."""
    ax = plot_errors_by_gap(make_sweep())
    lines = {bar.get_label(): bar.lines[0].get_xydata().round(3).tolist() for bar in ax.containers}
    assert lines == {"recorded": [[0.2, 0.5], [0.0, 0.6]], "true": [[0.2, 0.6], [0.0, 0.5]]}


def test_what_is_impossible_is_grey():
    """A triangle from the difference of the base rates at parity down to zero; none without that difference."""
    (area,) = plot_errors_by_gap(make_sweep(), forbidden=0.18).collections[-1:]
    corners = {tuple(corner) for corner in area.get_paths()[0].vertices.round(3).tolist()}
    assert corners == {(0.0, 0.0), (0.0, 0.18), (0.18, 0.0)}
    labels = plot_errors_by_gap(make_sweep()).get_legend_handles_labels()[1]
    assert labels == ["recorded", "true"]


PATH = pd.DataFrame({"bound": [0.0, 0.1, 0.3], "multiplier": [0.4, 0.2, 0.0]})


def test_multipliers_are_drawn_over_bounds():
    """A point for each bound; the dashed line stands at the gap without a bound."""
    curve, line = plot_multipliers(PATH, own=0.22).get_lines()
    assert curve.get_xydata().tolist() == PATH.to_numpy().tolist()
    assert line.get_xdata()[0] == 0.22 and line.get_linestyle() == "--"


def test_spread_is_a_histogram_with_the_measured_value():
    """Heights are shares and sum to one; the line stands at the measured value."""
    ax = plot_spread([0.1, 0.1, 0.2, 0.9], 0.5)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)
    assert ax.get_lines()[0].get_xdata()[0] == 0.5


def test_figures_take_axes_and_label_them():
    """All draw where they are told to, with labelled axes."""
    for draw in (
        lambda ax: plot_forced_rates(COMPAS.audit(), ax=ax),
        lambda ax: plot_errors_by_gap(make_sweep(), ax=ax),
        lambda ax: plot_multipliers(PATH, own=0.2, ax=ax),
        lambda ax: plot_spread([0.1, 0.2], 0.1, ax=ax),
    ):
        _, ax = plt.subplots()
        assert draw(ax) is ax and ax.get_xlabel() and ax.get_ylabel()
