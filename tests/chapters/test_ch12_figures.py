"""Notebook 12's figures show the numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labkit.chapters import ch12
from labkit.errors import UserError
from labkit.plots import to_png


@pytest.fixture(autouse=True)
def closed():
    """Close what a test draws."""
    yield
    plt.close("all")


def rows_of(ax, label):
    """Return {name of the row: position on the horizontal axis} of the marks with a label."""
    (line,) = [each for each in ax.lines if each.get_label() == label]
    names = dict(zip(ax.get_yticks(), (text.get_text() for text in ax.get_yticklabels()), strict=True))
    return {names[round(y)]: x for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}


def test_roles_are_ordered_by_the_official_share():
    """Each row has the role's three numbers."""
    table = pd.DataFrame(
        {"model": [0.6, 0.2], "low": [0.5, 0.1], "high": [0.7, 0.3], "official": [0.9, 0.1], "sentences": [0.7, 0.2]},
        index=["nurse", "plumber"],
    )
    fig = ch12.plot_roles(table)
    (ax,) = fig.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["plumber", "nurse"]
    assert rows_of(ax, "women in the job (official)") == {"plumber": 0.1, "nurse": 0.9}
    assert rows_of(ax, "she, in real sentences") == {"plumber": 0.2, "nurse": 0.7}
    assert to_png(fig, alt="roles")


def test_names_have_their_answers_and_call_backs():
    """Groups differ by color and marker; all names are on the axis once."""
    names = pd.DataFrame(
        {
            "name": ["A", "B", "C", "D"],
            "ethnicity": ["afam", "afam", "cauc", "cauc"],
            "gender": ["female", "male", "female", "male"],
            "log_odds": [0.3, -0.1, 0.1, -0.4],
            "applications": [100, 50, 100, 50],
            "calls": [10, 5, 20, 1],
        }
    )
    fig = ch12.plot_names(names)
    left, right = fig.axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["D", "B", "C", "A"]
    assert rows_of(left, "White-sounding, women's") == {"C": 0.1}
    assert sorted(x for line in right.lines for x in line.get_xdata()) == pytest.approx([0.02, 0.1, 0.1, 0.2])
    styles = {(line.get_color(), line.get_marker()) for line in left.lines}
    assert len(styles) == 4 and to_png(fig, alt="names")


def test_benchmarks_stand_next_to_their_competence():
    """Rows of both panels are the same parts."""
    row = {"estimate": [0.6, 0.5], "low": [0.5, 0.4], "high": [0.7, 0.6], "reference": [0.5, 0.5]}
    table = pd.DataFrame(row, index=["one", "two"])
    fig = ch12.plot_benchmarks(table, table.assign(estimate=[0.9, 0.3]))
    left, right = fig.axes
    assert rows_of(left, "all items") == {"one": 0.6, "two": 0.5}
    assert dict(zip(*right.lines[0].get_data()[::-1], strict=True)) == {0: 0.9, 1: 0.3}
    assert to_png(fig, alt="benchmarks")
    with pytest.raises(UserError, match="different parts"):
        ch12.plot_benchmarks(table, table.rename(index={"two": "three"}))


def test_controls_have_their_rows_and_the_difference():
    """A missing row is not drawn; the others are where they should be."""
    row = {"estimate": [0.6, 0.5], "low": [0.5, 0.4], "high": [0.7, 0.6]}
    table = pd.DataFrame(row, index=["one", "two"])
    of_some = table.assign(**{column: [values[0], np.nan] for column, values in row.items()})
    fig = ch12.plot_controls({"all items": table, "as many tokens": of_some}, table - 0.5)
    left, right = fig.axes
    assert rows_of(left, "all items") == {"one": 0.6, "two": 0.5}
    assert rows_of(left, "as many tokens") == {"one": 0.6, "two": pytest.approx(np.nan, nan_ok=True)}
    assert right.lines[0].get_xdata() == pytest.approx([0.1, 0.0])
    assert to_png(fig, alt="controls")
    with pytest.raises(UserError, match="different parts"):
        ch12.plot_controls({"all items": table.iloc[::-1]}, table)


def test_wordings_have_every_name_and_every_gap():
    """One row per wording, numbered from 1."""
    answers = pd.DataFrame(
        {"wording": [0, 0, 1, 1], "gender": ["female", "male"] * 2, "log_odds": [1.0, 0.5, 2.0, 2.0]}
    )
    gaps = pd.DataFrame({"default": [0.5, 0.0], "empty": [0.2, np.nan]}, index=[0, 1])
    fig = ch12.plot_wordings(answers, gaps)
    left, right = fig.axes
    assert rows_of(left, "women's names") == {"wording 1": 1.0, "wording 2": 2.0}
    assert [line.get_xdata().tolist() for line in right.lines[:2]][0] == [0.5, 0.0]
    assert to_png(fig, alt="wordings")


@pytest.mark.parametrize("draw", [ch12.plot_roles, ch12.plot_names])
def test_a_missing_column_is_named(draw):
    """With those that there are."""
    with pytest.raises(UserError, match="no column .*; there are x"):
        draw(pd.DataFrame({"x": [1]}))
