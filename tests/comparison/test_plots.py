"""Figures of training show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch03.plots import plot_scalars
from labkit.comparison.plots import plot_runs, plot_sweep
from labkit.comparison.seeds import over_seeds
from tests.figures import drawn, spans, unlabeled


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


RECORD = pd.DataFrame({"tag": ["loss"] * 30 + ["rate/a"] * 3, "step": [*range(1, 31), 10, 20, 30],
                       "value": [*np.linspace(1, 0.1, 30), 0.5, 0.4, 0.3]})  # fmt: skip


def test_scalars_are_drawn_at_their_steps():
    """Without smoothing the line is the record; with it, the line is a running mean, and the record is behind it."""
    exact = drawn(plot_scalars(RECORD, "loss"))["loss"]
    np.testing.assert_allclose(exact, RECORD.loc[:29, ["step", "value"]])
    ax = plot_scalars(RECORD, "loss", smooth=5)
    np.testing.assert_allclose(drawn(ax)["loss"][:, 1], RECORD.value[:30].rolling(5, min_periods=1).mean())
    (behind,) = unlabeled(ax)
    np.testing.assert_allclose(behind.get_ydata(), RECORD.value[:30])


def test_labels_and_markers():
    """A dict names the lines; few points are marked; axes that are given are used."""
    _, ax = plt.subplots()
    assert plot_scalars(RECORD, {"loss": "all", "rate/a": "group a"}, ax=ax) is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["all", "group a"]
    assert {line.get_label(): line.get_marker() for line in ax.get_lines()} == {"all": "None", "group a": "s"}
    with pytest.raises(ValueError, match=r"no scalar \['lost'\] in the record; there are \['loss', 'rate/a'\]"):
        plot_scalars(RECORD, ["lost"])


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
