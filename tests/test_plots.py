"""A figure reaches its reader with a text for those who cannot see it."""

import base64

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from labkit.audit.counts import Counts
from labkit.chapters.ch05.plots import plot_decomposition, plot_forced_rates
from labkit.chapters.ch08.roc import plot_roc_regions
from labkit.comparison.plots import plot_estimates, plot_runs, plot_sweep
from labkit.plots import plain_label, show
from tests.figures import written_in


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
def test_show_rejects_an_empty_text(alt, outputs):
    """A figure without a text is not shown."""
    with pytest.raises(ValueError, match="alt is empty"):
        show(plt.figure(), alt=alt)
    assert not outputs


# Names that matplotlib would read as formulas, not read at all, or leave out of a legend.
NAMES = ["$20,000-$39,999", "under $20,000", "$a_b_c$", "$$", r"$\frac{$", r"\$5 to $9", "_hidden", "<b>&"]


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_label_is_shown_as_it_is(name):
    """On an axis, in a title and in a legend; only the space without width is added."""
    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], label=plain_label(name))
    ax.set_title(plain_label(name))
    ax.set_xticks([0], [plain_label(name)])
    ax.legend()
    assert written_in(figure).replace("\u200b", "").splitlines().count(name) == 3


def test_a_plain_label_has_no_control_characters():
    """They are written out, so that no font lacks them."""
    assert plain_label("a\x1b[31m\x07\u202eb") == r"a\x1b[31m\x07\u202eb"


MONEY = Counts.from_mapping({"$20,000-$39,999": [30, 10, 10, 30], "$a_b_c$": [50, 5, 30, 15]})
RUNS = pd.DataFrame({"method": list(MONEY.groups) * 2, "seed": [0, 0, 1, 1], "gap": [0.1, 0.2, 0.3, 0.4], "k": 1})
CURVE = pd.DataFrame({"fpr": [0, 0.2, 1], "tpr": [0, 0.7, 1], "threshold": [2, 0.5, 0]})
ESTIMATES = pd.DataFrame(
    {"difference": [0.1, 0.2], "low": 0.0, "high": 0.3},
    index=pd.MultiIndex.from_arrays([list(MONEY.groups), ["$x_y_z$", "other"]]),
)


@pytest.mark.parametrize(
    ("plot", "things", "names"),
    [
        (plot_forced_rates, MONEY.audit(), list(MONEY.groups)),
        (plot_decomposition, MONEY.decompose(*MONEY.groups), ["$20,000-$39,999 − $a_b_c$"]),
        (plot_decomposition, {"$1 to $2": MONEY.decompose(*MONEY.groups)}, ["$1 to $2: $20,000-$39,999 − $a_b_c$"]),
        (plot_roc_regions, dict.fromkeys(MONEY.groups, CURVE), list(MONEY.groups)),
        (lambda table: plot_estimates(table).legend().axes, ESTIMATES, [*MONEY.groups, "$x_y_z$"]),
        (lambda runs: plot_runs(runs, "gap", by="method"), RUNS, list(MONEY.groups)),
        (lambda runs: plot_sweep(runs, "gap", over="k", by="method"), RUNS, list(MONEY.groups)),
    ],
)
def test_figures_show_names_from_data_as_they_are(plot, things, names):
    """No figure of the course reads the name of a group or a method as a formula."""
    shown = written_in(plot(things).figure)
    assert all(name in shown for name in names)


def test_a_text_in_a_terminal_cannot_steer_it(outputs):
    """The text of a figure may hold names that others chose."""
    figure, _ = plt.subplots()
    show(figure, alt="rates of \x1b]0;title\x07 <b>")
    data = outputs[0].data
    assert data["text/plain"] == r"[figure: rates of \x1b]0;title\x07 <b>]" and "&lt;b&gt;" in data["text/html"]
