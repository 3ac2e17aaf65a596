"""Sliders draw a figure again; where nobody can move them, there is the figure for the first values."""

import matplotlib.pyplot as plt
import pytest

from labkit.plots import VIEW, explore

START, RANGES = {"rate": 0.25, "size": 3.0}, {"rate": (0.0, 1.0, 0.05)}


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: the mime bundles, in order."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **options: bundles.append(bundle))
    return bundles


@pytest.fixture
def box(shown, monkeypatch):
    """The widgets: a slider, and the output that it draws into."""
    import ipywidgets

    made = []
    whole = ipywidgets.VBox
    monkeypatch.setattr("ipywidgets.VBox", lambda children: made.append(whole(children)) or made[-1])
    explore(draw, start=START, ranges=RANGES)
    return made[0]


def draw(rate, size):
    """Draw nothing and say for which values."""
    return plt.figure(figsize=(1, 1)), f"rate {rate}, size {size}"


def test_first_values_are_shown_next_to_the_sliders(box, shown):
    """A page shows a line of text in place of the sliders, then the figure with its text."""
    sliders, figure = shown
    assert VIEW in sliders and sliders["text/plain"] == "[In JupyterLab, sliders are here: rate.]"
    assert figure["text/plain"] == "[figure: rate 0.25, size 3.0]"


def test_moving_a_slider_draws_again(box, shown):
    """With the slider's value, and the first value of what has no slider."""
    box.children[0].value = 0.5
    assert shown[-1]["text/plain"] == "[figure: rate 0.5, size 3.0]"


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"speed": (0, 1, 0.1)}, "ranges has 'speed', which has no first value; start has rate, size"),
        ({"rate": (0.5, 1, 0.1)}, "rate starts at 0.25, outside its range 0.5 to 1"),
    ],
)
def test_ranges_that_do_not_fit_are_errors(ranges, message):
    """Before anything is drawn."""
    with pytest.raises(ValueError, match=message):
        explore(draw, start=START, ranges=ranges)
