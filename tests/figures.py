"""What a figure shows, whatever the order in which it was drawn."""

import io
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from labkit.audit.drawing._plans import Images, Plan
from labkit.plots import to_png

BLANK = to_png(Figure(figsize=(1, 1)), alt="nothing")


def draw_nothing(plan: Plan) -> Images:
    """Stand in for what draws the figures of an audit, where a test looks at something else."""
    return Images(BLANK, b"<svg/>", BLANK, BLANK)


def drawn(ax: Axes) -> dict[str, np.ndarray]:
    """Return what axes show by label: (x, y) of lines, markers, error bars and areas, heights of bars.

    What has no label is left out: see `spans` and `unlabeled`. Two things with one label are an error.
    """
    found = []
    for line in ax.get_lines():
        found.append((line.get_label(), line.get_xydata()))  # (points, 2)
    for collection in ax.collections:
        if isinstance(collection, PathCollection):
            found.append((collection.get_label(), collection.get_offsets()))  # (points, 2)
        elif not isinstance(collection, LineCollection):
            found.append((collection.get_label(), collection.get_paths()[0].vertices))  # (corners, 2)
    for container in ax.containers:
        if isinstance(container, BarContainer):
            bars = sorted(container, key=lambda bar: bar.get_x())
            heights = np.array([bar.get_height() for bar in bars])
            labels = [container.get_label(), *(bar.get_label() for bar in container)]  # of `bar`, of a bar of `hist`
            found.append((next(filter(_is_shown, labels), "_"), heights))
        elif isinstance(container, ErrorbarContainer):
            found.append((container.get_label(), container.lines[0].get_xydata()))
    labeled = [(label, values) for label, values in found if _is_shown(label)]
    assert len(dict(labeled)) == len(labeled), f"a label is used twice: {[label for label, _ in labeled]}"
    return dict(labeled)


def spans(ax: Axes, along: str = "x") -> dict[float, tuple[float, float]]:
    """Return intervals drawn as lines along an axis, "x" or "y", by their place on the other axis."""
    here = "xy".index(along)
    found = {}
    for collection in ax.collections:
        if isinstance(collection, LineCollection):
            for segment in collection.get_segments():  # (2 ends, 2)
                place = segment[0, 1 - here]
                if segment[1, 1 - here] == place:
                    found[round(float(place), 9)] = tuple(segment[:, here].tolist())
    return found


def unlabeled(ax: Axes) -> list[Line2D]:
    """Return lines and markers without a label, to be chosen by style, marker or color."""
    return [line for line in ax.get_lines() if not _is_shown(line.get_label())]


def _is_shown(label: str) -> bool:
    """Say whether a legend would show this label; matplotlib begins those that it makes up with an underscore."""
    return not label.startswith("_")


def written_in(figure: Figure) -> str:
    """Return a figure as SVG in which texts are texts: what a reader sees, unless it was read as a formula."""
    drawing = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none"}):
        figure.savefig(drawing, format="svg")
    elements = ElementTree.fromstring(drawing.getvalue()).iter("{http://www.w3.org/2000/svg}text")
    return "\n".join("".join(element.itertext()) for element in elements)
