"""Figures of training show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labkit.comparisons import over_seeds
from labkit.curves import plot_runs, plot_scalars


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


RECORD = pd.DataFrame({"tag": ["loss"] * 30 + ["rate/a"] * 3, "step": [*range(1, 31), 10, 20, 30],
                       "value": [*np.linspace(1, 0.1, 30), 0.5, 0.4, 0.3]})  # fmt: skip


def test_scalars_are_drawn_at_their_steps():
    """Without smoothing the line is the record; with it, a running mean stands before the values."""
    line = plot_scalars(RECORD, "loss").get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), RECORD.value[:30])
    np.testing.assert_allclose(line.get_xdata(), range(1, 31))
    behind, smooth = plot_scalars(RECORD, "loss", smooth=5).get_lines()
    np.testing.assert_allclose(smooth.get_ydata(), RECORD.value[:30].rolling(5, min_periods=1).mean())
    np.testing.assert_allclose(behind.get_ydata(), RECORD.value[:30])


def test_labels_and_markers():
    """A dict names the lines; few points are marked; axes that are given are used."""
    _, ax = plt.subplots()
    assert plot_scalars(RECORD, {"loss": "all", "rate/a": "group a"}, ax=ax) is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["all", "group a"]
    assert [line.get_marker() for line in ax.get_lines()] == ["None", "s"]
    with pytest.raises(ValueError, match=r"no scalar \['lost'\] in the record; there are \['loss', 'rate/a'\]"):
        plot_scalars(RECORD, ["lost"])


def test_runs_show_every_seed_and_the_mean():
    """Dots are the runs, the line is the interval over seeds, rows keep the order of appearance."""
    runs = pd.DataFrame({"model": ["z", "z", "z", "a", "a", "a"], "gap": [0.1, 0.2, 0.3, 0.0, 0.1, 0.05]})
    ax = plot_runs(runs, "gap", by="model")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["z", "a"]
    means, *dots = ax.get_lines()
    np.testing.assert_allclose(means.get_xdata(), [0.2, 0.05])
    np.testing.assert_allclose(np.concatenate([line.get_xdata() for line in dots]), runs["gap"])
    expected = over_seeds(runs, "gap", by="model")[["low", "high"]].to_numpy()
    found = [segment[:, 0] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(found, expected)
