"""Figures of runs show the numbers they are given: differences from a baseline, or levels."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labkit.comparison.plots import REFERENCE, plot_methods, plot_runs, plot_sweep
from labkit.comparison.seeds import changes_over_seeds, over_seeds
from tests.figures import drawn, spans


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


RUNS = ("untouched", "fair", "worse", "idle")  # in the order of the fixture


def test_runs_show_every_seed_and_the_mean():
    """Dots are the runs, the line is the interval over seeds, rows keep the order of appearance."""
    runs = pd.DataFrame({"model": ["z", "z", "z", "a", "a", "a"], "gap": [0.1, 0.2, 0.3, 0.0, 0.1, 0.05]})
    ax = plot_runs(runs, "gap", by="model")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["z", "a"]
    means = drawn(ax)["mean and 95% interval over seeds"]
    np.testing.assert_allclose(means, [[0.2, 0], [0.05, 1]])
    ticks = [line.get_xdata() for line in ax.get_lines() if line.get_marker() == "|"]
    np.testing.assert_allclose(np.sort(np.concatenate(ticks)), np.sort(runs["gap"]))
    expected = over_seeds(runs, "gap", by="model")[["low", "high"]].to_numpy()
    np.testing.assert_allclose([spans(ax)[row] for row in (0, 1)], expected)


def test_a_sweep_has_a_line_for_each_group():
    """Lines join the means over repetitions in the order of the setting; the band is the interval over them."""
    runs = pd.DataFrame({"knob": [0.5, 0.5, 0.0, 0.0] * 2, "group": ["b"] * 4 + ["a"] * 4, "rate": np.arange(8) / 10})
    ax = plot_sweep(runs, "rate", over="knob", by="group")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["b", "a"]
    np.testing.assert_allclose(drawn(ax)["b"], [[0, 0.25], [0.5, 0.05]])
    np.testing.assert_allclose(drawn(ax)["a"], [[0, 0.65], [0.5, 0.45]])
    low = over_seeds(runs, "rate", by=["group", "knob"])["low"].min()
    assert min(band.get_paths()[0].vertices[:, 1].min() for band in ax.collections) == pytest.approx(low)
    with pytest.raises(ValueError, match="'group' has 9 values; 8 lines"):
        plot_sweep(pd.DataFrame({"knob": 0.0, "group": range(9), "rate": 0.0}), "rate", over="knob", by="group")


def names(ax):
    """Return the rows of a figure from top to bottom."""
    return [text.get_text() for text in ax.get_yticklabels()]


def test_methods_are_shown_by_their_differences(runs):
    """One panel per column, with intervals of paired differences, the baseline at zero and named on the axis."""
    axes = plot_methods(runs.assign(other=runs["gap"] ** 2), {"gap": "gap (share)", "other": "other"})
    assert axes[0].figure is axes[1].figure and axes[1].get_xlabel().startswith("other,\nminus that of untouched")
    assert axes[0].get_xlabel() == "gap (share),\nminus that of untouched (0.32)" and names(axes[0])[:3] == [*RUNS[1:]]
    expected = changes_over_seeds(runs, "gap", by="method", baseline="untouched").loc[[*RUNS[1:]]]
    shown = drawn(axes[0])
    np.testing.assert_allclose(shown["mean difference and 95% interval over seeds"][:, 0], expected["mean"])
    np.testing.assert_allclose([spans(axes[0])[row] for row in range(3)], expected[["low", "high"]])
    assert set(shown["untouched"][:, 0]) == {0}
    with pytest.raises(ValueError, match="no run of the baseline 'nothing'"):
        plot_methods(runs, {"gap": "gap"}, baseline="nothing")


def test_methods_are_shown_by_their_levels_on_request(runs):
    """The baseline then has a row, and its mean is a line."""
    [ax] = plot_methods(runs, {"gap": "gap (share)"}, levels=True)
    assert ax.get_xlabel() == "gap (share)" and names(ax) == [*RUNS]
    means = over_seeds(runs, "gap", by="method")
    np.testing.assert_allclose(drawn(ax)["mean and 95% interval over seeds"][:, 0], means["mean"])
    np.testing.assert_allclose(drawn(ax)["untouched"][:, 0], means["mean"]["untouched"])


def test_constants_come_last_with_other_marks(runs):
    """They keep their row in a panel where they have no value, so that panels side by side agree."""
    constant = pd.DataFrame({"method": "toss a coin", "seed": [0, 1, 2], "gap": 0.0})
    both = pd.concat([constant, runs.assign(seconds=[*range(6)] * 2)])
    axes = plot_methods(both, {"gap": "gap", "seconds": "seconds"})
    assert not axes[0].texts
    assert names(axes[0]) == [*RUNS[1:], "toss a coin"]
    marks = drawn(axes[0])
    np.testing.assert_allclose(marks[REFERENCE], [[-0.32, 3]])
    assert len(marks["mean difference and 95% interval over seeds"]) == 3
    assert np.isnan(drawn(axes[1])[REFERENCE][0, 0]) and 3 in spans(axes[0]) and not axes[1].texts


@pytest.mark.parametrize(("value", "text"), [(-2.0, "← -2.32"), (2.0, "+1.68 →"), (0.4, None)])
def test_constants_that_would_hide_the_methods_are_numbers_at_the_edge(runs, value, text):
    """The axis shows the methods; the constant is read off, not drawn."""
    constant = pd.DataFrame({"method": "toss a coin", "seed": [0, 1, 2], "gap": value})
    [ax] = plot_methods(pd.concat([runs, constant]), {"gap": "gap"})
    assert [shown.get_text() for shown in ax.texts] == ([text] if text else [])
    assert np.isnan(drawn(ax)[REFERENCE][0, 0]) == (text is not None)
    assert -1 < ax.get_xlim()[0] < ax.get_xlim()[1] < 1


def test_overlapping_splits_have_wider_intervals_in_figures(runs):
    """In figures of runs, of methods and of sweeps; the legend says so."""

    def width(ax):
        return np.ptp(spans(ax)[0])

    plain, wide = (plot_methods(runs, {"gap": "gap"}, overlap=overlap)[0] for overlap in (None, 1.0))
    assert width(wide) / width(plain) == pytest.approx(2) and not any("splits" in label for label in drawn(plain))
    assert any("over overlapping splits" in label for label in drawn(wide))
    sweep = runs.assign(knob=0.0)
    bands = [
        plot_sweep(sweep, "gap", over="knob", by="method", overlap=overlap).collections[0] for overlap in (None, 1)
    ]
    heights = [np.ptp(band.get_paths()[0].vertices[:, 1]) for band in bands]
    assert heights[1] / heights[0] == pytest.approx(2)


def test_a_sweep_shows_differences_from_a_baseline():
    """Paired by setting and repetition: what the worlds have in common cancels."""
    worlds = pd.DataFrame({"knob": [0.0, 0.0, 0.5, 0.5] * 2, "seed": [0, 1] * 4, "part": ["x"] * 4 + ["y"] * 4})
    worlds["rate"] = [1, 5, 2, 9, 1.5, 5.5, 2.0, 9.2]
    ax = plot_sweep(worlds, "rate", over="knob", by="part", baseline="x")
    np.testing.assert_allclose(drawn(ax)["y"], [[0, 0.5], [0.5, 0.1]])
    assert set(drawn(ax)["x"][:, 1]) == {0}
    with pytest.raises(ValueError, match=r"no column \['seed'\]; there are"):
        plot_sweep(worlds.drop(columns="seed"), "rate", over="knob", by="part", baseline="x")
    with pytest.raises(ValueError, match="'x' has two runs with knob 0.0 and seed 0; keep one"):
        plot_sweep(worlds.assign(seed=0), "rate", over="knob", by="part", baseline="x")
