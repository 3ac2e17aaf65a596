"""What all figures of the course share: one palette, a text for readers who cannot see them, and sliders."""

import base64
import html
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from labkit.errors import UserError
from labkit.validation import escape_controls

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Hues of Okabe and Ito (2008), changed until each has a contrast of 3:1 to white, and all differ with every common form
# of color blindness (tests/test_palette.py): theirs have three light colors, and blues like greens for tritanopes.
PALETTE = ("#0E56BB", "#E36B04", "#0FA876", "#BE4D9B", "#410457", "#76521C", "#000000", "#3B4245")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")  # besides the color, so that a gray print can be read
DPI = 110
INVISIBLE = "\u200b"  # a space without width
VIEW = "application/vnd.jupyter.widget-view+json"  # how a notebook's output names a widget


def plain_label(text: str) -> str:
    r"""Write a text so that matplotlib shows it as it is, in a legend, on an axis or in a title.

    Use it for every text that comes from data. Matplotlib reads what lies between two dollar signs as a formula, and
    leaves out of a legend what begins with an underscore.

    Parameters
    ----------
    text : str
        Such as the name of a group.

    Returns
    -------
    str
        The text with dollar signs escaped, control characters written out, and nothing visible before an underscore.

    Examples
    --------
    >>> print(plain_label("$20,000 to $39,999"))
    \$20,000 to \$39,999
    """
    plain = escape_controls(text).replace("$", r"\$")
    return f"{INVISIBLE}{plain}" if plain.startswith("_") else plain


def show(figure: "Figure", *, alt: str) -> None:
    """Display a figure with a text for readers who cannot see it, and close it.

    The output carries the text wherever it is read: as an HTML image (nbconvert's page drops the metadata of a bare
    PNG), in the metadata of the PNG, and as plain text in a terminal.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    alt : str
        What a reader would see: the kind of figure, and its finding.

    Raises
    ------
    UserError
        ``alt`` is empty.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    png = to_png(figure, alt=alt)
    width, height = (round(inches * DPI) for inches in figure.get_size_inches())
    plt.close(figure)
    bundle = {"image/png": png, "text/html": image_tag(png, alt=alt), "text/plain": escape_controls(f"[figure: {alt}]")}
    display(bundle, metadata={"image/png": {"alt": alt, "width": width, "height": height}}, raw=True)


def to_png(figure: "Figure", *, alt: str) -> str:
    """Draw a figure as a PNG that carries its text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    alt : str
        What a reader would see; the PNG holds it as its description.

    Returns
    -------
    str
        The PNG in base64.

    Raises
    ------
    UserError
        ``alt`` is empty.
    """
    if not alt.strip():
        raise UserError("alt is empty: say what the figure shows, for readers who cannot see it")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI, metadata={"Description": alt})
    return base64.b64encode(drawn.getvalue()).decode("ascii")


def image_tag(png: str, *, alt: str) -> str:
    """Write an HTML image that needs no file and no network.

    Parameters
    ----------
    png : str
        A PNG in base64, see `to_png`.
    alt : str
        What a reader would see.

    Returns
    -------
    str
        An ``<img>`` tag.
    """
    return f'<img src="data:image/png;base64,{png}" alt="{html.escape(alt)}" style="max-width: 100%; height: auto">'


def explore(
    draw: "Callable[..., tuple[Figure, str]]",
    *,
    start: dict[str, float],
    ranges: dict[str, tuple[float, float, float]],
) -> None:
    """Show a figure for the starting values, and above it one slider per setting that draws it for other values.

    Where nobody can move a slider (papermill, a page), the figure for the starting values is all there is, and a line
    of text says so. In JupyterLab the figure for the sliders' values appears between the sliders and the first figure,
    so that both can be compared.

    Parameters
    ----------
    draw : callable
        Takes the settings by name; returns a figure and its text for readers who cannot see it. An error that it raises
        is shown below the sliders.
    start : dict of str to float
        The first value of each setting.
    ranges : dict of str to (float, float, float)
        Lowest value, highest value and step of each setting that gets a slider; the others keep their first value.

    Raises
    ------
    UserError
        A range for a setting that has no first value, or whose first value is not in it.
    """
    import ipywidgets
    from IPython.display import display

    for name, (low, high, _) in ranges.items():
        if name not in start:
            raise UserError(f"ranges has {name!r}, which has no first value; start has {', '.join(start)}")
        if not low <= start[name] <= high:
            raise UserError(f"{name} starts at {start[name]!r}, outside its range {low} to {high}")
    sliders = {}
    for name, (low, high, step) in ranges.items():
        sliders[name] = ipywidgets.FloatSlider(
            start[name],
            min=low,
            max=high,
            step=step,
            description=name.replace("_", " "),
            continuous_update=False,
            style={"description_width": "9em"},
            layout={"width": "28em"},
        )
    moved = ipywidgets.Output()  # the figure for the sliders' values

    def redraw(change: object) -> None:
        moved.clear_output(wait=True)
        values = {name: slider.value for name, slider in sliders.items()}
        with moved:
            figure, alt = draw(**start | values)
            show(figure, alt=alt)

    for slider in sliders.values():
        slider.observe(redraw, "value")
    box = ipywidgets.VBox([*sliders.values(), moved])
    names = ", ".join(name.replace("_", " ") for name in sliders)
    bundle = box._repr_mimebundle_() | {"text/plain": f"[In JupyterLab, sliders are here: {names}.]"}
    display(bundle, raw=True)
    figure, alt = draw(**start)
    show(figure, alt=alt)
