"""A figure reaches its reader with a text for those who cannot see it."""

import base64

import matplotlib.pyplot as plt
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from labkit.plots import show


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
