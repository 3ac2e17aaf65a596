"""Figures of notebook 05: what they draw, where, and with which labels."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from labkit.audit.counts import Counts
from labkit.audit.metrics import PARTS
from labkit.chapters.ch05.plots import (
    plot_decomposition,
    plot_errors_by_gap,
    plot_forced_rates,
    plot_multipliers,
    plot_spread,
)
from labkit.plots import PALETTE
from tests.figures import drawn, spans

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
    (curve,) = (values for label, values in drawn(ax).items() if label.startswith("forced"))
    ppv, tpr = overall["precision"], overall["true_positive_rate"]
    for base, forced in points(ax, "o"):
        assert forced == pytest.approx(base / (1 - base) * (1 - ppv) / ppv * tpr)
        assert np.interp(base, *curve.T) == pytest.approx(forced, abs=1e-3)


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
    lines = {label: points.round(3).tolist() for label, points in drawn(ax).items()}
    assert lines == {"recorded": [[0.2, 0.5], [0.0, 0.6]], "true": [[0.2, 0.6], [0.0, 0.5]]}


def test_what_is_impossible_is_grey():
    """A triangle from the difference of the base rates at parity down to zero; none without that difference."""
    area = drawn(plot_errors_by_gap(make_sweep(), forbidden=0.18))["impossible by the recorded labels"]
    corners = {tuple(corner) for corner in area.round(3).tolist()}
    assert corners == {(0.0, 0.0), (0.0, 0.18), (0.18, 0.0)}
    assert set(drawn(plot_errors_by_gap(make_sweep()))) == {"recorded", "true"}


PATH = pd.DataFrame({"bound": [0.0, 0.1, 0.3], "multiplier": [0.4, 0.2, 0.0]})


def test_multipliers_are_drawn_over_bounds():
    """A point for each bound; a line marks the gap without a bound."""
    shown = drawn(plot_multipliers(PATH, own=0.22))
    assert shown["multiplier"].tolist() == PATH.to_numpy().tolist()
    assert shown["softened gap without a bound"][:, 0].tolist() == [0.22, 0.22]


def test_spread_is_a_histogram_with_the_measured_value():
    """Heights are shares and sum to one; the line is at the measured value."""
    ax = plot_spread([0.1, 0.1, 0.2, 0.9], 0.5)
    assert drawn(ax)["if all rates were equal"].sum() == pytest.approx(1)
    assert drawn(ax)["measured"][0, 0] == 0.5


GAP = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [50, 5, 30, 15], "tiny": [2, 1, 0, 0]})


def test_decomposition_bars_are_the_parts():
    """Bars have the heights of the parts, lines span the intervals, and the title states the gap."""
    found = GAP.decompose("a", "b")
    ax = plot_decomposition(found)
    (heights,) = drawn(ax).values()
    np.testing.assert_allclose(heights, found.parts)
    np.testing.assert_allclose([limits for _, limits in sorted(spans(ax, along="y").items())], found.intervals)
    assert ax.get_title() == f"a − b: gap {found.gap:+.2f}" and "probability" in ax.get_ylabel()


def test_decompositions_are_drawn_side_by_side():
    """Several gaps share the axes without hiding each other."""
    ax = plot_decomposition({"one way": GAP.decompose("a", "b"), "the other": GAP.decompose("b", "a")})
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert len(edges) == 2 * len(PARTS)
    assert all(end <= start for (_, end), (start, _) in zip(edges, edges[1:], strict=False))
    assert len(ax.get_legend().get_texts()) == 2


@pytest.mark.parametrize("number", [0, len(PALETTE) + 1])
def test_rejects_decompositions_that_look_alike(number):
    """No gap, or more gaps than colors, make no figure."""
    found = GAP.decompose("a", "b", n_boot=100)
    with pytest.raises(ValueError, match=f"{number} decompositions"):
        plot_decomposition({str(name): found for name in range(number)})


def test_figures_take_axes_and_label_them():
    """All draw where they are told to, with labeled axes."""
    for draw in (
        lambda ax: plot_forced_rates(COMPAS.audit(), ax=ax),
        lambda ax: plot_errors_by_gap(make_sweep(), ax=ax),
        lambda ax: plot_multipliers(PATH, own=0.2, ax=ax),
        lambda ax: plot_spread([0.1, 0.2], 0.1, ax=ax),
    ):
        _, ax = plt.subplots()
        assert draw(ax) is ax and ax.get_xlabel() and ax.get_ylabel()
    _, ax = plt.subplots()
    assert plot_decomposition(GAP.decompose("a", "b", n_boot=100), ax=ax) is ax
