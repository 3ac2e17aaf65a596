"""Figures show what the audit says, in colours that can be told apart, with a text for those who cannot see them."""

import base64

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from labkit.audit.counts import Counts
from labkit.audit.metrics import METRICS, PARTS
from labkit.audit.plots import plot_group_rates
from labkit.chapters.ch05.plots import plot_decomposition
from labkit.plots import PALETTE, show

COUNTS = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [50, 5, 30, 15], "tiny": [2, 1, 0, 0]})


@pytest.fixture(autouse=True)
def close_figures():
    """Draw without a window, and leave no figure open."""
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def outputs(monkeypatch):
    """Collect what a notebook would receive, as its output cells."""
    collected = []

    def display(data, metadata, raw):
        assert raw
        collected.append(nbformat.v4.new_output("display_data", data=data, metadata=metadata))

    monkeypatch.setattr("IPython.display.display", display)
    return collected


def test_alt_text_reaches_the_converted_page(outputs):
    """A notebook converted to HTML carries the text of the figure, whatever signs it holds."""
    alt = 'Rates of "a" < rates of b & c'
    figure, _ = plt.subplots()
    show(figure, alt=alt)
    cell = nbformat.v4.new_code_cell("show(figure)", outputs=outputs, execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.validate(notebook)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    (image,) = BeautifulSoup(page, "html.parser").find_all("img")
    assert image["alt"] == alt and image["src"].startswith("data:image/png")


def test_show_gives_every_reader_the_text(outputs):
    """A PNG with metadata, an HTML image and plain text each hold the text; the figure is closed."""
    figure, _ = plt.subplots(figsize=(3, 2))
    show(figure, alt="an empty figure")
    (output,) = outputs
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
    assert output.metadata["image/png"] == {"alt": "an empty figure", "width": 330, "height": 220}
    assert 'alt="an empty figure"' in output.data["text/html"] and "an empty figure" in output.data["text/plain"]
    assert not plt.fignum_exists(figure.number)


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_show_refuses_an_empty_text(alt, outputs):
    """A figure without a text is not shown."""
    with pytest.raises(ValueError, match="alt is empty"):
        show(plt.figure(), alt=alt)
    assert not outputs


def test_group_rates_are_drawn_where_they_are():
    """Each group has its dot at the rate, a line over the Wilson interval, and the rate of all as a dashed line."""
    audit = COUNTS.audit()
    ax = plot_group_rates(audit, "accuracy")
    rates, limits = audit.by_group["accuracy"], audit.intervals["accuracy"]
    dots = {y: x for line in ax.lines[:2] for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}
    assert dots == pytest.approx(dict(enumerate(rates)))
    np.testing.assert_allclose([path[:, 0] for path in ax.collections[0].get_segments()], limits)
    assert ax.lines[-1].get_xdata()[0] == pytest.approx(audit.overall["accuracy"])
    assert ax.get_xlabel() == "accuracy\n(share of all people)" and ax.get_ylabel() == "group"


def test_small_groups_are_hollow_and_marked():
    """Whoever looks at the figure sees which groups are too small to compare."""
    ax = plot_group_rates(COUNTS.audit())
    filled, hollow = ax.lines[:2]
    assert hollow.get_markerfacecolor() == "white" and list(hollow.get_ydata()) == [2]
    assert filled.get_markerfacecolor() == PALETTE[0] and list(filled.get_ydata()) == [0, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "tiny †"]


def test_several_metrics_share_axes_and_groups_can_be_chosen():
    """Metrics are told apart by colour, marker and legend; groups appear in the order asked for."""
    ax = plot_group_rates(COUNTS.audit(), list(METRICS), groups=["b", "a"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [name.replace("_", " ") for name in METRICS]
    drawn = [line for line in ax.lines if len(line.get_ydata())]
    assert len({line.get_color() for line in drawn}) == len({line.get_marker() for line in drawn}) == len(METRICS)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]


def test_intersections_are_labelled():
    """Groups of two columns are written with both values."""
    counts = Counts.from_mapping({("f", 1): [9, 9, 9, 9], ("m", 2): [9, 9, 9, 9]}, names=["sex", "site"])
    ax = plot_group_rates(counts.audit())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["f, 1", "m, 2"] and ax.get_ylabel() == "sex, site"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "tpr"}, r"unknown metric \['tpr'\]; choose from selection_rate"),
        ({"metrics": []}, "unknown metric"),
        ({"groups": ["a", "z"]}, r"unknown groups \['z'\]; choose from \['a', 'b', 'tiny'\]"),
    ],
)
def test_group_rates_refuse_unknown_names(options, message):
    """A metric or group that does not exist is named."""
    with pytest.raises(ValueError, match=message):
        plot_group_rates(COUNTS.audit(), **options)


def test_decomposition_bars_are_the_parts():
    """Bars have the heights of the parts, lines span the intervals, and the title states the gap."""
    found = COUNTS.decompose("a", "b")
    ax = plot_decomposition(found)
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(found.parts.tolist())
    np.testing.assert_allclose([path[:, 1] for path in ax.collections[0].get_segments()], found.intervals)
    assert ax.get_title() == f"a − b: gap {found.gap:+.2f}" and "probability" in ax.get_ylabel()


def test_decompositions_stand_side_by_side():
    """Several gaps share the axes without hiding each other."""
    ax = plot_decomposition({"one way": COUNTS.decompose("a", "b"), "the other": COUNTS.decompose("b", "a")})
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert len(edges) == 2 * len(PARTS)
    assert all(end <= start for (_, end), (start, _) in zip(edges, edges[1:], strict=False))
    assert len(ax.get_legend().get_texts()) == 2


@pytest.mark.parametrize("number", [0, len(PALETTE) + 1])
def test_refuses_decompositions_that_cannot_be_told_apart(number):
    """No gap, or more gaps than colours, make no figure."""
    found = COUNTS.decompose("a", "b", n_boot=100)
    with pytest.raises(ValueError, match=f"{number} decompositions"):
        plot_decomposition({str(name): found for name in range(number)})


def test_plots_use_the_axes_they_are_given():
    """With axes given, no new figure is made and the same axes come back."""
    _, (left, right) = plt.subplots(1, 2)
    assert plot_group_rates(COUNTS.audit(), ax=left) is left
    assert plot_decomposition(COUNTS.decompose("a", "b"), ax=right) is right
    assert len(plt.get_fignums()) == 1
