"""Figures of notebook 03 show what they are given."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from labkit.chapters.ch03 import plot_designs, plot_luck, plot_swap, plot_training
from labkit.errors import UserError

HISTORY = pd.DataFrame(
    {
        "loss": [0.7, 0.5, 0.4],
        "validation_loss": [0.68, 0.6, 0.66],
        "validation_selection_rate_a": [0.1, 0.4, 0.5],
        "validation_selection_rate_b": [0.0, 0.2, 0.3],
    },
    index=pd.Index([1, 2, 3], name="epoch"),
)


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def lines_of(ax):
    """Return the y values of every line, by label."""
    return {line.get_label(): list(line.get_ydata()) for line in ax.lines}


def test_a_training_record_shows_both_losses_and_marks_the_smallest():
    """The circle is at the epoch with the smallest validation loss, and each group has its line."""
    left, right = plot_training(HISTORY).axes
    assert lines_of(left)["validation"] == [0.68, 0.6, 0.66]
    circle = left.lines[-1]
    assert (list(circle.get_xdata()), list(circle.get_ydata())) == ([2], [0.6])
    assert lines_of(right) == {"group a": [0.1, 0.4, 0.5], "group b": [0.0, 0.2, 0.3]}


def test_a_record_without_validation_is_explained():
    """A run without a validation set has no second curve."""
    with pytest.raises(UserError, match=r"validation="):
        plot_training(HISTORY[["loss"]])


def test_the_swap_test_colors_decisions_that_change():
    """A line for each person; those that cross the threshold are another collection."""
    before = pd.DataFrame({"BERT": [0.2, 0.45, 0.7]})
    after = pd.DataFrame({"BERT": [0.3, 0.6, 0.9]})
    same, changed = plot_swap(before, after).axes[0].collections
    assert [len(lines.get_segments()) for lines in (same, changed)] == [2, 1]
    assert changed.get_segments()[0][:, 1].tolist() == [0.45, 0.6]


def test_the_swap_test_needs_the_same_people():
    """Tables of different lengths cannot be paired."""
    with pytest.raises(UserError, match="same people"):
        plot_swap(pd.DataFrame({"BERT": [0.2]}), pd.DataFrame({"BERT": [0.2, 0.4]}))


def test_luck_shows_every_run_and_three_intervals():
    """One row per world with its runs, and one interval per kind of luck."""
    runs = pd.DataFrame({"world": [0, 0, 1, 1], "gap": [0.1, 0.2, 0.3, 0.5]})
    luck = pd.DataFrame(
        {"standard deviation": [0.1, 0.2], "low": [0.05, 0.1], "high": [0.2, 0.3]}, index=["seed", "people"]
    )
    left, right = plot_luck(runs, luck).axes
    dots = [list(line.get_xdata()) for line in left.lines if line.get_marker() == "o"]
    assert dots == [[0.1, 0.2], [0.3, 0.5]]
    assert [label.get_text() for label in right.get_yticklabels()] == ["seed", "people"]


def test_designs_show_the_margin():
    """The band reaches from minus to plus the margin."""
    table = pd.DataFrame({"change": [0.1], "low": [0.05], "high": [0.15]}, index=["head"])
    left, _ = plot_designs(table, table, margin=0.03).axes
    band = left.patches[0].get_extents().transformed(left.transData.inverted())
    assert (band.x0, band.x1) == pytest.approx((-0.03, 0.03))
